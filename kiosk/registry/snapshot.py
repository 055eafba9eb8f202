"""One file of the registry: all cards of a version, or the changes to it.  It never changes."""

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

FORMAT = "tiepdon-registry-1"
PERSON_COLUMNS = "holder, born, sex, facility, five_years_from"
CACHE_KIB = 16_384  # SQLite's page cache of each connection
MAX_SALT_BYTES = 64  # blake2b takes no longer key
SCHEMA = """
create table card (
    key integer primary key,     -- keyed hash of the person's number
    row integer not null         -- packed: kiosk/registry/row.py
) strict;
create table about (name text primary key, value text not null) strict, without rowid;
"""


class About(NamedTuple):
    """What a file says of itself; `issued` is aware, `salt` is the key of its hashes."""

    version: int
    base: int  # the version that the changes in the file belong to; 0 if it holds all cards
    issued: datetime
    rows: int
    salt: bytes
    full: bool = False  # it also holds readable text on people


class Snapshot:
    """An open file.  Any thread may call: each has a connection of its own."""

    def __init__(self, path: Path) -> None:
        """Open the file.

        Raises RegistryUnreadable if it is missing, damaged or of another format.
        """
        self.path = path
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        try:
            self.about = _read_about(self._connection())
        except (sqlite3.Error, ValueError, KeyError, TypeError) as exc:
            self.close()
            raise RegistryUnreadable(f"{path.name}: {type(exc).__name__}") from exc

    def look_up(self, key: int) -> int | None:
        """Return the packed row with this key; None if there is no such row.

        Raises RegistryUnreadable if the file can no longer be read.
        """
        try:
            query = "select row from card where key = ?"
            found: tuple[int] | None = self._connection().execute(query, (key,)).fetchone()
        except sqlite3.Error as exc:
            raise RegistryUnreadable(f"{self.path.name}: {type(exc).__name__}") from exc
        return found[0] if found else None

    def person(self, key: int) -> RegisteredPerson:
        """Return what the file holds on the person with this key; a compact file holds nothing.

        Raises RegistryUnreadable if the file can no longer be read.
        """
        if not self.about.full:
            return UNKNOWN_PERSON
        try:
            query = f"select {PERSON_COLUMNS} from person where key = ?"
            found = self._connection().execute(query, (key,)).fetchone()
            return person_of(*found) if found else UNKNOWN_PERSON
        except (sqlite3.Error, ValueError) as exc:
            # The error is not chained: its message may hold a birth date.
            raise RegistryUnreadable(f"{self.path.name}: {type(exc).__name__}") from None

    def people(self, batch_size: int) -> Iterator[list[tuple[int, str, str, str, str, str]]]:
        """Yield lists of rows of the table `person`; none if the file is compact.

        Raises RegistryUnreadable if the file can no longer be read.
        """
        if self.about.full:
            yield from self._batches(f"select key, {PERSON_COLUMNS} from person", batch_size)

    def rows(self, batch_size: int) -> Iterator[list[tuple[int, int]]]:
        """Yield lists of (key, packed row).

        Raises RegistryUnreadable if the file can no longer be read.
        """
        yield from self._batches("select key, row from card", batch_size)

    def close(self) -> None:
        """Close the connections of all threads."""
        for connection in self._connections:
            with contextlib.suppress(sqlite3.Error):
                connection.close()
        self._connections = []

    def _batches(self, query: str, batch_size: int) -> Iterator[list[Any]]:
        try:
            cursor = self._connection().execute(query)
            while batch := cursor.fetchmany(batch_size):
                yield batch
        except sqlite3.Error as exc:
            raise RegistryUnreadable(f"{self.path.name}: {type(exc).__name__}") from exc

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            uri = f"{self.path.absolute().as_uri()}?mode=ro&immutable=1"
            connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
            connection.execute(f"pragma cache_size = -{CACHE_KIB}")
            self._local.connection = connection
            self._connections.append(connection)
        return connection


def _read_about(connection: sqlite3.Connection) -> About:
    """Return what a file says of itself; raises ValueError, KeyError or TypeError if malformed."""
    about = dict(connection.execute("select name, value from about").fetchall())
    if about["form"] != FORMAT:
        raise ValueError(f"format {about['form']!r}; expected {FORMAT!r}")
    issued, salt = datetime.fromisoformat(about["issued"]), bytes.fromhex(about["salt"])
    if issued.tzinfo is None or len(salt) > MAX_SALT_BYTES:
        raise ValueError("issued without a time zone, or the salt is too long for a key")
    return About(
        version=int(about["version"]),
        base=int(about["base"]),
        issued=issued,
        rows=int(about["rows"]),
        salt=salt,
        full="full" in about,
    )
