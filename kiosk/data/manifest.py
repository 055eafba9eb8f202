"""The manifest: the file that names the file of each set in use; it is replaced in one step."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from kiosk.data.errors import DataUnreadable, ManifestMalformed

YEARS = range(2000, 2200)  # in which data may have been issued
MANIFEST_FILE = "current.json"
SET_NAMES = ("registry", "changes", "keys", "revocations", "tables")


class ManifestEntry(NamedTuple):
    """A set that is in use: its file, its version, and when its content was made (aware).

    `origin` identifies the feed that it came by; empty: it was built here.
    """

    file: str
    version: int
    issued: datetime
    origin: str = ""


class Manifest(NamedTuple):
    """Everything that is in use.

    `feed` is the version of the feed that was adopted, 0 if none ever was.  `root` identifies the
    feed by its first keys.  `confirmed` (aware) is when the feed last said that nothing is newer.
    """

    sets: Mapping[str, ManifestEntry]
    feed: int = 0
    root: str = ""
    confirmed: datetime | None = None

    def files(self) -> set[str]:
        """Return the names of all files."""
        return {entry.file for entry in self.sets.values()}


def check_issued(moment: datetime) -> datetime:
    """Return a moment at which data may have been issued.

    Raises ValueError if it has no time zone, or is of no year in which this program ran: no age
    can be computed from such a moment.
    """
    if moment.tzinfo is None or moment.year not in YEARS:
        raise ValueError("expected a time zone, and a year from 2000 to 2199")
    return moment


def read_manifest(folder: Path) -> Manifest | None:
    """Return the manifest in `folder`; None if it does not exist.

    Raises ManifestMalformed if the file is not a manifest, DataUnreadable if it cannot be read
    just now.
    """
    try:
        content = json.loads((folder / MANIFEST_FILE).read_text("utf-8"))
        sets = {
            str(name): ManifestEntry(
                file=str(entry["file"]),
                version=int(entry["version"]),
                issued=_moment(entry["issued"]),
                origin=str(entry["origin"]),
            )
            for name, entry in content["sets"].items()
        }
        confirmed = content["confirmed"] and _moment(content["confirmed"])
        manifest = Manifest(sets, int(content["feed"]), str(content["root"]), confirmed or None)
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise DataUnreadable(f"{MANIFEST_FILE}: {exc.strerror}") from exc
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as exc:
        raise ManifestMalformed(f"{MANIFEST_FILE}: {type(exc).__name__}") from exc
    if any(name != Path(name).name for name in manifest.files()):
        raise ManifestMalformed(f"{MANIFEST_FILE}: names a file outside of its folder")
    if not set(sets) <= set(SET_NAMES):
        raise ManifestMalformed(f"{MANIFEST_FILE}: names an unknown set of data")
    return manifest


def written_at(folder: Path) -> int:
    """Return when the manifest was written, in nanoseconds since 1970.

    Raises DataUnreadable if it does not exist.
    """
    try:
        return (folder / MANIFEST_FILE).stat().st_mtime_ns
    except OSError as exc:
        raise DataUnreadable(f"{MANIFEST_FILE}: {exc.strerror}") from exc


def manifest_text(manifest: Manifest) -> str:
    """Return the content of the manifest's file."""
    sets = {
        name: entry._asdict() | {"issued": entry.issued.isoformat()}
        for name, entry in manifest.sets.items()
    }
    content = {
        "feed": manifest.feed,
        "root": manifest.root,
        "confirmed": manifest.confirmed and manifest.confirmed.isoformat(),
        "sets": sets,
    }
    return json.dumps(content, indent=1)


def _moment(text: str) -> datetime:
    return check_issued(datetime.fromisoformat(text))
