"""After a decision about the logbook no number of that day is given twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from kiosk.assembly import Kiosk
from kiosk.backup import accept, restore
from kiosk.backup.number_start import ABOVE_KNOWN
from kiosk.logbook import SYSTEM
from kiosk.settings import load_settings
from kiosk.tickets.printing import CodeFinding
from tests.backup.cases import CASES, Case, Site, copied, used_site
from tests.cast import NOW

ONE_OF_EACH = {case.trouble: case for case in CASES if case.trouble is not None}
ROOMS = ("Phòng khám 1", "Phòng khám 2")


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return used_site(tmp_path_factory.mktemp("used"))


@pytest.fixture
def site(used: Site, tmp_path: Path) -> Site:
    return copied(used, tmp_path)


def opened(site: Site, now: datetime = NOW) -> Kiosk:
    return Kiosk(load_settings(site.config), site.data, False, lambda: now, guard=site.guard())


def give(site: Site, count: int, now: datetime = NOW) -> list[tuple[int, str]]:
    """Give numbers of the first room; return them, with the codes of their tickets."""
    kiosk = opened(site, now)
    slips = [kiosk.tickets.issue_slip(None, ROOMS[0], now) for _ in range(count)]
    tickets = [kiosk.printing.ticket(slip.id) for slip in slips]
    kiosk.database.close()
    site.guard().write(clean=True)
    return [
        (slip.number, ticket.code) for slip, ticket in zip(slips, tickets, strict=True) if ticket
    ]


def put_back(site: Site) -> int:
    guard = site.guard()
    newest = guard.copies.newest()
    assert newest is not None
    done = restore(guard, newest, {}, "thử", SYSTEM, lambda: NOW)
    assert done.numbers_from is not None
    return done.numbers_from


def test_numbers_go_on_above_those_that_patients_hold_and_the_next_day_from_1(site: Site) -> None:
    lost = give(site, 60)

    first = put_back(site)

    assert first == 201  # 60 and 50 are 110: the next after a full hundred
    assert [number for number, _ in give(site, 2)] == [first, first + 1]
    other = opened(site).tickets.issue_slip(None, ROOMS[1], NOW)
    assert other.number == first
    assert [number for number, _ in give(site, 2, NOW + timedelta(days=1))] == [1, 2]
    assert lost[-1][0] == 60


def test_a_second_restore_of_a_day_goes_on_above_the_first(site: Site) -> None:
    first = put_back(site)
    give(site, 1)

    assert put_back(site) >= first + ABOVE_KNOWN


@pytest.mark.parametrize("what", ["removed", "garbage"])
def test_numbers_that_no_file_shows_are_reckoned_from_the_links_that_are_lost(
    what: str, site: Site
) -> None:
    highest = give(site, 120)[-1][0]
    site.logbook.unlink() if what == "removed" else site.logbook.write_bytes(b"x" * 9000)

    assert put_back(site) > highest


@pytest.mark.parametrize("case", ONE_OF_EACH.values(), ids=map(str, ONE_OF_EACH))
def test_who_goes_on_with_any_logbook_goes_on_well_above_its_numbers(
    case: Case, site: Site
) -> None:
    give(site, 3)
    for second in site.config.parent.glob("*.mark"):
        second.unlink()
    case.happens(site)

    decision = accept(site.guard(), "thử", SYSTEM, lambda: NOW)

    assert decision.numbers_from is not None
    assert decision.numbers_from > 3 + ABOVE_KNOWN
    assert give(site, 1)[0][0] == decision.numbers_from


def test_a_ticket_of_the_lost_logbook_is_not_taken_for_the_one_in_its_row(site: Site) -> None:
    [(_, before)] = give(site, 1)
    put_back(site)
    [(_, after)] = give(site, 1)
    kiosk = opened(site)

    lost, known = kiosk.printing.read_code(before), kiosk.printing.read_code(after)

    assert lost is not None
    assert known is not None
    assert before.split("-")[-2] == after.split("-")[-2]  # the row is the same
    assert (lost.finding, known.finding) == (CodeFinding.NOT_KNOWN, CodeFinding.OURS)
