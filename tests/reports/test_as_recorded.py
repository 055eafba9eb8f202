"""Reports of visits that the desk recorded, corrected and cancelled: facts follow at once."""

from __future__ import annotations

from datetime import timedelta

from kiosk.desk import Confirmation, PaperEntry
from kiosk.logbook import DaysEnd
from kiosk.reports import Dimension, Figure, ReportPeriod
from kiosk.sandbox import person
from tests.cast import NOW, TODAY, Clock, payload
from tests.conftest import Kiosk

DAY = ReportPeriod(TODAY, TODAY)
BEFORE = ReportPeriod(TODAY - timedelta(days=1), TODAY - timedelta(days=1))


def test_a_report_times_visits_as_the_page_of_the_day_does(kiosk: Kiosk, clock: Clock) -> None:
    for name, waits, again in (("an", 7, 0), ("binh", 31, 2), ("giang", 90, 1)):
        kiosk.scan(payload(name))
        for _ in range(again):
            clock.go(timedelta(seconds=20))
            kiosk.scan(payload(name))
        clock.go(timedelta(seconds=2))
        scanned = kiosk.scan(payload(name))
        clock.go(timedelta(seconds=waits))
        kiosk.desk.confirm(scanned, Confirmation(), name)
    end = DaysEnd(kiosk.database).of(TODAY)
    times = kiosk.reports.of(DAY, clock()).times

    assert times is not None
    assert [times.count, times.median_ms] == [3, end.median / timedelta(milliseconds=1)]  # type: ignore[operator]
    assert times.worst_ms == max(v.took for v in end.timed) / timedelta(milliseconds=1) == 112_000


def test_a_corrected_arrival_moves_its_visit_and_leaves_its_time(
    kiosk: Kiosk, clock: Clock
) -> None:
    scanned = kiosk.scan(payload("an"))
    clock.go(timedelta(seconds=9))
    visit = kiosk.desk.confirm(scanned, Confirmation(), "k")[0].id
    came = NOW - timedelta(hours=14)
    kiosk.corrections.correct_time(visit, came, "đồng hồ sai", clock())

    assert kiosk.reports.of(DAY, clock()).visits == 0
    report = kiosk.reports.of(BEFORE, clock())
    assert report.visits == 1
    assert report.tables[Dimension.HOUR]["20"] == 1
    assert report.times is not None
    assert report.times.worst_ms == 9_000
    assert kiosk.reports.facts.count(BEFORE, Figure(Dimension.HOUR, "20")) == 1

    kiosk.corrections.correct(visit, {"room": "Phòng 9"}, "chuyển phòng", clock())
    assert kiosk.reports.of(BEFORE, clock()).tables[Dimension.ROOM] == {"Phòng 9": 1}
    kiosk.corrections.cancel(visit, "trùng", clock())
    report = kiosk.reports.of(BEFORE, clock())
    assert (report.visits, report.cancelled) == (0, 1)
    assert not any(report.tables[Dimension.ROOM].values())


def test_a_visit_from_paper_counts_when_the_patient_came_and_has_no_time(
    kiosk: Kiosk, clock: Clock
) -> None:
    [sheet] = kiosk.paper_sheets.make(1, "desk", clock())
    code = kiosk.paper_sheets.lines(sheet)[0].code
    came = NOW + timedelta(hours=1)
    clock.go(timedelta(hours=3))
    number = person("an").insurance_number  # type: ignore[union-attr]
    entry = PaperEntry(code, came, number, False, Confirmation())
    kiosk.paper_entries.enter(entry)
    report = kiosk.reports.of(DAY, clock())

    assert report.tables[Dimension.SOURCE] == {"paper": 1}
    assert report.tables[Dimension.HOUR]["11"] == 1
    assert report.times is None
    assert report.not_timed == 1
