"""Which files a version of the feed names for this kiosk, and which files in use stay.

The rules for the entries ("targets") of a version:

1. Every entry names its set, its version and when its content was made, and its file name fits.
2. No set is named twice, and all files together are not larger than MAX_TOTAL_BYTES.
3. File names on this machine are made here; no name from the feed becomes a path.
4. What was built here stays if the feed does not bring that set.  Revocations stay too, even those
   of the feed: a feed that brings none any more has not taken them back.  They age, and after
   their limit signed cards are unconfirmed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from tuf.api.metadata import TargetFile

from kiosk.data import DataUnusable, Manifest, ManifestEntry, check_issued

MAX_TOTAL_BYTES = 16 * 1024**3
MAX_BYTES_OF_SUFFIX = {".json": 64 * 1024**2, ".zip": 16 * 1024**2}  # these are read into memory
SUFFIXES = {
    "registry": ".db",
    "changes": ".db",
    "keys": ".json",
    "revocations": ".json",
    "tables": ".zip",
}
VERSIONS = range(1, 10**9)
HASH = re.compile(r"[0-9a-f]{64,128}", re.ASCII)


class TargetToFetch(NamedTuple):
    """A file that a version of the feed names, and its place on this machine.

    `entry` is what the manifest will name.  `arrives_as` is the name of the downloaded file: the
    same, except for tables, which are downloaded as one file and unpacked into a folder.
    """

    target: TargetFile
    entry: ManifestEntry
    arrives_as: str


def entries_to_keep(
    before: Manifest, to_fetch: Mapping[str, TargetToFetch]
) -> dict[str, ManifestEntry]:
    """Return the entries of the manifest in use that stay (rule 4).

    New cards replace the changes too, because those belong to the cards before.
    """
    replaced = set(to_fetch) | ({"changes"} if "registry" in to_fetch else set())
    return {
        name: entry
        for name, entry in before.sets.items()
        if name not in replaced and (name == "revocations" or not entry.origin)
    }


def targets_to_fetch(targets: Mapping[str, TargetFile], origin: str) -> dict[str, TargetToFetch]:
    """Return the file of each set; `origin` identifies the feed.

    Raises DataUnusable if an entry breaks a rule of this module.
    """
    to_fetch = dict(_checked(targets, origin))
    too_large = sum(target.length for target in targets.values()) > MAX_TOTAL_BYTES
    if len(to_fetch) != len(targets) or too_large:
        raise DataUnusable(
            f"{len(targets)} targets: a set twice, or more than {MAX_TOTAL_BYTES} bytes"
        )
    return to_fetch


def _checked(targets: Mapping[str, TargetFile], origin: str) -> Iterator[tuple[str, TargetToFetch]]:
    for path, target in targets.items():
        try:
            name, version = target.custom["set"], int(target.custom["version"])
            issued = check_issued(datetime.fromisoformat(target.custom["issued"]))
            sha256, suffix = target.hashes["sha256"], SUFFIXES[name]
        except (KeyError, TypeError, ValueError) as exc:
            raise DataUnusable(f"{path!r}: expected its set, version and issued") from exc
        fits = re.fullmatch(rf"{name}-\d{{1,9}}\{suffix}", path, re.ASCII) and version in VERSIONS
        if not fits or not all(map(HASH.fullmatch, target.hashes.values())):
            raise DataUnusable(f"{path!r}: not a target for a kiosk")
        max_bytes = MAX_BYTES_OF_SUFFIX.get(suffix, MAX_TOTAL_BYTES)
        if target.length > max_bytes:
            raise DataUnusable(
                f"{path!r}: {target.length} bytes; expected at most {max_bytes} bytes"
            )
        stem = f"{name}-{version}-{sha256[:8]}"
        arrives_as = f"{stem}{suffix}"
        entry = ManifestEntry(stem if name == "tables" else arrives_as, version, issued, origin)
        yield name, TargetToFetch(target, entry, arrives_as)
