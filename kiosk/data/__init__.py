"""What the kiosk knows and how old it is: one store of synced data, and the insurer's answers.

The rule of this room: nothing that a version names is ever changed.  A new version is opened
beside the old one and replaces it in one step; a version that cannot be opened changes nothing.
"""

from kiosk.data.adopt import LOCK, held_now, point, remove_parts
from kiosk.data.answers_cache import KEPT, CoverageCache
from kiosk.data.datasets import data_sets
from kiosk.data.freshness import DRIFT, DataSet, State, report
from kiosk.data.knowledge import Known, knowledge, law, law_now, read_keys
from kiosk.data.local_registry import build_registry, change_registry
from kiosk.data.manifest import Named, Pointed
from kiosk.data.store import Held, Holdings, open_held
from kiosk.data.sync_status import keep_tries, read_tries
from kiosk.data.tables_zip import pack_tables, unpack_tables

__all__ = [
    "DRIFT",
    "KEPT",
    "LOCK",
    "CoverageCache",
    "DataSet",
    "Held",
    "Holdings",
    "Known",
    "Named",
    "Pointed",
    "State",
    "build_registry",
    "change_registry",
    "data_sets",
    "held_now",
    "keep_tries",
    "knowledge",
    "law",
    "law_now",
    "open_held",
    "pack_tables",
    "point",
    "read_keys",
    "read_tries",
    "remove_parts",
    "report",
    "unpack_tables",
]
