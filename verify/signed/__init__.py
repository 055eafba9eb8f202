"""Signed cards: envelopes, issuers and revocation lists, and how an envelope is opened."""
