"""The formats of payloads: plain cards and numbers. Nobody vouches for what is read here."""
