"""One version of the registry, or of its changes: a SQLite file that nobody ever changes."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from kiosk.registry.errors import RegistryUnreadable
from kiosk.registry.person import UNKNOWN_PERSON, RegisteredPerson, person_of

FORM = "tiepdon-registry-1"
PERSON = "holder, born, sex, facility, five_years_from"
CACHE_KIB = 16_384
MOST_SALT = 64  # bytes that blake2b takes as a key
SCHEMA = """
create table card (
    key integer primary key,     -- keyed hash of the person's number
    row integer not null         -- packed: kiosk/registry/row.py
) strict;
create table about (name text primary key, value text not null) strict, without rowid;
"""


class About(NamedTuple):
    """What a file says of itself. `issued` is aware; `salt` is the key of its hashes."""

    version: int
    base: int  # of changes: the version that they are to; else 0
    issued: datetime
    rows: int
    salt: bytes
    full: bool = False  # it has what is known of people in the clear


class Snapshot:
    """An open version. Any thread may look something up: each has a connection of its own."""

    def __init__(self, path: Path) -> None:
        """Open it; RegistryUnreadable where it is not there, not whole or of another form."""
        self.path = path
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        try:
            self.about = _about(self._connection())
        except (sqlite3.Error, ValueError, KeyError, TypeError) as exc:
            self.close()
            raise RegistryUnreadable(f"{path.name}: {type(exc).__name__}") from exc

    def look_up(self, key: int) -> int | None:
        """Return the packed row that stands at a key."""
        try:
            query = "select row from card where key = ?"
            found: tuple[int] | None = self._connection().execute(query, (key,)).fetchone()
        except sqlite3.Error as exc:
            raise RegistryUnreadable(f"{self.path.name}: {type(exc).__name__}") from exc
        return found[0] if found else None

    def person(self, key: int) -> RegisteredPerson:
        """Return what is kept of the person at a key: nothing in a compact file."""
        if not self.about.full:
            return UNKNOWN_PERSON
        try:
            query = f"select {PERSON} from person where key = ?"
            found = self._connection().execute(query, (key,)).fetchone()
            return person_of(*found) if found else UNKNOWN_PERSON
        except (sqlite3.Error, ValueError) as exc:
            raise RegistryUnreadable(f"{self.path.name}: {type(exc).__name__}") from None

    def people(self, many: int) -> Iterator[list[tuple[int, str, str, str, str, str]]]:
        """Yield all keys and what is kept of the people there, so many at a time."""
        yield from self._all(f"select key, {PERSON} from person", many) if self.about.full else ()

    def rows(self, many: int) -> Iterator[list[tuple[int, int]]]:
        """Yield all keys and packed rows, so many at a time."""
        yield from self._all("select key, row from card", many)

    def _all(self, query: str, many: int) -> Iterator[list[Any]]:
        try:
            found = self._connection().execute(query)
            while batch := found.fetchmany(many):
                yield batch
        except sqlite3.Error as exc:
            raise RegistryUnreadable(f"{self.path.name}: {type(exc).__name__}") from exc

    def close(self) -> None:
        """Let go of the file."""
        for connection in self._connections:
            with contextlib.suppress(sqlite3.Error):
                connection.close()
        self._connections = []

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            where = f"{self.path.absolute().as_uri()}?mode=ro&immutable=1"
            connection = sqlite3.connect(where, uri=True, check_same_thread=False)
            connection.execute(f"pragma cache_size = -{CACHE_KIB}")
            self._local.connection = connection
            self._connections.append(connection)
        return connection


def _about(connection: sqlite3.Connection) -> About:
    said = dict(connection.execute("select name, value from about").fetchall())
    if said["form"] != FORM:
        raise ValueError(said["form"])
    issued, salt = datetime.fromisoformat(said["issued"]), bytes.fromhex(said["salt"])
    if issued.tzinfo is None or len(salt) > MOST_SALT:
        raise ValueError("issued in no zone, or a salt that cannot be a key")
    return About(
        int(said["version"]), int(said["base"]), issued, int(said["rows"]), salt, "full" in said
    )  # fmt: skip
