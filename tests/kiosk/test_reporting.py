"""Deadlines of messages, what is sent first, and the figures of each day."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from kiosk.desk import Confirmation
from kiosk.insurer import FIGURES, Reporting, overdue_text
from kiosk.logbook import DayCoverage, NewOutage, OutageReport, OutageSource, OutboxItem
from kiosk.logbook.reported_visits import ReportedMessage, ReportedVisit
from kiosk.logbook.sent_files import SentFiles
from kiosk.web.app import create_app
from tests.cast import AGAIN, NOW, TODAY, Clock, payload
from tests.conftest import Kiosk
from tests.kiosk.stub_gateway import gateway_to

LEASE = timedelta(minutes=2)


def minutes(count: float) -> datetime:
    return NOW + timedelta(minutes=count)


def confirm_visit(kiosk: Kiosk, name: str = "an", **fields: str) -> str:
    scanned = kiosk.scan(payload(name))
    return kiosk.desk.confirm(scanned, Confirmation(**fields), f"{name} {scanned}")[0].id  # type: ignore[arg-type]


def claim(kiosk: Kiosk) -> OutboxItem:
    [item] = kiosk.outbox.claim(kiosk.clock(), LEASE, kiosk.clock() + timedelta(hours=1))
    return item


def accept(kiosk: Kiosk) -> None:
    kiosk.outbox.accept([claim(kiosk)], kiosk.clock(), "T", "200", "{}")


def refuse(kiosk: Kiosk) -> None:
    kiosk.outbox.refuse(claim(kiosk), kiosk.clock(), "205", "?", "{}")


def park(kiosk: Kiosk) -> None:
    kiosk.outbox.park(claim(kiosk), kiosk.clock(), "999", "?")


def close(kiosk: Kiosk, visit: str) -> None:
    park(kiosk)
    kiosk.corrections.close(visit, "x", NOW)


def accept_and_cancel(kiosk: Kiosk, visit: str) -> None:
    accept(kiosk)
    kiosk.corrections.cancel(visit, "x", NOW)


def figures(kiosk: Kiosk, day: date = TODAY) -> dict[str, int]:
    """Return the figures of a day, without those that are zero."""
    [found] = kiosk.reporting.days(day, day, kiosk.clock())
    for figure in FIGURES:  # each figure is as long as its list
        rows = kiosk.reporting.rows_of(figure, day, day, kiosk.clock())
        assert len(rows) == found.figures[figure], figure
    return {name: count for name, count in found.figures.items() if count}


def after(clock: Clock, count: float) -> None:
    clock.moment = minutes(count)


def test_a_visit_is_overdue_when_our_aim_has_passed_and_no_longer_when_it_is_sent(
    kiosk: Kiosk, clock: Clock
) -> None:
    confirm_visit(kiosk)
    after(clock, 30)
    assert figures(kiosk) == {"visits": 1, "waiting": 1}
    assert kiosk.reporting.count_overdue(clock()) == 0
    after(clock, 30.1)
    assert figures(kiosk) == {"visits": 1, "waiting": 1, "overdue": 1, "late": 1}
    assert kiosk.reporting.count_overdue(clock()) == 1
    accept(kiosk)
    assert figures(kiosk) == {"visits": 1, "accepted": 1, "sent": 1, "late": 1}
    assert kiosk.reporting.count_overdue(clock()) == 0


def test_a_refused_visit_was_sent_in_time_and_its_correction_is_due_in_seven_working_days(
    kiosk: Kiosk, clock: Clock
) -> None:
    visit = confirm_visit(kiosk)
    after(clock, 10)
    refuse(kiosk)
    assert figures(kiosk) == {"visits": 1, "refused": 1, "sent": 1, "in_time": 1}
    clock.moment = datetime.fromisoformat("2026-12-04T23:59:00+07:00")
    assert "overdue" not in figures(kiosk)
    clock.moment = datetime.fromisoformat("2026-12-05T00:01:00+07:00")
    assert figures(kiosk) == {"visits": 1, "refused": 1, "sent": 1, "late": 1, "overdue": 1}
    kiosk.corrections.correct(visit, {"holder": "Trần Văn B"}, "x", clock())
    assert kiosk.reporting.count_overdue(clock()) == 1
    accept(kiosk)
    assert figures(kiosk) == {"visits": 1, "accepted": 1, "sent": 1, "late": 1}


def test_a_correction_in_time_keeps_a_visit_in_time(kiosk: Kiosk, clock: Clock) -> None:
    visit = confirm_visit(kiosk)
    accept(kiosk)
    after(clock, 24 * 60)
    kiosk.corrections.correct(visit, {"holder": "Trần Văn B"}, "x", clock())
    assert figures(kiosk) == {"visits": 1, "waiting": 1, "sent": 1, "in_time": 1}
    accept(kiosk)
    assert figures(kiosk) == {"visits": 1, "accepted": 1, "sent": 1, "in_time": 1}


def test_a_visit_that_was_corrected_before_it_was_sent_still_has_the_first_deadline(
    kiosk: Kiosk, clock: Clock
) -> None:
    visit = confirm_visit(kiosk, service_code="X" * 60)  # too long: it is parked
    after(clock, 40)
    assert figures(kiosk) == {"visits": 1, "parked": 1, "overdue": 1, "late": 1}
    kiosk.corrections.correct(visit, {"service_code": "KB"}, "x", clock())
    assert figures(kiosk) == {"visits": 1, "waiting": 1, "overdue": 1, "late": 1}
    accept(kiosk)
    assert figures(kiosk) == {"visits": 1, "accepted": 1, "sent": 1, "late": 1}


def test_a_message_that_is_sent_again_counts_from_when_it_was_first_judged(
    kiosk: Kiosk, clock: Clock
) -> None:
    visit = confirm_visit(kiosk)
    refuse(kiosk)
    after(clock, 24 * 60)
    kiosk.corrections.send_again(visit, clock())
    accept(kiosk)

    assert figures(kiosk) == {"visits": 1, "accepted": 1, "sent": 1, "in_time": 1}


@pytest.mark.parametrize(
    ("do", "expected"),
    [
        (lambda _kiosk, _visit: None, {"waiting": 1}),
        (lambda kiosk, _visit: park(kiosk), {"parked": 1}),
        (lambda kiosk, _visit: claim(kiosk), {"waiting": 1}),
        (lambda kiosk, visit: close(kiosk, visit), {"closed": 1}),
        (
            lambda kiosk, visit: kiosk.corrections.cancel(visit, "x", NOW),
            {"closed": 1, "cancelled": 1},
        ),
        (
            lambda kiosk, visit: accept_and_cancel(kiosk, visit),
            {"accepted": 1, "sent": 1, "in_time": 1, "cancelled": 1},
        ),
    ],
)  # fmt: skip
def test_each_visit_counts_by_what_became_of_it(
    kiosk: Kiosk, do: Callable[[Kiosk, str], object], expected: dict[str, int]
) -> None:
    do(kiosk, confirm_visit(kiosk))

    assert figures(kiosk) == {"visits": 1} | expected


def test_visits_that_the_law_does_not_want_reported_are_not_missing(kiosk: Kiosk) -> None:
    confirm_visit(kiosk, "an", arrival="emergency")
    confirm_visit(kiosk, "binh", arrival="uninsured")
    visit = confirm_visit(kiosk, "dung")
    with kiosk.database.transaction() as db:
        db.execute("delete from outbox_event")
        db.execute("delete from outbox where visit = ?", [visit])

    assert figures(kiosk) == {"visits": 3, "not_reported": 2, "missing": 1}


def test_a_visit_counts_as_signed_if_it_was_sent_in_a_signed_file(kiosk: Kiosk) -> None:
    files = SentFiles(kiosk.database)
    for name, serial in (("an", "1F"), ("binh", None)):
        confirm_visit(kiosk, name)
        item = claim(kiosk)
        files.record([item.id], b"<x/>", serial, NOW)
        kiosk.outbox.accept([item], NOW, "T", "200", "{}")

    assert figures(kiosk) == {"visits": 2, "accepted": 2, "sent": 2, "in_time": 2, "signed": 1}


def test_downtime_of_the_portal_makes_a_visit_due_later(kiosk: Kiosk, clock: Clock) -> None:
    confirm_visit(kiosk)
    after(clock, 60)
    portal = NewOutage(OutageSource.PORTAL, minutes(10), minutes(50))
    outage = kiosk.outages.add(portal, clock(), "desk")
    assert kiosk.reporting.count_overdue(clock()) == 0
    accept(kiosk)
    assert figures(kiosk)["in_time"] == 1
    kiosk.outages.dismiss(outage, 1, clock(), "desk")
    assert figures(kiosk)["late"] == 1


def test_downtime_of_the_line_counts_only_if_the_insurer_was_informed(
    kiosk: Kiosk, clock: Clock
) -> None:
    confirm_visit(kiosk)
    after(clock, 60)
    line = NewOutage(OutageSource.LINE, minutes(10))
    outage = kiosk.outages.add(line, clock(), "desk")
    assert kiosk.reporting.count_overdue(clock()) == 1
    informed = NewOutage(OutageSource.LINE, minutes(10), report=OutageReport("BHXH", minutes(15)))
    kiosk.outages.confirm(outage, informed, 1, clock(), "desk")
    assert kiosk.reporting.count_overdue(clock()) == 0
    after(clock, 24 * 60)  # it still lasts
    assert kiosk.reporting.count_overdue(clock()) == 0


def test_the_messages_whose_time_ran_during_an_outage_are_tied_to_it(
    kiosk: Kiosk, clock: Clock
) -> None:
    def at(count: float, name: str) -> str:
        after(clock, count)
        return confirm_visit(kiosk, name)

    answered_before = at(-50, "an")
    accept(kiosk)
    at(-40, "binh")  # overdue before the outage began
    tied = [at(-10, "dung"), at(5, "giang")]
    after(clock, 40)
    for _ in range(3):
        accept(kiosk)
    after(clock, 61)
    confirm_visit(kiosk, "an", repeat_reason=AGAIN)
    end = minutes(60)
    outage = kiosk.outages.add(NewOutage(OutageSource.PORTAL, NOW, end), minutes(61), "desk")

    [newest] = kiosk.outages.newest()
    found = kiosk.reporting.tied_to(newest, clock())

    assert outage == newest.id
    assert answered_before not in tied
    assert [message.visit for message in found] == tied
    assert [message.due_at for message in found] == [minutes(20), minutes(35)]
    assert [message.extended_to for message in found] == [minutes(80), minutes(90)]
    assert [message.answered_at for message in found] == [minutes(40), minutes(40)]


def test_from_2027_the_draft_is_counted_beside_the_rule_in_force(
    kiosk: Kiosk, clock: Clock
) -> None:
    clock.moment = datetime(2027, 1, 4, 3, 0, tzinfo=NOW.tzinfo)
    for name in ("an", "binh", "dung"):
        confirm_visit(kiosk, name)
    accept(kiosk)
    clock.go(timedelta(hours=2))
    accept(kiosk)
    day = date(2027, 1, 4)
    assert figures(kiosk, day)["late"] == 2
    assert figures(kiosk, day)["draft_in_time"] == 2
    assert "draft_late" not in figures(kiosk, day)
    clock.go(timedelta(hours=1, seconds=1))
    assert figures(kiosk, day)["draft_late"] == 1


def test_a_day_on_which_the_program_did_not_run_is_not_a_day_without_visits(
    kiosk: Kiosk, clock: Clock
) -> None:
    kiosk.outage_watch.look()
    clock.go(timedelta(days=2))
    Kiosk(kiosk.settings, kiosk.folder, demo=True, now=clock).outage_watch.look()

    days = kiosk.reporting.days(TODAY - timedelta(days=1), TODAY + timedelta(days=2), clock())

    assert [(day.coverage, day.has_data) for day in days] == [
        (DayCoverage.RAN, True),
        (DayCoverage.DID_NOT_RUN, False),
        (DayCoverage.RAN, True),
        (DayCoverage.NOT_KNOWN, False),
    ]


def overdue_claim(kiosk: Kiosk, limit: int = 1) -> list[str]:
    """Claim as the delivery does; return the visits."""
    now = kiosk.clock()
    overdue = kiosk.deadlines.overdue_before(now)
    return [item.visit for item in kiosk.outbox.claim(now, LEASE, None, limit, overdue)]


def test_what_is_overdue_is_sent_first(kiosk: Kiosk, clock: Clock) -> None:
    late = confirm_visit(kiosk, "an")
    kiosk.outbox.try_again([claim(kiosk)], minutes(39), "no answer: x")  # due in five seconds
    after(clock, 38)
    fresh = confirm_visit(kiosk, "binh")
    after(clock, 40)

    in_order = [visit for _ in range(2) for visit in overdue_claim(kiosk)]

    assert in_order == [late, fresh]


def test_several_messages_for_one_sending_begin_with_the_overdue_ones(
    kiosk: Kiosk, clock: Clock
) -> None:
    late = confirm_visit(kiosk, "an")
    with kiosk.database.transaction() as db:
        db.execute("update outbox set next_try_at = ?", [minutes(39).isoformat()])
    after(clock, 38)
    fresh = [confirm_visit(kiosk, name) for name in ("binh", "dung", "giang")]
    after(clock, 40)

    assert overdue_claim(kiosk, 3) == [late, *fresh[:2]]


def test_an_overdue_message_does_not_overtake_an_older_one_of_its_patient(
    kiosk: Kiosk, clock: Clock
) -> None:
    first = confirm_visit(kiosk, "an")
    after(clock, 1)
    confirm_visit(kiosk, "an", repeat_reason=AGAIN)
    [item] = kiosk.outbox.claim(clock(), LEASE)
    assert item.visit == first
    kiosk.outbox.try_again([item], minutes(58), "no answer: x")
    with kiosk.database.transaction() as db:
        db.execute(
            "update outbox set next_try_at = ? where visit = ?", [minutes(62).isoformat(), first]
        )
    after(clock, 60)

    assert overdue_claim(kiosk, 50) == []


def test_a_correction_is_not_sent_before_an_overdue_report(kiosk: Kiosk, clock: Clock) -> None:
    visit = confirm_visit(kiosk, "an")
    accept(kiosk)
    late = confirm_visit(kiosk, "binh")
    after(clock, 40)
    kiosk.corrections.correct(visit, {"holder": "Trần Văn B"}, "x", minutes(-10))

    assert overdue_claim(kiosk) == [late]


@pytest.mark.parametrize("day", range(1, 29))
def test_the_order_of_sending_and_the_figures_have_the_same_deadlines(
    kiosk: Kiosk, clock: Clock, day: int
) -> None:
    clock.moment = datetime(2026, 9, day, 10, 0, tzinfo=NOW.tzinfo)
    before = kiosk.deadlines.overdue_before(clock())
    now = kiosk.deadlines.at(clock())
    second = timedelta(seconds=1)
    for kind, moment in (("check_in", before.check_in), ("correction", before.correction)):
        last, first = now.plain(kind, moment - second), now.plain(kind, moment + second)
        assert last is not None
        assert first is not None
        assert last.due_at <= clock() < first.due_at


@pytest.mark.parametrize(("count", "readings"), [(199, 3), (200, 2)])
def test_the_status_counts_many_overdue_visits_every_five_seconds(
    kiosk: Kiosk, count: int, readings: int
) -> None:
    message = ReportedMessage("queued", None, is_correction=False, is_signed=False)
    waiting = ReportedVisit(1, "x", TODAY, NOW - timedelta(hours=2), False, None, (message,))
    seconds = [0.0]

    class Waiting:
        times = 0

        def open(self, _limit: int) -> list[ReportedVisit]:
            self.times += 1
            return [waiting] * count

    visits: Any = Waiting()
    runs: Any = None
    reporting = Reporting(visits, runs, kiosk.deadlines, lambda: seconds[0])
    for moment in (0.0, 4.9, 5.0):
        seconds[0] = moment
        assert reporting.recent_overdue(NOW) == count
    assert visits.times == readings


def test_a_number_of_overdue_visits_that_may_be_larger_says_so(kiosk: Kiosk, clock: Clock) -> None:
    confirm_visit(kiosk)
    after(clock, 60)
    with kiosk.database.transaction() as db:  # as after a long outage
        db.execute("update outbox_count set messages = 1001 where state = 'queued'")
    client = create_app(kiosk, threading.Event()).test_client()
    kiosk.gateway = kiosk.gateway or gateway_to("http://127.0.0.1:1", clock)

    assert "Overdue at the insurer: ≥ 1<" in client.get("/desk/status?lang=en").text
    assert overdue_text(1000, {"queued": 1000, "in_flight": 0, "refused": 0, "parked": 0}) == "1000"
