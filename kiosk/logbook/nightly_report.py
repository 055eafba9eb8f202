"""The nightly job's report: a value in the program, one JSON object outside of it.

The JSON object is what the logbook keeps of a run, what `sync` prints, and what it writes into the
folder `reports`.  Only the two functions at the end of this module know its keys.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class DayTotals:
    """One day's visits at the clinic, counted by the state of their newest message.

    Each visit counts once among the fields from `not_reported` on.
    """

    day: str  # ISO 8601, at the clinic
    visits: int
    cancelled: int
    not_reported: int  # emergencies, and patients without insurance: they have no message
    accepted: int
    refused: int
    parked: int
    waiting: int  # queued or in flight
    closed: int

    @property
    def adds_up(self) -> bool:
        """Whether every visit is in exactly one of the states."""
        with_message = self.accepted + self.refused + self.parked + self.waiting + self.closed
        return self.visits == with_message + self.not_reported


@dataclass(frozen=True, slots=True)
class LookBackCounts:
    """How many visits that went in unconfirmed were asked about again, and with what result."""

    asked: int = 0  # those that the insurer answered: confirmed or changed
    confirmed: int = 0
    changed: int = 0  # the patient should have been sent to the desk
    no_answer: int = 0  # another run asks again


@dataclass(frozen=True, slots=True)
class PurgeCounts:
    """How many rows of each kind were deleted because their time was over."""

    deleted: Mapping[str, int] = field(default_factory=dict)
    waits: Mapping[str, int] = field(default_factory=dict)  # past their time, but still needed
    unfinished: tuple[str, ...] = ()  # kinds with which the next run goes on
    trouble: str | None = None  # "clock" or "logbook": why nothing more went; None: nothing


@dataclass(frozen=True, slots=True)
class NightlyProof:
    """What the check of the logbook's hash chain found, and the root that was signed after it."""

    link: int  # the newest link that was checked
    hash: str  # of that link, in hexadecimal
    whole_on: str  # when the whole logbook was checked last: ISO 8601, at the clinic
    faults: int = 0
    first_fault: str | None = None  # in English, for the command line and the person who repairs
    root: str | None = None  # on one line, to be kept elsewhere; None: it could not be signed
    trouble: str | None = None  # "key": nothing could be signed; None: nothing

    @property
    def needs_person(self) -> bool:
        """Whether somebody has to look at it."""
        return bool(self.faults or self.trouble)


@dataclass(frozen=True, slots=True)
class NightlyReport:
    """What one run of the nightly job did and found."""

    started_at: datetime  # aware
    delivered: int  # messages that the insurer accepted during the run
    outbox: Mapping[str, int]  # messages in each state after it
    look_back: LookBackCounts
    expected: int  # patients of the appointments file
    known: int  # those of them for whose card the insurer gave an answer
    unread_appointments: tuple[int, ...]  # line numbers of the file that could not be read
    worklist: int  # visits that a person has to look at
    days: tuple[DayTotals, ...]  # newest first
    not_asked: str | None  # why the insurer was not asked any more; None: it was
    signature: str | None = None  # what is wrong with the signature of what is sent; None: nothing
    certificate_ends: str | None = None  # ISO 8601; None: not known
    unproven_rows: int = (
        0  # accepted visits that were not the first row of a file: perhaps not read
    )
    # The visits of unknown patients that the commune was not informed of in 48 hours, by id.
    communes_to_inform: tuple[str, ...] = ()
    overdue: int | None = None  # visits after the run; None: an older version did not count them
    suggested_outages: int | None = None  # that nobody has looked at; None: not counted
    unfinished_sheets: tuple[int, ...] = ()  # of paper, by number
    purge: PurgeCounts | None = None  # None: an older version wrote the report
    proof: NightlyProof | None = None  # None: an older version wrote the report

    @property
    def adds_up(self) -> bool:
        """Whether the totals of every day add up."""
        return all(day.adds_up for day in self.days)


