"""The data that the desk judges with, and how old they are.

These are the synced data (registry, keys, revocations, the law's tables) in one store, the
insurer's answers about cards, and which cards in phones were shown here lately.  New versions are
adopted here, from the feed or from a registry that is built on this machine.

The rules of this room:

1. The files of a version never change.  A new version is opened beside the one in use and
   replaces it in one step; a version that cannot be opened changes nothing (store.py).
2. The newest coverage of a card counts: the gateway's answer or the registry's (coverage.py).
3. How old each set of data may be is set in one place (`limits` in knowledge.py); datasets.py
   compares the ages with it.
"""

from kiosk.data.adopt import ADOPTION_LOCK, adopt_manifest, adopted_manifest, remove_parts
from kiosk.data.answers_cache import DEFAULT_RETENTION, AnswersCache
from kiosk.data.datasets import data_sets
from kiosk.data.errors import DataUnreadable, DataUnusable, DiskFull
from kiosk.data.facility_file import import_facilities
from kiosk.data.freshness import MAX_CLOCK_DRIFT, DataSet, State
from kiosk.data.knowledge import read_keys, site_data
from kiosk.data.law import law_in_use, missing_tables, read_tables
from kiosk.data.local_registry import build_registry, change_registry, registry_in_use
from kiosk.data.manifest import Manifest, ManifestEntry, check_issued
from kiosk.data.report import data_report
from kiosk.data.store import CurrentData, DataStore
from kiosk.data.sync_status import SyncStatus, read_sync_status, write_sync_status
from kiosk.data.tables_zip import pack_tables, unpack_tables
from kiosk.data.version import open_version

__all__ = [
    "ADOPTION_LOCK",
    "DEFAULT_RETENTION",
    "MAX_CLOCK_DRIFT",
    "AnswersCache",
    "CurrentData",
    "DataSet",
    "DataStore",
    "DataUnreadable",
    "DataUnusable",
    "DiskFull",
    "Manifest",
    "ManifestEntry",
    "State",
    "SyncStatus",
    "adopt_manifest",
    "adopted_manifest",
    "build_registry",
    "change_registry",
    "check_issued",
    "data_report",
    "data_sets",
    "import_facilities",
    "law_in_use",
    "missing_tables",
    "open_version",
    "pack_tables",
    "read_keys",
    "read_sync_status",
    "read_tables",
    "registry_in_use",
    "remove_parts",
    "site_data",
    "unpack_tables",
    "write_sync_status",
]
