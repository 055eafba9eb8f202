"""The search over the whole facility: what it finds, how far back, and for whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from kiosk.hub import HubConnection, HubPlace, HubQuery, HubVisits
from kiosk.hub.search import ALL_DAYS, LATELY, HubSearch
from kiosk.logbook import Cancelled, VisitQuery, read_query
from kiosk.settings import hub_address
from tests.hub.cluster import FACILITY, OTHER_FACILITY, HubDatabase
from tests.hub.facility_rows import add_desk_at, now, today, yesterday
from verify import CLINIC_ZONE


def find(
    connection: HubConnection,
    text: str,
    source: str = LATELY,
    days: int = 2,
    before: HubPlace | None = None,
    limit: int = 50,
) -> HubVisits:
    search = HubSearch(connection.rows, FACILITY, source)
    query = HubQuery(read_query(text, today().year))
    first = today() - timedelta(days=days - 1)
    return search.find(query, first, today() + timedelta(days=1), before, limit)


def names(found: HubVisits) -> list[str]:
    return [visit.confirmed.card.holder or "" for visit in found.visits if visit.confirmed]


def as_reports(hub: HubDatabase) -> HubConnection:
    """Return a connection of the account for reports."""
    file = hub.add_report()
    address = hub_address(hub.url)
    assert address is not None
    access = hub.access(hub.add_desk(9), FACILITY)
    return hub._open(replace(access, user=f"report_{FACILITY}", password_file=file))


TYPED = {
    "nguyen thi lan": ["Nguyễn Thị Lan"],
    "Lan Nguyễn": ["Nguyễn Thị Lan"],
    "lan 1980": ["Nguyễn Thị Lan"],
    "lan 1981": [],
    "hmlo": ["H'Mlô Đắc"],
    "dac": ["H'Mlô Đắc"],
    "đắc hm": ["H'Mlô Đắc"],
    "tran": ["TRAN VAN MAU"],
    "Trần Văn M": ["TRAN VAN MAU"],  # a name without marks fits all marks
    "иван": ["Иван Иванов"],
    "GD4999990000077": ["Nguyễn Thị Lan"],
    "9990000077": ["Nguyễn Thị Lan"],
    "0999 123 456": ["TRAN VAN MAU"],
    "100% '; --": [],
}


def test_what_is_typed_finds_the_visits_of_all_desks(hub: HubDatabase) -> None:
    one, two = add_desk_at(hub, 1), add_desk_at(hub, 2)
    one.record("Nguyễn Thị Lan", "GD4999990000077", phone="")
    two.record("H'Mlô Đắc", "GD4999990000078", phone="")
    two.record("Иван Иванов", "GD4999990000079", phone="")
    one.record("TRAN VAN MAU", "GD4999990000080", phone="+84 999 123 456")

    assert {typed: names(find(two.hub, typed)) for typed in TYPED} == TYPED


def test_marks_that_nobody_has_are_left_out(hub: HubDatabase) -> None:
    desk = add_desk_at(hub, 1)
    desk.record("Nguyễn Thị Lan")
    found = find(desk.hub, "lân")

    assert names(found) == ["Nguyễn Thị Lan"]
    assert found.ignored_marks


def test_filters_leave_out_what_does_not_fit(hub: HubDatabase) -> None:
    one, two = add_desk_at(hub, 1), add_desk_at(hub, 2)
    first = one.record("An", room="Phòng khám 2")
    second = two.record("Bình", insurer_state="refused", outcome="desk")
    third = two.record("Chi", cancelled_at=now())

    def ids(query: HubQuery) -> set[str]:
        search = HubSearch(one.hub.rows, FACILITY, LATELY)
        return {visit.id for visit in search.find(query, yesterday(), today()).visits}

    assert ids(HubQuery(VisitQuery())) == {first, second, third}
    assert ids(HubQuery(VisitQuery(), room="phòng  khám 2")) == {first}
    assert ids(HubQuery(VisitQuery(), desk=2)) == {second, third}
    assert ids(HubQuery(VisitQuery(state="refused"))) == {second}
    assert ids(HubQuery(VisitQuery(outcome="desk"))) == {second}
    assert ids(HubQuery(VisitQuery(cancelled=Cancelled.ONLY))) == {third}
    assert ids(HubQuery(VisitQuery(cancelled=Cancelled.WITHOUT))) == {first, second}
    assert ids(HubQuery(read_query(second, today().year))) == {second}


def test_pages_show_each_visit_once_newest_first(hub: HubDatabase) -> None:
    desk = add_desk_at(hub, 1)
    begin = datetime.combine(yesterday(), datetime.min.time(), CLINIC_ZONE) + timedelta(hours=7)
    made = [
        desk.record(f"Người {number}", at=begin + timedelta(minutes=number // 2))
        for number in range(12)
    ]
    today = desk.record("Hôm Nay")
    seen: list[str] = []
    before = None
    while True:
        found = find(desk.hub, "", before=before, limit=5)
        seen += [visit.id for visit in found.visits]
        before = found.older
        if before is None:
            break

    assert seen[0] == today
    assert sorted(seen) == sorted([*made, today])


def test_a_desk_sees_names_of_today_and_yesterday_and_reports_all_days(hub: HubDatabase) -> None:
    desk = add_desk_at(hub, 1)
    old = now() - timedelta(days=40)
    desk.record("Nguyễn Thị Lan", at=old)
    recent = desk.record("Nguyễn Thị Lan", at=now() - timedelta(days=1))

    assert [visit.id for visit in find(desk.hub, "lan", days=100).visits] == [recent]
    assert len(find(as_reports(hub), "lan", ALL_DAYS, days=100).visits) == 2


def test_another_facility_finds_nothing(hub: HubDatabase) -> None:
    add_desk_at(hub, 1).record("Nguyễn Thị Lan")
    other = hub.desk(1, OTHER_FACILITY)

    assert find(other, "").visits == []


def test_a_search_that_takes_too_long_says_how_far_back_it_looked(hub: HubDatabase) -> None:
    desk = add_desk_at(hub, 1)
    reports = as_reports(hub)
    old = desk.record("Nguyễn Thị Lan", at=now() - timedelta(days=20))
    ticks = iter(range(10_000))
    search = HubSearch(reports.rows, FACILITY, ALL_DAYS, lambda: float(next(ticks)), 3.0)
    query = HubQuery(read_query("lan", today().year))
    first, last = today() - timedelta(days=60), today()
    found = search.find(query, first, last)

    assert not found.visits
    assert found.looked_back_to is not None
    assert found.looked_back_to > old_day(old)
    for _turn in range(60):
        found = search.find(query, first, last, found.older)
        if found.visits:
            break
    assert [visit.id for visit in found.visits] == [old]


def test_a_facility_that_sends_no_records_is_found_by_number_and_ticket_only(
    hub: HubDatabase,
) -> None:
    desk = add_desk_at(hub, 1)
    visit = desk.record("Nguyễn Thị Lan", "GD4999990000077", keeps_records=False, ticket="77")

    assert [each.id for each in find(desk.hub, "9990000077").visits] == [visit]
    assert [each.id for each in find(desk.hub, "77").visits] == [visit]
    assert find(desk.hub, "lan").visits == []


def old_day(visit: str) -> date:
    return datetime.strptime(visit.split("-")[1], "%Y%m%d").date()
