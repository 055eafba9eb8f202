"""A copy of the insurer's card records that names nobody: its rows, its files, how it is built.

The rule of this room: a registry file is immutable once it has its name.
"""

from kiosk.registry.build import BUCKET_PREFIX, write_registry
from kiosk.registry.delta import write_changes
from kiosk.registry.errors import RegistryUnreadable
from kiosk.registry.registry import Registry
from kiosk.registry.row import STANDINGS
from kiosk.registry.snapshot import Snapshot
from kiosk.registry.workers import read_records

__all__ = [
    "BUCKET_PREFIX",
    "STANDINGS",
    "Registry",
    "RegistryUnreadable",
    "Snapshot",
    "read_records",
    "write_changes",
    "write_registry",
]
