"""Who has been here today is known without reading the logbook for each scan, and in time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from kiosk.logbook import (
    Arrival,
    Attempts,
    CardOnVisit,
    Corrections,
    Database,
    LogbookUnavailable,
    NewVisit,
    Visits,
    VisitService,
)
from kiosk.logbook.visitors import MAX_AGE_S, Visitors
from tests.cast import NOW
from verify import Birth, Outcome, Reason, Sex, Verdict

TODAY, TOMORROW = date(2026, 11, 25), date(2026, 11, 26)
AN, BINH = "9999900021", "9999900030"


class CountedDatabase(Database):
    """A logbook that counts what is read, and lets a test act during a reading."""

    def __init__(self, path: Path) -> None:
        self.readings = 0
        self.after_reading: Callable[[], object] = lambda: None
        super().__init__(path)

    def rows(self, sql: str, values: Sequence[object] | dict[str, object] = ()) -> list[Any]:
        self.readings += 1
        found = super().rows(sql, values)
        after, self.after_reading = self.after_reading, lambda: None
        after()
        return found


class Desk:
    """A process that records visits in a logbook."""

    def __init__(self, path: Path) -> None:
        self.database = CountedDatabase(path)
        self.attempts = Attempts(self.database)
        self.visits = Visits(self.database, lambda _id, _visit: None)
        self.corrections = Corrections(self.database, lambda _id, _visit: None)
        self.monotonic_s = 100.0
        self.visitors = Visitors(self.database, lambda: self.monotonic_s)

    def confirm(self, person: str, days: int = 0) -> str:
        """Record a visit of a person, some days after today; return its id."""
        at = NOW + timedelta(days=days)
        attempt = self.attempts.record(Verdict(Reason.IN_FORCE), "front", at).id
        visit = NewVisit(
            attempt=attempt, verdict_of=attempt, facility="01999", arrived_at=at,
            outcome=Outcome.ADMITTED, reason=Reason.IN_FORCE, person=person,
            card=CardOnVisit(
                number=f"GD401{person}", card_number=f"GD401{person}", holder="Nguyễn Văn Mẫu",
                born=Birth(1980, 2, 1), sex=Sex.MALE, registered_at="01999",
            ),
            service=VisitService("KB", "Khám bệnh", "1", "01"),
            arrival=Arrival("registered"),
        )  # fmt: skip
        return self.visits.confirm(visit, f"key {attempt}")[0].id


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "logbook.db")


@pytest.fixture
def other_desk(desk: Desk) -> Desk:
    """A process of its own on the same logbook."""
    return Desk(desk.database._path)


def test_people_who_have_not_been_here_are_not_looked_for_in_the_logbook(desk: Desk) -> None:
    desk.confirm(AN)
    assert not desk.visitors.may_include(BINH, TODAY)
    desk.database.readings = 0

    assert not any(desk.visitors.may_include(str(number), TODAY) for number in range(100))
    assert desk.visitors.may_include(AN, TODAY)
    assert desk.database.readings == 0


def test_a_visit_of_this_process_is_known_at_once(desk: Desk) -> None:
    for number in range(3):
        person = f"999990010{number}"
        assert desk.visits.here_today(person, NOW) is None
        visit = desk.confirm(person)
        found = desk.visits.here_today(person, NOW)
        assert found is not None
        assert found.id == visit


def test_a_visit_of_another_process_is_known_after_a_second(desk: Desk, other_desk: Desk) -> None:
    assert not desk.visitors.may_include(AN, TODAY)
    other_desk.confirm(AN)
    desk.monotonic_s += MAX_AGE_S / 2
    assert not desk.visitors.may_include(AN, TODAY)

    desk.monotonic_s += MAX_AGE_S / 2
    assert desk.visitors.may_include(AN, TODAY)


def test_a_clock_that_jumps_back_makes_what_is_known_old(desk: Desk, other_desk: Desk) -> None:
    assert not desk.visitors.may_include(AN, TODAY)
    other_desk.confirm(AN)
    desk.monotonic_s -= 1000

    assert desk.visitors.may_include(AN, TODAY)


def test_only_new_visits_are_read_again(desk: Desk) -> None:
    for number in range(50):
        desk.confirm(f"99999{number:05d}")
    desk.visitors.may_include(AN, TODAY)
    steps: list[int] = []

    def count_step() -> int:
        steps.append(1)
        return 0

    desk.database.reading().conn.set_progress_handler(count_step, 1)  # at each SQLite instruction
    for _ in range(3):
        steps.clear()
        desk.monotonic_s += MAX_AGE_S
        assert desk.visitors.may_include("9999900049", TODAY)
        assert 0 < len(steps) < 80


def test_the_visitors_of_one_day_are_not_those_of_another(desk: Desk) -> None:
    desk.confirm(AN)
    desk.confirm(BINH, days=1)

    for _ in range(2):
        assert desk.visitors.may_include(AN, TODAY)
        assert not desk.visitors.may_include(BINH, TODAY)
        assert desk.visitors.may_include(BINH, TOMORROW)
        assert not desk.visitors.may_include(AN, TOMORROW)
    assert desk.visits.here_today(BINH, NOW) is None


def test_a_cancelled_visit_does_not_count_and_the_next_one_does(desk: Desk) -> None:
    first = desk.confirm(AN)
    desk.corrections.cancel(first, "mistaken", NOW)
    assert desk.visits.here_today(AN, NOW) is None

    second = desk.confirm(AN)
    found = desk.visits.here_today(AN, NOW)
    assert found is not None
    assert found.id == second


def test_on_a_day_without_visits_earlier_days_are_not_read_again(desk: Desk) -> None:
    for number in range(200):
        desk.confirm(f"99999{number:05d}")
    assert not desk.visitors.may_include(AN, TOMORROW)
    steps: list[int] = []
    desk.database.reading().conn.set_progress_handler(lambda: steps.append(1), 1)
    desk.monotonic_s += MAX_AGE_S

    assert not desk.visitors.may_include(AN, TOMORROW)
    assert 0 < len(steps) < 80


def test_a_visit_that_is_committed_during_a_reading_is_not_overlooked(desk: Desk) -> None:
    visitors, database = desk.visits._visitors, desk.database
    # Behind the first reading, of the last row: so the second one finds no visit yet.
    database.after_reading = lambda: setattr(database, "after_reading", lambda: desk.confirm(AN))

    assert not visitors.may_include(AN, TODAY)  # this reading began before the visit
    assert visitors.may_include(AN, TODAY)


def test_while_one_thread_reads_the_others_ask_the_logbook_themselves(desk: Desk) -> None:
    answers: list[bool] = []

    def ask_too() -> None:
        thread = threading.Thread(
            target=lambda: answers.append(desk.visitors.may_include(BINH, TODAY))
        )
        thread.start()
        thread.join()

    desk.database.after_reading = ask_too

    assert not desk.visitors.may_include(BINH, TODAY)
    assert answers == [True]
    assert not desk.visitors.may_include(BINH, TODAY)


def test_a_logbook_that_cannot_be_read_is_asked_again(desk: Desk) -> None:
    def fail() -> None:
        raise LogbookUnavailable("OperationalError: disk I/O error")

    desk.confirm(AN)
    desk.database.after_reading = fail
    with pytest.raises(LogbookUnavailable):
        desk.visitors.may_include(AN, TODAY)

    assert desk.visitors.may_include(AN, TODAY)


def test_what_any_thread_has_confirmed_is_known_to_all_at_once(desk: Desk) -> None:
    missed: list[str] = []

    def confirm_and_ask(thread: int) -> None:
        for number in range(15):
            person = f"99999{thread:02d}{number:03d}"
            desk.confirm(person)
            if desk.visits.here_today(person, NOW) is None:
                missed.append(person)
        desk.database.close()

    threads = [threading.Thread(target=confirm_and_ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert missed == []
