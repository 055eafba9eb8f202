"""What the other desks of this facility have recorded yesterday and today.

1. The desk asks here, and never the network: all rows are in memory.  The file beside them
   (`others_file`) is for the next start.
2. Only the lane down writes.  What cannot be written to the file stays in memory, and the whole
   file is written when that is possible again.
3. Visits of days before yesterday are removed.  If days have passed since the last fetch, or the
   clock has jumped, all is forgotten and fetched again: nobody knows then which rows are old.
4. A visit counts for today if it is of today by the day that its desk wrote, or by the hub's
   clock; the same holds for what today is.  So a desk whose clock is wrong near midnight hides no
   visit.
5. Another desk is current if it had sent all to the hub within `ALIVE_S`, and we were in touch with
   the hub within `REACHED_S`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from kiosk.hub.others_file import (
    MirrorChange,
    MirroredDesk,
    MirroredVisit,
    MirrorLink,
    MirrorRows,
    OthersFile,
    troubles,
)
from kiosk.logbook import DeskAsOf, OtherDesksState, VisitAtOtherDesk
from kiosk.runtime import sqlite
from kiosk.runtime.file_key import FileKey
from verify import clinic_day

log = logging.getLogger(__name__)

ALIVE_S = 30.0  # a desk that was not in touch with the hub for longer may have recorded visits
REACHED_S = 10.0  # the hub is asked every second
WRITE_INTERVAL_S = 10.0  # of how far the other desks are known
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DeskNews:
    """What the hub says of another desk."""

    id: int
    name: str
    seen_at: datetime | None  # aware, by the hub's clock: its last sign of life
    complete_at: datetime | None  # aware, by the hub's clock: all that it had recorded was sent
    skew_ms: int = 0  # the hub's clock minus the desk's
    is_retired: bool = False


@dataclass(frozen=True, slots=True)
class RoundNews:
    """What one round of the lane has fetched."""

    hub_at: datetime  # aware: when the hub was asked, by its clock
    desks: Sequence[DeskNews]  # all others of the facility
    visits: Iterable[MirroredVisit] = ()
    cursors: Mapping[str, int] = field(default_factory=dict)  # those that have moved
    ours: Mapping[str, int] = field(default_factory=dict)  # by own visit: the version at the hub
    is_whole: bool = False  # all of yesterday and today was fetched, not what is new


class Others:
    """The mirror of the other desks.  Any thread may ask; only the lane's thread changes it."""

    def __init__(self, path: Path, facility: str, key: FileKey | None = None) -> None:
        """Open the file at `path`, and read what it has of a facility.

        `key` is that of the logbook; None: neither is encrypted.  A file that cannot be read is
        taken for empty: all is fetched from the hub again.
        """
        self._file = OthersFile(path, key)
        self._lock = threading.Lock()  # guards the rows and the index
        self._by_number: dict[str, set[str]] = {}
        self._is_file_behind = False  # something is in memory only: the whole file is to be written
        self._has_trouble = False  # and it was logged
        self._desks_written_at: datetime | None = None
        try:
            self._rows = self._file.read(facility)
        except troubles() as exc:
            self._note_trouble(exc)
            self._rows = MirrorRows(MirrorLink(facility))
        self._index(self._rows.visits.values())

    # What the desk asks.

    def here_today(self, numbers: Collection[str], now: datetime) -> VisitAtOtherDesk | None:
        """Return a person's last visit on the clinic's day of `now` (aware) at another desk."""
        with self._lock:
            days = self._today(now)
            found = [
                visit
                for number in numbers
                for each in self._by_number.get(number, ())
                for visit in [self._rows.visits[each]]
                if not visit.is_cancelled and not days.isdisjoint(self._days_of(visit))
            ]
            if not found:
                return None
            newest = max(found, key=lambda visit: (visit.arrived_at, visit.id))
            desk = self._rows.desks.get(newest.desk)
        return VisitAtOtherDesk(
            id=newest.id,
            desk=desk.name if desk else str(newest.desk),
            arrived_at=newest.arrived_at,
            room=newest.room,
            ticket_label=newest.ticket,
        )

    def state(self, now: datetime) -> OtherDesksState:
        """Return how much is known of the other desks at `now` (aware)."""
        with self._lock:
            asked_at = None if self._rows.cursors is None else self._rows.link.asked_at
            desks = [desk for desk in self._rows.desks.values() if not desk.is_retired]
        is_reached = _is_within(asked_at, now, REACHED_S)
        as_of = tuple(_as_of(desk, asked_at, is_reached, now) for desk in desks)
        return OtherDesksState(asked_at, is_reached, as_of)

    # What the lane does.

    def cursors(self) -> dict[str, int] | None:
        """Return up to which row each stream was fetched.  None: the days must be fetched first."""
        cursors = self._rows.cursors
        return None if cursors is None else dict(cursors)

    def ours(self) -> dict[str, int]:
        """Return our own visits that another desk has changed, and the version at the hub."""
        return dict(self._rows.ours)

    def first_day(self, now: datetime, hub_at: datetime) -> date:
        """Return the first day to fetch: yesterday, by whichever clock is behind. Both aware."""
        return min(clinic_day(now), clinic_day(hub_at)) - ONE_DAY

    def take(self, news: RoundNews, now: datetime) -> None:
        """Take what a round has fetched.  `now` (aware) is when the hub was asked, by our clock.

        A row of an older version than the one that is known is left out: the hub went back, and
        will be sent the newer one again.
        """
        skew = news.hub_at - now
        desks = {desk.id: _by_our_clock(desk, skew) for desk in news.desks}
        with self._lock:
            if news.is_whole:
                self._rows.visits, self._rows.cursors = {}, {}
                self._by_number = {}
            new = [visit for visit in news.visits if self._is_news(visit)]
            have_changed = _names(desks) != _names(self._rows.desks)
            self._rows.desks = desks
            self._rows.ours |= news.ours
            if self._rows.cursors is not None:
                self._rows.cursors |= news.cursors
            for visit in new:
                self._forget(visit.id)
                self._rows.visits[visit.id] = visit
            self._index(new)
            skew_ms = round(skew / timedelta(milliseconds=1))
            link = replace(self._rows.link, asked_at=now, skew_ms=skew_ms)
            self._rows.link = link
            gone = self._keep_days(now)
            is_due = not _is_within(self._desks_written_at, now, WRITE_INTERVAL_S)
            all_desks = list(desks.values()) if have_changed or is_due else None
            change = MirrorChange(self._rows.link, all_desks, new, gone, news.cursors, news.ours)
        if news.is_whole or self._rows.cursors is None:
            self._is_file_behind = True  # all of it is another one now
        if new or gone or news.cursors or news.ours or have_changed or is_due:
            self._write(change, now)

    def settle(self, visit_id: str, now: datetime) -> None:
        """Forget that one of our visits was changed elsewhere: the logbook has the change."""
        with self._lock:
            self._rows.ours.pop(visit_id, None)
            change = MirrorChange(self._rows.link, settled=[visit_id])
        self._write(change, now)

    def remove_old(self, now: datetime) -> None:
        """Remove visits of days before yesterday; for while the hub is not reached."""
        with self._lock:
            had_cursors = self._rows.cursors is not None
            gone = self._keep_days(now)
            change = MirrorChange(self._rows.link, gone=gone)
        if had_cursors and self._rows.cursors is None:
            self._is_file_behind = True
        if gone or self._is_file_behind:
            self._write(change, now)

    def close(self) -> None:
        """Close the file; only the lane's thread may call."""
        self._file.close()

    # Under the lock.

    def _today(self, now: datetime) -> set[date]:
        """Return the clinic's day by our clock and by the hub's; nearly always one."""
        return {clinic_day(now), clinic_day(now + _ms(self._rows.link.skew_ms))}

    def _days_of(self, visit: MirroredVisit) -> set[date]:
        """Return the day of a visit by its desk, and by the hub's clock; nearly always one."""
        desk = self._rows.desks.get(visit.desk)
        skew = _ms(desk.skew_ms) if desk else timedelta()
        return {visit.day, clinic_day(visit.arrived_at + skew)}

    def _is_news(self, visit: MirroredVisit) -> bool:
        known = self._rows.visits.get(visit.id)
        return known is None or (visit.version >= known.version and visit != known)

    def _index(self, visits: Iterable[MirroredVisit]) -> None:
        """Find visits by the numbers of their persons."""
        for visit in visits:
            for number in visit.numbers:
                self._by_number.setdefault(number, set()).add(visit.id)

    def _forget(self, visit_id: str) -> None:
        visit = self._rows.visits.pop(visit_id, None)
        for number in visit.numbers if visit else ():
            ids = self._by_number[number]
            ids.discard(visit_id)
            if not ids:
                del self._by_number[number]

    def _keep_days(self, now: datetime) -> list[str]:
        """Remove visits of days before yesterday; return their ids."""
        rows = self._rows
        if rows.cursors is None:
            return []
        today, before = min(self._today(now)), rows.link.day
        if before is not None and not -ONE_DAY <= today - before <= ONE_DAY:
            log.info("days after the last fetch, other desks' visits are fetched again")
            rows.visits, rows.cursors, rows.ours, self._by_number = {}, None, {}, {}
            rows.link = replace(rows.link, day=None, asked_at=None)
            return []
        if before is not None and today <= before:
            return []
        rows.link = replace(rows.link, day=today)
        gone = [visit.id for visit in rows.visits.values() if visit.day < today - ONE_DAY]
        for each in gone:
            self._forget(each)
        return gone

    # The file.

    def _write(self, change: MirrorChange, now: datetime) -> None:
        """Write a change, or all if an earlier one could not be written."""
        try:
            has_desks = self._is_file_behind or change.desks is not None
            if self._is_file_behind:
                self._file.remove()
                self._file.write_all(self._rows)
            else:
                self._file.write(change)
            if has_desks:
                self._desks_written_at = now
            self._is_file_behind = self._has_trouble = False
        except troubles() as exc:
            self._note_trouble(exc)

    def _note_trouble(self, exc: Exception) -> None:
        """Log once that the file cannot be used; its path may hold a name, so it is left out."""
        if not self._has_trouble:
            kind = sqlite.kind_of(exc)
            log.error("others.db cannot be used (%s); other desks are kept in memory", kind)
        self._is_file_behind = self._has_trouble = True


