"""Two desks made the same version of a visit: the first at the hub has the number.

1.  The lane up keeps ours beside it (`hub.divergent`), and what we made of it afterwards as well.
2.  When the lane has nothing left to send, the two are brought together, field by field, from the
    version that both were made of.  Where only one of them changed a field, that change holds.
3.  If no field was changed in two ways, the result is the visit's next version, and is settled.
4.  Otherwise our logbook takes the hub's version as the next one, so that all desks have the same,
    and ours waits in the tray of the facility for a person.
5.  Such a version says so in its reason (JOINED, TAKEN), by which the lane knows that it does not
    follow from ours alone.
6.  A visit that became a state secret here stays one, whatever another desk has changed: both are
    joined, and where both changed a field, ours holds.  The hub then has nothing to choose from.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from kiosk.hub.connection import HubConnection
from kiosk.hub.journal import JOINED, LOCAL, TAKEN, WITHHELD, outgoing_record
from kiosk.logbook import (
    SYSTEM,
    FetchedVersion,
    FetchedVisits,
    MessageState,
    StillSending,
    to_utc_text,
)

log = logging.getLogger(__name__)

MAX_AT_ONCE = 50  # visits
SELECT_WAITING = """
select visit, day, min(version) as first, max(version) as last from hub.divergent
where facility = %(facility)s and desk = %(desk)s and settled_at is null
group by visit, day order by max(found_at) desc, visit limit %(limit)s
"""
SELECT_NEWEST = """
select version, record::text as record, brought_by, state_seq, insurer_state, insurer_code,
    insurer_transaction
from hub.own where day = %(day)s and visit = %(visit)s order by version desc limit 1
"""
SETTLE = """
update hub.divergent set settled_at = clock_timestamp() where facility = %(facility)s
and visit = %(visit)s and desk = %(desk)s and settled_at is null
"""
WAITS = MessageState(0, "queued", None, None)
Fields = dict[str, Any]


def joined(base: Fields, theirs: Fields, ours: Fields) -> Fields | None:
    """Return both changes of a record together; None if they changed a field in two ways.

    What only one logbook knows (LOCAL) stays as it is in ours.
    """
    result: Fields = {}
    for name in base.keys() | theirs.keys() | ours.keys():
        before, there, here = base.get(name), theirs.get(name), ours.get(name)
        if name in LOCAL or there == before:
            side = ours
        elif here in (before, there):
            side = theirs
        else:
            return None
        if name in side:
            result[name] = side[name]
    return result


class Divergence:
    """Brings versions of this desk's visits together with those that came first."""

    def __init__(self, visits: FetchedVisits, clock: Callable[[], datetime]) -> None:
        self._visits, self._clock = visits, clock
        self._left: set[tuple[str, int]] = set()  # that wait for a person, by visit and version

    def run(self, hub: HubConnection) -> int:
        """Bring together what waits, once all of ours is at the hub; return how many visits.

        Raises what the hub raises, NotRecorded and LogbookUnavailable.
        """
        values = {"facility": hub.facility, "desk": hub.desk, "limit": MAX_AT_ONCE}
        done = 0
        for row in hub.rows(SELECT_WAITING, values):
            if (row["visit"], row["last"]) in self._left:
                continue
            try:
                is_done = self._bring_together(hub, row, values)
            except StillSending:
                continue  # the next time
            except (KeyError, ValueError, TypeError, AttributeError) as exc:
                log.error("%s cannot be brought together (%s)", row["visit"], type(exc).__name__)
                is_done = False
            self._left.add((row["visit"], row["last"]))
            done += is_done
        return done

    def _bring_together(
        self, hub: HubConnection, row: dict[str, Any], values: dict[str, object]
    ) -> bool:
        visit, key = row["visit"], {"day": row["day"], "visit": row["visit"]}
        known = self._visits.known([visit]).get(visit)
        found = hub.rows(SELECT_NEWEST, key)
        if known is None or not found or found[0]["record"] is None:
            return False
        if known.version > row["last"]:  # it was brought together, and then the program ended
            if self._visits.reason_of(visit, known.version) == JOINED:
                hub.execute(SETTLE, values | key)
            return False
        before = self._visits.record_of(visit, row["first"] - 1)
        theirs, ours = json.loads(found[0]["record"]), outgoing_record(known.record, None)
        is_secret = ours == WITHHELD
        if is_secret:
            ours = json.loads(known.record)
        cancelled_at = theirs.get("cancelled_at") or (known.cancelled_at if is_secret else None)
        is_cancelled = bool(cancelled_at or known.cancelled_at)
        both = (
            None
            if before is None or (is_cancelled and not is_secret)
            else joined(outgoing_record(before, None), theirs, ours)
        )
        if is_secret and both is None:
            both = ours
        now = self._clock()
        following = FetchedVersion(
            version=max(known.version, found[0]["version"]) + 1,
            record=json.dumps(both or theirs, ensure_ascii=False),
            written_at=to_utc_text(now),
            why=JOINED if both else TAKEN,
            author=SYSTEM,
            cancelled_at=cancelled_at,
        )
        is_new = both or found[0]["brought_by"] != hub.desk  # we have never sent it
        message = WAITS if is_new else _state(found[0])
        if not self._visits.follow(
            visit, known.version, [following], message, now, may_be_sending=True
        ):
            return False
        if both:
            hub.execute(SETTLE, values | key)
        return True


def _state(row: dict[str, Any]) -> MessageState:
    return MessageState(
        row["state_seq"], row["insurer_state"], row["insurer_code"], row["insurer_transaction"]
    )
