"""Simulations on a clock of their own: the insurer is away for minutes, the feed for a month."""
