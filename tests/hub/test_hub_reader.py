"""What asks the hub for pages: it says why there is no answer, and holds few threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from kiosk.hub import AwayReason, HubAway, HubConnection, HubReader, desk_access, open_reader
from kiosk.hub.errors import HubUnreachable
from kiosk.hub.reader import MAX_PAGES, RETRY_S
from kiosk.settings import Settings, load_settings
from tests.hub.cluster import FACILITY, HubDatabase, free_port
from tests.hub.facility_rows import add_desk_at

NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)


class Clock:
    """Seconds that a test moves on."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def own_settings() -> Settings:
    settings = load_settings(None, may_lack_code=True)
    return replace(settings, facility=replace(settings.facility, code=FACILITY))


def reader(hub: HubDatabase) -> HubReader:
    access = hub.access(hub.add_desk(1))
    return HubReader(1, lambda: closing(HubConnection(access, hub.watchdog)), None, lambda: NOW)


def opened(hub: HubDatabase, settings: Settings) -> HubReader:
    def connect(limit_s: float) -> closing[HubConnection]:
        return closing(HubConnection(desk_access(settings), hub.watchdog, limit_s=limit_s))

    return open_reader(settings, connect, hub.watchdog, lambda: NOW)


def test_a_page_sees_one_moment_and_may_change_nothing(hub: HubDatabase) -> None:
    two = add_desk_at(hub, 2)
    with reader(hub).asking() as view:
        before = view.open_cases()
        two.record("An", insurer_state="refused")
        assert view.open_cases() == before
    with reader(hub).asking() as view:
        assert len(view.open_cases().messages) == 1
    with pytest.raises(HubAway), reader(hub).asking() as view:
        view._rows("update hub.stream set program = 'x'", {})


def test_a_hub_that_is_down_is_named_with_the_moment_and_not_asked_again_at_once() -> None:
    asked, clock = [], Clock()

    def connect() -> closing[HubConnection]:
        asked.append(1)
        raise HubUnreachable("nobody there")

    down = HubReader(1, connect, None, lambda: NOW, clock)
    for _page in range(3):
        with pytest.raises(HubAway) as away, down.asking():
            pass
        assert (away.value.trouble, away.value.since) == (AwayReason.SILENT, NOW)
    assert len(asked) == 1

    clock.seconds += RETRY_S
    with pytest.raises(HubAway), down.asking():
        pass
    assert len(asked) == 2


def test_a_hub_that_is_back_answers_at_the_next_try(hub: HubDatabase) -> None:
    clock = Clock()
    is_up: list[int] = []

    access = hub.access(hub.add_desk(1))

    def connect() -> closing[HubConnection]:
        if not is_up:
            raise HubUnreachable("nobody there")
        return closing(HubConnection(access, hub.watchdog))

    asks = HubReader(1, connect, None, lambda: NOW, clock)
    with pytest.raises(HubAway), asks.asking():
        pass
    is_up.append(1)
    clock.seconds += RETRY_S
    with asks.asking() as view:
        assert [desk.id for desk in view.desks()] == [1]
    with asks.asking() as view:  # at once: it is not away any more
        assert view.desks()


def test_only_some_pages_ask_at_the_same_time(hub: HubDatabase) -> None:
    asks = reader(hub)
    inside, leave = threading.Semaphore(0), threading.Event()

    def page() -> None:
        with asks.asking():
            inside.release()
            leave.wait(30)

    threads = [threading.Thread(target=page) for _ in range(MAX_PAGES)]
    for thread in threads:
        thread.start()
    for _thread in threads:
        assert inside.acquire(timeout=30)
    with pytest.raises(HubAway) as away, asks.asking():
        pass
    leave.set()
    for thread in threads:
        thread.join()

    assert away.value.trouble is AwayReason.BUSY


def test_settings_say_which_days_a_desk_can_read(hub: HubDatabase) -> None:
    settings = own_settings()
    own = hub.add_desk(1)
    asks = opened(hub, replace(settings, hub=own))
    assert not asks.reads_all_days
    with pytest.raises(ValueError, match="no login for reports"), asks.asking(all_days=True):
        pass

    both = replace(own, report_password_file=hub.add_report())
    asks = opened(hub, replace(settings, hub=both))
    assert asks.reads_all_days
    with asks.asking(all_days=True) as view:
        assert view.desks()


@pytest.mark.slow
def test_a_hub_that_stops_in_the_middle_is_given_up(make_pair: Callable[..., HubDatabase]) -> None:
    hub = make_pair()
    asks = opened(hub, replace(own_settings(), hub=hub.add_desk(1)))

    def page() -> None:
        with asks.asking() as view:
            assert view.desks()
            hub.cluster.freeze()
            view.desks()

    with pytest.raises(HubAway) as away:
        page()
    hub.cluster.thaw()

    assert away.value.trouble is AwayReason.SILENT


def test_a_wrong_password_and_a_port_that_nobody_serves_are_told_apart(hub: HubDatabase) -> None:
    settings = own_settings()
    own = hub.add_desk(1)
    wrong = hub.folder / "wrong"
    wrong.write_text("wrong")
    nowhere = own.url.replace(str(hub.cluster.port), str(free_port()))
    for changed, trouble in (
        (replace(own, password_file=str(wrong)), AwayReason.LOGIN_REFUSED),
        (replace(own, url=nowhere), AwayReason.SILENT),
        (replace(own, password_file="/nowhere"), AwayReason.LOGIN_REFUSED),
    ):
        asks = opened(hub, replace(settings, hub=changed))
        with pytest.raises(HubAway) as away, asks.asking():
            pass
        assert away.value.trouble is trouble
