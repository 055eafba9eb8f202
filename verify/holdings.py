"""What this kiosk was given and holds: card records, issuers' keys, revocations, tables.

A pointer file names one file for each set; nothing that it names is ever changed.  Judging never
waits for a new version: all of it is opened beside the old one, and taken up between two scans.
What cannot be opened leaves the version before in use, all of it.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, TypeVar

from verify.card import Card
from verify.coverage import Coverage
from verify.errors import BadKeys, HoldingsUnreadable, RegistryUnreadable
from verify.issuers import Issuers, read_jwks
from verify.pointer import Named, Pointed, read_pointer, written_at
from verify.registry import Registry, Snapshot
from verify.revocation import Revocations, read_revocations

log = logging.getLogger(__name__)

T = TypeVar("T")

LOOK_EVERY_S = 1.0


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
        self._at: tuple[Pointed, int] | None = None  # what is in use, and when it was pointed at
        self._failed: tuple[Pointed, int] | None = None  # what could not be opened
        self._look_at = 0.0
        self.failure: str | None = None  # why not all of the newest version is in use

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
            self.look_again()  # its files go when a newer version is adopted
            registry = self.now().registry
            try:
                return None if registry is None else registry.recall(card)
            except RegistryUnreadable as exc:
                self.failure = str(exc)
                raise

    def look_again(self) -> None:
        """Look for a newer version the next time that anybody asks."""
        self._look_at = 0.0

    def close(self) -> None:
        """Let go of all files."""
        self._held.close()
        self._held, self._look_at = NOTHING, 0.0

    def _take_up(self) -> None:
        """Open what the pointer names, if it is not in use yet, and was not tried in vain.

        A pointer that was written again and names the same: a damaged file was mended.
        """
        at = None
        try:
            pointed = read_pointer(self._folder)
            at = None if pointed is None else (pointed, written_at(self._folder))
            if pointed is None or at in (self._at, self._failed):
                return
            # Files of the version before are left to those who are reading them; where some of it
            # could not be read, all is opened anew, for a mended file has the name it had.
            is_mended = self.failure is not None or pointed == self._held.pointed
            before = NOTHING if is_mended else self._held
            self._held, self._at = open_held(self._folder, pointed, before), at
            self.failure = self._failed = None
        except HoldingsUnreadable as exc:
            if str(exc) != self.failure:
                log.error("the newest data are not taken up: %s", exc)
            self.failure, self._failed = str(exc), at
            if self._held is NOTHING and at is not None:  # there is none to go on with
                self._held = salvage(self._folder, at[0])


def open_held(folder: Path, pointed: Pointed, before: Held = NOTHING) -> Held:
    """Open all that a pointer names, but for what is open already in the version `before`.

    HoldingsUnreadable names the file; then none of it is open.
    """

    def is_new(*names: str) -> bool:
        was = before.pointed.sets
        return any(pointed.sets.get(name) != was.get(name) for name in names)

    registry, issuers, revocations = before.registry, before.issuers, before.revocations
    if is_new("keys"):
        issuers = _read(folder, pointed.sets.get("keys"), _keys_as_of)
    if is_new("revocations"):
        revocations = _read(folder, pointed.sets.get("revocations"), _revocations_as_of)
    if is_new("registry", "changes"):
        registry = _registry(folder, pointed)
    return Held(pointed, registry, issuers, revocations)


def salvage(folder: Path, pointed: Pointed) -> Held:
    """Open what can be opened of a version: one damaged file does not take the others with it.

    Of what cannot be, nothing is known: no key is trusted, and no card's revocation is known.
    """
    sets = pointed.sets
    held = Held(pointed)
    with contextlib.suppress(HoldingsUnreadable):
        held = held._replace(registry=_registry(folder, pointed))
    try:
        held = held._replace(issuers=_read(folder, sets.get("keys"), _keys_as_of))
    except HoldingsUnreadable:
        held = held._replace(issuers=Issuers(issued=sets["keys"].issued))
    try:
        taken_back = _read(folder, sets.get("revocations"), _revocations_as_of)
    except HoldingsUnreadable as exc:
        issued = sets["revocations"].issued
        taken_back = Revocations(issued=issued, missing=(str(exc),), lost=True)
    return held._replace(revocations=taken_back)


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


def _keys_as_of(text: str, issued: datetime) -> Issuers:
    return replace(read_jwks(text), issued=issued)


def _revocations_as_of(text: str, issued: datetime) -> Revocations:
    return replace(read_revocations(text), issued=issued)


def _read(folder: Path, named: Named | None, read: Callable[[str, datetime], T]) -> T | None:
    """Read a set; it is as old as the pointer says, which the feed has signed."""
    if named is None:
        return None
    try:
        return read((folder / named.file).read_text("utf-8-sig"), named.issued)
    except (BadKeys, OSError, ValueError) as exc:
        raise HoldingsUnreadable(f"{named.file}: {exc}") from exc
