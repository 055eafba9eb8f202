"""The lane down: what other desks record comes from the hub into this desk's mirror.

1.  Listen for notices, where the engine has them.  Ask how far the hub has each stream of the
    facility (`acked_seq`).  A mirror without cursors takes these for its own, and then fetches all
    of yesterday and today.
2.  Of streams that have moved, fetch the rows behind our cursor, at most `MAX_ROWS` of each.  If a
    stream has fewer, its cursor moves to the `acked_seq` of step 1: rows and `acked_seq` are one
    commit at the hub, so nothing below can still come.  Rows that another stream has overtaken, or
    that are too old to be seen, hold nothing up.  Visits of *this* desk that another desk has
    changed may be of any day: they are asked for each `OURS_INTERVAL_S`, with cursors in memory.
3.  Rows and cursors go into the mirror, in one transaction of its file.  Changed visits of this
    desk go into the logbook, under its version check (`own_visits`).
4.  Wait for a notice, at most `POLL_S`; then linger, so that a busy morning is one question in a
    while and not one a visit.  How long is random: a notice reaches all desks at once, which should
    not all ask at once.  A notice is a hint only: one that is lost costs `POLL_S`.

Streams of this desk are followed too: for visits of others that this desk has changed, and for ours
that another desk changed before the state of our message came up.  If the hub
goes back (a failover, a restored hub), our cursors stay: what is sent again has the same places.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from typing import Any

from kiosk.errors import SettingsError
from kiosk.hub.connection import HubConnection
from kiosk.hub.down_statements import (
    SELECT_DAYS,
    SELECT_NEW,
    SELECT_OURS,
    SELECT_OURS_LATELY,
    SELECT_STREAMS,
)
from kiosk.hub.errors import HubBusy, HubError, HubUnreachable
from kiosk.hub.others import DeskNews, Others, RoundNews
from kiosk.hub.others_file import MirroredVisit
from kiosk.hub.own_visits import OwnVisits
from kiosk.logbook import all_spellings

log = logging.getLogger(__name__)

POLL_S = 1.0  # a lost notice is noticed after that
LINGER_S = 0.4, 1.0  # after a notice, so that what all desks write is fetched together
OURS_INTERVAL_S = 5.0  # between two questions for our visits that others have changed
MAX_NUMBERS, MAX_NUMBER = 20, 40  # of a person; letters and digits of one
MAX_ROWS = 500  # of a stream in one round
PAGE_ROWS = 2_000  # of the days, at a first fetch
OURS_SINCE = timedelta(days=31)  # how old a changed visit of ours may be, at a first fetch
FIRST_PAUSE_S, LAST_PAUSE_S = 0.5, 8.0  # before connecting again
REFUSED_PAUSE_S = 30.0  # while a person has to act


class LaneDown:
    """The lane down. `run` is the loop of its thread; the mirror belongs to it alone."""

    def __init__(
        self,
        others: Others,
        own: OwnVisits,
        connected: Callable[[], AbstractContextManager[HubConnection]],
        clock: Callable[[], datetime],
    ) -> None:
        """`connected` gives a connection as this desk for a block, or raises a HubError.

        `clock` is ours, aware.
        """
        self._others, self._own = others, own
        self._connected, self._clock = connected, clock
        self._trouble = ""
        self._timeline: str | None = None  # of the server that was followed last
        # Like the mirror's cursors, for our visits that others have changed; in memory only.
        self._ours_at: dict[str, int] = {}

    def run(self, stop: threading.Event) -> None:
        """Follow the hub until `stop` is set; connect again whenever that fails."""
        pause_s = FIRST_PAUSE_S
        while not stop.is_set():
            try:
                with self._connected() as connection:
                    pause_s = FIRST_PAUSE_S
                    self._follow(connection, stop)
            except (HubError, SettingsError) as exc:
                self._note_trouble(exc, stop)
                self._others.remove_old(self._clock())
                can_wait = isinstance(exc, HubUnreachable | HubBusy)
                stop.wait((pause_s if can_wait else REFUSED_PAUSE_S) * random.uniform(0.5, 1))
                pause_s = min(2 * pause_s, LAST_PAUSE_S)
        self._others.close()

    def _follow(self, hub: HubConnection, stop: threading.Event) -> None:
        hears = hub.listen()
        ours_due_s = 0.0
        while not stop.is_set():
            with_ours = time.monotonic() >= ours_due_s
            try:
                has_more = self.round(hub, with_ours)
            except HubBusy:
                has_more = False
            else:
                if with_ours and not has_more:
                    ours_due_s = time.monotonic() + OURS_INTERVAL_S
            self._note_answer()
            if has_more:
                continue
            if not hears:
                stop.wait(POLL_S)
            elif hub.wait(POLL_S):
                stop.wait(random.uniform(*LINGER_S))

    def round(self, hub: HubConnection, with_ours: bool = True) -> bool:
        """Do steps 1 to 3 once; return whether there is more to fetch now.

        `with_ours` asks for our visits that others have changed.  Raises a HubError; then nothing
        of the round was taken.
        """
        now = self._clock()
        streams = hub.rows(SELECT_STREAMS, {"facility": hub.facility})
        hub_at: datetime = streams[0]["hub_at"]
        reached = {row["stream"]: row["acked_seq"] for row in streams if row["stream"]}
        first_day = self._others.first_day(now, hub_at)
        values = {"facility": hub.facility, "desk": hub.desk, "first_day": first_day}
        cursors = self._others.cursors()
        ours: _Rows = []
        ours_moved: dict[str, int] = {}
        # After a failover rows come up again, in another order than before, which no cursor can
        # know: all days are fetched.  What is here already stays: its desk brings it again.
        if cursors is None or hub.timeline != self._timeline:
            visits, ours = self._days(hub, values)
            moved = ours_moved = reached
            if ours_at := self._ours_at or cursors:  # older than `OURS_SINCE`
                older, ours_moved = self._new(hub, SELECT_OURS, values, ours_at, reached)
                ours += older
        else:
            visits, moved = self._new(hub, SELECT_NEW, values, cursors, reached)
            if with_ours:
                ours, ours_moved = self._new(hub, SELECT_OURS, values, self._ours_at, reached)
        self._others.take(
            RoundNews(
                hub_at=hub_at,
                desks=self._desks(streams, hub.desk),
                visits=[_mirrored(row) for row in visits if row["id"]],
                cursors=moved,
                ours={row["id"]: row["version"] for row in ours},
                is_whole=cursors is None,
            ),
            now,
        )
        self._timeline = hub.timeline
        self._ours_at |= ours_moved
        for visit_id in self._own.due(self._others.ours(), now):
            if self._own.take_over(hub, visit_id, now):
                self._others.settle(visit_id, now)
        return any(
            seq < reached[stream] for at in (moved, ours_moved) for stream, seq in at.items()
        )

    @staticmethod
    def _new(
        hub: HubConnection,
        sql: str,
        values: dict[str, Any],
        cursors: Mapping[str, int],
        reached: Mapping[str, int],
    ) -> tuple[_Rows, dict[str, int]]:
        """Return the rows behind `cursors` of streams that have moved, and where those move to."""
        at = {stream: cursors.get(stream, 0) for stream in reached}
        moved = {stream: seq for stream, seq in reached.items() if seq > at[stream]}
        if not moved:
            return [], {}
        keys = {"streams": list(moved), "at": [at[stream] for stream in moved], "limit": MAX_ROWS}
        rows = hub.rows(sql, values | keys)
        for stream in moved:
            seqs = [row["seq"] for row in rows if row["stream"] == stream]
            if len(seqs) >= MAX_ROWS:
                moved[stream] = min(moved[stream], max(seqs))
        return rows, moved

    @staticmethod
    def _days(hub: HubConnection, values: dict[str, Any]) -> tuple[_Rows, _Rows]:
        """Return all rows of others since `first_day`, page by page, and changed ones of ours."""
        first: date = values["first_day"]
        day, last_id = first, ""
        found: list[dict[str, Any]] = []
        while True:
            place = {"day": day, "id": last_id, "limit": PAGE_ROWS}
            page = hub.rows(SELECT_DAYS, values | place)
            found += page
            if len(page) < PAGE_ROWS:
                break
            day, last_id = page[-1]["day"], page[-1]["id"]
        return found, hub.rows(SELECT_OURS_LATELY, values | {"day": first - OURS_SINCE})

    def _desks(self, streams: Iterable[dict[str, Any]], own: int) -> list[DeskNews]:
        """Return the other desks of the facility; of several streams of one, the newest counts."""
        found: dict[int, DeskNews] = {}
        for row in sorted(streams, key=_last_seen):
            if row["desk"] == own:
                continue
            found[row["desk"]] = DeskNews(
                row["desk"],
                row["name"],
                row["seen_at"],
                row["complete_at"],
                row["skew_ms"],
                row["is_retired"],
            )
        return list(found.values())

    def _note_trouble(self, exc: Exception, stop: threading.Event) -> None:
        """Log why the hub is not reached, once for each reason."""
        words = f"{type(exc).__name__}: {exc}"
        if words != self._trouble and not stop.is_set():
            log.warning("the other desks are not known any more: %s", words)
        self._trouble = words

    def _note_answer(self) -> None:
        if self._trouble:
            log.info("the other desks are known again")
        self._trouble = ""


_Rows = list[dict[str, Any]]


def _mirrored(row: dict[str, Any]) -> MirroredVisit:
    """Return a row of the hub as the mirror keeps it: without the name and all other details."""
    numbers = [row["person"], row["number"], row["card_number"], row["citizen_number"]]
    numbers += _numbers_in(row["other_numbers"])
    return MirroredVisit(
        id=row["id"],
        day=row["day"],
        version=row["version"],
        desk=row["desk"],
        arrived_at=row["arrived_at"],
        room=row["room"],
        ticket=row["ticket"],
        is_cancelled=row["is_cancelled"],
        numbers=tuple(sorted(all_spellings(filter(None, numbers)))),
    )


def _last_seen(row: dict[str, Any]) -> datetime:
    """Return the last sign of life of a stream, for sorting."""
    seen_at: datetime | None = row["seen_at"]
    return seen_at or datetime.min.replace(tzinfo=UTC)


def _numbers_in(others: object) -> list[str]:
    """Return further numbers of a person; whatever else a record has in their place is left out."""
    found = [each.get("number") for each in _listed(others) if isinstance(each, dict)]
    return [number[:MAX_NUMBER] for number in found if isinstance(number, str)]


def _listed(value: object) -> list[object]:
    return value[:MAX_NUMBERS] if isinstance(value, list) else []
