"""Whole days played in one process: the insurer or the feed is away."""
