"""The status that all pages share: read once for each change, and never old."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from flask.testing import FlaskClient

from kiosk.desk import Notifier
from kiosk.logbook.errors import LogbookUnavailable
from kiosk.web.status import MAX_STATUS_AGE_S, SharedStatus
from tests.conftest import Kiosk


class Source:
    """A status that differs each time it is read.  Reading fails while `failing` is set."""

    def __init__(self) -> None:
        self.times = 0
        self.failing = False
        self.now_s = 100.0
        self.notifier = Notifier(4)
        self.shared = SharedStatus(self.read_status, self.notifier.version, lambda: self.now_s)

    def read_status(self) -> dict[str, Any]:
        self.times += 1
        if self.failing:
            raise LogbookUnavailable("OperationalError: disk I/O error")
        return {"n": self.times}


@pytest.fixture
def source() -> Source:
    return Source()


def test_the_status_is_read_once_until_something_changes(source: Source) -> None:
    assert [source.shared()["n"] for _ in range(3)] == [1, 1, 1]
    source.notifier.notify()
    assert [source.shared()["n"] for _ in range(3)] == [2, 2, 2]


@pytest.mark.parametrize("later_s", [MAX_STATUS_AGE_S, 3600.0, -1.0])
def test_the_status_is_read_again_after_a_while_without_a_change(
    source: Source, later_s: float
) -> None:
    source.shared()
    source.now_s += MAX_STATUS_AGE_S / 2
    assert source.shared()["n"] == 1
    source.now_s = 100.0 + later_s
    assert source.shared()["n"] == 2


def test_a_change_during_the_reading_makes_the_status_old_at_once() -> None:
    notifier = Notifier(4)
    readings: list[int] = []

    def read_status() -> dict[str, Any]:
        readings.append(1)
        if len(readings) == 1:
            notifier.notify()
        return {"n": len(readings)}

    shared = SharedStatus(read_status, notifier.version, lambda: 0.0)

    assert [shared()["n"] for _ in range(3)] == [1, 2, 2]


def test_many_threads_at_once_read_the_status_once() -> None:
    notifier, all_asked = Notifier(4), threading.Barrier(9)
    readings: list[int] = []
    got: list[dict[str, Any]] = []

    def read_status() -> dict[str, Any]:
        readings.append(1)
        return {"n": len(readings)}

    shared = SharedStatus(read_status, notifier.version, lambda: 0.0)

    def page() -> None:
        all_asked.wait()
        got.append(shared())

    threads = [threading.Thread(target=page) for _ in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(readings) == 1
    assert got == [{"n": 1}] * 9


def test_a_failure_is_shared_and_ends_as_soon_as_the_status_can_be_read(source: Source) -> None:
    source.shared()
    source.failing = True
    source.notifier.notify()
    for _ in range(3):
        with pytest.raises(LogbookUnavailable, match="disk I/O"):
            source.shared()
    assert source.times == 2
    source.failing = False
    source.now_s += MAX_STATUS_AGE_S
    assert source.shared() == {"n": 3}


def test_all_pages_and_programs_share_the_status(
    kiosk: Kiosk, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    times, counts = [0], kiosk.outbox.counts

    def counting() -> dict[str, int]:
        times[0] += 1
        return counts()

    monkeypatch.setattr(kiosk.outbox, "counts", counting)
    kiosk.notifier.notify()
    before = times[0]
    for _ in range(4):
        assert client.get("/healthz").status_code == 200
    health = times[0] - before
    kiosk.notifier.notify()
    assert client.get("/healthz").status_code == 200

    # The status may be read once more if the machine stops for a second.
    assert 1 <= health < 4
    assert times[0] - before > health
