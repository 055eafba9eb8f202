"""The lane up: what is in this desk's journal goes to the hub, in order, once.

1.  Connect; begin the stream if it is new; ask how far the hub has it.  The journal must have the
    same mark there: otherwise the logbook was restored or copied, and is healed
    (`kiosk.hub.healing`).
2.  Read at most BATCH entries behind that.  None: wait.
3.  In one transaction: lock the stream.  If the hub has come to another place, go on from there.
4.  Insert the versions.
5.  What was not taken: the same digest is there already; another one is kept as divergent.
6.  Bring the visits themselves up to date, each half (record, message) by its own number.  What we
    changed in a visit of a retired desk is queued for the desk that takes over from that.
7.  Move the acknowledgement, and say that something changed.  Nothing is noted at the desk.

What fails:

- The hub was busy: the transaction again after a random pause.
- It went away: connect again, back at 1.  Whether a commit was done, it says itself.
- It refuses a row (22…, 23…): the batch is halved until the row is alone; that row is set aside
  with the SQLSTATE, and the others go on.  42… is about a statement, so that every row would be
  refused: the lane waits and says so.
- After an outage the lane is gentle, so that its desk does not notice: after a full batch it rests
  REST times as long as it worked, and for about MIN_REST_S at least.  Rows of yesterday and today
  go down to all other desks, which come back at the same time: after those it rests for about
  DOWN_REST_S at least.  Each rest varies by a quarter, so that desks do not work in step.
"""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from kiosk.hub.connection import HubConnection
from kiosk.hub.errors import HubBusy, HubError, HubRefused, HubUnreachable
from kiosk.hub.journal import WITHHELD, UpBatch, digest_of, read_batch
from kiosk.hub.streams import HoldReason, SetAsideRow, StreamFile
from kiosk.hub.up_statements import (
    BEGIN_STREAM,
    EARLIER_STREAMS,
    END_OLD_TWINS,
    END_STREAM,
    HAND_TO_TAKER,
    INSERT_VERSIONS,
    KEEP_DIVERGENT,
    LIVE_TWINS,
    LOCK_STREAM,
    MOVE_ACK,
    QUEUE_OF_RETIRED,
    SELECT_NOT_TAKEN,
    SELECT_STREAM,
    SET_PERSONS,
    TOUCH_STREAM,
    UPDATE_STATES,
    UPSERT_VISITS,
)
from kiosk.logbook import NO_ENTRY, HubJournal, JournalMark
from verify import clinic_day

log = logging.getLogger(__name__)

BATCH = 50  # entries
REST = 4.0  # times as long as a full batch took
REST_VARIES = 0.75, 1.25  # times a rest, at random
MIN_REST_S = 0.8  # after a full batch
DOWN_REST_S = 2.0  # … with rows that go down to all other desks
TOUCH_INTERVAL_S = 5.0  # between two signs of life while there is nothing to send
MAX_AGAIN = 100  # rows that were set aside and are tried again with a connection
KNOWS_SENDING = 2  # the step of the hub from which on desks may send for retired ones
MAX_TRIES = 8  # of a transaction for which the hub is busy
FIRST_PAUSE_S = 0.02  # before the second try, at most; doubled each time
ROW_CLASSES = ("22", "23")  # of SQLSTATEs that are about a row


class StreamLost(HubError):
    """The hub's place in our stream is not in our journal: the logbook is another one."""

    def __init__(self, reason: HoldReason, why: str) -> None:
        super().__init__(why)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class UpProgress:
    """How far the lane has come. `skew_ms` is the hub's clock minus ours; None: not measured."""

    acked: JournalMark = NO_ENTRY
    waiting: int = 0  # entries behind that
    skew_ms: int | None = None
    divergent: int = 0  # versions that were kept as divergent since the start
    has_twin: bool = False  # another program works as this desk


