"""A logbook with visits of invented people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from kiosk.logbook import CardOnVisit, NewVisit, Visit, VisitFinder, read_query
from tests.cast import NOW, payload
from tests.conftest import Kiosk
from tests.staff.web import Site
from verify import Birth

Record = Callable[..., Visit]


@pytest.fixture
def record(kiosk: Kiosk) -> Record:
    """Record a visit of a person; each gets a reading and a number of their own."""
    count = iter(range(1_000))

    def new(
        holder: str,
        born: Birth | None = None,
        at: datetime = NOW,
        number: str = "",
        room: str = "Phòng khám 1",
        author: str = "desk",
        phone: str = "",
    ) -> Visit:
        serial = next(count)
        number = number or f"99999{serial:05d}"
        reading = kiosk.scan(payload("an"))
        template = _template(kiosk, reading)
        visit = replace(
            template,
            arrived_at=at,
            person=number,
            card=CardOnVisit(number=number, holder=holder, born=born),
            service=replace(template.service, room=room),
            arrival=replace(template.arrival, phone=phone),
            author=author,
        )
        return kiosk.visits.confirm(visit, f"key {serial}")[0]

    return new


def _template(kiosk: Kiosk, reading: int) -> NewVisit:
    from kiosk.desk.confirmation import Confirmation, visit_from

    newest = kiosk.attempts.newest_verdict_on(reading)
    assert newest is not None
    return visit_from(newest, Confirmation(), kiosk.clock(), kiosk.settings)


@pytest.fixture
def found(kiosk: Kiosk) -> Callable[[str], list[str]]:
    """Return the names that a typed text finds, newest first."""
    finder = VisitFinder(kiosk.database)

    def names(text: str) -> list[str]:
        return [
            visit.card.holder or ""
            for visit in finder.find(read_query(text, NOW.year))
            if isinstance(visit, Visit)
        ]

    return names


DAY = timedelta(days=1)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site with a member of each role."""
    site = Site(tmp_path)
    site.hire()
    return site
