"""How the kiosk's copy of the world is made, brought here, and taken up."""

from kiosk.feed.adoption import build_registry, change_registry
from kiosk.feed.building import build
from kiosk.feed.bundle import pack_tables
from kiosk.feed.feed import Feed
from kiosk.feed.opening import open_rounds
from kiosk.feed.overlay import build_changes
from kiosk.feed.progress import Progress, Tell, Told, told
from kiosk.feed.reading import read_records
from kiosk.feed.rounds import Rounds
from kiosk.feed.sources import FolderSource, Source, WebSource
from kiosk.feed.tries import Tries, read_tries

__all__ = [
    "Feed",
    "FolderSource",
    "Progress",
    "Rounds",
    "Source",
    "Tell",
    "Told",
    "Tries",
    "WebSource",
    "build",
    "build_changes",
    "build_registry",
    "change_registry",
    "open_rounds",
    "pack_tables",
    "read_records",
    "read_tries",
    "told",
]
