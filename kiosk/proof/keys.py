"""The kiosk's key: made once, kept in a file beside the secrets, replaced by one that it signs.

1.  The private key is a file that only this account may read, in the folder `secrets` of the data
    directory.  It is not in the logbook nor in its copies: who has a copy cannot sign.
2.  The public keys are rows of `proof_key`, which are linked.
3.  A new key is written to a file of its own, then recorded with the signature of the old one, then
    put in the place of the old one.  Whatever is interrupted, the next use goes on.
4.  If the file is lost, a new key is made without a signature; `logbook check` says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlite_utils
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.errors import SettingsError
from kiosk.logbook import Database, to_utc_text
from kiosk.proof.signed_roots import key_mark, next_key_message
from kiosk.runtime.secret_file import read_or_make_secret, restrict_to_owner

NEXT = ".next"


@dataclass(frozen=True, slots=True)
class KioskKey:
    """The key that signs now. `number` counts the keys of the logbook; `made_at` is UTC text."""

    number: int
    public: bytes
    made_at: str
    is_signed: bool  # by the key before; the first one needs no signature

    @property
    def mark(self) -> str:
        """What a person compares."""
        return key_mark(self.public)


class KioskKeys:
    """The key file of a kiosk, and the public keys in its logbook."""

    def __init__(
        self, database: Database, path: Path, restrict: Callable[[Path], None] = restrict_to_owner
    ) -> None:
        """`path` is the key file; it is made when something is signed first."""
        self._database = database
        self._path, self._restrict = path, restrict

    @property
    def path(self) -> Path:
        """The key file."""
        return self._path

    def current(self, now: datetime) -> KioskKey:
        """Return the key that signs; make and record the first one. `now` is aware.

        Raises SettingsError if the key file cannot be read or made, and NotRecorded if the logbook
        cannot be written.
        """
        with self._database.transaction() as db:
            return _as_key(self._recorded(db, self._finished(db), now))

    def known(self) -> list[KioskKey]:
        """Return all keys of the logbook, oldest first."""
        rows = self._database.rows("select * from proof_key order by id")
        return [_as_key(row) for row in rows]

    def trouble(self) -> str:
        """Return what is wrong with the key file, in English for the command line; empty: nothing.

        Nothing is made.  A logbook that has signed nothing needs no key.
        """
        known = self.known()
        if not known:
            return ""
        if not self._path.exists():
            return f"{self._path} is missing; restore it, or the next root starts a new key"
        try:
            public = _public(read_or_make_secret(self._path, self._restrict))
        except SettingsError as exc:
            return str(exc)
        if public != known[-1].public and not self._next.exists():
            return f"{self._path} holds another key than the logbook names; restore the right one"
        if len(known) > 1 and not known[-1].is_signed:
            return "the key was made new, without the signature of the one before"
        return ""

    def sign(
        self, db: sqlite_utils.Database, now: datetime, message: Callable[[bytes], bytes]
    ) -> tuple[int, bytes, bytes]:
        """Sign within a transaction what `message` returns for the public key.

        Returns the number of the key, the key and the signature.  Raises SettingsError if the key
        file cannot be read or made.
        """
        seed = self._finished(db)
        row = self._recorded(db, seed, now)
        public = bytes(row["public"])
        signature = Ed25519PrivateKey.from_private_bytes(seed).sign(message(public))
        return int(row["id"]), public, signature

    def rotate(self, now: datetime) -> KioskKey:
        """Make a new key that the present one signs; return it. `now` is aware.

        Raises SettingsError if a key file cannot be read or made, and NotRecorded if the logbook
        cannot be written: then the present key stays.
        """
        with self._database.transaction() as db:
            seed = self._finished(db)
            old = self._recorded(db, seed, now)
            public = _public(read_or_make_secret(self._next, self._restrict))
            [instance] = db.execute("select instance from identity").fetchone()
            signature = Ed25519PrivateKey.from_private_bytes(seed).sign(
                next_key_message(instance, public)
            )
            _insert(db, public, now, old["id"], signature)
        with self._database.transaction() as db:
            return _as_key(self._recorded(db, self._finished(db), now))

    @property
    def _next(self) -> Path:
        return self._path.with_name(self._path.name + NEXT)

    def _finished(self, db: sqlite_utils.Database) -> bytes:
        """Return the private key; put the next one in its place if it was recorded."""
        if self._next.exists():
            seed = read_or_make_secret(self._next, self._restrict)
            newest = _newest(db)
            if newest is not None and bytes(newest["public"]) == _public(seed):
                try:
                    self._next.replace(self._path)
                except OSError as exc:
                    raise SettingsError(
                        f"{self._path}: cannot be replaced ({exc.strerror})"
                    ) from exc
        return read_or_make_secret(self._path, self._restrict)

    @staticmethod
    def _recorded(db: sqlite_utils.Database, seed: bytes, now: datetime) -> Any:
        """Return the newest row of `proof_key`, which is that of this key."""
        public = _public(seed)
        newest = _newest(db)
        if newest is None or bytes(newest["public"]) != public:
            if db.execute("select 1 from proof_key where public = ?", [public]).fetchone():
                raise SettingsError(
                    "the key file holds an older key of this logbook, which was replaced; restore"
                    " the newest one"
                )
            _insert(db, public, now, None, None)
            newest = _newest(db)
        return newest


def _insert(
    db: sqlite_utils.Database,
    public: bytes,
    now: datetime,
    signed_by: int | None,
    signature: bytes | None,
) -> None:
    db.execute(
        "insert into proof_key (public, made_at, signed_by, signature) values (?, ?, ?, ?)",
        [public, to_utc_text(now), signed_by, signature],
    )


def _newest(db: sqlite_utils.Database) -> Any:
    return db.execute("select * from proof_key order by id desc limit 1").fetchone()


def _public(seed: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def _as_key(row: Any) -> KioskKey:
    return KioskKey(row["id"], bytes(row["public"]), row["made_at"], row["signature"] is not None)
