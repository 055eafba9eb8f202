"""How the kiosk's copy of the world is made, brought here, and taken up."""

from kiosk.feed.connect import open_rounds

__all__ = [
    "open_rounds",
]
