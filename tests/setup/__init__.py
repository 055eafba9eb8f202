"""Tests of the first-run assistant."""
