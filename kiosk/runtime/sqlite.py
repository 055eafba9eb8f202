"""The engine of the program's SQLite files: Python's own, or SQLCipher for encrypted files.

The two have errors of their own that share no ancestor.  So this module is the only one that opens
the logbook and the file of answers, and says which errors they may raise:

- `connect` opens a file, plain or with a key.  A key is the first statement of a connection.
- `errors()` are the errors of both engines, for an `except`.
- `find_key` tells which of some keys opens a file.  SQLite says "file is not a database" of a wrong
  key, of a plain file that is opened with one, and of damage; this module looks at the first bytes
  before words are chosen.

A program without keys never loads SQLCipher, and opens its files as ever.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import sqlite3
import sys
import time
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import cast

from kiosk.runtime.errors import FileKeyTrouble, WrongFileKey
from kiosk.runtime.file_key import FileKey

RETRY_DELAY_S = 0.02
PLAIN_HEADER = b"SQLite format 3\0"
CIPHER = "sqlcipher3.dbapi2"
DAMAGED_TEXT = ("Could not decode to UTF-8", "malformed JSON")  # begin SQLite's own messages
FIXED_TEXTS = frozenset(
    {
        "attempt to write a readonly database",
        "database is locked",
        "database or disk is full",
        "database schema is locked: main",
        "database table is locked",
        "disk I/O error",
        "interrupted",
        "out of memory",
        "unable to open database file",
    }
)
INSTALL = 'install it: pip install "tiepdon[encrypt]"'

Connection = sqlite3.Connection
# An error with one of these codes is about the disk, its rights, a lock or the memory.
NOT_DAMAGE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_NOMEM,
    }
)


class FileForm(Enum):
    """What a file looks like from outside."""

    ABSENT = "absent"  # or empty: SQLite makes it when something is written
    PLAIN = "plain"
    ENCRYPTED = "encrypted"  # or damaged in its first bytes


def connect(
    path: Path, key: FileKey | None = None, timeout_s: float = 5.0, named_rows: bool = False
) -> Connection:
    """Return a connection to a file, which is made if it does not exist.

    `timeout_s` is how long it waits for another connection that holds the file.  With `named_rows`
    rows give their values by name too.  Raises one of `errors()` if the file cannot be opened; a
    wrong key is found by the first statement that reads.
    """
    if key is None:
        connection = sqlite3.connect(path, timeout=timeout_s)
        if named_rows:
            connection.row_factory = sqlite3.Row
        return connection
    cipher = _cipher()
    connection = cast(Connection, cipher.connect(path, timeout=timeout_s))
    try:
        if named_rows:
            connection.row_factory = cipher.Row
        connection.execute("pragma cipher_log_level = none")  # it would write to stderr
        connection.execute(f"pragma key = {key_literal(key)}")
    except BaseException:
        connection.close()
        raise
    return connection


def connect_plain_by_cipher(path: Path, timeout_s: float) -> Connection:
    """Return a connection of SQLCipher to a plain file, from which it can be copied.

    Raises FileKeyTrouble if SQLCipher is not installed, or one of `errors()`.
    """
    connection = cast(Connection, _cipher().connect(path, timeout=timeout_s, isolation_level=None))
    connection.execute("pragma cipher_log_level = none")
    return connection


def key_literal(key: FileKey) -> str:
    """Return a key as it stands in a statement; it cannot be bound, but its digits were checked."""
    return f"\"x'{key.hex}'\""


def errors() -> tuple[type[Exception], ...]:
    """Return the errors of all engines in use."""
    cipher = sys.modules.get(CIPHER)
    return (sqlite3.Error,) if cipher is None else (sqlite3.Error, cipher.Error)


def is_damage(exc: BaseException) -> bool:
    """Return whether an error is about the content of a file, not about its disk or its locks.

    For a locked or full disk SQLite raises OperationalError, for a damaged file its parent; also
    the first for a text that is no text, or no JSON, any more.
    """
    cipher = sys.modules.get(CIPHER)
    return (
        type(exc) is sqlite3.DatabaseError
        or (cipher is not None and type(exc) is cipher.DatabaseError)
        or (isinstance(exc, errors()) and str(exc).startswith(DAMAGED_TEXT))
    )


def is_damaged_file(exc: BaseException) -> bool:
    """Return whether an error of a statement that cannot be wrong says that its file is damaged.

    Such a statement also fails if a damaged schema has lost a table.  For any statement, see
    `is_damage`.
    """
    code = getattr(exc, "sqlite_errorcode", None)
    return is_damage(exc) if code is None else (code & 0xFF) not in NOT_DAMAGE


def kind_of(exc: BaseException) -> str:
    """Return the kind of an error, as SQLITE_CORRUPT: its text may quote what is stored."""
    return str(getattr(exc, "sqlite_errorname", "")) or type(exc).__name__


def words_of(exc: BaseException) -> str:
    """Return SQLite's words for an error of the disk, a lock or the memory; of others the kind.

    Other texts may quote a query or what is stored: a person's name that somebody searches for.
    """
    is_ours = kind_of(exc) == "SQLITE_CONSTRAINT_TRIGGER"  # its text is a literal of our schema
    return str(exc) if is_ours or str(exc) in FIXED_TEXTS else kind_of(exc)


def is_busy(exc: BaseException) -> bool:
    """Return whether an error says that another connection holds the file."""
    return getattr(exc, "sqlite_errorcode", 0) & 0xFF in (
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
    )


def form_of(path: Path) -> FileForm:
    """Return the form of a file by its first bytes. Raises OSError if they cannot be read.

    Nothing in this process may have the file open: on POSIX, closing a file gives up all locks that
    the process holds on it, those of SQLite too.
    """
    try:
        with path.open("rb") as file:
            header = file.read(len(PLAIN_HEADER))
    except FileNotFoundError:
        return FileForm.ABSENT
    if not header:
        return FileForm.ABSENT
    return FileForm.PLAIN if header == PLAIN_HEADER else FileForm.ENCRYPTED


def find_key(path: Path, keys: Sequence[FileKey], timeout_s: float = 5.0) -> FileKey | None:
    """Return the key of a file among `keys`; None if `keys` is empty: the file is not encrypted.

    A file that does not exist yet gets the last key, which is the newest.  Raises WrongFileKey if
    no key opens the file, FileKeyTrouble if it is plain although there are keys, and one of
    `errors()` if it cannot be read.
    """
    if not keys:
        return None
    if _is_new(path):
        return keys[-1]
    for key in keys:
        if opens(path, key, timeout_s):
            return key
    if _has_form(path, FileForm.PLAIN):
        raise FileKeyTrouble(
            f"{path}: is not encrypted, but [encryption] keys names a key. Run `encryption set-up`,"
            ' or write keys = "none"'
        )
    raise WrongFileKey(
        f"{path}: {_names(keys)} does not open it: it has another key, or is damaged. Run"
        " `encryption recover` with the recovery sheet; if it is the right key, restore the newest"
        " copy of the file"
    )


def _names(keys: Sequence[FileKey]) -> str:
    return f"the key {' or '.join(key.name for key in keys)} of [encryption]"


def opens(path: Path, key: FileKey, timeout_s: float = 5.0) -> bool:
    """Return whether a key opens a file.

    Raises one of `errors()` if the file cannot be read for another reason, such as a lock.
    """
    with contextlib.closing(connect(path, key, timeout_s)) as connection:
        try:
            connection.execute("select count(*) from sqlite_schema").fetchone()
        except errors() as exc:
            if is_damage(exc):
                return False
            raise
    return True


def unlike_plain(path: Path) -> str:
    """Return what to add to an error about a file that was opened without a key; often nothing."""
    if not _has_form(path, FileForm.ENCRYPTED):
        return ""
    return "; it is encrypted or damaged, and [encryption] names no key"


def _is_new(path: Path) -> bool:
    try:
        return path.stat().st_size == 0
    except OSError:
        return True  # if it cannot be looked at, SQLite says so in its own way


def _has_form(path: Path, form: FileForm) -> bool:
    try:
        return form_of(path) is form
    except OSError:
        return False


def use_write_ahead_log(connection: Connection, timeout_s: float) -> None:
    """Switch the database file of a connection to the write-ahead log.

    If two connections switch a new file at the same moment, SQLite does not wait by itself, so
    this tries again for `timeout_s` seconds.  Raises OperationalError if the file is still locked
    then.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            connection.execute("pragma journal_mode = wal")
        except errors() as exc:
            if is_damage(exc) or time.monotonic() > deadline:
                raise
            time.sleep(RETRY_DELAY_S)
        else:
            return


def require_cipher() -> None:
    """Raise FileKeyTrouble if SQLCipher is not installed."""
    _cipher()


@functools.cache
def _cipher() -> ModuleType:
    """Return SQLCipher's module. Raises FileKeyTrouble if it is not installed."""
    try:
        return importlib.import_module(CIPHER)
    except ImportError as exc:
        raise FileKeyTrouble(f"[encryption] needs SQLCipher; {INSTALL}") from exc


def be_alone_with(connection: Connection) -> None:
    """Keep every other connection from a file until this one closes; empty its write-ahead log.

    Raises one of `errors()` if another connection has the file open.
    """
    connection.execute("pragma locking_mode = exclusive")
    connection.execute("pragma journal_mode = delete")
    connection.execute("begin exclusive")  # takes the lock, which stays until the connection closes
    connection.execute("commit")
