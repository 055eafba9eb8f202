"""The evidence of a visit: all that the logbook holds of it, for the insurer and for an auditor.

- If the insurer could not be asked, the facility takes the patient in, and later shows that it
  asked (NĐ 188/2025 Điều 38 khoản 2).
- The payload of a code is not in it: the logbook never holds it.
- It names one patient.  A file that was sent may hold the records of others: of such a file it has
  the hash, and this visit's own record.
- The same logbook gives the same evidence: nothing in it is of the moment at which it is gathered.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kiosk.logbook.corrections import Corrections, VisitVersion
from kiosk.logbook.damaged_text import whole_text
from kiosk.logbook.database import Database
from kiosk.logbook.errors import LogbookDamaged
from kiosk.logbook.lookups import Lookups, StoredLookup
from kiosk.logbook.message_history import MessageEvent, read_history
from kiosk.logbook.outages import Outage, Outages
from kiosk.logbook.readable_parts import ReadableParts
from kiosk.logbook.sent_files import SentFile, SentFiles
from kiosk.logbook.times import from_utc_text
from kiosk.logbook.visit import Visit, visit_fields
from kiosk.logbook.visit_clock import VisitClock, read_visit_clock

FORMAT = "tiepdon-evidence-1"  # changes if a program that reads the JSON has to


@dataclass(frozen=True, slots=True)
class RecordedVerdict:
    """A verdict on the reading of a visit, as it was decided at the time."""

    id: int
    at: datetime  # aware
    reader: str
    outcome: str
    reason: str
    verdict: Mapping[str, Any] = field(repr=False)  # the JSON of the contract


@dataclass(frozen=True, slots=True)
class EvidenceMessage:
    """A message about a visit, and the insurer's answer to it if there is one."""

    version: int
    state: str
    tries: int
    code: str | None
    message: str | None
    transaction: str | None
    body: str | None = field(repr=False)  # the record of this visit alone
    answer: str | None = field(repr=False)  # None too if it is about other patients as well

    @property
    def sha256(self) -> str | None:
        """The SHA-256 of `body` in UTF-8, in hexadecimal."""
        return None if self.body is None else hashlib.sha256(self.body.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    """A file in which a visit was sent, and whether it holds records of other visits too."""

    file: SentFile
    is_shared: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that the logbook holds of one visit."""

    visit: Visit
    versions: Sequence[VisitVersion]  # the earlier ones, oldest first
    verdicts: Sequence[RecordedVerdict]  # on the reading, oldest first
    lookups: Sequence[StoredLookup]  # oldest first
    messages: Sequence[EvidenceMessage]  # by version
    history: Sequence[MessageEvent]  # of the messages, oldest first
    files: Sequence[EvidenceFile]  # oldest first
    outages: Sequence[Outage]  # that a person confirmed and that cover the arrival, oldest first
    clock: VisitClock


def gather_evidence(
    database: Database,
    corrections: Corrections,
    visit: Visit,
    parts: ReadableParts | None = None,
) -> Evidence:
    """Return the evidence of a visit. Raises LogbookUnavailable if it cannot be read.

    With `parts`, for a page, damaged ones are empty and named there; a file is whole or is not.
    """
    if parts is not None:
        return _readable_evidence(database, corrections, visit, parts)
    clock = read_visit_clock(database, visit.id, visit.row, visit.arrived_at)
    # A person's time is the right one; an arrival that nobody has settled is the recorded one.
    arrived_at = visit.arrived_at if clock.settled_at else clock.right_at
    return Evidence(
        visit=visit,
        versions=corrections.versions(visit.id),
        verdicts=_verdicts(database, visit.attempt),
        lookups=Lookups(database).of_visit(visit.id),
        messages=_messages(database, visit.id),
        history=read_history(database, visit.id),
        files=_files(database, visit.id),
        outages=Outages(database).confirmed_at(arrived_at),
        clock=clock,
    )


def _readable_evidence(
    database: Database, corrections: Corrections, visit: Visit, parts: ReadableParts
) -> Evidence:
    unknown = VisitClock(visit.arrived_at, None, None, None)
    clock = parts.read(
        "clock",
        lambda: read_visit_clock(database, visit.id, visit.row, visit.arrived_at),
        unknown,
    )
    arrived_at = visit.arrived_at if clock.settled_at else clock.right_at
    return Evidence(
        visit=visit,
        versions=parts.read("versions", lambda: corrections.versions(visit.id, parts), []),
        verdicts=parts.read("verdicts", lambda: _verdicts(database, visit.attempt), []),
        lookups=parts.read("lookups", lambda: Lookups(database).of_visit(visit.id), []),
        messages=parts.read("messages", lambda: _messages(database, visit.id), []),
        history=parts.read("history", lambda: read_history(database, visit.id), []),
        files=parts.read("files", lambda: _files(database, visit.id), []),
        outages=parts.read("outages", lambda: Outages(database).confirmed_at(arrived_at), []),
        clock=clock,
    )


def _verdicts(database: Database, reading: int) -> list[RecordedVerdict]:
    rows = database.rows(
        "select * from attempt where id = ? or refines = ? order by id", [reading, reading]
    )
    return [
        RecordedVerdict(
            row["id"],
            from_utc_text(row["at"]),
            row["reader"],
            row["outcome"],
            row["reason"],
            _verdict(row["verdict"], row["id"]),
        )
        for row in rows
    ]


def _verdict(text: str, attempt: int) -> dict[str, Any]:
    try:
        verdict = json.loads(whole_text(text))
    except ValueError as exc:
        raise LogbookDamaged(f"the verdict of attempt {attempt} cannot be read") from exc
    return dict(verdict)


def _messages(database: Database, visit: str) -> list[EvidenceMessage]:
    # Messages that were accepted together share their transaction code and their answer.
    rows = database.rows(
        "select o.*, exists (select 1 from outbox other where other.visit <> o.visit"
        " and o.transaction_code <> '' and other.transaction_code = o.transaction_code) as shared"
        " from outbox o where o.visit = ? order by o.version",
        [visit],
    )
    return [
        EvidenceMessage(
            row["version"],
            row["state"],
            row["tries"],
            row["code"],
            row["message"],
            row["transaction_code"],
            row["body"],
            None if row["shared"] else row["answer"],
        )
        for row in rows
    ]


def _files(database: Database, visit: str) -> list[EvidenceFile]:
    rows = database.rows(
        "select distinct other.file from sent_message own"
        " join sent_message other on other.file = own.file"
        " join outbox o on o.id = own.message join outbox o2 on o2.id = other.message"
        " where o.visit = ? and o2.visit <> ?",
        [visit, visit],
    )
    shared = {row["file"] for row in rows}
    return [EvidenceFile(file, file.id in shared) for file in SentFiles(database).of_visit(visit)]


def evidence_json(evidence: Evidence) -> dict[str, Any]:
    """Return the evidence as a JSON object (docs/contract.md). Moments are ISO 8601."""
    visit = evidence.visit
    return {
        "format": FORMAT,
        "visit": visit_fields(visit)
        | {
            "id": visit.id,
            "ticket": visit.ticket,
            "version": visit.version,
            "cancelled_at": visit.cancelled_at and visit.cancelled_at.isoformat(),
            "insurer_state": visit.insurer_state,
        },
        "versions": [
            {
                "version": version.version,
                "replaced_at": version.replaced_at.isoformat(),
                "why": version.why,
                "author": version.author,
                "visit": visit_fields(version.visit),
            }
            for version in evidence.versions
        ],
        "verdicts": [
            {
                "id": verdict.id,
                "at": verdict.at.isoformat(),
                "reader": verdict.reader,
                "verdict": verdict.verdict,
            }
            for verdict in evidence.verdicts
        ],
        "lookups": [_lookup_json(lookup) for lookup in evidence.lookups],
        "messages": [
            {
                "version": message.version,
                "state": message.state,
                "tries": message.tries,
                "code": message.code,
                "message": message.message,
                "transaction": message.transaction,
                "record": message.body,
                "record_sha256": message.sha256,
                "answer": message.answer,
            }
            for message in evidence.messages
        ],
        "history": [
            {
                "at": event.at.isoformat(),
                "state": event.state,
                "code": event.code,
                "message": event.message,
                "transaction": event.transaction,
                "author": event.author,
            }
            for event in evidence.history
        ],
        "files": [_file_json(reported) for reported in evidence.files],
        "outages": [_outage_json(outage) for outage in evidence.outages],
        "clock": _clock_json(evidence.clock),
    }


def _lookup_json(lookup: StoredLookup) -> dict[str, Any]:
    return {
        "at": lookup.at.isoformat(),
        "kind": lookup.kind,
        "purpose": lookup.purpose,
        "author": lookup.author,
        "asked": dict(lookup.asked),
        "result": lookup.result,
        "duration_ms": lookup.duration_ms,
        "code": lookup.code,
        "http_status": lookup.http_status,
        "error": lookup.error,
        "answer": lookup.answer,
    }


def _file_json(reported: EvidenceFile) -> dict[str, Any]:
    file = reported.file
    return {
        "at": file.at.isoformat(),
        "sha256": file.sha256,
        "bytes": len(file.document),
        "certificate_serial": file.certificate_serial,
        "account": file.account,
        "call": file.call,
        "holds_other_visits": reported.is_shared,
        "answer": None if reported.is_shared else file.answer,
    }


def _outage_json(outage: Outage) -> dict[str, Any]:
    report = outage.report
    return {
        "id": outage.id,
        "version": outage.version,
        "source": outage.source,
        "begins_at": outage.begins_at.isoformat(),
        "ends_at": outage.ends_at and outage.ends_at.isoformat(),
        "reported_to": report.to,
        "reported_at": report.at and report.at.isoformat(),
        "reported_by": report.by,
        "note": outage.note,
        "author": outage.author,
    }


def _clock_json(clock: VisitClock) -> dict[str, Any]:
    return {
        "recorded_at": clock.recorded_at.isoformat(),
        "ahead_s": None if clock.ahead is None else clock.ahead.total_seconds(),
        "source": clock.source,
        "settled_at": clock.settled_at and clock.settled_at.isoformat(),
    }


def canonical_bytes(value: Mapping[str, Any]) -> bytes:
    """Return a JSON object as the bytes that are hashed: keys sorted, no blanks, UTF-8."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def evidence_sha256(value: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a JSON object, in hexadecimal, over its `canonical_bytes`."""
    return hashlib.sha256(canonical_bytes(value)).hexdigest()
