"""What this kiosk was given and holds: card records, issuers' keys, revocations, tables.

A pointer file names one file for each set; nothing that it names is ever changed.  Judging never
waits for a new version: all of it is opened beside the old one, and taken up between two scans.
What cannot be opened leaves the version before in use, all of it.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from verify.card import Card
from verify.coverage import Coverage
from verify.errors import BadKeys, HoldingsUnreadable, RegistryUnreadable
from verify.issuers import Issuers, read_jwks
from verify.registry import Registry, Snapshot
from verify.revocation import Revocations, read_revocations

log = logging.getLogger(__name__)

POINTER = "current.json"
SETS = ("registry", "changes", "keys", "revocations", "tables")
LOOK_EVERY_S = 1.0


class Named(NamedTuple):
    """A set that is in use: its file, its version, and when what is in it was made (aware).

    `origin` names the feed that it came by; empty: it was built here.
    """

    file: str
    version: int
    issued: datetime
    origin: str = ""


class Pointed(NamedTuple):
    """What the pointer file names.

    `feed` is the version of the feed that was adopted, 0 where none ever was; `root` names the
    feed by its first keys; `confirmed` is when it last said that there is nothing newer.
    """

    sets: Mapping[str, Named]
    feed: int = 0
    root: str = ""
    confirmed: datetime | None = None

    def files(self) -> set[str]:
        """Return the names of all files."""
        return {one.file for one in self.sets.values()}


class Held(NamedTuple):
    """One version of everything, open; None for a set that was never given."""

    pointed: Pointed
    registry: Registry | None = None
    issuers: Issuers | None = None
    revocations: Revocations | None = None

    def close(self) -> None:
        """Let go of its files."""
        if self.registry is not None:
            self.registry.close()


NOTHING = Held(Pointed({}))


class Holdings:
    """What is in use now. Any thread may call."""

    def __init__(self, folder: Path) -> None:
        """`folder` holds the pointer; there may be none, and then nothing is held."""
        self._folder = folder
        self._lock = threading.Lock()
        self._held = NOTHING
        self._look_at = 0.0
        self.failure: str | None = None  # why the newest version is not in use

    def now(self) -> Held:
        """Return what is in use now."""
        # Who comes while another opens a new version goes on with the one before.
        if time.monotonic() >= self._look_at and self._lock.acquire(blocking=self._look_at == 0.0):
            try:
                if time.monotonic() >= self._look_at:
                    self._take_up()
                    self._look_at = time.monotonic() + LOOK_EVERY_S
            finally:
                self._lock.release()
        return self._held

    def recall(self, card: Card) -> Coverage | None:
        """Return what the registry says of a card; None where there is none, or it says nothing.

        RegistryUnreadable where a file that is in use cannot be read any more.
        """
        try:
            registry = self.now().registry
            return None if registry is None else registry.recall(card)
        except RegistryUnreadable:
            self._look_at = 0.0  # its files go when a newer version is adopted: look again
            registry = self.now().registry
            return None if registry is None else registry.recall(card)

    def close(self) -> None:
        """Let go of all files."""
        self._held.close()
        self._held, self._look_at = NOTHING, 0.0

    def _take_up(self) -> None:
        """Open what the pointer names, if it is not in use yet."""
        try:
            pointed = read_pointer(self._folder)
            if pointed is None or pointed == self._held.pointed:
                return
            # Files of the version before are left to those who are reading them.
            self._held, self.failure = open_held(self._folder, pointed, self._held), None
        except HoldingsUnreadable as exc:
            if str(exc) != self.failure:
                log.error("the newest data are not taken up: %s", exc)
            self.failure = str(exc)


def open_held(folder: Path, pointed: Pointed, before: Held = NOTHING) -> Held:
    """Open all that a pointer names, but for what is open already in the version `before`.

    HoldingsUnreadable names the file; then none of it is open.
    """

    def is_new(*names: str) -> bool:
        was = before.pointed.sets
        return any(pointed.sets.get(name) != was.get(name) for name in names)

    registry, issuers, revocations = before.registry, before.issuers, before.revocations
    if is_new("keys"):
        issuers = _read(folder, pointed.sets.get("keys"), read_jwks)
    if is_new("revocations"):
        revocations = _read(folder, pointed.sets.get("revocations"), read_revocations)
    if is_new("registry", "changes"):
        registry = _registry(folder, pointed)
    return Held(pointed, registry, issuers, revocations)


def _registry(folder: Path, pointed: Pointed) -> Registry | None:
    opened: list[Snapshot] = []
    try:
        for name in ("registry", "changes"):
            if name in pointed.sets:
                opened.append(Snapshot(folder / pointed.sets[name].file))
        return Registry(*opened) if opened else None
    except RegistryUnreadable as exc:
        for snapshot in opened:
            snapshot.close()
        raise HoldingsUnreadable(str(exc)) from exc


def _read(folder: Path, named: Named | None, read: Any) -> Any:
    if named is None:
        return None
    try:
        return read((folder / named.file).read_text("utf-8-sig"))
    except (BadKeys, OSError, ValueError) as exc:
        raise HoldingsUnreadable(f"{named.file}: {exc}") from exc


def read_pointer(folder: Path) -> Pointed | None:
    """Return what the pointer names; None without one. HoldingsUnreadable for a bad one."""
    try:
        said = json.loads((folder / POINTER).read_text("utf-8"))
        sets = {str(name): Named(str(one["file"]), int(one["version"]),
                                 _moment(one["issued"]), str(one["origin"]))
                for name, one in said["sets"].items()}  # fmt: skip
        confirmed = said["confirmed"] and _moment(said["confirmed"])
        pointed = Pointed(sets, int(said["feed"]), str(said["root"]), confirmed or None)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise HoldingsUnreadable(f"{POINTER}: {type(exc).__name__}") from exc
    if any(name != Path(name).name for name in pointed.files()) or not set(sets) <= set(SETS):
        raise HoldingsUnreadable(f"{POINTER}: names a file elsewhere, or a set that is none")
    return pointed


def pointer_text(pointed: Pointed) -> str:
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
