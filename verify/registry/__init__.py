"""The registry: what the insurer's books said of all cards when it was made. Reading only."""

from verify.registry.person import PEOPLE_SCHEMA
from verify.registry.registry import Registry
from verify.registry.row import (
    AREAS,
    EPOCH,
    LAST_DAY,
    STANDINGS,
    Row,
    check_of,
    checks_of,
    key_of,
    keys_of,
    pack,
    unpack,
)
from verify.registry.snapshot import FORM, SCHEMA, Snapshot

__all__ = [
    "AREAS",
    "EPOCH",
    "FORM",
    "LAST_DAY",
    "PEOPLE_SCHEMA",
    "SCHEMA",
    "STANDINGS",
    "Registry",
    "Row",
    "Snapshot",
    "check_of",
    "checks_of",
    "key_of",
    "keys_of",
    "pack",
    "unpack",
]
