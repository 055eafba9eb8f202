"""Signed cards: envelopes, issuers, revocation lists, and the one door to a trusted card."""
