"""The command line: a module for each group of commands. No other room imports it."""
