"""What a person does with a recorded visit: correct it, cancel it, send it again, or close it.

- A correction makes a new version under the same visit id.  A message that was sent stays as it was
  sent.
- Nothing is deleted.  The earlier record stays beside the new one, with the reason for the change.
- A visit is not changed while its message is being sent.
- A visit becomes a state secret only while the insurer has answered no message about it.
- Each change names its author (`kiosk.logbook.author`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import sqlite_utils

from kiosk.logbook.arrival_times import move_arrival
from kiosk.logbook.author import DESK
from kiosk.logbook.damaged_text import whole_text
from kiosk.logbook.database import Database
from kiosk.logbook.errors import (
    AlreadySent,
    ChangedMeanwhile,
    LogbookDamaged,
    NoSuchVisit,
    NothingToChange,
    StillSending,
    WrongTime,
)
from kiosk.logbook.message_history import add_event
from kiosk.logbook.number_series import NumberSource
from kiosk.logbook.outbox import enqueue
from kiosk.logbook.person_numbers import add_numbers, numbers_since
from kiosk.logbook.presentation import HowPresented
from kiosk.logbook.readable_parts import ReadableParts
from kiosk.logbook.tickets import cancel_ticket, follow_visit
from kiosk.logbook.times import from_utc_text, to_utc_text
from kiosk.logbook.tray import TrayEntry, tray_entries
from kiosk.logbook.visit import (
    Compose,
    Correction,
    NewVisit,
    corrected,
    visit_from_record,
    visit_record,
)
from kiosk.logbook.visit_events import VisitEventKind, kinds_of_change, note_events
from kiosk.logbook.visit_index import index_visit
from kiosk.logbook.visit_rows import record_of_row
from verify import MAX_CLOCK_DRIFT

UNSENT_STATES = ("queued", "refused", "parked")
TRAY_STATES = ("refused", "parked")
MAX_TIME_BACK = timedelta(days=366)  # how long ago an arrival that is corrected may have been


@dataclass(frozen=True, slots=True)
class VisitVersion:
    """A visit as it was until a change, and the reason for that change."""

    version: int
    visit: NewVisit = field(repr=False)
    replaced_at: datetime  # aware
    why: str  # in the words of the person who changed it
    author: str  # of the change, see `kiosk.logbook.author`; empty: not written down


class Corrections:
    """Changes to visits that are in the logbook.

    All times are aware.  Methods that read raise LogbookUnavailable if the logbook cannot be read,
    methods that write raise NotRecorded if it cannot be written.
    """

    def __init__(
        self, database: Database, compose: Compose, numbers: NumberSource | None = None
    ) -> None:
        self._database, self._compose, self._numbers = database, compose, numbers

    def tray(self, visit_id: str = "") -> list[TrayEntry]:
        """Return the messages that wait for a person, the one that waits longest first.

        With `visit_id`, only that visit's.
        """
        return tray_entries(self._database, visit_id)

    def versions(self, visit_id: str, parts: ReadableParts | None = None) -> list[VisitVersion]:
        """Return the earlier versions of a visit, oldest first.

        Raises LogbookDamaged if one cannot be read; with `parts` it is left out and named there.
        """
        rows = self._database.rows(
            "select * from visit_version where visit = ? order by version", [visit_id]
        )
        if parts is None:
            return [_version(row) for row in rows]
        found = [parts.read("versions", partial(_version, row), None) for row in rows]
        return [version for version in found if version is not None]

    def correct(
        self,
        visit_id: str,
        changes: Mapping[str, Correction],
        why: str,
        now: datetime,
        version: int | None = None,
        author: str = DESK,
    ) -> None:
        """Record a corrected visit, and send it as a new version if its message has changed.

        The keys of `changes` are names in CORRECTABLE; their values have the types of the fields
        of a visit.  `version` is the one that the person looked at; None skips the check.

        Raises:
        - NoSuchVisit if no visit has this id;
        - ChangedMeanwhile if the visit has another version than `version`;
        - StillSending if its message is being sent;
        - AlreadySent if it becomes a state secret although the insurer has it;
        - NothingToChange if it was cancelled, or if the changes change nothing.
        """
        self.change(visit_id, lambda visit: corrected(visit, changes), why, now, version, author)

    def change(
        self,
        visit_id: str,
        changed: Callable[[NewVisit], NewVisit],
        why: str,
        now: datetime,
        version: int | None = None,
        author: str = DESK,
    ) -> None:
        """Record what `changed` makes of a visit, and send it if its message has changed.

        `changed` takes the visit as it is now; what it raises leaves the visit as it is.  Raises
        what `correct` raises.
        """
        with self._database.transaction() as db:
            visit, row = self._visit(db, visit_id)
            if version is not None and version != row["version"]:
                raise ChangedMeanwhile(
                    f"the visit has version {row['version']}, expected {version}"
                )
            after = changed(visit)
            if after == visit:
                raise NothingToChange("nothing differs")
            if after.secret and not visit.secret:
                self._require_unanswered(db, visit_id)
            self._replace(db, row, visit, after, why, now, author)

    def correct_time(
        self,
        visit_id: str,
        arrived_at: datetime,
        why: str,
        now: datetime,
        version: int | None = None,
        author: str = DESK,
        facility: str = "",
    ) -> None:
        """Record when a patient really arrived (aware), and send that as a new version.

        `facility` is our code on that day; empty: as it is.  The time at which the card was
        presented on arrival moves with it.

        The time is then settled: a wrong clock holds the visit no more, also if it is the recorded
        time.  The day and the number that were printed stay, and so does the id.  The recorded
        time is kept in the earlier version and in the table `visit_clock`.

        Raises WrongTime if `arrived_at` is later than `now` or more than MAX_TIME_BACK before it,
        and the errors of `correct` apart from NothingToChange if nothing differs.
        """
        if not now - MAX_TIME_BACK <= arrived_at <= now + MAX_CLOCK_DRIFT:
            raise WrongTime(f"the arrival lies in the future, or {MAX_TIME_BACK.days} days back")
        with self._database.transaction() as db:
            visit, row = self._visit(db, visit_id)
            if version is not None and version != row["version"]:
                raise ChangedMeanwhile(
                    f"the visit has version {row['version']}, expected {version}"
                )
            after = _arrived_at(visit, arrived_at, facility or visit.facility)
            self._replace(db, row, visit, after, why, now, author)
            move_arrival(db, visit_id, visit.arrived_at, arrived_at, now)

    def _replace(
        self,
        db: sqlite_utils.Database,
        row: Any,
        before: NewVisit,
        after: NewVisit,
        why: str,
        now: datetime,
        author: str,
    ) -> None:
        """Make `after` the current version of a visit; queue its message if that has changed.

        Raises StillSending if the message of the earlier version is being sent.
        """
        visit_id = row["id"]
        message = self._compose(visit_id, after)
        is_same = message is not None and self._has_sent(db, visit_id, message.body)
        if not is_same:
            self._end_message(db, visit_id, f"corrected: {why}", now, author)
        new_version = self._keep_version(db, row, why, now, author)
        db.execute(
            "update visit set record = ?, version = ?, number = ?, person = ? where id = ?",
            [visit_record(after), new_version, after.card.number, after.person, visit_id],
        )
        add_numbers(db, row["row"], numbers_since(before, after))
        follow_visit(db, visit_id, after.service.room, now, author, self._numbers)
        note_events(db, visit_id, after, new_version, kinds_of_change(before, after), now)
        if message is not None and not is_same:
            enqueue(
                db,
                visit_id,
                new_version,
                after.person,
                message.body,
                message.why_parked,
                now,
                author,
            )
        index_visit(db, visit_id)

    def cancel(
        self,
        visit_id: str,
        why: str,
        now: datetime,
        author: str = DESK,
        within: Callable[[sqlite_utils.Database], object] | None = None,
    ) -> bool:
        """Mark a visit as cancelled; return whether the insurer has already accepted it.

        The gateway has no call that takes a visit back: an accepted visit stays accepted there.
        `within` is called in the transaction, such as to use an approval up; if it raises, nothing
        is changed.

        Raises NoSuchVisit if no visit has this id, StillSending if its message is being sent, or
        NothingToChange if it was cancelled before.
        """
        with self._database.transaction() as db:
            if within is not None:
                within(db)
            visit, row = self._visit(db, visit_id)
            was_accepted = self._end_message(db, visit_id, f"cancelled: {why}", now, author)
            version = self._keep_version(db, row, why, now, author)
            db.execute(
                "update visit set cancelled_at = ?, version = ? where id = ?",
                [to_utc_text(now), version, visit_id],
            )
            cancel_ticket(db, visit_id, now, author)
            note_events(db, visit_id, visit, version, [VisitEventKind.CANCELLED], now)
            index_visit(db, visit_id)
        return was_accepted

    def send_again(self, visit_id: str, now: datetime, author: str = DESK) -> None:
        """Queue a refused or parked message again, unchanged.

        Raises NoSuchVisit if the visit has no message, or NothingToChange if its newest message is
        in another state or was never complete enough to be sent.
        """
        with self._database.transaction() as db:
            row = self._newest_message(db, visit_id)
            if row["state"] not in TRAY_STATES or row["body"] is None:
                raise NothingToChange("no message waits that could be sent unchanged")
            db.execute(
                "update outbox set state = 'queued', alone = 1, next_try_at = ?, changed_at = ?"
                " where id = ?",
                [to_utc_text(now), to_utc_text(now), row["id"]],
            )
            add_event(db, row["id"], now, "queued", {"message": "sent again by a person"}, author)

    def close(self, visit_id: str, why: str, now: datetime, author: str = DESK) -> None:
        """Close a refused or parked message: it is not sent any more.

        Raises NoSuchVisit if the visit has no message, or NothingToChange if its newest message is
        in another state.
        """
        with self._database.transaction() as db:
            row = self._newest_message(db, visit_id)
            if row["state"] not in TRAY_STATES:
                raise NothingToChange("no message waits for a person")
            self._close(db, row["id"], f"closed: {why}", now, author)

    @staticmethod
    def _has_sent(db: sqlite_utils.Database, visit_id: str, body: str | None) -> bool:
        """Return whether the newest message has this body, and is accepted or about to be sent."""
        row = db.execute(
            "select body, state from newest_message where visit = ?", [visit_id]
        ).fetchone()
        counts = row is not None and row["state"] in ("accepted", "queued", "in_flight")
        return counts and body is not None and row["body"] == body

    @staticmethod
    def _require_unanswered(db: sqlite_utils.Database, visit_id: str) -> None:
        """Raise AlreadySent if the insurer has accepted or refused a message about the visit."""
        answered = db.execute(
            "select 1 from outbox_event e join outbox o on o.id = e.outbox"
            " where o.visit = ? and e.state in ('accepted', 'refused') limit 1",
            [visit_id],
        ).fetchone()
        if answered is not None:
            raise AlreadySent("the insurer has answered a message about the visit")

    @staticmethod
    def _visit(db: sqlite_utils.Database, visit_id: str) -> tuple[NewVisit, Any]:
        """Return a visit that may be changed, and its row.

        Raises VisitUnreadable if it is damaged: it cannot be changed before it is restored.
        """
        # Not `*`: of a damaged record SQLite computes no column.
        row = db.execute(
            "select row, id, record, version, cancelled_at from visit where id = ?", [visit_id]
        ).fetchone()
        if row is None:
            raise NoSuchVisit(visit_id)
        if row["cancelled_at"]:
            raise NothingToChange("the visit was cancelled")
        return record_of_row(row), row

    @staticmethod
    def _newest_message(db: sqlite_utils.Database, visit_id: str) -> Any:
        row = db.execute("select * from newest_message where visit = ?", [visit_id]).fetchone()
        if row is None:
            raise NoSuchVisit(visit_id)
        return row

    def _end_message(
        self, db: sqlite_utils.Database, visit_id: str, why: str, now: datetime, author: str
    ) -> bool:
        """Close a visit's message if it was not sent; return whether the insurer accepted any.

        Raises StillSending if the message is being sent.
        """
        row = db.execute(
            "select id, state from newest_message where visit = ?", [visit_id]
        ).fetchone()
        if row is not None and row["state"] == "in_flight":
            raise StillSending("the visit is being sent; try again in a minute")
        if row is not None and row["state"] in UNSENT_STATES:
            self._close(db, row["id"], why, now, author)
        accepted = "select 1 from outbox where visit = ? and state = 'accepted' limit 1"
        return db.execute(accepted, [visit_id]).fetchone() is not None

    @staticmethod
    def _close(
        db: sqlite_utils.Database, outbox: int, why: str, now: datetime, author: str
    ) -> None:
        db.execute(
            "update outbox set state = 'closed', message = ?, changed_at = ? where id = ?",
            [why, to_utc_text(now), outbox],
        )
        add_event(db, outbox, now, "closed", {"message": why}, author)

    @staticmethod
    def _keep_version(
        db: sqlite_utils.Database, row: Any, why: str, now: datetime, author: str
    ) -> int:
        """Keep the current record as an earlier version; return the next version's number."""
        db.execute(
            "insert into visit_version (visit, version, record, replaced_at, why, author)"
            " values (?, ?, ?, ?, ?, ?)",
            [row["id"], row["version"], row["record"], to_utc_text(now), why, author],
        )
        return int(row["version"]) + 1


def _version(row: Any) -> VisitVersion:
    try:
        visit, at = visit_from_record(whole_text(row["record"])), from_utc_text(row["replaced_at"])
    except (KeyError, ValueError, TypeError, AttributeError) as exc:
        words = f"version {row['version']} of a visit cannot be read ({type(exc).__name__})"
        raise LogbookDamaged(words, ["visit_version"]) from exc
    return VisitVersion(row["version"], visit, at, row["why"], row["author"])


def _arrived_at(visit: NewVisit, arrived_at: datetime, facility: str) -> NewVisit:
    """Return a visit with another time of arrival, and with our code of that day."""
    how = how_with_arrival(visit, arrived_at)
    return replace(visit, arrived_at=arrived_at, facility=facility, how=how)


def how_with_arrival(visit: NewVisit, arrived_at: datetime) -> HowPresented:
    """Return how insurance was presented for a visit if it arrived at another time (aware).

    A card that was presented on arrival was presented by the same clock.
    """
    how = visit.how
    if how.presented_at is None or how.reading is not None:
        return how
    return replace(how, presented_at=how.presented_at + (arrived_at - visit.arrived_at))
