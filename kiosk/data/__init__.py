"""What the kiosk knows and how old it is: one store of synced data, and the insurer's answers.

The rule of this room: nothing that a version names is ever changed.  A new version is opened
beside the old one and replaces it in one step; a version that cannot be opened changes nothing.
"""

from kiosk.data.adopt import LOCK, held_now, point, remove_parts
from kiosk.data.answers_cache import KEPT, CoverageCache
from kiosk.data.datasets import data_sets
from kiosk.data.errors import DataUnreadable, DataUnusable, DiskFull
from kiosk.data.freshness import DRIFT, DataSet, State
from kiosk.data.knowledge import read_keys, site_data
from kiosk.data.law import law_in_use
from kiosk.data.local_registry import build_registry, change_registry, registry_in_use
from kiosk.data.manifest import Named, Pointed
from kiosk.data.report import data_report
from kiosk.data.store import CurrentData, DataStore
from kiosk.data.sync_status import keep_tries, read_tries
from kiosk.data.tables_zip import pack_tables, unpack_tables
from kiosk.data.version import open_version

__all__ = [
    "DRIFT",
    "KEPT",
    "LOCK",
    "CoverageCache",
    "CurrentData",
    "DataSet",
    "DataStore",
    "DataUnreadable",
    "DataUnusable",
    "DiskFull",
    "Named",
    "Pointed",
    "State",
    "build_registry",
    "change_registry",
    "data_report",
    "data_sets",
    "held_now",
    "keep_tries",
    "law_in_use",
    "open_version",
    "pack_tables",
    "point",
    "read_keys",
    "read_tries",
    "registry_in_use",
    "remove_parts",
    "site_data",
    "unpack_tables",
]
