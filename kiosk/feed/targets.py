"""Which files a version of the feed names for this kiosk, and what stays of what was there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from tuf.api.metadata import TargetFile

from kiosk.data import DataUnusable, Manifest, ManifestEntry

MOST_BYTES = 16 * 1024**3  # of all targets together
MOST_OF = {".json": 64 * 1024**2, ".zip": 16 * 1024**2}  # of one that is read into memory
ENDS = {"registry": ".db", "changes": ".db", "keys": ".json", "revocations": ".json",
        "tables": ".zip"}  # fmt: skip
VERSIONS = range(1, 10**9)
HASH = re.compile(r"[0-9a-f]{64,128}", re.ASCII)


class TargetToFetch(NamedTuple):
    """A file that a version names."""

    target: TargetFile
    named: ManifestEntry
    arrives_as: str  # tables arrive in one file and become a folder


def entries_to_keep(
    before: Manifest, wanted: Mapping[str, TargetToFetch]
) -> dict[str, ManifestEntry]:
    """Return what the feed does not bring and stays: what was built here, and revocations.

    Who brings no revocations any more has not taken them back: they age, and by their limits
    leave signed cards unconfirmed.
    """
    brings = set(wanted) | ({"changes"} if "registry" in wanted else set())
    return {name: one for name, one in before.sets.items()
            if name not in brings and (name == "revocations" or not one.origin)}  # fmt: skip


def targets_to_fetch(targets: Mapping[str, TargetFile], origin: str) -> dict[str, TargetToFetch]:
    """Return the file of each set; DataUnusable where they are not those of a kiosk's feed."""
    wanted = dict(_each(targets, origin))
    if len(wanted) != len(targets) or sum(one.length for one in targets.values()) > MOST_BYTES:
        raise DataUnusable(f"{len(targets)} targets: a set twice, or more than {MOST_BYTES} bytes")
    return wanted


def _each(targets: Mapping[str, TargetFile], origin: str) -> Iterator[tuple[str, TargetToFetch]]:
    for path, target in targets.items():
        try:
            name, version = target.custom["set"], int(target.custom["version"])
            issued = datetime.fromisoformat(target.custom["issued"])
            sha256, end = target.hashes["sha256"], ENDS[name]
        except (KeyError, TypeError, ValueError) as exc:
            raise DataUnusable(f"{path!r}: wanted set, version and issued of it") from exc
        is_ours = re.fullmatch(rf"{name}-\d{{1,9}}\{end}", path, re.ASCII) and version in VERSIONS
        if not is_ours or not all(map(HASH.fullmatch, target.hashes.values())):
            raise DataUnusable(f"{path!r}: no target of a kiosk")
        if issued.tzinfo is None or target.length > MOST_OF.get(end, MOST_BYTES):
            raise DataUnusable(f"{path!r}: issued {issued}, {target.length} bytes")
        stem = f"{name}-{version}-{sha256[:8]}"
        file = stem if name == "tables" else f"{stem}{end}"
        yield (
            name,
            TargetToFetch(target, ManifestEntry(file, version, issued, origin), f"{stem}{end}"),
        )
