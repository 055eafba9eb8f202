"""What persons ask about their own data, and by when they are answered.

1.  A person is answered within two working days (NĐ 356/2025 Điều 5): that it is done, how long it
    takes, or why not.  The day on which the request came is not counted.
2.  What was asked is done within 10 to 20 days, by what it is (the same).  Which kind has how many
    was not read by us: 10 are our aim, and 20 the latest.
3.  Each change adds a version with its author; nothing is changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any

from kiosk.logbook import Database, from_utc_text, to_utc_text
from kiosk.privacy.errors import NoSuchRequest, NotTheSame
from verify import CLINIC_ZONE, Law, after_working_days, clinic_day

ANSWER_WORKING_DAYS = 2
AIM, LATEST = timedelta(days=10), timedelta(days=20)
MAX_LISTED = 500


class RequestKind(StrEnum):
    """What is asked; the values are stored."""

    SEE = "see"
    COPY = "copy"
    CORRECT = "correct"
    ERASE = "erase"
    RESTRICT = "restrict"
    WITHDRAW = "withdraw"  # a consent
    OBJECT = "object"
    COMPLAIN = "complain"


class RequestState(StrEnum):
    """How far a request is; the values are stored."""

    OPEN = "open"
    ANSWERED = "answered"  # the person knows of the work on it, which is not done yet
    DONE = "done"
    REFUSED = "refused"


ENDED = (RequestState.DONE, RequestState.REFUSED)


@dataclass(frozen=True, slots=True)
class PersonRequest:
    """One version of a request. All times are aware. The repr hides who asks."""

    id: int
    version: int
    kind: RequestKind
    about: str = field(repr=False)  # who asks, and about whom
    contact: str = field(repr=False)
    way: str
    received_at: datetime
    state: RequestState
    answered_at: datetime | None  # when the person was answered first
    answer: str = field(repr=False)
    at: datetime
    author: str  # see `kiosk.logbook.author`

    @property
    def done_by(self) -> datetime:
        """The latest moment by which what was asked is done."""
        return self.received_at + LATEST

    @property
    def aim(self) -> datetime:
        """Our own aim for it: the shortest time that the law names."""
        return self.received_at + AIM


class PersonRequests:
    """The table `person_request`. `law` returns the tables with the days off.

    Methods that read raise LogbookUnavailable if the logbook cannot be read, methods that write
    raise NotRecorded if it cannot be written.
    """

    def __init__(self, database: Database, law: Callable[[], Law]) -> None:
        self._database = database
        self._law = law

    def add(
        self,
        kind: RequestKind,
        about: str,
        contact: str,
        way: str,
        received_at: datetime,
        now: datetime,
        author: str,
    ) -> int:
        """Record a request; return its id."""
        with self._database.transaction() as db:
            row = db.execute("select coalesce(max(id), 0) + 1 from person_request").fetchone()
            request = PersonRequest(
                id=int(row[0]),
                version=1,
                kind=kind,
                about=about,
                contact=contact,
                way=way,
                received_at=received_at,
                state=RequestState.OPEN,
                answered_at=None,
                answer="",
                at=now,
                author=author,
            )
            _insert(db, request)
        return request.id

    def answer(
        self, seen: PersonRequest, state: RequestState, answer: str, now: datetime, author: str
    ) -> None:
        """Record what the person was answered, and how far the request is.

        Raises NotTheSame if there is a newer version than `seen`.
        """
        with self._database.transaction() as db:
            [newest] = db.execute(
                "select max(version) from person_request where id = ?", [seen.id]
            ).fetchone()
            if newest != seen.version:
                raise NotTheSame(f"request {seen.id} has another version")
            changed = replace(
                seen,
                version=seen.version + 1,
                state=state,
                answer=answer,
                answered_at=seen.answered_at or now,
                at=now,
                author=author,
            )
            _insert(db, changed)

    def get(self, request_id: int) -> PersonRequest:
        """Return a request as it is now. Raises NoSuchRequest if none has this id."""
        versions = self.versions(request_id)
        if not versions:
            raise NoSuchRequest(str(request_id))
        return versions[-1]

    def versions(self, request_id: int) -> list[PersonRequest]:
        """Return all versions of a request, oldest first."""
        rows = self._database.rows(
            "select * from person_request where id = ? order by version", [request_id]
        )
        return [_request(row) for row in rows]

    def newest(self) -> list[PersonRequest]:
        """Return the requests as they are now: those that wait first, by when they came."""
        rows = self._database.rows(
            "select * from person_request t where version ="
            " (select max(version) from person_request n where n.id = t.id)"
            " order by state in ('done', 'refused'), received_at limit ?",
            [MAX_LISTED],
        )
        return [_request(row) for row in rows]

    def answer_by(self, request: PersonRequest) -> datetime:
        """Return the moment (aware) by which the person is answered: two working days end then."""
        last = after_working_days(clinic_day(request.received_at), ANSWER_WORKING_DAYS, self._law())
        return datetime.combine(last + timedelta(days=1), time(), CLINIC_ZONE)

    def is_late(self, request: PersonRequest, now: datetime) -> bool:
        """Return whether the person waits longer than the law allows, for an answer or for more."""
        if request.state in ENDED:
            return False
        by = self.answer_by(request) if request.state is RequestState.OPEN else request.done_by
        return now >= by

    def count_late(self, now: datetime) -> int:
        """Return how many persons wait too long at `now` (aware)."""
        return sum(self.is_late(request, now) for request in self.newest())


def _insert(db: Any, request: PersonRequest) -> None:
    answered = request.answered_at
    db.execute(
        "insert into person_request values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            request.id,
            request.version,
            request.kind,
            request.about,
            request.contact,
            request.way,
            to_utc_text(request.received_at),
            request.state,
            to_utc_text(answered) if answered else None,
            request.answer,
            to_utc_text(request.at),
            request.author,
        ],
    )


def _request(row: Any) -> PersonRequest:
    return PersonRequest(
        id=row["id"],
        version=row["version"],
        kind=RequestKind(row["kind"]),
        about=row["about"],
        contact=row["contact"],
        way=row["way"],
        received_at=from_utc_text(row["received_at"]),
        state=RequestState(row["state"]),
        answered_at=from_utc_text(row["answered_at"]) if row["answered_at"] else None,
        answer=row["answer"],
        at=from_utc_text(row["at"]),
        author=row["author"],
    )
