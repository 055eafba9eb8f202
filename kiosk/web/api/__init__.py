"""The HTTP contract for other programs and for our own pages: JSON in, JSON out."""
