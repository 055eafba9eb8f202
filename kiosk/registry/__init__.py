"""A local copy of the insurer's card records that holds no names: its rows, its files, its build.

A registry is built from a file of card records and looked up by scans.  The rules of this room:

1. A registry file never changes once it has its name; a newer registry is a new file.
2. A malformed line of the card records stops the build; no registry holds only half of them.
3. No name and no card number is written, except in a `full` registry of a clinic's own people.
4. No error message holds what stood in the card records.
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
