"""Asks the hub for the pages, and says so if it does not answer.

1.  A page asks in one transaction that changes nothing and sees one moment.
2.  The desk comes first: at most MAX_PAGES pages ask at the same time, and after a failure no page
    asks for RETRY_S.  A hub that hangs must not hold the threads that take scans.
3.  A desk's own login shows names of today and yesterday.  Older days are read by the login for
    reports, if this desk has its password (`[hub] report_password_file`).
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kiosk.errors import KioskError, SettingsError
from kiosk.hub.access import report_access
from kiosk.hub.connection import HubConnection
from kiosk.hub.desk_states import DeskState, Rows, read_desks
from kiosk.hub.errors import (
    HubBehind,
    HubError,
    HubLoginRefused,
    HubUnfit,
    HubUnreachable,
)
from kiosk.hub.figures import FacilityFigures, read_figures
from kiosk.hub.open_cases import (
    DivergentVersion,
    OpenCases,
    read_divergent,
    read_open_cases,
    settle,
)
from kiosk.hub.search import ALL_DAYS, LATELY, HubSearch
from kiosk.hub.visit_changes import VisitAtHub, read_visit
from kiosk.hub.watchdog import Watchdog
from kiosk.reports import ReportPeriod
from kiosk.settings import Settings

log = logging.getLogger(__name__)

MAX_PAGES = 3  # that ask at the same time
WAIT_S = 2.0  # for another page to finish
RETRY_S = 5.0  # after a failure
LIMIT_S = 7.0  # of each statement: a page gives up after 10 s
ONE_MOMENT = "set transaction isolation level repeatable read, read only"


class AwayReason(StrEnum):
    """Why the hub gives a page no answer."""

    SILENT = "silent"  # it does not answer, or stopped in the middle
    LOGIN_REFUSED = "login_refused"  # the desk was retired, or its password is another one
    UNFIT = "unfit"  # it is another facility's, an old one, or not set up
    BUSY = "busy"  # other pages ask just now
    FAULT = "fault"  # it answers, but not to this


class HubAway(HubError):
    """The hub gives a page no answer.

    `since` is when pages noticed it, aware; None: just now.  `trouble` says why.
    """

    def __init__(self, trouble: AwayReason, since: datetime | None) -> None:
        super().__init__(f"the hub gives no answer: {trouble}")
        self.trouble, self.since = trouble, since


# Lends a connection. Raises HubError, and SettingsError if the password's file cannot be read.
Connect = Callable[[], contextlib.AbstractContextManager[HubConnection]]


@dataclass(frozen=True, slots=True)
class _Away:
    trouble: AwayReason
    since: datetime
    not_before: float  # monotonic seconds


class HubView:
    """What a page may ask of the hub, within one transaction. Raises HubAway."""

    def __init__(self, rows: Rows, facility: str, source: str) -> None:
        self._rows, self._facility, self._source = rows, facility, source
        self.search = HubSearch(rows, facility, source)

    def desks(self) -> list[DeskState]:
        """Return the desks of the facility by their numbers."""
        return read_desks(self._rows, self._facility)

    def visit(self, visit_id: str) -> VisitAtHub | None:
        """Return a visit as it stands. None if this login cannot see it there."""
        return read_visit(self._rows, self._facility, self._source, visit_id)

    def figures(self, period: ReportPeriod) -> FacilityFigures:
        """Return the figures of a period over the facility."""
        return read_figures(self._rows, self._facility, period)

    def open_cases(self) -> OpenCases:
        """Return what needs a person at any desk."""
        return read_open_cases(self._rows, self._facility)

    def divergent(self, visit: str) -> list[DivergentVersion]:
        """Return the versions of a visit that wait for a person."""
        return read_divergent(self._rows, self._facility, visit)

    def settle(self, which: DivergentVersion) -> bool:
        """Note that a person has looked at a version; return whether it was still waiting."""
        return settle(self._rows, self._facility, which)


class HubReader:
    """Asks the hub for pages. Any thread may call.

    `desk` is the number of this desk.  `connect` opens a connection with its own login,
    `connect_for_reports` one that reads all days; None: not from this desk.  `now` returns the
    time, aware, and `monotonic` seconds.
    """

    def __init__(
        self,
        desk: int,
        connect: Connect,
        connect_for_reports: Connect | None,
        now: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.desk = desk
        self._connect, self._connect_for_reports = connect, connect_for_reports
        self._now, self._monotonic = now, monotonic
        self._pages = threading.BoundedSemaphore(MAX_PAGES)
        self._lock = threading.Lock()
        self._away: dict[bool, _Away] = {}  # of the two logins

    @property
    def reads_all_days(self) -> bool:
        """Whether this desk can read older days with names."""
        return self._connect_for_reports is not None

    @contextlib.contextmanager
    def asking(self, all_days: bool = False, writes: bool = False) -> Iterator[HubView]:
        """Give what a page asks the hub with.

        With `all_days` older days are read with names; ValueError if this desk cannot.  With
        `writes` the transaction may change something.  Raises HubAway if the hub gives no answer,
        also while it is being asked.
        """
        connect = self._connect_for_reports if all_days else self._connect
        if connect is None:
            raise ValueError("this desk has no login for reports")
        with self._lock:
            away = self._away.get(all_days)
            if away is not None and self._monotonic() < away.not_before:
                raise HubAway(away.trouble, away.since)
        if not self._pages.acquire(timeout=WAIT_S):
            raise HubAway(AwayReason.BUSY, None)
        try:
            with connect() as connection, connection.transaction():
                if not writes:
                    connection.execute(ONE_MOMENT)
                source = ALL_DAYS if all_days else LATELY
                yield HubView(connection.rows, connection.facility, source)
        except (HubError, SettingsError) as exc:
            raise self._noted(exc, all_days) from exc
        finally:
            self._pages.release()
        with self._lock:
            self._away.pop(all_days, None)

    def _noted(self, exc: KioskError, all_days: bool) -> HubAway:
        """Remember a failure, and since when; return it as pages show it."""
        trouble, now = _trouble_of(exc), self._now()
        log.warning("a page got no answer from the hub: %s", exc)
        if trouble is AwayReason.FAULT:
            return HubAway(trouble, None)
        with self._lock:
            before = self._away.get(all_days)
            since = before.since if before else now
            self._away[all_days] = _Away(trouble, since, self._monotonic() + RETRY_S)
        return HubAway(trouble, since)


def open_reader(
    settings: Settings,
    connect: Callable[[float], contextlib.AbstractContextManager[HubConnection]],
    watchdog: Watchdog,
    now: Callable[[], datetime],
) -> HubReader:
    """Return what asks the hub for pages. Nothing is opened yet.

    `connect` lends a connection with the desk's own login; it takes the seconds of a statement.
    """
    reports = report_access(settings)

    def connect_for_reports() -> contextlib.AbstractContextManager[HubConnection]:
        assert reports is not None
        return contextlib.closing(HubConnection(reports, watchdog, limit_s=LIMIT_S))

    return HubReader(
        settings.hub.desk,
        lambda: connect(LIMIT_S),
        connect_for_reports if reports else None,
        now,
    )


def _trouble_of(exc: KioskError) -> AwayReason:
    if isinstance(exc, HubLoginRefused | SettingsError):
        return AwayReason.LOGIN_REFUSED
    if isinstance(exc, HubBehind | HubUnfit):
        return AwayReason.UNFIT
    return AwayReason.SILENT if isinstance(exc, HubUnreachable) else AwayReason.FAULT
