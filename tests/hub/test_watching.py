"""What the doctor and the metrics of a running desk say of its hub."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kiosk.assembly.checkup import CONDITIONS
from kiosk.doctor import Check, HubCondition
from kiosk.hub.hub import HubTrouble
from kiosk.metrics import Metrics, watch_kiosk
from tests.cast import Clock, payload, settings_for
from tests.conftest import Kiosk
from tests.hub.cluster import HubDatabase, until


@pytest.fixture
def clock() -> Clock:
    """The hub's clock is the machine's, so ours is too."""
    return Clock(datetime.now(UTC))


@pytest.fixture
def desk(hub: HubDatabase, tmp_path: Path, clock: Clock) -> Kiosk:
    """Desk 1, whose lanes do not run yet."""
    settings = hub.settings(settings_for(tmp_path, web={"screens": 2}))
    return Kiosk(settings, tmp_path, demo=True, now=clock)


@contextmanager
def going_up(desk: Kiosk) -> Iterator[None]:
    """Run the lane up, as the program does."""
    assert desk.hub is not None
    stop = threading.Event()
    desk.hub.journal.begin(desk.clock())
    lane = threading.Thread(target=desk.hub.run, args=(stop,))
    lane.start()
    try:
        yield
    finally:
        stop.set()
        lane.join()


def condition(desk: Kiosk) -> HubCondition | None:
    seen = desk.hub_seen()
    return None if seen is None else seen.condition


def said(desk: Kiosk) -> dict[str, Check]:
    """Return what the doctor of the running program says of the hub."""
    checks = desk.doctor.examine(desk._observe())
    return {check.code: check for check in checks if check.group == "hub"}


def scraped(desk: Kiosk) -> dict[str, float]:
    """Return the values of the metrics about the hub."""
    metrics = Metrics()
    watch_kiosk(metrics, desk, lambda: True)
    lines = metrics.text().decode().splitlines()
    return {
        name.removeprefix("tiepdon_hub_"): float(value)
        for name, value in (line.split() for line in lines if line.startswith("tiepdon_hub_"))
    }


def test_without_a_hub_nothing_is_said_and_nothing_is_measured(kiosk: Kiosk) -> None:
    assert kiosk.hub_seen() is None
    assert not said(kiosk)
    assert not scraped(kiosk)


def test_before_the_first_try_nothing_is_known(desk: Kiosk) -> None:
    assert condition(desk) is HubCondition.STARTING
    assert said(desk)["hub"].state == "unknown"
    assert "up" not in scraped(desk)


def test_a_hub_that_has_everything_is_good_and_one_that_refuses_is_bad(
    desk: Kiosk, hub: HubDatabase
) -> None:
    with going_up(desk):
        until(lambda: condition(desk) is HubCondition.CONNECTED)
        desk.scan(payload("an"))
        until(lambda: scraped(desk).get("waiting_changes") == 0)
        found = scraped(desk)
        assert (found["up"], found["failing_seconds"], found["set_aside"]) == (1, 0, 0)
        until(lambda: {check.state for check in said(desk).values()} == {"good"})

        hub.sql("alter role desk_01999_1 nologin")
        hub.sql("select pg_terminate_backend(pid) from pg_stat_activity where usename ~ '^desk'")
        until(lambda: condition(desk) is HubCondition.LOGIN_REFUSED)
        assert scraped(desk)["up"] == 0
        check = said(desk)["hub"]
        assert check.state == "bad"
        assert check.do is not None


def test_each_trouble_of_the_hub_has_its_condition() -> None:
    assert set(CONDITIONS) == {str(trouble) for trouble in HubTrouble}
    assert set(CONDITIONS.values()) == set(HubCondition)
