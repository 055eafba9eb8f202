"""A check that hangs holds one thread of its own, and nobody who asks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from kiosk.doctor.check import GOOD, Check
from kiosk.doctor.watch import DoctorWatch
from kiosk.doctor.words import words as _
from tests.process import until

NOW = datetime(2026, 11, 29, 1, 0, tzinfo=UTC)


class SlowDoctor:
    """Answers when it is let."""

    def __init__(self) -> None:
        self.may_end, self.looks = threading.Event(), 0
        self.at = _("backup folder")
        self.error: Exception | None = None

    def examine(self, *_seen: object) -> list[Check]:
        self.looks += 1
        self.may_end.wait(60)
        if self.error is not None:
            raise self.error
        return [Check("disk", _("disk"), GOOD, _("fine"))]


@pytest.fixture
def doctor() -> Iterator[SlowDoctor]:
    made = SlowDoctor()
    yield made
    made.may_end.set()


@pytest.fixture
def watch(doctor: SlowDoctor) -> DoctorWatch:
    inside: Any = doctor
    return DoctorWatch(inside, lambda: None, lambda: NOW, most_s=0.2)  # type: ignore[arg-type, return-value]


def test_many_who_ask_get_an_answer_while_a_check_hangs(
    watch: DoctorWatch, doctor: SlowDoctor
) -> None:
    with ThreadPoolExecutor(20) as people:
        reports = list(people.map(lambda _n: watch.look(), range(60)))

    assert doctor.looks == 1
    assert {report.checks[0].what.text for report in reports} == {"backup folder"}
    assert {len(report.checks) for report in reports} == {1}
    assert watch.newest is not None  # so that a page need not wait again


def test_the_report_comes_once_the_check_has_answered(
    watch: DoctorWatch, doctor: SlowDoctor
) -> None:
    reported: list[str] = []
    watch.then = lambda checks: reported.extend(check.what.text for check in checks)
    watch.look()
    doctor.may_end.set()

    until(lambda: reported == ["disk"])

    assert [check.what.text for check in watch.look().checks] == ["disk"]


def test_what_was_known_before_stays(watch: DoctorWatch, doctor: SlowDoctor) -> None:
    doctor.may_end.set()
    watch.look()
    doctor.may_end.clear()

    again = [watch.look(), watch.look()]

    assert [[check.what.text for check in one.checks] for one in again] == [
        ["backup folder", "disk"],
        ["backup folder", "disk"],
    ]


def test_a_doctor_that_fails_says_so_and_looks_again(
    watch: DoctorWatch, doctor: SlowDoctor
) -> None:
    doctor.may_end.set()
    doctor.error = RuntimeError("Nguyen Van A")

    [failed] = watch.look().checks

    assert "RuntimeError" in str(failed.seen.values)
    assert "Nguyen" not in str(failed.seen)
    doctor.error = None
    assert [check.what.text for check in watch.look().checks] == ["disk"]
