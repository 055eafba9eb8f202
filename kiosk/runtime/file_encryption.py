"""Encrypt a plain file, and give an encrypted one another key.

Whenever this is interrupted, each file is whole, and plain or under exactly one key:

1. Nobody else has the file open.  What uses it is stopped first; else these raise FileInUse.
2. A plain file is copied into a new, encrypted one beside it.  Each row of the copy is compared
   with the original before the copy takes its name in one step.
3. Another key is given by SQLCipher in one transaction, whose journal is encrypted too.
4. Afterwards the plain original is overwritten.  On a disk that writes elsewhere, such as an SSD,
   its old blocks may stay until the disk uses them again: nothing that a program does can help it.

The file of the write-ahead log is empty and gone afterwards.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from kiosk.runtime import sqlite
from kiosk.runtime.errors import FileInUse, FileKeyTrouble
from kiosk.runtime.file_key import FileKey
from kiosk.runtime.files import folder_to_disk, replace_while_read
from kiosk.runtime.sqlite import Connection, FileForm

SPACE_NEEDED = 1.2  # times the file: the copy, or the journal of a change of the key
WIPE_BLOCK = bytes(1024 * 1024)
BUSY_TIMEOUT_S = 2.0
NOT_TABLES = ("sqlite_stat1", "sqlite_stat4")  # statistics; SQLite makes them itself
# What SQLCipher's copy leaves out, by the names of pragmas.
HEADER_FIELDS = ("user_version", "application_id")


def look_at(path: Path) -> FileForm:
    """Return the form of a file that nothing in this process has open; see `sqlite.form_of`.

    Raises FileKeyTrouble if it cannot be read.
    """
    with _translated(path):
        return sqlite.form_of(path)


def require_unused(path: Path, keys: Sequence[FileKey] = ()) -> None:
    """Raise FileInUse if something else has a file open, which is plain or has a key of `keys`.

    Raises FileKeyTrouble if SQLCipher is not installed, and WrongFileKey if no key opens it.
    """
    sqlite.require_cipher()
    form = look_at(path)
    if form is FileForm.ABSENT:
        return
    with _translated(path):
        if form is FileForm.PLAIN:
            connection = sqlite.connect_plain_by_cipher(path, BUSY_TIMEOUT_S)
        else:
            connection = sqlite.connect(path, sqlite.find_key(path, keys), BUSY_TIMEOUT_S)
        with contextlib.closing(connection):
            sqlite.be_alone_with(connection)


def key_of(path: Path, keys: Sequence[FileKey]) -> FileKey | None:
    """Return the key of a file among `keys`, as `sqlite.find_key` does; other users go on.

    Raises FileKeyTrouble also if the file cannot be read.
    """
    with _translated(path):
        return sqlite.find_key(path, keys)


def encrypt(path: Path, key: FileKey) -> bool:
    """Encrypt a plain file in its place; return whether there was one.

    A file that the key opens already is left as it is.  Raises FileInUse if something else has it
    open, WrongFileKey if it is encrypted with another key, and FileKeyTrouble if the disk has too
    little space or the copy is not like the original, which then stays.
    """
    part, original = path.with_name(f"{path.name}.encrypting"), _original(path)
    part.unlink(missing_ok=True)  # of a run that was interrupted
    if look_at(path) is not FileForm.PLAIN:
        if look_at(path) is FileForm.ENCRYPTED:
            sqlite.find_key(path, (key,))
            _wipe(original)
        return False
    _require_space(path)
    with _translated(path):
        try:
            _copy(path, part, key)
            _put_in_place(part, path, original)
        finally:
            part.unlink(missing_ok=True)
    _wipe(original)
    return True


def change_key(path: Path, keys: Sequence[FileKey], new: FileKey) -> bool:
    """Give a file the key `new`; return whether it had another one of `keys` before.

    Raises FileInUse if something else has the file open, WrongFileKey if no key of `keys` opens it,
    and FileKeyTrouble if it is plain or the disk has too little space.
    """
    if look_at(path) is FileForm.ABSENT:
        return False
    with _translated(path):
        key = sqlite.find_key(path, keys)
        assert key is not None
        if key == new:
            return False
        _require_space(path)
        with contextlib.closing(sqlite.connect(path, key, BUSY_TIMEOUT_S)) as connection:
            sqlite.be_alone_with(connection)
            connection.execute(f"pragma rekey = {sqlite.key_literal(new)}")
        if not sqlite.opens(path, new):
            raise FileKeyTrouble(f"{path}: the new key does not open it; its key before stays")
    return True


def plain_remains(path: Path) -> bool:
    """Return whether a plain original of an encrypted file is still there, after a power cut."""
    return _original(path).exists()


def _original(path: Path) -> Path:
    return path.with_name(f"{path.name}.plain")


def _copy(path: Path, part: Path, key: FileKey) -> None:
    """Write an encrypted copy of a plain file, compare it and have it on the disk."""
    with contextlib.closing(sqlite.connect_plain_by_cipher(path, BUSY_TIMEOUT_S)) as connection:
        sqlite.be_alone_with(connection)
        connection.execute(f"attach database ? as copy key {sqlite.key_literal(key)}", [str(part)])
        # Nobody needs a copy that was interrupted, so it needs no journal.
        connection.execute("pragma copy.journal_mode = off")
        connection.execute("select sqlcipher_export('copy')").fetchone()
        for name in HEADER_FIELDS:
            (value,) = connection.execute(f"pragma main.{name}").fetchone()
            connection.execute(f"pragma copy.{name} = {int(value)}")
        _compare(connection, path)
        connection.execute("detach database copy")
    with part.open("rb+") as file:
        os.fsync(file.fileno())


def _compare(connection: Connection, path: Path) -> None:
    """Compare all rows of the attached copy with the original, and check the copy's pages."""
    tables = _schema(connection, "main")
    problems = [row[0] for row in connection.execute("pragma copy.cipher_integrity_check")]
    if problems or tables != _schema(connection, "copy"):
        raise FileKeyTrouble(f"{path}: the encrypted copy is not whole; the file stays as it is")
    for kind, name, sql in tables:
        # What a virtual table holds is in tables of its own.
        is_virtual = (sql or "").lower().startswith("create virtual table")
        if kind == "table" and name not in NOT_TABLES and not is_virtual:
            quoted = '"' + name.replace('"', '""') + '"'
            before, after = (
                connection.execute(f"select * from {schema}.{quoted} not indexed")
                for schema in ("main", "copy")
            )
            if any(row != other for row, other in zip_longest(before, after)):
                raise FileKeyTrouble(
                    f"{path}: the table {name} of the encrypted copy is not like the original; the"
                    " file stays as it is"
                )


