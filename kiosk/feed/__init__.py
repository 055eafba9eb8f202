"""The client of the feed: when and where it is asked, what of it is trusted, and its download.

It verifies the newest version of the synced data and hands it to `kiosk/data`, which adopts it.
The publisher's side is `kiosk/publisher`.
"""

from kiosk.feed.connect import connect_feed, read_root

__all__ = [
    "connect_feed",
    "read_root",
]
