"""Proposals: what the insurer's later answer would add to a visit that lacked it.

1.  A proposal only fills what a visit lacks.  It never replaces a value, except that a patient who
    came "on their own" to an unknown facility turns out to be registered here.
2.  A field that a person has corrected is that person's: it is never proposed, even if it is empty
    again.
3.  The newest answer about a visit counts.  A proposal that a person dismissed comes again only
    if it differs.
4.  Whether a proposal still fits is decided when it is read: the visit may have changed since.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from kiosk.logbook.author import SYSTEM
from kiosk.logbook.corrections import Corrections, VisitVersion
from kiosk.logbook.database import Database
from kiosk.logbook.errors import NothingToChange
from kiosk.logbook.readable_parts import ReadableParts
from kiosk.logbook.times import from_utc_text, to_utc_text
from kiosk.logbook.visit import (
    ARRIVAL_FIELDS,
    CARD_FIELDS,
    SERVICE_FIELDS,
    Correction,
    NewVisit,
    visit_from_record,
)

PROPOSED_FIELDS = ("card_number", "registered_at", "arrival", "valid_from", "valid_until")
DAY_FIELDS = ("valid_from", "valid_until")
MAX_PROPOSALS = 500  # in one list


@dataclass(frozen=True, slots=True)
class Proposal:
    """An open proposal about one visit. The values of `changes` are as in `Corrections.correct`."""

    visit: str
    version: int  # of the visit
    ticket: str  # its label
    arrived_at: datetime  # aware
    holder: str | None = field(repr=False)
    at: datetime  # of the insurer's answer; aware
    changes: Mapping[str, Correction] = field(repr=False)


class Proposals:
    """The table `proposal`.

    All times are aware.  Methods that read raise LogbookUnavailable if the logbook cannot be read,
    methods that write raise NotRecorded if it cannot be written.
    """

    def __init__(self, database: Database, corrections: Corrections) -> None:
        self._database = database
        self._corrections = corrections

    def propose(self, visit_id: str, at: datetime, changes: Mapping[str, Correction]) -> None:
        """Record what the insurer's answer of a moment would add to a visit.

        Nothing happens if `changes` is empty, or if the same was settled before.
        """
        if not changes:
            return
        text = json.dumps(
            {name: _text_of(changes[name]) for name in sorted(changes)}, ensure_ascii=False
        )
        with self._database.transaction() as db:
            db.execute(
                "insert into proposal (visit, at, changes) values (:visit, :at, :changes)"
                " on conflict (visit) do update set at = :at, changes = :changes,"
                " settled_at = null, settled_by = null, result = null"
                " where changes <> :changes",
                {"visit": visit_id, "at": to_utc_text(at), "changes": text},
            )

    def open(self, visit_id: str = "") -> list[Proposal]:
        """Return the proposals that wait for a decision, the oldest first.

        With `visit_id`, only that visit's.  What no longer fits the visit is left out.
        """
        of_visit = "and p.visit = :visit" if visit_id else ""
        rows = self._database.rows(
            "select p.visit, p.at, p.changes, v.version, t.label, v.arrived_at, v.record"
            " from proposal p join visit v on v.id = p.visit"
            " left join ticket t on t.visit = v.id and t.state <> 'moved'"
            f" where p.result is null and v.cancelled_at is null {of_visit}"
            " order by p.at, p.visit limit :limit",
            {"visit": visit_id, "limit": MAX_PROPOSALS},
        )
        proposals = [self._proposal(row) for row in rows]
        return [proposal for proposal in proposals if proposal.changes]

    def accept(
        self, visit_id: str, why: str, now: datetime, author: str
    ) -> Mapping[str, Correction]:
        """Correct a visit as proposed, and send it again; return the changes.

        Raises NothingToChange if nothing is proposed (any longer), and what `Corrections.correct`
        raises; the proposal then stays open.
        """
        found = self.open(visit_id)
        if not found:
            raise NothingToChange("nothing is proposed")
        proposal = found[0]
        self._corrections.correct(visit_id, proposal.changes, why, now, proposal.version, author)
        self._settle(visit_id, "accepted", now, author)
        return proposal.changes

    def dismiss(self, visit_id: str, now: datetime, author: str) -> None:
        """Close a visit's proposal without a change."""
        self._settle(visit_id, "dismissed", now, author)

    def _settle(self, visit_id: str, result: str, now: datetime, author: str) -> None:
        with self._database.transaction() as db:
            db.execute(
                "update proposal set result = ?, settled_at = ?, settled_by = ?"
                " where visit = ? and result is null",
                [result, to_utc_text(now), author, visit_id],
            )

    def _proposal(self, row: Any) -> Proposal:
        visit = visit_from_record(row["record"])
        by_people = corrected_by_people(
            visit, self._corrections.versions(row["visit"], ReadableParts())
        )
        proposed = json.loads(row["changes"])
        wanted = lacking_fields(visit) - by_people
        changes = {
            name: _value_of(name, proposed[name])
            for name in PROPOSED_FIELDS
            if name in proposed and name in wanted
        }
        return Proposal(
            visit=row["visit"],
            version=row["version"],
            ticket=row["label"],
            arrived_at=from_utc_text(row["arrived_at"]),
            holder=visit.card.holder,
            at=from_utc_text(row["at"]),
            changes=changes,
        )


def lacking_fields(visit: NewVisit) -> set[str]:
    """Return the fields of PROPOSED_FIELDS that a visit lacks.

    The last day is lacking only beside the first: alone, it may mean that the card has no end.  How
    the patient came can be wrong as long as the facility of registration is not known.
    """
    card = visit.card
    lacking = {name for name in ("card_number", "registered_at") if not getattr(card, name)}
    if card.valid_from is None:
        lacking.add("valid_from")
        if card.valid_until is None:
            lacking.add("valid_until")
    if not card.registered_at:
        lacking.add("arrival")
    return lacking


def corrected_by_people(visit: NewVisit, versions: Sequence[VisitVersion]) -> set[str]:
    """Return the fields that people have corrected.

    `versions` are the earlier versions of `visit`, oldest first.  A change without an author is a
    person's: it is from before authors were written down.
    """
    states = [version.visit for version in versions] + [visit]
    return {
        name
        for version, after in zip(versions, states[1:], strict=True)
        if version.author != SYSTEM
        for name, value in _values(after).items()
        if value != _values(version.visit)[name]
    }


def _values(visit: NewVisit) -> dict[str, object]:
    parts = (
        (visit.card, CARD_FIELDS),
        (visit.service, SERVICE_FIELDS),
        (visit.arrival, ARRIVAL_FIELDS),
    )
    return {
        name: getattr(part, attribute)
        for part, fields in parts
        for name, attribute in fields.items()
    }


def _text_of(value: Correction) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _value_of(name: str, text: str) -> Correction:
    return date.fromisoformat(text) if name in DAY_FIELDS else text
