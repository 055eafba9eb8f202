"""The hub as this desk has it: its stream, the lane up, whether messages may go, how it stands.

1.  Nothing at the desk waits for the hub.  Threads of their own talk to it; what they find is read
    from memory.
2.  The lane up is one loop: connect, heal if the logbook was restored, send.  What ends a
    connection never ends the thread: it waits, longer each time, and connects again.
3.  While the outbox is held (`kiosk.hub.streams`), nothing is sent to the insurer, also by the
    nightly job: `may_send` reads the file, which all processes of this desk share.
"""

from __future__ import annotations

import contextlib
import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from kiosk.hub.access import desk_access
from kiosk.hub.connection import HubConnection, require_extra
from kiosk.hub.divergence import Divergence
from kiosk.hub.errors import (
    HubBehind,
    HubBusy,
    HubError,
    HubLoginRefused,
    HubNeedsOperator,
    HubRefused,
    HubUnfit,
)
from kiosk.hub.healing import Healed, Healing
from kiosk.hub.lane_up import BATCH, LaneUp, StreamLost
from kiosk.hub.streams import HoldReason, SetAsideRow, StreamFile, StreamNotes
from kiosk.hub.timelines import TimelineGuard
from kiosk.hub.watchdog import Watchdog
from kiosk.logbook import (
    Compose,
    Database,
    FetchedVisits,
    HubJournal,
    LogbookUnavailable,
    NotRecorded,
    desk_prefix,
    from_utc_text,
)
from kiosk.runtime.service import Loop, Service
from kiosk.settings import Settings

log = logging.getLogger(__name__)

POLL_S = 0.25  # between two looks at an empty journal: an index look-up
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0  # before connecting again
OPERATOR_PAUSE_S = 60.0  # where somebody has to act at the hub
LOGIN_PAUSE_S = 300.0
MAX_SKEW = timedelta(minutes=2)  # between our clock and the hub's; more is a caution


class HubTrouble(StrEnum):
    """Why nothing goes up. The values are part of pages and of the API."""

    NONE = ""
    NOT_YET = "not_yet"  # it was not tried yet
    UNREACHABLE = "unreachable"
    LOGIN = "login"  # the account was retired, or the password is another one
    OPERATOR = "operator"  # full, or without a partition
    BEHIND = "behind"  # an old primary
    UNFIT = "unfit"  # another facility's hub, or too new for this program
    REFUSED = "refused"
    DESK = "desk"  # the desk's own logbook or disk


TROUBLES: tuple[tuple[type[Exception], HubTrouble, float], ...] = (
    (HubLoginRefused, HubTrouble.LOGIN, LOGIN_PAUSE_S),
    (HubNeedsOperator, HubTrouble.OPERATOR, OPERATOR_PAUSE_S),
    (HubBehind, HubTrouble.BEHIND, OPERATOR_PAUSE_S),
    (HubUnfit, HubTrouble.UNFIT, OPERATOR_PAUSE_S),
    (HubRefused, HubTrouble.REFUSED, OPERATOR_PAUSE_S),
    (HubBusy, HubTrouble.UNREACHABLE, 0),
    (HubError, HubTrouble.UNREACHABLE, 0),  # a pause that grows
)


@dataclass(frozen=True, slots=True)
class HubState:
    """How this desk stands with its hub. All times are aware, by our clock."""

    desk: int
    stream: str  # its id
    trouble: HubTrouble
    words: str  # about the trouble, without data of persons; empty: no trouble
    reached_at: datetime | None  # when the hub last answered; None: never since the stream began
    waiting: int  # changes that the hub does not have yet
    seen_until: datetime | None  # the others see our changes until then; None: all of them
    skew: timedelta | None  # the hub's clock minus ours; None: not measured
    hold: HoldReason | None  # why messages to the insurer wait; None: they do not
    held_since: datetime | None
    set_aside: tuple[SetAsideRow, ...]
    divergent: int  # versions that lost against another desk's since the start
    has_twin: bool  # another program works as this desk
    healed: Healed | None  # what the last healing did; None: there was none since the start

    @property
    def is_reached(self) -> bool:
        """Whether the hub takes what we have."""
        return self.trouble is HubTrouble.NONE

    @property
    def is_clock_off(self) -> bool:
        """Whether our clock and the hub's differ by more than MAX_SKEW."""
        return self.skew is not None and abs(self.skew) > MAX_SKEW


