"""Erases what is kept about one person, as far as the law lets it, and says what stays and why.

1.  What belongs to a visit stays while medical records, the insurer's evidence or a suspicion need
    it: the law of medical records goes before (Luật 91/2025 Điều 14).  A visit past the site's own
    period goes at once.  So do changes that were made here to visits of other desks.
2.  What only we need goes: readings and questions without a visit, the insurer's answers that are
    kept for the next scan, what a consent keeps, telephone numbers.  What was sent stays as sent.
3.  That there was a consent stays as proof, without the number.  That somebody looked stays; a look
    without a visit names the person no more.
4.  What was erased is written down as counts, in the same transaction.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlite_utils

from kiosk.data import AnswersCache
from kiosk.logbook import (
    Database,
    Visit,
    forget_old_words,
    from_utc_text,
    index_visit,
    to_utc_text,
)
from kiosk.privacy.deletion import IDS, delete_readings, delete_visits
from kiosk.privacy.periods import RetentionKind, RetentionPeriod
from kiosk.privacy.person_data import HeldData
from kiosk.privacy.purge import NOT_SENT, SUSPECTED

WITH_PHONE = (
    "coalesce(json_extract(record, '$.phone'), '') <> ''"
    " or coalesce(json_extract(record, '$.guardian.phone'), '') <> ''"
)
WITHOUT_PHONE = (
    "case when json_type(record, '$.guardian') = 'object'"
    " then json_set(record, '$.phone', '', '$.guardian.phone', '')"
    " else json_set(record, '$.phone', '') end"
)
PSEUDONYM = "erased "  # before random characters


class ErasedKind(StrEnum):
    """A kind of data of a person; the values are stored."""

    VISITS = "visits"
    PHONES = "phones"
    CHANGES = "changes_elsewhere"
    READINGS = "readings"
    QUESTIONS = "questions"
    ANSWERS = "answers"
    CONSENT_DATA = "consent_data"
    CONSENTS = "consents"
    LOOKS = "looks"


class WhyStays(StrEnum):
    """Why data of a person stay."""

    MEDICAL = "medical"  # part of a medical record whose period is not over
    WAITS = "waits"  # the visit still waits for the insurer, or for a correction
    SUSPECTED = "suspected"
    PROOF = "proof"  # that there was a consent; its number goes
    LOG = "log"  # who looked at whom


@dataclass(frozen=True, slots=True)
class ErasureLine:
    """How much of a kind is erased, and how much stays, and why."""

    kind: ErasedKind
    erased: int
    stays: int = 0
    why: WhyStays | None = None


@dataclass(frozen=True, slots=True)
class ErasureDone:
    """One erasure that was made. `at` is aware."""

    at: datetime
    author: str  # see `kiosk.logbook.author`
    request: int | None
    why: str
    erased: Mapping[str, int]
    stays: Mapping[str, int]

    @property
    def erased_count(self) -> int:
        """How many things of all kinds were erased."""
        return sum(self.erased.values())

    @property
    def stays_count(self) -> int:
        """How many things of all kinds stay."""
        return sum(self.stays.values())


class Erasure:
    """Erases a person's data. `visits_period` says how long visits are kept."""

    def __init__(
        self, database: Database, answers: AnswersCache, visits_period: RetentionPeriod
    ) -> None:
        assert visits_period.kind is RetentionKind.VISITS
        self._database = database
        self._answers = answers
        self._period = visits_period

    def preview(self, held: HeldData, now: datetime) -> list[ErasureLine]:
        """Return what `erase` would do at `now` (aware).

        Raises LogbookUnavailable if the logbook cannot be read, and CoverageUnreadable if the
        answers cannot.
        """
        rows = self._split(held.visits, now)
        kept = [visit for visit in held.visits if visit.row not in rows["over"]]
        blocked = rows["waits"] | rows["suspected"]
        phones = self._count_phones(kept)
        phones_waiting = self._count_phones([v for v in kept if v.row in rows["waits"]])
        values = self._count(
            f"select count(*) from consent_value where consent in {IDS}", held.consents
        )
        looks = self._count(
            f"select count(*) from access where visit in {IDS}", [v.id for v in held.visits]
        )
        changes = self._changes_over(held, now)
        why = WhyStays.MEDICAL
        if kept and {visit.row for visit in kept} <= blocked:
            why = WhyStays.WAITS if rows["waits"] else WhyStays.SUSPECTED
        lines = [
            ErasureLine(ErasedKind.VISITS, len(rows["over"]), len(kept), why if kept else None),
            ErasureLine(
                ErasedKind.PHONES,
                phones - phones_waiting,
                phones_waiting,
                WhyStays.WAITS if phones_waiting else None,
            ),
            ErasureLine(
                ErasedKind.CHANGES,
                len(changes),
                len(held.changes) - len(changes),
                WhyStays.MEDICAL if len(changes) < len(held.changes) else None,
            ),
            ErasureLine(ErasedKind.READINGS, len(held.readings)),
            ErasureLine(ErasedKind.QUESTIONS, len(held.lookups)),
            ErasureLine(ErasedKind.ANSWERS, len(self._answers.about(held.numbers))),
            ErasureLine(ErasedKind.CONSENT_DATA, values),
            ErasureLine(
                ErasedKind.CONSENTS,
                0,
                len(held.consents),
                WhyStays.PROOF if held.consents else None,
            ),
            ErasureLine(ErasedKind.LOOKS, len(held.looks), looks, WhyStays.LOG if looks else None),
        ]
        return [line for line in lines if line.erased or line.stays]

    def erase(
        self, held: HeldData, now: datetime, author: str, why: str, request: int | None = None
    ) -> list[ErasureLine]:
        """Erase what may go; return what was done. `why` and `request` say on whose wish.

        Raises NotRecorded if the logbook cannot be written: then nothing of it was erased.
        """
        lines = self.preview(held, now)
        over = sorted(self._split(held.visits, now)["over"])
        kept = [visit for visit in held.visits if visit.row not in over]
        waiting = self._split(kept, now)["waits"]
        changes = self._changes_over(held, now)
        self._answers.forget(held.numbers)
        with self._database.transaction() as db:
            delete_visits(db, over)
            _erase_phones(db, [visit.id for visit in kept if visit.row not in waiting])
            _run(db, f"delete from change_elsewhere where id in {IDS}", changes)
            delete_readings(db, held.readings)
            _run(db, f"delete from lookup where id in {IDS}", held.lookups)
            _run(db, f"delete from consent_value where consent in {IDS}", held.consents)
            _run(
                db,
                f"update consent set person = null where id in {IDS} or withdraws in {IDS}",
                held.consents,
            )
            db.execute(
                f"update access set person = :name where id in {IDS}",
                {"ids": json.dumps(list(held.looks)), "name": PSEUDONYM + secrets.token_hex(4)},
            )
            db.execute(
                "insert into erasure (at, author, request, why, erased, stays)"
                " values (?, ?, ?, ?, ?, ?)",
                [
                    to_utc_text(now),
                    author,
                    request,
                    why,
                    json.dumps({line.kind: line.erased for line in lines if line.erased}),
                    json.dumps({line.kind: line.stays for line in lines if line.stays}),
                ],
            )
        forget_old_words(self._database)
        self._database.empty_write_ahead_log()
        return lines

    def newest(self, limit: int = 50) -> list[ErasureDone]:
        """Return the erasures that were made, newest first."""
        rows = self._database.rows("select * from erasure order by id desc limit ?", [limit])
        return [
            ErasureDone(
                from_utc_text(row["at"]),
                row["author"],
                row["request"],
                row["why"],
                json.loads(row["erased"]),
                json.loads(row["stays"]),
            )
            for row in rows
        ]

    def _split(self, visits: Sequence[Visit], now: datetime) -> dict[str, set[int]]:
        """Return the rows of the visits that are over, that wait, and that are suspected."""
        before = self._period.before(now)

        def matching(condition: str) -> set[int]:
            rows = self._database.rows(
                f"select v.row from visit v where v.row in {IDS} and {condition}",
                {"ids": json.dumps([visit.row for visit in visits])},
            )
            return {int(row[0]) for row in rows}

        waits, suspected = matching(NOT_SENT), matching(SUSPECTED)
        old = {visit.row for visit in visits if before is not None and visit.arrived_at < before}
        return {"over": old - waits - suspected, "waits": waits, "suspected": suspected}

    def _changes_over(self, held: HeldData, now: datetime) -> list[int]:
        """Return the changes of other desks' visits that are past the period of visits."""
        before = self._period.before(now)
        if before is None:
            return []
        rows = self._database.rows(
            f"select id from change_elsewhere where id in {IDS} and at < :before",
            {"ids": json.dumps(list(held.changes)), "before": to_utc_text(before)},
        )
        return [int(row[0]) for row in rows]

    def _count_phones(self, visits: Sequence[Visit]) -> int:
        return self._count(
            f"select count(*) from visit where id in {IDS} and ({WITH_PHONE})",
            [visit.id for visit in visits],
        )

    def _count(self, sql: str, ids: Sequence[object]) -> int:
        return int(self._database.rows(sql, {"ids": json.dumps(list(ids))})[0][0])


def _erase_phones(db: sqlite_utils.Database, visits: Sequence[str]) -> None:
    for table, key in (("visit", "id"), ("visit_version", "visit")):
        _run(
            db,
            f"update {table} set record = {WITHOUT_PHONE} where {key} in {IDS} and ({WITH_PHONE})",
            visits,
        )
    for visit in visits:
        index_visit(db, visit)


def _run(db: sqlite_utils.Database, sql: str, ids: Sequence[Any]) -> None:
    db.execute(sql, {"ids": json.dumps(list(ids))})