def _schema(connection: Connection, name: str) -> list[Any]:
    sql = f"select type, name, sql from {name}.sqlite_schema order by type, name"
    return connection.execute(sql).fetchall()


def _put_in_place(part: Path, path: Path, original: Path) -> None:
    """Give the copy the file's name, owner and mode; keep the original for a moment."""
    seen = path.stat()
    os.chmod(part, seen.st_mode & 0o777)
    if hasattr(os, "chown") and os.geteuid() == 0:
        os.chown(part, seen.st_uid, seen.st_gid)
    original.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # a file system without links: it is not overwritten then
        os.link(path, original)
    replace_while_read(part, path)
    folder_to_disk(path.parent)


def _wipe(file: Path) -> None:
    """Overwrite a file and remove it."""
    if not file.exists():
        return
    with file.open("rb+") as opened:
        left = file.stat().st_size
        while left > 0:
            left -= opened.write(WIPE_BLOCK[:left])
        opened.flush()
        os.fsync(opened.fileno())
    file.unlink()


def _require_space(path: Path) -> None:
    needed = int(path.stat().st_size * SPACE_NEEDED)
    free = shutil.disk_usage(path.parent).free
    if free < needed:
        raise FileKeyTrouble(
            f"{path}: {free // 1_000_000} MB are free; expected {needed // 1_000_000 + 1} MB,"
            " because a copy is made beside it"
        )


@contextlib.contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Translate errors of SQLite and of the disk. Their texts hold no data and no key."""
    try:
        yield
    except sqlite.errors() as exc:
        if sqlite.is_busy(exc):
            raise FileInUse(
                f"{path}: is in use; stop the program and every other command first"
            ) from exc
        raise FileKeyTrouble(f"{path}: {type(exc).__name__}: {exc}") from exc
    except OSError as exc:
        raise FileKeyTrouble(f"{path}: cannot be read or written ({exc.strerror})") from exc
