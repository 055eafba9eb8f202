"""The reception desk: rooms that carry a scan to a verdict, a visit and the insurer."""