def nightly_report_json(report: NightlyReport) -> dict[str, Any]:
    """Return a report as the JSON object that is kept, written and printed."""
    return {
        "started_at": report.started_at.isoformat(),
        "delivered": report.delivered,
        "outbox": dict(report.outbox),
        "look_back": {
            "asked": report.look_back.asked,
            "confirmed": report.look_back.confirmed,
            "changed": report.look_back.changed,
            "no_word": report.look_back.no_answer,
        },
        "expected": {"expected": report.expected, "known": report.known},
        "unread_appointments": list(report.unread_appointments),
        "worklist": report.worklist,
        "days": [_day_json(day) for day in report.days],
        "not_asked": report.not_asked,
        "signature": {"trouble": report.signature, "ends": report.certificate_ends},
        "unproven_rows": report.unproven_rows,
        "communes_to_inform": list(report.communes_to_inform),
        "overdue": report.overdue,
        "suggested_outages": report.suggested_outages,
        "unfinished_sheets": list(report.unfinished_sheets),
        "purge": report.purge and _purge_json(report.purge),
        "proof": report.proof and asdict(report.proof),
    }


def nightly_report_from_json(record: Mapping[str, Any]) -> NightlyReport:
    """Return the report that a JSON object of `nightly_report_json` holds.

    Raises KeyError, TypeError or ValueError if it is not such an object.
    """
    look_back, expected = record["look_back"], record["expected"]
    signature = record.get("signature") or {}  # reports of earlier versions do not have it
    return NightlyReport(
        started_at=datetime.fromisoformat(record["started_at"]),
        delivered=record["delivered"],
        outbox=record["outbox"],
        look_back=LookBackCounts(
            asked=look_back["asked"],
            confirmed=look_back["confirmed"],
            changed=look_back["changed"],
            no_answer=look_back["no_word"],
        ),
        expected=expected["expected"],
        known=expected["known"],
        unread_appointments=tuple(record["unread_appointments"]),
        worklist=record["worklist"],
        days=tuple(_day_from_json(day) for day in record["days"]),
        not_asked=record["not_asked"],
        signature=signature.get("trouble"),
        certificate_ends=signature.get("ends"),
        unproven_rows=record.get("unproven_rows", 0),
        communes_to_inform=tuple(record.get("communes_to_inform", ())),
        overdue=record.get("overdue"),
        suggested_outages=record.get("suggested_outages"),
        unfinished_sheets=tuple(record.get("unfinished_sheets", ())),
        purge=_purge_from_json(record.get("purge")),
        proof=NightlyProof(**record["proof"]) if record.get("proof") else None,
    )


def _purge_json(purge: PurgeCounts) -> dict[str, Any]:
    return {
        "deleted": dict(purge.deleted),
        "waits": dict(purge.waits),
        "unfinished": list(purge.unfinished),
        "trouble": purge.trouble,
    }


def _purge_from_json(record: Mapping[str, Any] | None) -> PurgeCounts | None:
    if record is None:
        return None
    return PurgeCounts(
        record["deleted"], record["waits"], tuple(record["unfinished"]), record["trouble"]
    )


def _day_json(day: DayTotals) -> dict[str, Any]:
    return {
        "day": day.day,
        "visits": day.visits,
        "cancelled": day.cancelled,
        "not_told": day.not_reported,
        "accepted": day.accepted,
        "refused": day.refused,
        "parked": day.parked,
        "waiting": day.waiting,
        "closed": day.closed,
        "adds_up": day.adds_up,
    }


def _day_from_json(record: Mapping[str, Any]) -> DayTotals:
    return DayTotals(
        day=record["day"],
        visits=record["visits"],
        cancelled=record["cancelled"],
        not_reported=record["not_told"],
        accepted=record["accepted"],
        refused=record["refused"],
        parked=record["parked"],
        waiting=record["waiting"],
        closed=record["closed"],
    )
