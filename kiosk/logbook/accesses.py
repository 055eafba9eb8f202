"""Accesses: every look at a person's data (Luật 91/2025; TCVN 14423).

Rows are only added, which triggers of the file hold.  The purge of old data (`kiosk.privacy`)
removes old ones, and writes down that it did, before what and by whom.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kiosk.logbook.database import Database
from kiosk.logbook.times import from_utc_text, to_utc_text

MAX_TEXT = 200  # characters of what and why


@dataclass(frozen=True, slots=True)
class Looker:
    """Who looks, and from where."""

    author: str  # see `kiosk.logbook.author`
    member: int | None = None  # None: nobody is signed in
    session: int | None = None
    desk: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Access:
    """One look at a person's data. `at` is aware; `person` is as `Visit.person`."""

    id: int
    at: datetime
    looker: Looker
    what: str
    why: str
    visit: str | None
    person: str | None = field(repr=False)


class Accesses:
    """The table `access`.

    Methods that read raise LogbookUnavailable if the logbook cannot be read, methods that write
    raise NotRecorded if it cannot be written.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(
        self,
        looker: Looker,
        what: str,
        now: datetime,
        *,
        visits: Sequence[str] = (),
        person: str | None = None,
        why: str = "",
        persons: Mapping[str, str] | None = None,
    ) -> None:
        """Record a look at some visits, or at a person of whom no visit was shown.

        The person of a visit is taken from the logbook; of one that is not in it, from `persons`,
        by the visit's id.  `what` names the page or call.
        """
        place = [
            to_utc_text(now),
            looker.member,
            looker.author,
            looker.session,
            looker.desk,
            looker.address,
            what[:MAX_TEXT],
            why[:MAX_TEXT],
        ]
        with self._database.transaction() as db:
            for visit in visits or (None,):
                db.execute(
                    "insert into access (at, member, author, session, desk, address, what, why,"
                    " visit, person) values (?, ?, ?, ?, ?, ?, ?, ?, ?,"
                    " coalesce(?, (select person from visit where id = ?), ?))",
                    [*place, visit, person, visit, (persons or {}).get(visit or "")],
                )

    def newest(
        self,
        *,
        visit: str | None = None,
        person: str | None = None,
        member: int | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[Access]:
        """Return looks, newest first: at a visit, at a person, of a member, or all of them.

        `before` is the id of the look at which the earlier page ended.
        """
        wanted: dict[str, object] = {"visit": visit, "person": person, "member": member}
        conditions = [f"{name} = :{name}" for name, value in wanted.items() if value is not None]
        if before is not None:
            conditions.append("id < :before")
        rows = self._database.rows(
            f"select * from access where {' and '.join(conditions) or '1'}"
            " order by id desc limit :limit",
            wanted | {"before": before, "limit": limit},
        )
        return [_access(row) for row in rows]

    def of_person(
        self, visits: Collection[str], numbers: Collection[str], limit: int = 100
    ) -> list[Access]:
        """Return looks at some visits, and at a person by one of some numbers, newest first."""
        rows = self._database.rows(
            "select * from access where id in ("
            " select id from access where visit in (select value from json_each(:visits))"
            " union select id from access where visit is null"
            " and person in (select value from json_each(:numbers)))"
            " order by id desc limit :limit",
            {
                "visits": json.dumps(list(visits)),
                "numbers": json.dumps(list(numbers)),
                "limit": limit,
            },
        )
        return [_access(row) for row in rows]


def _access(row: Any) -> Access:
    return Access(
        id=row["id"],
        at=from_utc_text(row["at"]),
        looker=Looker(row["author"], row["member"], row["session"], row["desk"], row["address"]),
        what=row["what"],
        why=row["why"],
        visit=row["visit"],
        person=row["person"],
    )
