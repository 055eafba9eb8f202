"""The client of the feed: it asks for the newest version of the synced data and adopts it.

The publisher's side is `kiosk/publisher`; what is adopted is in `kiosk/data`.
"""

from kiosk.feed.connect import connect_feed

__all__ = [
    "connect_feed",
]
