"""The HTTP API for other programs and for our own pages: JSON in, JSON out (docs/contract.md)."""
