"""A staff on a real logbook, with a steady clock that a test moves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from kiosk.logbook import Database
from kiosk.runtime.steady_clock import SteadyClock
from kiosk.staff.badges import Badges
from kiosk.staff.members import Members, Role
from kiosk.staff.pins import Pins
from kiosk.staff.second_factor import SecondFactor
from kiosk.staff.sessions import Sessions
from kiosk.staff.sign_in import SignIn
from kiosk.staff.throttle import Throttle
from tests.cast import NOW
from tests.staff.web import PIN, Seconds, Site

KEY = b"k" * 32
IDLE_S = 600.0


@dataclass
class Staff:
    """The parts of a staff."""

    database: Database
    seconds: Seconds
    steady: SteadyClock
    members: Members
    pins: Pins
    sessions: Sessions
    factor: SecondFactor
    badges: Badges
    throttle: Throttle
    sign_in: SignIn

    def hire(self, name: str, role: Role = Role.CLERK, pin: str = PIN) -> int:
        """Add a member with a PIN; return the number."""
        member = self.members.add(name, role, "", NOW, "a test")
        self.pins.set(member.id, pin, NOW, "a test")
        return member.id


@pytest.fixture
def staff(tmp_path: Path) -> Iterator[Staff]:
    database, seconds = Database(tmp_path / "logbook.db"), Seconds()
    steady = SteadyClock("boot", seconds)
    members, pins = Members(database), Pins(database, KEY)
    factor, badges, throttle = SecondFactor(database, KEY), Badges(database), Throttle(seconds)
    yield Staff(
        database,
        seconds,
        steady,
        members,
        pins,
        Sessions(database, steady, IDLE_S),
        factor,
        badges,
        throttle,
        SignIn(database, members, pins, factor, badges, throttle),
    )
    database.close()


def later(**by: float) -> timedelta:
    """Return a time that has passed, in words of timedelta."""
    return timedelta(**by)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site with a member of each role."""
    site = Site(tmp_path)
    site.hire()
    return site
