"""Figures over the whole facility: they add up, of the right days, and a silent desk is no zero."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from kiosk.hub import DeskState
from kiosk.hub.desk_states import read_desks
from kiosk.hub.figures import DESK_OF, FacilityFigures, read_figures
from kiosk.hub.open_cases import read_divergent, read_open_cases, settle
from kiosk.reports import Dimension, ReportPeriod
from tests.hub.cluster import FACILITY, OTHER_FACILITY, HubDatabase
from tests.hub.facility_rows import DeskAtHub, add_desk_at, now, today, visit_json, yesterday
from verify import CLINIC_ZONE


def noon() -> datetime:
    """Return yesterday's noon."""
    return datetime.combine(yesterday(), datetime.min.time(), CLINIC_ZONE) + timedelta(hours=12)


def figures(
    desk: DeskAtHub, first: date | None = None, last: date | None = None
) -> FacilityFigures:
    period = ReportPeriod(first or yesterday(), last or today())
    return read_figures(desk.hub.rows, FACILITY, period)


def test_figures_of_all_desks_add_up(hub: HubDatabase) -> None:
    one, two = add_desk_at(hub, 1), add_desk_at(hub, 2)
    one.record("An", at=noon(), room="Phòng khám 2")
    one.record("Bình", at=noon(), insurer_state="queued", outcome="unconfirmed")
    two.record("Chi", at=noon(), insurer_state="in_flight", version=2)
    two.record("Dung", at=noon(), insurer_state="refused", outcome="desk")
    two.record("Em", at=noon(), insurer_state="not_sent")
    two.record("Giang", at=noon(), cancelled_at=now())
    found = figures(one)

    assert (found.visits, found.cancelled) == (5, 1)
    assert found.tables[DESK_OF] == {"2": 3, "1": 2}
    assert found.tables[Dimension.ROOM] == {"Phòng khám 1": 4, "Phòng khám 2": 1}
    assert found.tables[Dimension.HOUR]["12"] == 5
    assert found.tables[Dimension.WEEKDAY][str(yesterday().isoweekday())] == 5
    assert found.states == {
        "accepted": 1, "refused": 1, "waiting": 2, "parked": 0, "closed": 0, "not_sent": 1,
    }  # fmt: skip
    assert found.outcomes == {"admitted": 3, "unconfirmed": 1, "desk": 1}
    assert found.series == {yesterday().isoformat(): 5}
    assert found.not_accepted == 3
    assert (found.desks[2].visits, found.desks[2].cancelled, found.desks[2].corrected) == (3, 1, 1)
    for table in found.tables.values():
        assert sum(table.values()) == found.visits
    for name, count in found.states.items():
        assert sum(desk.states[name] for desk in found.desks.values()) == count


def test_a_visit_counts_on_the_day_to_which_its_arrival_was_corrected(hub: HubDatabase) -> None:
    desk = add_desk_at(hub, 1)
    desk.record("An", at=noon(), day=today())  # recorded today, corrected to yesterday
    desk.record(
        "Bình", at=noon() - timedelta(days=90), day=yesterday()
    )  # corrected by three months
    long_ago = yesterday() - timedelta(days=90)

    assert figures(desk, today(), today()).visits == 0
    assert figures(desk, yesterday(), yesterday()).visits == 1
    assert figures(desk, long_ago, long_ago).visits == 1
    assert figures(desk, long_ago, today()).visits == 2
    assert set(figures(desk, long_ago, today()).series) == {
        f"{long_ago:%Y-%m}",
        f"{yesterday():%Y-%m}",
    }


def test_days_without_a_visit_are_counted_as_nothing_not_refused(hub: HubDatabase) -> None:
    found = figures(add_desk_at(hub, 1))

    assert (found.visits, found.cancelled, found.desks, found.series) == (0, 0, {}, {})
    assert found.made_at.tzinfo is not None


def test_another_facility_counts_only_its_own(hub: HubDatabase) -> None:
    add_desk_at(hub, 1).record("An", at=noon())
    other = hub.desk(1, OTHER_FACILITY)
    period = ReportPeriod(yesterday(), today())

    assert read_figures(other.rows, FACILITY, period).visits == 0
    assert read_desks(other.rows, FACILITY) == []


def test_a_desk_that_was_not_seen_is_late_and_has_no_figures(hub: HubDatabase) -> None:
    one, two = add_desk_at(hub, 1), add_desk_at(hub, 2)
    hub.desk(3)  # it has never sent anything
    one.record("An", at=noon())
    two.seen(timedelta(days=3))
    desks = {desk.id: desk for desk in read_desks(one.hub.rows, FACILITY)}
    found = figures(one)

    assert [desk.is_late for desk in desks.values()] == [False, True, True]
    assert desks[3].complete_at is None
    assert [found.knows(desk) for desk in desks.values()] == [True, False, False]
    assert found.is_whole_of(desks[1])
    assert not found.is_whole_of(desks[2])
    before = figures(one, today() - timedelta(days=9), today() - timedelta(days=8))
    assert before.is_whole_of(desks[2])  # it was heard after these days
    assert before.knows(desks[2])


def test_a_retired_desk_is_not_late_and_a_wrong_clock_is_named(hub: HubDatabase) -> None:
    one, two = add_desk_at(hub, 1), add_desk_at(hub, 2)
    two.seen(timedelta(days=3))
    hub.sql("update hub.desk set retired_at = now() where id = 2")
    hub.sql("update hub.stream set clock_skew_ms = -600000 where desk = 1")
    found: list[DeskState] = read_desks(one.hub.rows, FACILITY)

    assert not found[1].is_late
    assert [desk.has_wrong_clock for desk in found] == [True, False]


def test_the_tray_has_all_desks_and_names_of_the_last_days_only(hub: HubDatabase) -> None:
    one, two = add_desk_at(hub, 1), add_desk_at(hub, 2)
    old = two.record("Cũ", at=now() - timedelta(days=30), insurer_state="parked")
    new = two.record("Mới", insurer_state="refused", insurer_code="205")
    one.record("Xong")
    one.record("Hủy", insurer_state="refused", cancelled_at=now())
    found = read_open_cases(one.hub.rows, FACILITY)

    assert [case.visit for case in found.messages] == [old, new]
    assert [case.confirmed is not None for case in found.messages] == [False, True]
    assert (found.messages[1].desk, found.messages[1].code) == (2, "205")
    assert not found.is_cut


def test_a_version_that_was_set_aside_waits_until_a_person_has_looked(hub: HubDatabase) -> None:
    one, two = add_desk_at(hub, 1), add_desk_at(hub, 2)
    visit = one.record("Nguyễn Văn Một", at=noon())
    row = {"arrived_at": noon(), "outcome": "desk", "reason": "in_force", "person": "", "room": "2"}
    two.set_aside(visit, 2, visit_json(row, "Nguyễn Văn Hai", "GD4999990000001"))
    [waiting] = read_divergent(one.hub.rows, FACILITY)

    assert (waiting.visit, waiting.version, waiting.desk) == (visit, 2, 2)
    assert waiting.confirmed is not None
    assert waiting.confirmed.card.holder == "Nguyễn Văn Hai"
    assert settle(one.hub.rows, FACILITY, waiting)
    assert not settle(one.hub.rows, FACILITY, waiting)
    assert read_open_cases(one.hub.rows, FACILITY).divergent == []
