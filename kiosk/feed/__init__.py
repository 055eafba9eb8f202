"""How the kiosk's copy of the world is made, brought here, and taken up."""

from kiosk.feed.connect import connect_feed

__all__ = [
    "connect_feed",
]
