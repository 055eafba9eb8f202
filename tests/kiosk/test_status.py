"""The status that all pages share: found out once for each change, and never long ago."""

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
    """A status that is another each time it is found out; `failing` while it cannot be."""

    def __init__(self) -> None:
        self.times = 0
        self.failing = False
        self.now_s = 100.0
        self.screen = Notifier(4)
        self.shared = SharedStatus(self.read_status, self.screen.version, lambda: self.now_s)

    def read_status(self) -> dict[str, Any]:
        self.times += 1
        if self.failing:
            raise LogbookUnavailable("OperationalError: disk I/O error")
        return {"n": self.times}


@pytest.fixture
def source() -> Source:
    return Source()


def test_it_is_found_out_once_until_something_changes(source: Source) -> None:
    assert [source.shared()["n"] for _ in range(3)] == [1, 1, 1]
    source.screen.notify()
    assert [source.shared()["n"] for _ in range(3)] == [2, 2, 2]


@pytest.mark.parametrize("later_s", [MAX_STATUS_AGE_S, 3600.0, -1.0])
def test_it_is_found_out_again_after_a_while_though_nothing_changed(
    source: Source, later_s: float
) -> None:
    source.shared()
    source.now_s += MAX_STATUS_AGE_S / 2
    assert source.shared()["n"] == 1
    source.now_s = 100.0 + later_s
    assert source.shared()["n"] == 2


def test_a_change_while_it_is_found_out_makes_it_old_at_once() -> None:
    screen = Notifier(4)
    found: list[int] = []

    def read_status() -> dict[str, Any]:
        found.append(1)
        if len(found) == 1:
            screen.notify()
        return {"n": len(found)}

    shared = SharedStatus(read_status, screen.version, lambda: 0.0)

    assert [shared()["n"] for _ in range(3)] == [1, 2, 2]


def test_many_threads_at_once_find_it_out_once() -> None:
    screen, all_asked = Notifier(4), threading.Barrier(9)
    found: list[int] = []
    got: list[dict[str, Any]] = []

    def read_status() -> dict[str, Any]:
        found.append(1)
        return {"n": len(found)}

    shared = SharedStatus(read_status, screen.version, lambda: 0.0)

    def page() -> None:
        all_asked.wait()
        got.append(shared())

    threads = [threading.Thread(target=page) for _ in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 1
    assert got == [{"n": 1}] * 9


def test_a_failure_is_shared_too_and_over_as_soon_as_it_can_be_read(source: Source) -> None:
    source.shared()
    source.failing = True
    source.screen.notify()
    for _ in range(3):
        with pytest.raises(LogbookUnavailable, match="disk I/O"):
            source.shared()
    assert source.times == 2
    source.failing = False
    source.now_s += MAX_STATUS_AGE_S
    assert source.shared() == {"n": 3}


def test_all_pages_and_programs_share_it(
    kiosk: Kiosk, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    times, counts = [0], kiosk.outbox.counts

    def counting() -> dict[str, int]:
        times[0] += 1
        return counts()

    monkeypatch.setattr(kiosk.outbox, "counts", counting)
    kiosk.screen.notify()
    before = times[0]
    for _ in range(4):
        assert client.get("/healthz").status_code == 200
    health = times[0] - before
    kiosk.screen.notify()
    assert client.get("/healthz").status_code == 200

    # A machine that stands still for a second may have it found out once more.
    assert 1 <= health < 4
    assert times[0] - before > health