class LaneUp:
    """The lane up of one connection after another; one thread uses it."""

    def __init__(
        self,
        journal: HubJournal,
        streams: StreamFile,
        clock: Callable[[], datetime],
        with_records: bool,
        program: str,
    ) -> None:
        """`clock` returns our time (aware). `program` is the version of this program."""
        self._journal, self._streams, self._clock = journal, streams, clock
        self._with_records, self._program = with_records, program
        self._limit = BATCH
        self._goes_down = False  # the last batch had rows that the other desks fetch
        self._touched_s = 0.0
        self._stream = ""
        self.progress = UpProgress()

    def begin(self, hub: HubConnection) -> None:
        """Do step 1 on a new connection. Raises StreamLost if the logbook has to be healed."""
        notes = self._streams.read()
        self._stream, self._touched_s = notes.id, 0.0
        values = self._values(hub) | {"ends": notes.ends or notes.id}
        with hub.transaction():
            is_new = hub.execute(BEGIN_STREAM, values) == 1
            if notes.ends:
                hub.execute(END_STREAM, values)
        if is_new and notes.hold is None and hub.rows(EARLIER_STREAMS, values):
            # Our disk was lost: what was sent is not known here, but there.
            self._streams.change(hold=HoldReason.UNKNOWN, held_since=self._clock())
        if notes.ends:
            self._streams.change(ends="")
        at = self._compared(hub.rows(SELECT_STREAM, values))
        self._progress(acked=at, waiting=self._journal.count_after(at.seq))
        self._streams.note_acked(at, self._clock(), at_once=True)
        self.touch(hub)

    def send_some(self, hub: HubConnection) -> int:
        """Send the next batch; return how many entries it had.

        Raises StreamLost, and what the hub raises; then connect again and `begin`.
        """
        at = self.progress.acked
        entries = self._journal.after(at.seq, self._limit)
        if not entries:
            self._progress(waiting=0)
            return 0
        batch = read_batch(entries, self._with_records)
        lately = (clinic_day(self._clock()) - timedelta(days=1)).isoformat()
        self._goes_down = any(str(row.values["day"]) >= lately for row in batch.rows)
        for row in batch.unsendable:
            self._set_aside(SetAsideRow(row.seq, row.visit, row.version, row.why, self._clock()))
        try:
            reached = self._patiently(hub, at, batch)
        except HubBusy:
            if len(entries) == 1:
                raise
            self._limit = len(entries) // 2  # a version alone is taken, or kept for a person
            return self.send_some(hub)
        except HubRefused as exc:
            if exc.sqlstate[:2] not in ROW_CLASSES:
                raise
            if len(entries) > 1:
                self._limit = len(entries) // 2
                return self.send_some(hub)
            batch = self._without_its_row(batch, exc)
            reached = self._patiently(hub, at, batch)
        self._limit = min(BATCH, 2 * self._limit)
        self._progress(acked=reached, waiting=self._journal.count_after(reached.seq))
        self._streams.note_acked(reached, self._clock())
        return len(entries)

    def rest_s(self, worked_s: float) -> float:
        """Return how many seconds to rest after a full batch that took `worked_s`; it is random."""
        rest_s = max(REST * worked_s, DOWN_REST_S if self._goes_down else MIN_REST_S)
        return rest_s * random.uniform(*REST_VARIES)

    def send_again(self, hub: HubConnection) -> int:
        """Try the rows that were set aside once more, each alone; return how many the hub took."""
        taken: set[int] = set()
        for row in self._streams.read().set_aside[:MAX_AGAIN]:
            entries = self._journal.after(row.seq - 1, 1)
            if not entries or entries[0].mark.seq != row.seq:
                continue
            batch = read_batch(entries, self._with_records)
            if batch.unsendable:
                continue
            try:
                self._patiently(
                    hub, self.progress.acked, UpBatch(self.progress.acked, batch.rows, ())
                )
            except HubRefused:
                continue
            taken.add(row.seq)
        self._streams.take_back(taken)
        return len(taken)

    def note_end(self) -> None:
        """Note how far the hub has come, at the end of a connection. Raises OSError."""
        self._streams.note_acked(self.progress.acked, self._clock(), at_once=True)

    def touch(self, hub: HubConnection) -> None:
        """Give a sign of life, at most each TOUCH_INTERVAL_S; measure the clock; look for a twin.

        Raises StreamLost if somebody has ended the stream.
        """
        now_s = time.monotonic()
        if self._touched_s and now_s - self._touched_s < TOUCH_INTERVAL_S:
            return
        waiting = self._journal.count_after(self.progress.acked.seq)
        values = self._values(hub)
        found = hub.rows(TOUCH_STREAM, values | {"is_all": waiting == 0})
        if not found:
            raise StreamLost(HoldReason.ENDED, "the hub says that our stream has ended")
        hub.execute(END_OLD_TWINS, values)
        twins = hub.rows(LIVE_TWINS, values)[0]["n"]
        self._touched_s = now_s
        self._progress(skew_ms=found[0]["clock_skew_ms"], has_twin=twins > 0)
        self._streams.note_acked(self.progress.acked, self._clock())

    def _patiently(self, hub: HubConnection, at: JournalMark, batch: UpBatch) -> JournalMark:
        """Send a batch, again while the hub is busy; return how far the hub is then."""
        for tries in range(MAX_TRIES):
            try:
                return self._send(hub, at, batch)
            except HubBusy:
                if tries == MAX_TRIES - 1:
                    raise
                time.sleep(random.uniform(0, FIRST_PAUSE_S * 2**tries))
        raise AssertionError

    def _send(self, hub: HubConnection, at: JournalMark, batch: UpBatch) -> JournalMark:
        values = self._values(hub)
        divergent = 0
        with hub.transaction():
            there = self._compared(hub.rows(LOCK_STREAM, values))
            if there != at:
                return there
            if batch.rows:
                divergent = self._write(hub, values, batch)
            waiting = self._journal.count_after(batch.end.seq)
            values |= {"seq": batch.end.seq, "hash": batch.end.hash, "is_all": waiting == 0}
            hub.execute(MOVE_ACK, values)
            if batch.rows:
                hub.notify()
        if divergent:
            log.warning("%d versions of visits were changed elsewhere meanwhile", divergent)
            self._progress(divergent=self.progress.divergent + divergent)
        return batch.end

    def _write(self, hub: HubConnection, values: dict[str, Any], batch: UpBatch) -> int:
        """Do steps 4 to 6; return how many versions are divergent.

        Raises HubBusy if another desk came between the first of our versions and the next.
        """
        versions = [row.values | {"seq": row.seq} for row in batch.rows if row.version]
        states = [row.values | {"seq": row.seq} for row in batch.rows if not row.version]
        if not versions:
            values |= {"states": _json(states), "count": len(states)}
            hub.execute(UPDATE_STATES, values)
            return 0
        values |= {"rows": _json(versions), "states": _json(states), "count": len(states)}
        statements = [(INSERT_VERSIONS, values), (UPSERT_VISITS, values)]
        if any(row.version > 1 for row in batch.rows):
            statements.append((SET_PERSONS, values))
        if states:
            statements.append((UPDATE_STATES, values))
        taken = hub.batch(statements)[0]
        self._hand_over(hub, values, versions, taken)
        if len(taken) == len(versions):
            return 0
        lost = {(row["visit"], row["version"]) for row in hub.rows(SELECT_NOT_TAKEN, values)}
        if not lost:
            return 0
        first = {visit: min(v for i, v in lost if i == visit) for visit, _ in lost}
        if any(row["version"] > first.get(row["visit"], row["version"]) for row in taken):
            raise HubBusy("another desk has changed the visit in between")
        kept = [row for row in versions if (row["visit"], row["version"]) in lost]
        secret = {"withheld": digest_of(WITHHELD)}
        hub.execute(KEEP_DIVERGENT, values | secret | {"rows": _json(kept)})
        return len(kept)

    @staticmethod
    def _hand_over(
        hub: HubConnection,
        values: dict[str, Any],
        versions: list[dict[str, Any]],
        taken: list[dict[str, Any]],
    ) -> None:
        """Let changes of a retired desk's visits be sent by the desk that takes over from it."""
        new = {(row["visit"], row["version"]) for row in taken}
        made = [
            {name: row[name] for name in ("day", "visit", "version")}
            for row in versions
            if row.get("owner") is not None and (row["visit"], row["version"]) in new
        ]
        if made and hub.step >= KNOWS_SENDING:
            more = values | {"made": _json(made)}
            hub.batch([(QUEUE_OF_RETIRED, more), (HAND_TO_TAKER, more)])

    def _compared(self, found: list[dict[str, Any]]) -> JournalMark:
        """Return the place where the hub is, which must be in our journal."""
        if not found:  # the hub was restored, or is another one: `begin` makes the stream again
            raise HubUnreachable("the hub does not know our stream any more")
        row = found[0]
        if row["is_ended"]:
            raise StreamLost(HoldReason.ENDED, "the hub says that our stream has ended")
        there = JournalMark(row["acked_seq"], bytes(row["acked_chain"]))
        mine = self._journal.mark_at(there.seq)
        if mine is None:
            raise StreamLost(
                HoldReason.RESTORED,
                f"the hub has {there.seq} entries of us, and we have {self._journal.newest().seq}",
            )
        if mine != there:
            raise StreamLost(
                HoldReason.RESTORED, f"entry {there.seq} is another one here than at the hub"
            )
        return there

    def _without_its_row(self, batch: UpBatch, why: HubRefused) -> UpBatch:
        """Set the only row of a batch aside; return the batch without it."""
        for row in batch.rows:
            self._set_aside(
                SetAsideRow(row.seq, row.visit, row.version, why.sqlstate, self._clock())
            )
        return UpBatch(batch.end, (), batch.unsendable)

    def _set_aside(self, row: SetAsideRow) -> None:
        if not self._streams.set_aside(row):
            raise HubRefused("the hub refuses too many rows: nothing more is set aside", row.why)
        log.error("entry %d of the journal is set aside: %s", row.seq, row.why)

    def _values(self, hub: HubConnection) -> dict[str, Any]:
        return {
            "facility": hub.facility,
            "desk": hub.desk,
            "stream": self._stream,
            "program": self._program,
            "step": hub.step,
            "now": self._clock(),
        }

    def _progress(self, **changes: Any) -> None:
        self.progress = replace(self.progress, **changes)


def _json(rows: list[dict[str, Any]]) -> str:
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
