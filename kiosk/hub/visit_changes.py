"""A visit of another desk as it stands at the hub, and a change of it that is made at this desk.

1.  A change is made of the hub's newest version, and says by its digest of which one.  If another
    desk is faster, the hub keeps ours beside the other one, for a person (`kiosk.hub.lane_up`).
2.  Only what was changed differs in the record: what a newer program has written stays.
3.  Why a visit cannot be changed here, `ChangeObstacle` says.
4.  What has become of a change, the hub's own rows say (`ChangeState`): a change was taken over
    once the visit's own desk has brought the same version, or a later one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Any

from kiosk.hub.desk_states import Rows
from kiosk.hub.journal import digest_of
from kiosk.hub.search import ALL_DAYS, COLUMNS, HubVisit, day_of, hub_visit, record_of
from kiosk.logbook import (
    ChangeMade,
    NewVisit,
    Visit,
    VisitVersion,
    WrittenChange,
    to_utc_text,
    visit_record,
)

# Of a visit, with the digest of its newest version and the desk whose change is the newest.
SELECT_VISIT = """
select {columns}, encode(r.digest, 'hex') as digest,
    (select s.desk from hub.stream s where s.facility = r.facility and s.id = r.stream) as last_desk
from {source} where r.facility = %(facility)s and r.day = %(day)s and r.id = %(visit)s
"""
SELECT_VERSIONS = """
select version, encode(digest, 'hex') as digest, written_at, why, author, record::text as record
from {source} where facility = %(facility)s and day = %(day)s and visit = %(visit)s order by version
"""
# Versions that were set aside, and about which nobody has decided yet.
SELECT_WAITING = """
select encode(digest, 'hex') as digest from hub.divergent
where facility = %(facility)s and visit = %(visit)s and settled_at is null
"""


class ChangeObstacle(StrEnum):
    """Why a visit of another desk cannot be changed here."""

    NO_RECORD = "no_record"  # the facility keeps records at its desks, or it cannot be read here
    OWN = "own"  # this desk recorded it, and its logbook lacks it: it is fetched back
    CANCELLED = "cancelled"
    WAITS = "waits"  # the last change that was made here is not at the hub yet


class ChangeState(StrEnum):
    """What has become of a change that was made here."""

    WAITS = "waits"  # written here, not at the hub yet
    REFUSED = "refused"  # the hub refuses it: it is set aside
    AT_HUB = "at_hub"  # the desk of the visit has not said yet that it has it
    TAKEN = "taken"  # the desk of the visit has it
    LATER = "later"  # another desk was faster: ours waits for a person
    SETTLED = "settled"  # another desk was faster, and a person has decided about ours


@dataclass(frozen=True, slots=True)
class VisitAtHub:
    """A visit of another desk as it stands at the hub."""

    visit: HubVisit
    record: Mapping[str, Any] | None = field(repr=False)  # None: the hub has no record
    digest: str
    last_desk: int | None  # whose change is the newest one
    digests: Mapping[int, str]  # of all versions
    waiting: frozenset[str]  # the digests of versions that wait for a person
    earlier: Sequence[VisitVersion] = field(repr=False)  # oldest first, as far as they can be read

    def as_visit(self) -> Visit:
        """Return it as the forms of the logbook take a visit.

        Raises ValueError without a record.
        """
        known = self.visit.confirmed
        if known is None:
            raise ValueError("the hub has no record")
        values = {name: getattr(known, name) for name in NewVisit.__dataclass_fields__}
        return Visit(
            **values,
            row=0,
            id=self.visit.id,
            ticket=0,
            ticket_label=self.visit.ticket,
            ticket_id=0,
            insurer_state=self.visit.insurer_state,
            transaction_code=None,
            message=None,
            version=self.visit.version,
            cancelled_at=self.visit.cancelled_at,
        )


def read_visit(rows: Rows, facility: str, source: str, visit_id: str) -> VisitAtHub | None:
    """Return a visit as it stands at the hub. None if this login cannot see it.

    `source` is one of those of `kiosk.hub.search`.
    """
    day = day_of(visit_id)
    if day is None:
        return None
    values = {"facility": facility, "day": day, "visit": visit_id}
    found = list(rows(SELECT_VISIT.format(columns=COLUMNS, source=source), values))
    if not found:
        return None
    of_versions = "hub.visit_version" if source == ALL_DAYS else "hub.lately_version"
    versions = list(rows(SELECT_VERSIONS.format(source=of_versions), values))
    record = json.loads(found[0]["record"]) if found[0]["record"] else None
    return VisitAtHub(
        visit=hub_visit(found[0]),
        record=record if isinstance(record, dict) else None,
        digest=found[0]["digest"],
        last_desk=found[0]["last_desk"],
        digests={row["version"]: row["digest"] for row in versions},
        waiting=frozenset(row["digest"] for row in rows(SELECT_WAITING, values)),
        earlier=_earlier(versions),
    )


def _earlier(rows: Sequence[Mapping[str, Any]]) -> list[VisitVersion]:
    """Return the versions before the newest; each says why and by whom it was replaced."""
    earlier = []
    for row, following in pairwise(rows):
        known = record_of(row["record"])
        if known is not None:
            earlier.append(
                VisitVersion(
                    row["version"],
                    known,
                    following["written_at"],
                    following["why"],
                    following["author"],
                )
            )
    return earlier


def obstacle(
    at_hub: VisitAtHub,
    own_desk: int,
    sends_records: bool,
    state: ChangeState | None,
) -> ChangeObstacle | None:
    """Return why a visit cannot be changed at the desk `own_desk`. None if it can.

    `sends_records` is whether this desk's records go up, `state` what became of the last change
    that was made here.
    """
    visit = at_hub.visit
    if visit.confirmed is None or at_hub.record is None or not sends_records:
        return ChangeObstacle.NO_RECORD
    if visit.desk == own_desk:
        return ChangeObstacle.OWN
    if visit.cancelled_at is not None:
        return ChangeObstacle.CANCELLED
    if state in (ChangeState.WAITS, ChangeState.REFUSED):
        return ChangeObstacle.WAITS
    return None


def state_of_change(
    written: WrittenChange, at_hub: VisitAtHub | None, is_sent: bool, is_refused: bool
) -> ChangeState:
    """Return what has become of a change that was made here.

    `at_hub` is None if the hub gives no answer; `is_sent` is whether the hub has said before that
    it has this entry of our journal, `is_refused` whether the entry was set aside.
    """
    if is_refused:
        return ChangeState.REFUSED
    if at_hub is None:
        return ChangeState.AT_HUB if is_sent else ChangeState.WAITS
    change = written.change
    there, ours = at_hub.digests.get(change.version), digest_of(json.loads(change.record))
    if there == ours:
        is_taken = at_hub.last_desk == change.owner
        return ChangeState.TAKEN if is_taken else ChangeState.AT_HUB
    if there is None or not is_sent:
        return ChangeState.WAITS
    return ChangeState.LATER if ours in at_hub.waiting else ChangeState.SETTLED


def make_change(
    at_hub: VisitAtHub,
    after: NewVisit | None,
    now: datetime,
    author: str,
    why: str,
) -> ChangeMade:
    """Return the next version of a visit: as `after` says, or (None) cancelled now.

    Raises ValueError if the hub has no record of the visit.
    """
    visit, before = at_hub.visit, at_hub.visit.confirmed
    if at_hub.record is None or before is None:
        raise ValueError("the hub has no record")
    record = dict(at_hub.record)
    if after is None:
        record["cancelled_at"] = to_utc_text(now)
    else:
        was, becomes = json.loads(visit_record(before)), json.loads(visit_record(after))
        for name in was.keys() | becomes.keys():
            if name not in becomes:
                record.pop(name, None)
            elif was.get(name) != becomes[name]:
                record[name] = becomes[name]
    return ChangeMade(
        visit=visit.id,
        version=visit.version + 1,
        owner=visit.desk,
        parent=at_hub.digest,
        ticket=visit.ticket,
        person=str(record.get("person", "")),
        record=json.dumps(record, ensure_ascii=False, separators=(",", ":")),
        at=now,
        author=author,
        why=why,
    )
