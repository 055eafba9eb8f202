"""Which signed cards their issuers have revoked.

1. A card that names a status list and an index is looked up in that list: one bit for each index,
   after the IETF's Token Status List.
2. Any card can be revoked by its id, in a sorted list of 8-byte ids.  An id is the start of the
   SHA-256 of the claims, never of the signature: an ECDSA signature can be turned into its twin
   without the key.
3. Both forms are exact.  If a list is missing or damaged, the status of its cards is not known.
"""

from __future__ import annotations

import base64
import binascii
import bisect
import hashlib
import json
import zlib
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Any, TypeVar

from verify.errors import BadKeys

K = TypeVar("K", bound=Hashable)

CARD_ID_BYTES = 8  # bytes
FILE_MEMBERS = frozenset({"issued", "lists", "ids"})
MAX_LIST_BYTES = 32 * 1024 * 1024  # of one status list: 268 million cards
MAX_LISTS_BYTES = 2 * MAX_LIST_BYTES  # of all status lists of a file together


class RevocationStatus(Enum):
    """What is known about the revocation of one card."""

    GOOD = "good"
    REVOKED = "revoked"
    NOT_KNOWN = "not known"  # the list that would say it is not held here


def card_id(payload: bytes) -> bytes:
    """Return the 8-byte id of a card, from the bytes of its claims."""
    return hashlib.sha256(payload).digest()[:CARD_ID_BYTES]


@dataclass(frozen=True, slots=True)
class Revocations:
    """All revocation lists that are held here.

    `issued` (aware) is when they were made. None: there never were any.
    """

    issued: datetime | None = None
    lists: Mapping[tuple[str, int], bytes] = field(default_factory=dict, repr=False)
    ids: Mapping[str, bytes] = field(default_factory=dict, repr=False)  # by issuer: sorted ids
    missing: tuple[str, ...] = ()  # the damaged lists, named for IT staff
    issuers_with_damaged_ids: frozenset[str] = frozenset()
    lost: bool = False  # there were lists, but none of them can be read

    def has_id_list(self, issuer: str) -> bool:
        """Return whether any card of an issuer is revoked by its id."""
        return bool(self.ids.get(issuer))

    def status_of(
        self, issuer: str, status: tuple[int, int] | None, identity: bytes
    ) -> RevocationStatus:
        """Return what is known about a card of an issuer.

        `status` is the list and the index that the card names, `identity` its `card_id`.
        """
        if self._is_listed(issuer, identity):
            return RevocationStatus.REVOKED
        if self.lost or issuer in self.issuers_with_damaged_ids:
            return RevocationStatus.NOT_KNOWN
        if status is None:
            return RevocationStatus.GOOD
        bits = self.lists.get((issuer, status[0]), b"")
        place, bit = divmod(status[1], 8)
        if place >= len(bits):
            return RevocationStatus.NOT_KNOWN
        return RevocationStatus.REVOKED if bits[place] >> bit & 1 else RevocationStatus.GOOD

    def _is_listed(self, issuer: str, identity: bytes) -> bool:
        ids = self.ids.get(issuer)
        if not ids:
            return False
        id_at = _reader_of(ids)
        place = bisect.bisect_left(range(len(ids) // CARD_ID_BYTES), identity, key=id_at)
        return bool(id_at(place) == identity)


def _reader_of(ids: bytes) -> Any:
    """Return a function that gives the id at a place."""
    return lambda place: ids[place * CARD_ID_BYTES : (place + 1) * CARD_ID_BYTES]


def read_revocations(text: str) -> Revocations:
    """Read a revocation file, JSON.

    Its form is `{"issued", "lists": [{"iss", "list", "bits"}], "ids": [{"iss", "ids"}]}`: `bits`
    is base64 of zlib of a status list, `ids` base64 of sorted ids.  Raises BadKeys if the file as
    a whole is malformed.  One damaged list leaves the others usable: it is named in `missing`, and
    the status of its cards is not known.
    """
    try:
        document = json.loads(text)
        if set(document) - FILE_MEMBERS:
            # Another kind of file: it would be read as one that revokes nothing.
            raise ValueError("unknown members")
        issued = datetime.fromisoformat(document["issued"])
        lists = _without_repeats(
            _within_limit(
                ((str(entry["iss"]), int(entry["list"])), _unless_damaged(_inflate, entry["bits"]))
                for entry in document.get("lists", [])
            )
        )
        ids = _without_repeats(
            (str(entry["iss"]), _unless_damaged(_sorted_ids, entry["ids"]))
            for entry in document.get("ids", [])
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
        raise BadKeys(f"not a revocation file ({type(exc).__name__})") from exc
    missing = [f"list {number} of {iss}" for (iss, number), bits in lists.items() if bits is None]
    damaged = [iss for iss, listed in ids.items() if listed is None]
    return Revocations(
        issued if issued.tzinfo else issued.replace(tzinfo=UTC),
        {key: bits for key, bits in lists.items() if bits is not None},
        {iss: listed for iss, listed in ids.items() if listed is not None},
        (*missing, *(f"card ids of {iss}" for iss in damaged)),
        frozenset(damaged),
    )


def _unless_damaged(read: Callable[[str], bytes], encoded: str) -> bytes | None:
    """Return a list. None if it is damaged."""
    try:
        return read(encoded)
    except (ValueError, TypeError, zlib.error):
        return None


def _within_limit(entries: Iterable[tuple[K, bytes | None]]) -> Iterable[tuple[K, bytes | None]]:
    """Yield the status lists. Raises ValueError if they are too big together.

    Many small lists could use as much memory as a single one that is refused.
    """
    size = 0
    for key, bits in entries:
        size += len(bits or b"")
        if size > MAX_LISTS_BYTES:
            raise ValueError("the status lists are too big together")
        yield key, bits


def _without_repeats(entries: Iterable[tuple[K, bytes | None]]) -> dict[K, bytes | None]:
    """Return the entries by their key. Raises ValueError if two have the same key."""
    found: dict[K, bytes | None] = {}
    for key, value in entries:
        if key in found:
            raise ValueError("the same list twice")
        found[key] = value
    return found


def _inflate(encoded: str) -> bytes:
    inflate = zlib.decompressobj()
    bits = inflate.decompress(_decode(encoded), MAX_LIST_BYTES)
    if not inflate.eof or inflate.unused_data:
        raise ValueError("a status list is cut short or too big")
    return bits


def _sorted_ids(encoded: str) -> bytes:
    ids = _decode(encoded)
    each = [ids[place : place + CARD_ID_BYTES] for place in range(0, len(ids), CARD_ID_BYTES)]
    if len(ids) % CARD_ID_BYTES or each != sorted(each):
        raise ValueError("card ids are not whole or not sorted")
    return ids


def _decode(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error as exc:
        raise ValueError("not base64") from exc
