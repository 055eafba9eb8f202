"""The pointer file: which file of each set is in use; replaced in one step, or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from kiosk.data.errors import DataUnreadable, ManifestMalformed

MANIFEST_FILE = "current.json"
SET_NAMES = ("registry", "changes", "keys", "revocations", "tables")


class ManifestEntry(NamedTuple):
    """A set that is in use: its file, its version, and when what is in it was made (aware).

    `origin` names the feed that it came by; empty: it was built here.
    """

    file: str
    version: int
    issued: datetime
    origin: str = ""


class Manifest(NamedTuple):
    """What the pointer file names.

    `feed` is the version of the feed that was adopted, 0 where none ever was; `root` names the
    feed by its first keys; `confirmed` is when it last said that there is nothing newer.
    """

    sets: Mapping[str, ManifestEntry]
    feed: int = 0
    root: str = ""
    confirmed: datetime | None = None

    def files(self) -> set[str]:
        """Return the names of all files."""
        return {one.file for one in self.sets.values()}


def read_manifest(folder: Path) -> Manifest | None:
    """Return what the pointer names; None without one.

    ManifestMalformed where it means nothing, DataUnreadable where it cannot be read just now.
    """
    try:
        said = json.loads((folder / MANIFEST_FILE).read_text("utf-8"))
        sets = {
            str(name): ManifestEntry(
                str(one["file"]), int(one["version"]), _moment(one["issued"]), str(one["origin"])
            )
            for name, one in said["sets"].items()
        }
        confirmed = said["confirmed"] and _moment(said["confirmed"])
        pointed = Manifest(sets, int(said["feed"]), str(said["root"]), confirmed or None)
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise DataUnreadable(f"{MANIFEST_FILE}: {exc.strerror}") from exc
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        raise ManifestMalformed(f"{MANIFEST_FILE}: {type(exc).__name__}") from exc
    if any(name != Path(name).name for name in pointed.files()) or not set(sets) <= set(SET_NAMES):
        raise ManifestMalformed(f"{MANIFEST_FILE}: names a file elsewhere, or a set that is none")
    return pointed


def written_at(folder: Path) -> int:
    """Return when the pointer was written, in nanoseconds; DataUnreadable where it is gone."""
    try:
        return (folder / MANIFEST_FILE).stat().st_mtime_ns
    except OSError as exc:
        raise DataUnreadable(f"{MANIFEST_FILE}: {exc.strerror}") from exc


def manifest_text(pointed: Manifest) -> str:
    """Return what the pointer file holds."""
    sets = {name: one._asdict() | {"issued": one.issued.isoformat()}
            for name, one in pointed.sets.items()}  # fmt: skip
    confirmed = pointed.confirmed and pointed.confirmed.isoformat()
    said = {"feed": pointed.feed, "root": pointed.root, "confirmed": confirmed, "sets": sets}
    return json.dumps(said, indent=1)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without its zone")
    return moment
