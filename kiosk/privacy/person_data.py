"""All that is kept about one person: found, and gathered as data to hand over.

1.  A person is found by a number, a name or the id of a visit.  Their numbers lead to further
    visits, and those to further numbers; a supervisor looks at the visits before anything happens,
    because a wrong number may lead to somebody else.
    So do records that a person has joined with theirs.
2.  What is handed over is what is stored, in the words of the program, without what concerns other
    people: other visits in the same file, and suspicions that are being looked into.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kiosk.data import AnswersCache
from kiosk.logbook import (
    Corrections,
    Database,
    Exports,
    Visit,
    Visits,
    evidence_json,
    gather_evidence,
    joined_record,
    known_numbers,
)
from kiosk.privacy.deletion import UNNEEDED
from kiosk.privacy.errors import NothingHeld
from verify import coverage_json, name_key, plain_number

FORMAT = "tiepdon-person/1"
MAX_ROUNDS = 3  # from numbers to visits and back
MAX_VISITS = 1_000
MIN_DIGITS = 9  # of a number that is looked for within texts
MAX_FOUND = 50
LEFT_OUT = (
    "suspicions of misuse that are being looked into",
    "the records of other people in files that were sent together",
)


@dataclass(frozen=True, slots=True)
class HeldData:
    """What is kept about one person. The repr hides who it is."""

    numbers: frozenset[str] = field(repr=False)
    visits: Sequence[Visit] = field(repr=False)  # newest first
    readings: Sequence[int]  # that led to no visit, and are needed by none
    lookups: Sequence[int]  # questions to the insurer that belong to no visit
    consents: Sequence[int]  # given by the person, not their withdrawals
    looks: Sequence[int]  # at the person, without a visit
    changes: Sequence[int] = ()  # that were made here to visits of other desks

    @property
    def names(self) -> list[str]:
        """The names under which the person is kept; several may be one person, or not."""
        return sorted({visit.card.holder for visit in self.visits if visit.card.holder})


class PersonData:
    """Finds and gathers. All methods raise LogbookUnavailable if the logbook cannot be read."""

    def __init__(
        self, database: Database, visits: Visits, corrections: Corrections, answers: AnswersCache
    ) -> None:
        self._database = database
        self._visits = visits
        self._corrections = corrections
        self._answers = answers

    def find(self, text: str) -> list[Visit]:
        """Return the newest visits that a text leads to: a visit's id, a number or a name."""
        visit = self._visits.by_id(text.strip())
        if visit is not None:
            return [visit]
        found = self._visits.with_number(plain_number(text), MAX_FOUND)
        if found:
            return found
        wanted = name_key(text)
        if not wanted:
            return []
        rows = self._database.rows(  # of a damaged record no name is known
            "select row, case when json_valid(record) then json_extract(record, '$.holder') end"
            " from visit"
        )
        named = [row[0] for row in rows if row[1] and name_key(row[1]) == wanted]
        return self._visits.by_rows(named[-MAX_FOUND:])[::-1]

    def held(self, key: str) -> HeldData:
        """Return what is kept about the person of a visit's id, or of a number.

        Raises NothingHeld if nothing is.
        """
        visit = self._visits.by_id(key)
        numbers = known_numbers(visit) if visit else {plain_number(key)}
        visits = {visit.id: visit} if visit else {}
        for _round in range(MAX_ROUNDS):
            record = joined_record(self._database, numbers, visit.id if visit else "")
            numbers |= record.numbers
            found = [each for each in map(self._visits.by_id, record.visits) if each]
            found += [
                each
                for number in sorted(numbers)
                for each in self._visits.with_number(number, MAX_VISITS)
            ]
            more = set().union(*map(known_numbers, found)) - numbers
            visits |= {each.id: each for each in found}
            numbers |= more
            if not more:
                break
        held = HeldData(
            numbers=frozenset(numbers),
            visits=sorted(visits.values(), key=lambda each: -each.row),
            readings=self._ids(
                f"select a.id from attempt a where {UNNEEDED}"
                " and (a.number = :number or instr(a.verdict, :quoted))",
                numbers,
            ),
            lookups=self._ids(
                "select l.id from lookup l where l.visit is null and not exists"
                " (select 1 from lookup_reading r where r.lookup = l.id)"
                " and (instr(l.asked, :number) or instr(coalesce(l.answer, ''), :number))",
                numbers,
            ),
            consents=self._consents(numbers, visits),
            looks=self._ids(
                "select id from access where visit is null and person = :number", numbers
            ),
            changes=self._ids(
                "select id from change_elsewhere where person = :number or instr(record, :quoted)",
                numbers,
            ),
        )
        rows = (held.visits, held.readings, held.lookups, held.consents, held.looks, held.changes)
        is_empty = not any(rows)
        if is_empty and not self._answers.about(held.numbers):
            raise NothingHeld("nothing is kept about such a person")
        return held

    def _ids(self, sql: str, numbers: Iterable[str]) -> list[int]:
        found = {
            int(row[0])
            for number in numbers
            if len(number) >= MIN_DIGITS
            for row in self._database.rows(sql, {"number": number, "quoted": f'"{number}"'})
        }
        return sorted(found)

    def _consents(self, numbers: Iterable[str], visits: Iterable[str]) -> list[int]:
        rows = self._database.rows(
            "select id from consent where withdraws is null and (person in"
            " (select value from json_each(:numbers))"
            " or visit in (select value from json_each(:visits))) order by id",
            {"numbers": json.dumps(list(numbers)), "visits": json.dumps(list(visits))},
        )
        return [int(row[0]) for row in rows]

    def gathered(self, held: HeldData, now: datetime) -> dict[str, Any]:
        """Return all that is kept about a person as a JSON object. Moments are ISO 8601, in UTC."""
        exports = Exports(self._database)
        visits = [
            evidence_json(gather_evidence(self._database, self._corrections, visit))
            | {
                "ticket": visit.ticket_label,
                "looks": self._rows("select at, author, desk, what, why from access"
                                    " where visit = ? order by id", [visit.id]),
                "exports": [
                    {"kind": each.kind, "at": each.at.isoformat(), "author": each.author}
                    for each in exports.of_visit(visit.id)
                ],
                "contacts": self._rows("select at, author, note, undoes is not null as taken_back"
                                       " from contacted where visit = ? order by id", [visit.id]),
            }
            for visit in held.visits
        ]  # fmt: skip
        return {
            "format": FORMAT,
            "gathered_at": now.isoformat(),
            "numbers": sorted(held.numbers),
            "visits": visits,
            "joined_records": self._rows(
                "select at, author, visit, other, undoes, why from same_person where visit in"
                " (select value from json_each(:ids)) or other in"
                " (select value from json_each(:ids)) order by id",
                {"ids": json.dumps([visit.id for visit in held.visits])},
            ),
            "readings_without_visit": [
                self._read_verdict(row)
                for row in self._rows(
                    "select at, reader, outcome, reason, verdict from attempt"
                    " where id in (select value from json_each(?)) order by id",
                    [json.dumps(list(held.readings))],
                )
            ],
            "questions_without_visit": self._rows(
                "select at, kind, purpose, author, asked, result, code, answer from lookup"
                " where id in (select value from json_each(?)) order by id",
                [json.dumps(list(held.lookups))],
            ),
            "insurer_answers": [
                coverage_json(coverage) for _number, coverage in self._answers.about(held.numbers)
            ],
            "consents": self._rows(
                "select c.at, c.author, c.purpose, c.kept, c.until, c.how, c.wording,"
                " w.at as withdrawn_at, (select json_group_object(v.name, v.value)"
                " from consent_value v where v.consent = c.id) as data from consent c"
                " left join consent w on w.withdraws = c.id"
                " where c.id in (select value from json_each(?)) order by c.id",
                [json.dumps(list(held.consents))],
            ),
            "looks_without_visit": self._rows(
                "select at, author, desk, what, why from access"
                " where id in (select value from json_each(?)) order by id",
                [json.dumps(list(held.looks))],
            ),
            "changes_elsewhere": self._rows(
                "select at, author, visit, version, owner, why, record from change_elsewhere"
                " where id in (select value from json_each(?)) order by id",
                [json.dumps(list(held.changes))],
            ),
            "left_out": list(LEFT_OUT),
        }

    def _rows(self, sql: str, values: Sequence[object] | dict[str, object]) -> list[dict[str, Any]]:
        return [dict(row) for row in self._database.rows(sql, values)]

    @staticmethod
    def _read_verdict(row: dict[str, Any]) -> dict[str, Any]:
        return row | {"verdict": json.loads(row["verdict"])}