def _is_within(moment: datetime | None, now: datetime, seconds: float) -> bool:
    return moment is not None and abs((now - moment).total_seconds()) <= seconds


def _names(desks: Mapping[int, MirroredDesk]) -> dict[int, tuple[str, bool]]:
    """Return what the desks are called and which are retired: what changes seldom about them."""
    return {desk.id: (desk.name, desk.is_retired) for desk in desks.values()}


def _ms(milliseconds: int) -> timedelta:
    return timedelta(milliseconds=milliseconds)


def _by_our_clock(desk: DeskNews, skew: timedelta) -> MirroredDesk:
    return MirroredDesk(
        desk.id,
        desk.name,
        desk.seen_at and desk.seen_at - skew,
        desk.complete_at and desk.complete_at - skew,
        desk.skew_ms,
        desk.is_retired,
    )


def _as_of(
    desk: MirroredDesk, asked_at: datetime | None, is_reached: bool, now: datetime
) -> DeskAsOf:
    """Return until when a desk is known.

    While the hub is reached and the desk sends all to it, that is now; else the last moment at
    which both held. A desk that sends the rest of an outage is seen now, and known until then.
    """
    if asked_at is None:
        return DeskAsOf(desk.name, None, False, False)
    is_alive = _is_within(desk.seen_at, asked_at, ALIVE_S)
    is_complete = _is_within(desk.complete_at, asked_at, ALIVE_S)
    seen_at = asked_at if is_alive else desk.seen_at
    known = asked_at if is_complete else desk.complete_at
    was_seen_today = seen_at is not None and clinic_day(seen_at) == clinic_day(now)
    return DeskAsOf(desk.name, known, is_reached and is_complete, was_seen_today)
