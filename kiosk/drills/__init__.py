"""Drills: whole days played in one process while the insurer or the feed fails."""
