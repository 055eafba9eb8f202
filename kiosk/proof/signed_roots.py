"""Signed roots and the kiosk's keys: what is signed, and whether a logbook's signatures are right.

A root says: on this day the chain of this logbook ended at this link, with this hash.  Each key but
the first is signed by the one before it, so that whoever has kept one public key can follow its
successors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiosk.logbook import GENESIS, ChainLink
from kiosk.proof.faults import FaultKind, LogbookFault
from kiosk.runtime import sqlite

ROOT_FORM = b"Tiep Don: a root of a logbook, form 1\n"
KEY_FORM = b"Tiep Don: the next key of a logbook, form 1\n"


@dataclass(frozen=True, slots=True)
class SignedRoot:
    """A signed end of the chain: what a logbook said on a day.

    `day` is ISO 8601 at the clinic, `at` UTC text.  The root reaches from `first_link`, the first
    since the root before, to `last_link`, whose hash it has.  `key` is the public key.
    """

    instance: str
    day: str
    at: str
    first_link: int
    last_link: int
    hash: bytes
    key: bytes
    signature: bytes = b""

    @property
    def links(self) -> int:
        """How many links there are since the root before."""
        return self.last_link - self.first_link + 1

    @property
    def message(self) -> bytes:
        """What is signed: a line for each field, text in UTF-8 and bytes as hexadecimal digits."""
        fields = (self.instance, self.day, self.at, self.first_link, self.last_link)
        lines = [*map(str, fields), self.hash.hex(), self.key.hex()]
        return ROOT_FORM + "\n".join(lines).encode()

    @property
    def line(self) -> str:
        """The root on one line, to be printed or sent away: link, hash, and the key's mark."""
        digits = self.hash.hex()
        groups = " ".join(digits[at : at + 8] for at in range(0, len(digits), 8))
        return f"{self.last_link}:{groups} · {key_mark(self.key)}"

    @property
    def is_signed(self) -> bool:
        """Whether the signature is right."""
        return verifies(self.key, self.signature, self.message)


def key_mark(public: bytes) -> str:
    """Return the first 16 hexadecimal digits of the SHA-256 of a public key, in groups of four."""
    digits = sha256(public).hexdigest()[:16]
    return " ".join(digits[at : at + 4] for at in range(0, 16, 4))


def next_key_message(instance: str, public: bytes) -> bytes:
    """Return what the key before signs to name its successor in a logbook."""
    return KEY_FORM + f"{instance}\n{public.hex()}".encode()


def verifies(public: bytes, signature: bytes, message: bytes) -> bool:
    """Return whether a signature of a message is by a key."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def root_from(values: Mapping[str, Any]) -> SignedRoot:
    """Return the root of a row of `day_root` with the columns `instance` and `public`."""
    return SignedRoot(
        instance=_text(values["instance"]),
        day=_text(values["day"]),
        at=_text(values["at"]),
        first_link=values["first_link"],
        last_link=values["last_link"],
        hash=bytes(values["hash"]),
        key=bytes(values["public"]),
        signature=bytes(values["signature"]),
    )


ROOT_COLUMNS = ("instance", "day", "at", "first_link", "last_link", "hash", "public", "signature")
SELECT_ROOTS = (
    "select i.instance, r.day, r.at, r.first_link, r.last_link, r.hash, k.public, r.signature"
    " from day_root r join proof_key k on k.id = r.key cross join identity i"
)


def key_faults(conn: sqlite.Connection) -> Iterator[LogbookFault]:
    """Yield the keys with a wrong signature of the one before."""
    sql = (
        "select k.id, k.public, k.signature, b.public, i.instance from proof_key k"
        " left join proof_key b on b.id = k.signed_by cross join identity i order by k.id"
    )
    for key, public, signature, before, instance in conn.execute(sql):
        message = next_key_message(_text(instance), bytes(public))
        if before is None or verifies(bytes(before), bytes(signature or b""), message):
            continue
        what = f"key {key}: the signature of the key before is wrong"
        yield LogbookFault(FaultKind.KEY, "proof_key", str(key), None, what)


def count_unsigned_keys(conn: sqlite.Connection) -> int:
    """Return how many keys after the first are not signed: the key file was lost, or exchanged."""
    sql = "select count(*) from proof_key where signed_by is null"
    return max(int(conn.execute(sql).fetchone()[0]) - 1, 0)


def root_faults(conn: sqlite.Connection, newest: ChainLink) -> Iterator[LogbookFault]:
    """Yield the roots whose signature is wrong, or with which the chain does not agree."""
    sql = f"select d.*, l.hash from ({SELECT_ROOTS}) d left join link l on l.id = d.last_link"
    for *columns, found in conn.execute(sql):
        root = root_from(dict(zip(ROOT_COLUMNS, columns, strict=True)))
        of = f"the root of {root.day}"
        if not root.is_signed:
            what = f"{of}: its signature is wrong"
        elif root.last_link > newest.id:
            what = f"{of}: it reaches link {root.last_link}, and the chain ends at {newest.id}"
        elif bytes(found or (GENESIS if root.last_link == 0 else b"")) != root.hash:
            what = f"{of}: link {root.last_link} has another hash"
        else:
            continue
        yield LogbookFault(FaultKind.ROOT, "day_root", root.day, root.last_link, what)


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