class Hub:
    """The hub of one desk. Nothing runs before `start`; any thread may call the rest."""

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        database: Database,
        compose: Compose,
        clock: Callable[[], datetime],
        on_change: Callable[[], None],
        program: str,
    ) -> None:
        """`folder` is the data directory, `clock` returns our time (aware).

        `on_change` is called when the state changes. Raises SettingsError if the extra is missing.
        """
        require_extra()
        self.access = desk_access(settings)
        self.watchdog = Watchdog()
        self.journal = HubJournal(database)
        self.streams = StreamFile(folder, self.journal)
        self.lane = LaneUp(
            self.journal, self.streams, clock, settings.hub.records == "yes", program
        )
        visits = FetchedVisits(database, compose, desk_prefix(settings.hub.desk))
        self.healing = Healing(visits, clock, settings.hub.records == "yes")
        self.divergence = Divergence(visits, clock)
        self._facility, self._desk = self.access.user.split("_")[1], settings.hub.desk
        self._clock, self._on_change = clock, on_change
        self._trouble, self._words = HubTrouble.NOT_YET, ""
        self._healed: Healed | None = None
        self._is_ready = False
        self._guard: TimelineGuard | None = None
        self._lock = threading.Lock()
        self._open: set[HubConnection] = set()

    def start(self, service: Service, *lanes: tuple[str, Loop]) -> None:
        """Write changes down from now on, and start the lane up and other `lanes`, by name.

        If they cannot be written down now, the lane tries it again: earlier visits are not lost.
        """
        try:
            self._begin_journal()
        except (OSError, NotRecorded, LogbookUnavailable) as exc:
            self._note(HubTrouble.DESK, type(exc).__name__)
        service.add("hub up", self.run)
        for name, loop in lanes:
            service.add(name, loop)
        service.add("hub end", self._end)

    def open(self, limit_s: float = 0) -> HubConnection:
        """Return a connection as this desk. Close it with `release`, or use `connected`.

        `limit_s` is the time that each call may take; 0: as usual.  Raises a HubError.
        """
        with self._lock:
            if self._guard is None:
                self._guard = TimelineGuard(self.streams.read().servers, self._keep_servers)
        more = {"limit_s": limit_s} if limit_s else {}
        hub = HubConnection(self.access, self.watchdog, self._guard, **more)
        with self._lock:
            self._open.add(hub)
        return hub

    def release(self, hub: HubConnection) -> None:
        """Close a connection."""
        with self._lock:
            self._open.discard(hub)
        hub.close()

    @contextlib.contextmanager
    def connected(self, limit_s: float = 0) -> Iterator[HubConnection]:
        """Give a connection as this desk for a block. Raises a HubError."""
        hub = self.open(limit_s)
        try:
            yield hub
        finally:
            self.release(hub)

    def may_send(self) -> bool:
        """Return whether messages may go to the insurer: no other place may have sent them."""
        return self.hold() is None

    def hold(self) -> HoldReason | None:
        """Return why messages to the insurer wait; None: they do not.

        If the file of the stream can be neither read nor written, they go: the insurer knows a
        message that comes twice by its visit.
        """
        if self.lane.progress.has_twin:
            return HoldReason.TWIN
        try:
            return self._ready().hold
        except (OSError, LogbookUnavailable) as exc:
            log.error("it cannot be said whether messages may go (%s)", type(exc).__name__)
            return None

    def free_outbox(self) -> None:
        """Let messages go although the hub has not said what was sent: a person decided that.

        Raises OSError if that cannot be written down.
        """
        self.streams.change(hold=None, held_since=None)
        self._on_change()

    def state(self) -> HubState:
        """Return how this desk stands with its hub. Raises LogbookUnavailable."""
        notes, progress = self.streams.read(), self.lane.progress
        acked = max(notes.acked.seq, progress.acked.seq)
        first = self.journal.begins_at(acked)
        skew = progress.skew_ms
        return HubState(
            desk=self._desk,
            stream=notes.id,
            trouble=self._trouble,
            words=self._words,
            reached_at=notes.reached_at,
            waiting=self.journal.count_after(acked),
            seen_until=from_utc_text(first) if first else None,
            skew=None if skew is None else timedelta(milliseconds=skew),
            hold=HoldReason.TWIN if progress.has_twin else notes.hold,
            held_since=notes.held_since,
            set_aside=notes.set_aside,
            divergent=progress.divergent,
            has_twin=progress.has_twin,
            healed=self._healed,
        )

    def has_sent(self, seq: int) -> bool:
        """Return whether the hub has said that it has an entry of our journal."""
        return seq <= max(self.streams.read().acked.seq, self.lane.progress.acked.seq)

    def has_set_aside(self, seq: int) -> bool:
        """Return whether the hub has refused an entry of our journal."""
        return any(row.seq == seq for row in self.streams.read().set_aside)

    def run(self, stop: threading.Event) -> None:
        """Be the lane up until `stop` is set."""
        tries = 0
        while not stop.is_set():
            try:
                with self.connected() as hub:
                    self._work(hub, stop)
            except StreamLost as exc:
                tries += 1
                self._begin_again(exc)
                stop.wait(_pause_s(tries) if tries > 1 else 0)
            except HubError as exc:
                _, trouble, pause_s = next(row for row in TROUBLES if isinstance(exc, row[0]))
                was_reached = self._trouble is HubTrouble.NONE
                tries = 1 if was_reached else tries + 1
                self._note(trouble, str(exc))
                stop.wait(pause_s or _pause_s(tries))
            except (LogbookUnavailable, NotRecorded, OSError) as exc:
                tries += 1
                self._note(HubTrouble.DESK, type(exc).__name__)
                stop.wait(_pause_s(tries))

    def _work(self, hub: HubConnection, stop: threading.Event) -> None:
        """Use one connection until it fails or `stop` is set."""
        self._begin_journal()
        self.lane.begin(hub)
        self._note(HubTrouble.NONE, "")
        self.lane.send_again(hub)
        looked_at = -1  # how many versions were divergent when they were last brought together
        while not stop.is_set():
            if self.streams.read().hold is not None and not self.lane.progress.has_twin:
                self._heal(hub, stop)
            began_s = time.monotonic()
            count = self.lane.send_some(hub)
            self.lane.touch(hub)
            divergent = self.lane.progress.divergent
            if not count and looked_at != divergent:
                looked_at = divergent
                self.divergence.run(hub)
            elif count < BATCH:
                stop.wait(POLL_S)
            else:
                stop.wait(self.lane.rest_s(time.monotonic() - began_s))
        self.lane.note_end()

    def _heal(self, hub: HubConnection, stop: threading.Event) -> None:
        """Fetch back what the logbook lacks, and free the outbox."""
        healed = self.healing.run(hub, stop)
        if healed is None:
            return
        self._healed = healed
        self.streams.change(hold=None, held_since=None)
        log.warning(
            "compared with the hub: %d visits, %d written back, %d followed, %d messages settled,"
            " %d went different ways, %d without a record",
            healed.compared,
            healed.written_back,
            healed.followed,
            healed.settled,
            healed.divergent,
            healed.without_record,
        )
        self._on_change()

    def _begin_again(self, why: StreamLost) -> None:
        """Begin a new stream, because the hub has another one under the name of ours."""
        log.warning("a new stream begins: %s", why)
        try:
            self.streams.begin_again(why.reason, self._clock())
        except OSError as exc:
            self._note(HubTrouble.DESK, type(exc).__name__)
        self._on_change()

    def _begin_journal(self) -> None:
        """Write changes down from now on. The stream comes first: it asks whether that is new."""
        self._ready()
        if self.journal.begin(self._clock()):
            log.info("changes of visits are written down for the hub from now on")

    def _ready(self) -> StreamNotes:
        """Return the notes of our stream, once the logbook was compared with them."""
        if self._is_ready:
            return self.streams.read()
        notes = self.streams.ready(self._facility, self._desk, self._clock())
        self._is_ready = True
        return notes

    def _note(self, trouble: HubTrouble, words: str) -> None:
        if (trouble, words) == (self._trouble, self._words):
            return
        self._trouble, self._words = trouble, words
        log.log(logging.WARNING if trouble else logging.INFO, "hub: %s", words or "reached")
        self._on_change()

    def _keep_servers(self, servers: dict[str, int]) -> None:
        self.streams.change(servers=servers)

    def _end(self, stop: threading.Event) -> None:
        """Shut all connections when the program ends: nothing waits for a hub that hangs."""
        stop.wait()
        with self._lock:
            for hub in self._open:
                hub.interrupt()
        self.watchdog.close()


def _pause_s(tries: int) -> float:
    """Return the pause before connecting again; it varies, so that desks do not come at once."""
    pause_s: float = min(FIRST_PAUSE_S * 2 ** min(tries - 1, 16), LONGEST_PAUSE_S)
    return pause_s * random.uniform(0.5, 1)
