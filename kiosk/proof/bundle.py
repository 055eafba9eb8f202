"""A bundle: one visit with its links and the way to a signed root, for a machine without logbook.

1.  It holds the rows that belong to the visit as they are linked, with the salts of their newest
    links.  Of other rows it holds leaves only (32 bytes each), which tell nothing about them.
2.  A section is what lies between a link of the visit and the next signed root.
3.  It shows that each row was in the logbook, with this content, when the root was signed.  That a
    row was left out shows only where rows count one another: the versions of a visit.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kiosk.logbook import (
    LINKED_BY_NAME,
    LINKED_LATER,
    Database,
    LinkedTable,
    body_of,
    hash_of,
    leaf_of,
    row_number,
)
from kiosk.proof.errors import BundleWrong, NotProvable
from kiosk.proof.signed_roots import SignedRoot, next_key_message, verifies

FORM = "tiepdon-proof-1"
MESSAGES = "select id from outbox where visit = ?1"
TICKETS = "select id from ticket where visit = ?1"
READINGS = (
    "select attempt from visit where id = ?1 union select verdict_of from visit where id = ?1"
    " union select later_reading from visit where id = ?1 and later_reading is not null"
)
# The rows that belong to a visit.
OF_VISIT = {
    "attempt": f"id in ({READINGS}) or refines in ({READINGS})",
    "visit": "id = ?1",
    "visit_version": "visit = ?1",
    "visit_clock": "visit = ?1",
    "outbox": "visit = ?1",
    "outbox_event": f"outbox in ({MESSAGES})",
    "lookup": "visit = ?1",
    "person_number": "visit = (select row from visit where id = ?1)",
    "ticket": "visit = ?1",
    "ticket_event": f"ticket in ({TICKETS})",
    "look_back": "visit = ?1",
    "proposal": "visit = ?1",
    "commune_notice": "visit = ?1",
    "export": "visit = ?1",
    "consent": "visit = ?1",
}


@dataclass(frozen=True, slots=True)
class Proven:
    """What a bundle proves: the rows by table, and the root that vouches for the last of them.

    `by_key`: None: no key was given to compare with; otherwise the signature leads to it.
    """

    visit: str
    rows: Mapping[str, Sequence[Mapping[str, Any]]]
    root: SignedRoot
    linked_later: int  # rows that are older than the chain
    by_key: bytes | None


def make_bundle(
    database: Database, visit: str, reaching: Callable[[int], SignedRoot | None]
) -> dict[str, Any]:
    """Return the bundle of a visit as JSON; `reaching` returns the first root that covers a link.

    Raises NotProvable if there is no such visit, a row of it lacks its link, or no root covers a
    link; and LogbookUnavailable if the logbook cannot be read.
    """
    rows: list[dict[str, Any]] = []
    for name, where in OF_VISIT.items():
        table = LINKED_BY_NAME[name]
        columns = ", ".join(table.columns)
        for values in database.rows(f"select {columns} from {name} where {where}", [visit]):
            rows.append(_row(database, table, tuple(values)))
    if not any(row["table"] == "visit" for row in rows):
        raise NotProvable(f"no visit has the id {visit}")
    sections: dict[int, tuple[SignedRoot, int]] = {}
    for link in (row["link"]["id"] for row in rows):
        root = reaching(link)
        if root is None:
            raise NotProvable(f"no root covers link {link}: run `logbook root` first")
        first = sections.get(root.last_link, (root, link))[1]
        sections[root.last_link] = (root, min(link, first))
    keys = database.rows(
        "select k.public, k.signature, b.public as before from proof_key k"
        " left join proof_key b on b.id = k.signed_by order by k.id"
    )
    return {
        "form": FORM,
        "visit": visit,
        "rows": rows,
        "sections": [
            _section(database, root, first) for _last, (root, first) in sorted(sections.items())
        ],
        "keys": [
            {
                "public": _words(key["public"]),
                "before": key["before"] and _words(key["before"]),
                "signature": key["signature"] and _words(key["signature"]),
            }
            for key in keys
        ],
    }


def _row(database: Database, table: LinkedTable, values: tuple[Any, ...]) -> dict[str, Any]:
    """Return a row with its newest link."""
    number = row_number(table, *values[: len(table.key)])
    found = database.rows(
        "select id, at, act, salt, body from link where source = ? and row = ?"
        " order by id desc limit 1",
        [table.code, number],
    )
    if not found or found[0]["salt"] is None:
        raise NotProvable(f"{table.name}, row {number}: it has no link; run `logbook check`")
    link = found[0]
    return {
        "table": table.name,
        "values": {
            name: {"blob": _words(value)} if isinstance(value, bytes) else value
            for name, value in zip(table.columns, values, strict=True)
            if value is not None
        },
        "link": {
            "id": link["id"],
            "at": link["at"],
            "act": link["act"],
            "salt": _words(link["salt"]),
        },
    }


def _section(database: Database, root: SignedRoot, first: int) -> dict[str, Any]:
    """Return a root, the hash before link `first`, and the leaves from there to the root."""
    links = database.rows(
        "select id, at, source, act, row, body from link where id between ? and ? order by id",
        [first, root.last_link],
    )
    before = database.rows("select hash from link where id = ?", [first - 1])
    leaves = b"".join(leaf_of(tuple(link)[:5], link["body"]) for link in links)
    return {
        "first": first,
        "before": _words(before[0][0]) if before else "",
        "leaves": _words(leaves),
        "root": {
            "instance": root.instance,
            "day": root.day,
            "at": root.at,
            "first_link": root.first_link,
            "last_link": root.last_link,
            "hash": _words(root.hash),
            "key": _words(root.key),
            "signature": _words(root.signature),
        },
    }


def verify_bundle(bundle: object, key: bytes | None = None) -> Proven:
    """Return what a bundle proves; `key` is a public key of the kiosk that was kept elsewhere.

    Raises BundleWrong if it proves nothing: it was changed, or is signed by another key.
    """
    try:
        return _Verification(bundle, key).run()
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, LookupError) as exc:
        raise BundleWrong(f"not a bundle of this program ({type(exc).__name__})") from exc


class _Verification:
    """The verification of one bundle. What it lacks raises KeyError and the like."""

    def __init__(self, bundle: Any, key: bytes | None) -> None:
        if not isinstance(bundle, dict) or bundle.get("form") != FORM:
            raise BundleWrong(f"not a bundle; expected a JSON object of the form {FORM}")
        self._bundle, self._key = bundle, key
        self._leaves: dict[int, bytes] = {}

    def run(self) -> Proven:
        """Follow the sections to their roots, and look for the row of each link."""
        roots = [self._follow(section) for section in self._bundle["sections"]]
        trusted = self._trusted_keys()
        for root in roots:
            if not root.is_signed:
                raise BundleWrong(f"the signature of the root of {root.day} is wrong")
            if trusted is not None and root.key not in trusted:
                raise BundleWrong(f"the root of {root.day} is signed by another key")
            if root.instance != roots[0].instance:
                raise BundleWrong("its roots are of different logbooks")
        rows: dict[str, list[Mapping[str, Any]]] = {}
        later = 0
        for row in self._bundle["rows"]:
            table, values, act = self._proven(row)
            rows.setdefault(table, []).append(values)
            later += act == LINKED_LATER
        visit = self._bundle["visit"]
        self._require_whole(visit, rows)
        last = max(roots, key=lambda root: root.last_link)
        return Proven(visit, rows, last, later, self._key)

    def _follow(self, section: Any) -> SignedRoot:
        stated = section["root"]
        root = SignedRoot(
            instance=str(stated["instance"]),
            day=str(stated["day"]),
            at=str(stated["at"]),
            first_link=int(stated["first_link"]),
            last_link=int(stated["last_link"]),
            hash=_bytes(stated["hash"]),
            key=_bytes(stated["key"]),
            signature=_bytes(stated["signature"]),
        )
        first, leaves = int(section["first"]), _bytes(section["leaves"])
        if len(leaves) != 32 * (root.last_link - first + 1):
            raise BundleWrong(f"links are missing before the root of {root.day}")
        before = _bytes(section["before"])
        for number, at in enumerate(range(0, len(leaves), 32)):
            leaf = leaves[at : at + 32]
            self._leaves[first + number] = leaf
            before = hash_of(before, leaf)
        if before != root.hash:
            raise BundleWrong(f"its links do not lead to the root of {root.day}")
        return root

    def _trusted_keys(self) -> set[bytes] | None:
        """Return the given key and those that it signed, directly or not. None: none was given."""
        if self._key is None:
            return None
        trusted = {self._key}
        instance = str(self._bundle["sections"][0]["root"]["instance"])
        for stated in self._bundle["keys"]:
            if not stated["before"] or not stated["signature"]:
                continue
            public, before = _bytes(stated["public"]), _bytes(stated["before"])
            message = next_key_message(instance, public)
            if before in trusted and verifies(before, _bytes(stated["signature"]), message):
                trusted.add(public)
        return trusted

    def _proven(self, row: Any) -> tuple[str, Mapping[str, Any], int]:
        """Return the table, the values and the act of a row whose leaf is in a section."""
        table, link = LINKED_BY_NAME[row["table"]], row["link"]
        stated = row["values"]
        if set(stated) - set(table.columns):
            raise BundleWrong(f"{table.name}: a column that is not linked")
        values = [_value(stated.get(name)) for name in table.columns]
        numbers = (
            int(link["id"]),
            int(link["at"]),
            table.code,
            int(link["act"]),
            row_number(table, *values[: len(table.key)]),
        )
        leaf = leaf_of(numbers, body_of(table, _bytes(link["salt"]), values))
        if self._leaves.get(numbers[0]) != leaf:
            what = f"{table.name}, link {numbers[0]}: the row is not the one that was linked"
            raise BundleWrong(what)
        return table.name, dict(zip(table.columns, values, strict=True)), numbers[3]

    @staticmethod
    def _require_whole(visit: str, rows: Mapping[str, list[Mapping[str, Any]]]) -> None:
        [found] = rows["visit"]
        versions = {row["version"] for row in rows.get("visit_version", ())}
        if found["id"] != visit or any(row["visit"] != visit for row in _of(rows)):
            raise BundleWrong("a row belongs to another visit")
        if not versions >= set(range(1, found["version"])):
            raise BundleWrong("an earlier version of the visit is missing")


def _of(rows: Mapping[str, list[Mapping[str, Any]]]) -> Iterator[Mapping[str, Any]]:
    for name in ("visit_version", "outbox", "lookup", "ticket", "export", "look_back"):
        yield from rows.get(name, ())


def _words(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _bytes(text: object) -> bytes:
    if not isinstance(text, str):
        raise BundleWrong("not a bundle: a text is missing")
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as exc:
        raise BundleWrong("not a bundle: not base64") from exc


def _value(stated: Any) -> Any:
    if isinstance(stated, dict):
        return _bytes(stated["blob"])
    if isinstance(stated, bool) or not isinstance(stated, (str, int, float, type(None))):
        raise BundleWrong("not a bundle: a value of an unknown type")
    return stated
