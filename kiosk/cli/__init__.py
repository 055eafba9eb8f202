"""The command line: one module for each group of commands. No other room imports it."""
