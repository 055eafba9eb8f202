"""Days of three desks that share numbers, drawn at random: connections, kills, failovers.

A failover is played on one server: what was given last is taken out of the hub's tables, as a
standby that lacks the last rows would not have it, and the timeline grows.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from kiosk.hub import HubConnection
from kiosk.hub.access import HubAccess
from kiosk.hub.errors import HubUnreachable
from kiosk.hub.number_hand import EXPECTED_FOR_S
from kiosk.hub.numbers import SETTLING_S, HouseNumbers
from tests.hub.cluster import HubDatabase
from tests.hub.rows import today

ROOMS = ("phòng 1", "phòng 2")
DESKS = (1, 2, 3)
STEPS = 80


class Connection(HubConnection):
    """A connection whose next commit may get no answer, although the hub has it."""

    loses_answer = False

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with super().transaction():
            yield
        if self.loses_answer:
            raise HubUnreachable("no answer to the commit")


@dataclass
class Site:
    """What the desks have in common."""

    hub: HubDatabase
    accesses: dict[int, HubAccess]
    now: float = 1_000.0
    timeline: int = 1

    def connect(self, desk: int, loses_answer: bool) -> Connection:
        """Return a connection of a desk on the current timeline."""
        connection = Connection(self.accesses[desk], self.hub.watchdog)
        connection.timeline = f"{self.timeline:08X}"
        connection.loses_answer = loses_answer
        return connection


@dataclass
class Desk:
    """A desk: its program, and what its logbook has."""

    site: Site
    number: int
    printed: list[tuple[str, int]] = field(default_factory=list)
    letters: int = 0
    loses_answer: bool = False
    is_open: bool = False

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Start the program, with nothing in hand."""
        self.close()
        self.numbers = HouseNumbers(
            self.number,
            lambda _limit_s: self.site.connect(self.number, self.loses_answer),
            HubConnection.close,
            lambda _day: list(self.printed),
            lambda: datetime.now(UTC),
            steady_s=lambda: self.site.now,
        )

    def close(self) -> None:
        """Lose the connection."""
        if self.is_open:
            self.numbers.close()
            self.is_open = False

    def work(self) -> None:
        """Do what the thread does: connect if need be, and ask for what is expected."""
        try:
            if not self.is_open:
                self.numbers.open()
                self.is_open = True
            self.numbers.step()
        except HubUnreachable:
            self.numbers.close()
            self.is_open = False
        self.loses_answer = False

    def record(self, room: str) -> None:
        """Record a patient, with whatever number there is."""
        number = self.numbers.take(today(), room)
        if number is None or (room, number) in self.printed:  # as the logbook passes it over
            self.letters += 1
        else:
            self.printed.append((room, number))


def make_accesses(hub: HubDatabase) -> dict[int, HubAccess]:
    """Make the desks' accounts, for all days that are played at a hub."""
    return {desk: hub.access(hub.add_desk(desk)) for desk in DESKS}


def play(
    hub: HubDatabase, accesses: dict[int, HubAccess], seed: int, loses_rows: bool
) -> list[Desk]:
    """Play a day on empty tables; return the desks, all of which have come back at its end."""
    hub.sql("truncate hub.number_given, hub.number_space")
    draw = random.Random(seed)
    site = Site(hub, accesses)
    desks = [Desk(site, number) for number in DESKS]
    for desk in desks:
        desk.work()
    site.now += SETTLING_S
    for _ in range(STEPS):
        _step(site, desks, draw, loses_rows)
    for desk in desks:
        desk.close()
    for desk in desks:
        desk.work()
    for desk in desks:
        desk.close()
    return desks


def _step(site: Site, desks: list[Desk], draw: random.Random, loses_rows: bool) -> None:
    """Let something happen, mostly at one desk."""
    desk, room = draw.choice(desks), draw.choice(ROOMS)
    match draw.choices(
        ("patient", "quick", "nothing", "lost", "answer", "killed", "time", "failover"),
        (60, 6, 6, 6, 6, 3, 20, 3),
    )[0]:
        case "patient":
            desk.numbers.expect(room, draw.choice(("front", "side")))
            desk.work()
            desk.record(room)
        case "quick":
            desk.record(room)  # before the hub was asked
        case "nothing":
            desk.numbers.expect(room, "front")
            desk.work()
        case "lost":
            desk.close()
        case "answer":
            desk.close()
            desk.loses_answer = True
            desk.numbers.expect(room, "front")
            desk.work()
        case "killed":
            desk.start()
        case "time":
            site.now += draw.choice((1.0, SETTLING_S, EXPECTED_FOR_S + 1))
        case "failover":
            for each in desks:
                each.close()
            _fail_over(site, draw.randint(1, 4) if loses_rows else 0)


def _fail_over(site: Site, lost: int) -> None:
    """Begin a new timeline that lacks the newest `lost` numbers."""
    site.timeline += 1
    site.hub.sql(
        "delete from hub.number_given where asked in"
        " (select asked from hub.number_given order by given_at desc limit %s)",
        [lost],
    )
    if lost:
        site.hub.sql(
            "update hub.number_space s set next = 1 + coalesce((select max(number)"
            " from hub.number_given g where g.facility = s.facility and g.day = s.day"
            " and g.room = s.room), 0)"
        )
