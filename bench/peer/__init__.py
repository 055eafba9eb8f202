"""Programs that run within the environment of a peer, not within ours; see `bench/peers.py`."""
