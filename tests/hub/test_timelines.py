"""Servers that take over, come back, stand still, or were replaced."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kiosk.hub.errors import HubBehind, HubUnreachable
from kiosk.hub.timelines import TimelineGuard
from tests.hub.cluster import HubDatabase, until
from tests.hub.rows import visit_row, write
from tests.hub.test_connection import settings_with


def test_an_older_timeline_or_a_replaced_cluster_is_refused() -> None:
    kept: list[dict[str, int]] = []
    guard = TimelineGuard({"7": 2}, kept.append)
    guard.check("7", 2)
    guard.check("7", 3)
    with pytest.raises(HubBehind, match="timeline 2"):
        guard.check("7", 2)
    guard.check("8", 1)  # a dump that was restored into a new cluster
    with pytest.raises(HubBehind, match="replaced"):
        guard.check("7", 9)

    assert kept == [{"7": 3}, {"7": 3, "8": 1}]
    assert TimelineGuard(kept[-1]).seen == guard.seen


def test_what_cannot_be_kept_is_not_taken_for_seen() -> None:
    def fail(_seen: dict[str, int]) -> None:
        raise OSError("the disk is full")

    guard = TimelineGuard({}, fail)
    with pytest.raises(OSError, match="full"):
        guard.check("7", 1)
    assert guard.seen == {}


@pytest.mark.slow
def test_a_promoted_standby_is_found_and_the_old_primary_is_refused(
    make_pair: Callable[..., HubDatabase],
) -> None:
    hub = make_pair()
    settings = settings_with(hub.add_desk(1))
    guard = TimelineGuard()
    desk = hub.connect(settings, guard)
    write(desk, visit_row(1))
    standby = hub.others[0]
    until(lambda: hub.sql("select 1 from hub.visit", on=standby))

    hub.cluster.kill()
    with pytest.raises(HubUnreachable):
        desk.rows("select 1 as one")
    standby.promote()
    after = hub.connect(settings, guard)
    assert len(after.rows("select id from hub.visit")) == 1
    assert list(guard.seen.values()) == [2]

    hub.cluster.start()  # it comes back by itself, and stands first in the address
    with pytest.raises(HubBehind, match="old primary"):
        hub.connect(settings, guard)


@pytest.mark.slow
def test_a_server_that_stands_still_is_given_up(make_pair: Callable[..., HubDatabase]) -> None:
    hub = make_pair()
    settings = settings_with(hub.add_desk(1))
    desk = hub.connect(settings, limit_s=1.0)
    hub.cluster.freeze()
    try:
        with pytest.raises(HubUnreachable):
            desk.rows("select 1 as one")
        hub.others[0].promote()
        assert hub.connect(settings).timeline == "00000002"
    finally:
        hub.cluster.thaw()


@pytest.mark.slow
def test_a_commit_that_waits_for_a_dead_standby_is_given_up(
    make_pair: Callable[..., HubDatabase],
) -> None:
    """With one synchronous standby, commits wait for it; whether they are done is not known."""
    hub = make_pair(synchronous=True)
    settings = settings_with(hub.add_desk(1))
    desk = hub.connect(settings, limit_s=1.0)
    write(desk, visit_row(1))
    hub.others[0].stop()

    with pytest.raises(HubUnreachable):
        write(desk, visit_row(2))
