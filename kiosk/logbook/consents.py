"""What people consented to: for which purpose, what is kept, until when, and how they said so.

- One row for each purpose; nothing is kept for a purpose that was not agreed to (Luật 91/2025).
- Rows are only added, by a trigger too: they are the proof.  A withdrawal is a later row.
- The data themselves are in a table of their own.  They are erased when their time is over or the
  consent is withdrawn, and are not returned from that moment on even if nobody erased them yet.
- Erased data are overwritten in the file (`pragma secure_delete`), not only marked as free.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlite_utils

from kiosk.logbook.database import Database
from kiosk.logbook.errors import NoSuchConsent, NothingToChange
from kiosk.logbook.times import from_utc_text, to_utc_text

MAX_LISTED = 500


class ConsentPurpose(StrEnum):
    """What data may be kept for; the values are stored."""

    HELP_CALL = "help_call"  # the desk calls back, to help with VssID or VNeID


class HowGiven(StrEnum):
    """How a person consented or withdrew; the values are stored."""

    SPOKEN = "spoken"  # said at the desk
    SIGNED = "signed"  # on paper
    PHONE = "phone"  # by telephone


# How long the data of a purpose are kept, at most.
KEPT_FOR = {ConsentPurpose.HELP_CALL: timedelta(days=30)}


@dataclass(frozen=True, slots=True)
class NewConsent:
    """A consent to be written down. `values` are the data to keep, by their names."""

    key: str  # of idempotency: the same one again gives the same consent
    purpose: ConsentPurpose
    values: Mapping[str, str] = field(repr=False)
    how: HowGiven
    wording: str  # the sentence that the person agreed to, in the language it was read in
    author: str  # see `kiosk.logbook.author`
    person: str | None = field(default=None, repr=False)  # a number of the person
    visit: str | None = None


@dataclass(frozen=True, slots=True)
class Consent:
    """A consent. All times are aware. `values` is empty once the data are no longer kept."""

    id: int
    at: datetime
    author: str
    purpose: ConsentPurpose
    kept: tuple[str, ...]  # the names of the data
    until: datetime
    how: HowGiven
    wording: str
    person: str | None = field(repr=False)
    visit: str | None
    values: Mapping[str, str] = field(repr=False)
    withdrawn_at: datetime | None = None
    withdrawn_by: str = ""

    def is_in_force(self, now: datetime) -> bool:
        """Return whether the data may still be kept and used."""
        return self.withdrawn_at is None and now < self.until


class Consents:
    """The tables `consent` and `consent_value`.

    All times are aware.  Methods that read raise LogbookUnavailable if the logbook cannot be
    read, methods that write raise NotRecorded if it cannot be written.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @staticmethod
    def days_kept(purpose: ConsentPurpose) -> int:
        """Return for how many days data of a purpose are kept, at most."""
        return KEPT_FOR[purpose].days

    def give(self, new: NewConsent, now: datetime) -> Consent:
        """Write a consent down with the data that it keeps; return it.

        A key that was used before changes nothing and returns the consent of then.
        """
        with self._database.transaction() as db:
            row = db.execute("select id from consent where key = ?", [new.key]).fetchone()
            consent_id = int(row["id"]) if row else self._insert(db, new, now)
        return self.by_id(consent_id, now)

    def _insert(self, db: sqlite_utils.Database, new: NewConsent, now: datetime) -> int:
        cursor = db.execute(
            "insert into consent (at, author, key, purpose, kept, until, how, wording, person,"
            " visit) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                to_utc_text(now),
                new.author,
                new.key,
                new.purpose,
                " ".join(new.values),
                to_utc_text(now + KEPT_FOR[new.purpose]),
                new.how,
                new.wording,
                new.person,
                new.visit,
            ],
        )
        consent_id = int(cursor.lastrowid or 0)
        for name, value in new.values.items():
            db.execute("insert into consent_value values (?, ?, ?)", [consent_id, name, value])
        return consent_id

    def withdraw(self, consent_id: int, how: HowGiven, author: str, now: datetime) -> None:
        """Write down that a consent was withdrawn, and erase its data at once.

        Raises NoSuchConsent if no consent has this id, and NothingToChange if it was withdrawn
        before.
        """
        at = to_utc_text(now)
        with self._database.transaction() as db:
            _overwrite_what_is_erased(db)
            row = db.execute(
                "select g.purpose, g.kept, g.person, g.visit, w.id as withdrawal from consent g"
                " left join consent w on w.withdraws = g.id"
                " where g.id = ? and g.withdraws is null",
                [consent_id],
            ).fetchone()
            if row is None:
                raise NoSuchConsent(str(consent_id))
            if row["withdrawal"] is not None:
                raise NothingToChange(str(consent_id))
            db.execute(
                "insert into consent (at, author, withdraws, purpose, kept, until, how, wording,"
                " person, visit) values (?, ?, ?, ?, ?, ?, ?, '', ?, ?)",
                [
                    at,
                    author,
                    consent_id,
                    row["purpose"],
                    row["kept"],
                    at,
                    how,
                    row["person"],
                    row["visit"],
                ],
            )
            db.execute("delete from consent_value where consent = ?", [consent_id])

    def erase_ended(self, now: datetime) -> int:
        """Erase the data whose time is over; return how many consents they belonged to."""
        with self._database.transaction() as db:
            _overwrite_what_is_erased(db)
            ended = db.execute(
                "select distinct v.consent from consent_value v"
                " join consent c on c.id = v.consent where c.until <= ?",
                [to_utc_text(now)],
            ).fetchall()
            for (consent_id,) in ended:
                db.execute("delete from consent_value where consent = ?", [consent_id])
        return len(ended)

    def by_id(self, consent_id: int, now: datetime) -> Consent:
        """Return a consent. Raises NoSuchConsent if no consent has this id."""
        found = self._read("g.id = ?", [consent_id], now)
        if not found:
            raise NoSuchConsent(str(consent_id))
        return found[0]

    def newest(self, now: datetime, purposes: Iterable[ConsentPurpose] = ()) -> list[Consent]:
        """Return the newest consents, at most MAX_LISTED; of some purposes, if any are named."""
        named = [str(purpose) for purpose in purposes or ConsentPurpose]
        places = ", ".join("?" * len(named))
        return self._read(f"g.purpose in ({places})", named, now)

    def _read(self, where: str, values: list[Any], now: datetime) -> list[Consent]:
        rows = self._database.rows(
            "select g.*, w.at as withdrawn_at, w.author as withdrawn_by from consent g"
            " left join consent w on w.withdraws = g.id"
            f" where g.withdraws is null and {where} order by g.id desc limit {MAX_LISTED}",
            values,
        )
        return [self._consent(row, now) for row in rows]

    def _consent(self, row: Any, now: datetime) -> Consent:
        until, withdrawn = from_utc_text(row["until"]), row["withdrawn_at"]
        kept = {}
        if withdrawn is None and now < until:
            kept = {
                found["name"]: found["value"]
                for found in self._database.rows(
                    "select name, value from consent_value where consent = ?", [row["id"]]
                )
            }
        return Consent(
            id=row["id"],
            at=from_utc_text(row["at"]),
            author=row["author"],
            purpose=ConsentPurpose(row["purpose"]),
            kept=tuple(row["kept"].split()),
            until=until,
            how=HowGiven(row["how"]),
            wording=row["wording"],
            person=row["person"],
            visit=row["visit"],
            values=kept,
            withdrawn_at=from_utc_text(withdrawn) if withdrawn else None,
            withdrawn_by=row["withdrawn_by"] or "",
        )


def _overwrite_what_is_erased(db: sqlite_utils.Database) -> None:
    """Have SQLite overwrite with zeros what this connection deletes."""
    db.execute("pragma secure_delete = on").fetchall()
