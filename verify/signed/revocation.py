"""Which signed cards their issuers have taken back.

Two forms, both exact: a status list (a bit for each index, after the IETF's Token Status List)
for cards that name a list and an index, and a sorted list of 8-byte card ids for those that do
not.  An id is the start of the SHA-256 of the claims, never of the signature: an ECDSA
signature can be turned into its twin without the key.
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

ID_LENGTH = 8  # bytes
MEMBERS = frozenset({"issued", "lists", "ids"})
MAX_LIST = 32 * 1024 * 1024  # bytes of a status list: 268 million cards
MAX_LISTS = 2 * MAX_LIST  # of all together: many small bombs are a big one


class RevocationStatus(Enum):
    """What is known of one card."""

    GOOD = "good"
    REVOKED = "revoked"
    NOT_KNOWN = "not known"  # the list it names is not held here


def card_id(payload: bytes) -> bytes:
    """Return the id of the card with these claims."""
    return hashlib.sha256(payload).digest()[:ID_LENGTH]


@dataclass(frozen=True, slots=True)
class Revocations:
    """All lists held. `issued` (aware) is when they were made; None: never had any."""

    issued: datetime | None = None
    lists: Mapping[tuple[str, int], bytes] = field(default_factory=dict, repr=False)
    ids: Mapping[str, bytes] = field(default_factory=dict, repr=False)  # sorted, end to end
    missing: tuple[str, ...] = ()  # lists that are damaged, in words
    unlisted: frozenset[str] = frozenset()  # issuers whose list of ids is damaged
    lost: bool = False  # there were lists, and none of them can be read

    def lists_ids_of(self, issuer: str) -> bool:
        """Tell whether any card of an issuer is listed by its id."""
        return bool(self.ids.get(issuer))

    def standing(
        self, issuer: str, status: tuple[int, int] | None, identity: bytes
    ) -> RevocationStatus:
        """Return what is known of an issuer's card, by its status (list, index) and its id."""
        if self._is_listed(issuer, identity):
            return RevocationStatus.REVOKED
        if self.lost or issuer in self.unlisted:
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
        place = bisect.bisect_left(range(len(ids) // ID_LENGTH), identity, key=_at(ids))
        return bool(_at(ids)(place) == identity)


def _at(ids: bytes) -> Any:
    return lambda place: ids[place * ID_LENGTH : (place + 1) * ID_LENGTH]


def read_revocations(text: str) -> Revocations:
    """Read `{"issued", "lists": [{"iss", "list", "bits"}], "ids": [{"iss", "ids"}]}`.

    `bits` is base64 of zlib of the list, `ids` base64 of the sorted ids.  BadKeys says what is
    wrong with the file.  One list that is damaged does not take the others with it: it is
    `missing`, and of the cards that would stand in it nothing is known.
    """
    try:
        document = json.loads(text)
        if set(document) - MEMBERS:  # another kind of file, which would be read as an empty list
            raise ValueError("odd members")
        issued = datetime.fromisoformat(document["issued"])
        lists = _once(
            _together(
                ((str(entry["iss"]), int(entry["list"])), _whole(_inflate, entry["bits"]))
                for entry in document.get("lists", [])
            )
        )
        ids = _once(
            (str(entry["iss"]), _whole(_sorted, entry["ids"])) for entry in document.get("ids", [])
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
        raise BadKeys(f"not a revocation file ({type(exc).__name__})") from exc
    missing = [f"list {number} of {iss}" for (iss, number), bits in lists.items() if bits is None]
    unlisted = [iss for iss, found in ids.items() if found is None]
    return Revocations(
        issued if issued.tzinfo else issued.replace(tzinfo=UTC),
        {key: bits for key, bits in lists.items() if bits is not None},
        {iss: found for iss, found in ids.items() if found is not None},
        (*missing, *(f"card ids of {iss}" for iss in unlisted)),
        frozenset(unlisted),
    )


def _whole(read: Callable[[str], bytes], encoded: str) -> bytes | None:
    """Return a list; None where it is damaged."""
    try:
        return read(encoded)
    except (ValueError, TypeError, zlib.error):
        return None


def _together(entries: Iterable[tuple[K, bytes | None]]) -> Iterable[tuple[K, bytes | None]]:
    """Yield lists; ValueError where they are more than there is memory for."""
    size = 0
    for key, bits in entries:
        size += len(bits or b"")
        if size > MAX_LISTS:
            raise ValueError("the status lists are too big together")
        yield key, bits


def _once(entries: Iterable[tuple[K, bytes | None]]) -> dict[K, bytes | None]:
    """Return entries by their key; a second one would hide the first."""
    found: dict[K, bytes | None] = {}
    for key, value in entries:
        if key in found:
            raise ValueError("the same list twice")
        found[key] = value
    return found


def _inflate(encoded: str) -> bytes:
    inflate = zlib.decompressobj()
    bits = inflate.decompress(_decode(encoded), MAX_LIST)
    if not inflate.eof or inflate.unused_data:
        raise ValueError("a status list is cut short or too big")
    return bits


def _sorted(encoded: str) -> bytes:
    ids = _decode(encoded)
    each = [ids[place : place + ID_LENGTH] for place in range(0, len(ids), ID_LENGTH)]
    if len(ids) % ID_LENGTH or each != sorted(each):
        raise ValueError("card ids are not whole or not sorted")
    return ids


def _decode(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error as exc:
        raise ValueError("not base64") from exc
