"""A machine whose clock can be set, beside true time: for tests of wrong clocks."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from kiosk.desk import Confirmation
from kiosk.runtime.steady_clock import SteadyClock
from kiosk.sandbox import remember_people, trust_settings
from tests.cast import NOW, payload, settings_for
from tests.conftest import Kiosk


class Machine:
    """True time, a steady clock that follows it, and a clock on the wall that a test sets."""

    def __init__(self, start: datetime = NOW) -> None:
        self._start = start
        self._passed_s = 1000.0
        self.ahead = timedelta(0)
        self.boots = 1

    def true(self) -> datetime:
        """Return the true time: the insurer's clock shows it."""
        return self._start + timedelta(seconds=self._passed_s - 1000.0)

    def wall(self) -> datetime:
        """Return what this machine's clock shows."""
        return self.true() + self.ahead

    def seconds(self) -> float:
        return self._passed_s

    def go(self, by: timedelta) -> None:
        """Let time pass."""
        self._passed_s += by.total_seconds()

    @property
    def moment(self) -> datetime:
        return self.wall()

    def __call__(self) -> datetime:
        return self.wall()

    def steady(self) -> SteadyClock:
        return SteadyClock(f"boot {self.boots}", self.seconds)


def kiosk_on(
    machine: Machine, folder: Path, insurer_url: str, **sections: dict[str, object]
) -> Kiosk:
    """Start a kiosk on this machine, as the program does, from the data directory alone."""
    remember_people(folder, NOW)
    settings = settings_for(folder, insurer_url, **(trust_settings(folder, NOW) | sections))
    return Kiosk(settings, folder, True, machine, machine.steady())


def admit(kiosk: Kiosk, key: str) -> str:
    """Scan a card and confirm a visit; return its id."""
    return kiosk.desk.confirm(kiosk.scan(payload(key)), Confirmation(clerk_reason="x"), key)[0].id
