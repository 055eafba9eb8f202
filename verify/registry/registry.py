"""The registry that is in use: one version, and the changes to it, as a pointer file names them.

Looking something up never waits for a new version: it is opened beside the old one, and taken up
between two look-ups.  What cannot be opened leaves the one before in use.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from verify.card import Card
from verify.coverage import Coverage, Standing
from verify.errors import RegistryUnreadable
from verify.registry.row import Row, check_of, key_of, unpack
from verify.registry.snapshot import Snapshot

log = logging.getLogger(__name__)

POINTER = "registry.json"
LOOK_EVERY_S = 1.0
CODE = "registry"  # where the gateway's answers have a code


class Pointed(NamedTuple):
    """What the pointer file names; `changes` is empty where there are none."""

    base: str
    changes: str


class InUse(NamedTuple):
    """The open files."""

    pointed: Pointed
    base: Snapshot
    changes: Snapshot | None

    @property
    def issued(self) -> datetime:
        """When the newest of it was made."""
        return (self.changes or self.base).about.issued


class Registry:
    """Any thread may call."""

    def __init__(self, folder: Path) -> None:
        """`folder` holds the pointer; there may be none, and then nothing is known."""
        self._folder = folder
        self._lock = threading.Lock()
        self._in_use: InUse | None = None
        self._look_at = 0.0
        self.failure: str | None = None  # why the newest version is not in use

    def in_use(self) -> InUse | None:
        """Return what is in use now; None where nothing ever was."""
        if time.monotonic() >= self._look_at:
            with self._lock:
                self._look_at = time.monotonic() + LOOK_EVERY_S
                self._take_up()
        return self._in_use

    def recall(self, card: Card) -> Coverage | None:
        """Return what the registry says of a card; None where it says nothing.

        RegistryUnreadable where a file that is in use cannot be read any more.
        """
        using = self.in_use()
        if using is None:
            return None
        for snapshot in filter(None, (using.changes, using.base)):
            salt = snapshot.about.salt
            found = snapshot.look_up(key_of(card.number, salt))
            if found is not None:
                return _word(card, unpack(found), salt, using.issued)
        return None

    def close(self) -> None:
        """Let go of all files."""
        if self._in_use is not None:
            _close(self._in_use)
            self._in_use = None

    def _take_up(self) -> None:
        """Open what the pointer names, if it is not in use yet."""
        try:
            pointed = read_pointer(self._folder)
            if pointed is None or (self._in_use and pointed == self._in_use.pointed):
                return
            base = Snapshot(self._folder / pointed.base)
            changes = Snapshot(self._folder / pointed.changes) if pointed.changes else None
            if changes is not None and changes.about.base != base.about.version:
                raise RegistryUnreadable(f"{pointed.changes}: changes to another version")
        except RegistryUnreadable as exc:
            if str(exc) != self.failure:
                log.error("the newest registry is not taken up: %s", exc)
            self.failure = str(exc)
            return
        # The one before is left to those who are reading it; its connections end with it.
        self._in_use, self.failure = InUse(pointed, base, changes), None


def read_pointer(folder: Path) -> Pointed | None:
    """Return what the pointer names; None without one. RegistryUnreadable for a bad one."""
    path = folder / POINTER
    try:
        said = json.loads(path.read_text("utf-8"))
        pointed = Pointed(str(said["base"]), str(said["changes"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise RegistryUnreadable(f"{POINTER}: {type(exc).__name__}") from exc
    if any(name != Path(name).name for name in pointed):
        raise RegistryUnreadable(f"{POINTER}: names a file elsewhere")
    return pointed


def _close(using: InUse) -> None:
    for snapshot in filter(None, (using.changes, using.base)):
        snapshot.close()


def _word(card: Card, row: Row, salt: bytes, as_of: datetime) -> Coverage | None:
    if row.standing is Standing.NO_RECORD:
        return None
    if row.check and card.holder and card.born:
        is_other = row.check != check_of(card.holder, card.born.year, salt)
    else:
        is_other = False
    if is_other:
        return Coverage(card.number, Standing.NAME_DIFFERS, CODE, as_of)
    tail = card.number[-10:]
    whole = f"{row.group}{row.level}{row.province}{tail}" if row.group and row.level else None
    shown = card.number if len(card.number) == 15 else None
    return Coverage(
        number=card.number,
        standing=row.standing,
        code=CODE,
        as_of=as_of,
        card_number=shown or (whole if len(card.number) == 10 else None),
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        living_area=row.living_area or None,
    )
