"""After a failover that lost the last rows, and back, every mirror has what the hub has."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kiosk.hub.errors import HubUnreachable
from tests.hub.cluster import HubDatabase, until
from tests.hub.down import Mirror, Sender, at_hub

pytestmark = pytest.mark.slow


def test_a_promoted_standby_that_lacks_the_last_rows_loses_none_for_the_mirrors(
    make_pair: Callable[..., HubDatabase], tmp_path: Path
) -> None:
    hub = make_pair()
    [standby] = hub.others
    mirror, sender = Mirror(hub, 1, tmp_path), Sender(hub, 2)
    for number in range(5):
        sender.record(number)
    sender.send()
    mirror.follow()
    until(lambda: _count(hub, standby) == 5)

    # The standby hears nothing more; what comes now is acknowledged, and lost with the primary.
    standby.sql("alter system set primary_conninfo = ''")
    standby.sql("select pg_reload_conf()")
    until(lambda: standby.sql("select count(*) as n from pg_stat_wal_receiver")[0]["n"] == 0)
    for number in range(5, 8):
        sender.record(number)
    sender.send()
    mirror.follow()
    assert len(mirror.visits()) == 8
    hub.cluster.kill()
    standby.promote()
    _again(mirror.follow)
    assert len(mirror.visits()) == 8  # the mirror forgets nothing that was there

    sender.record(8)
    _again(sender.send)
    mirror.follow()
    assert sender.acked() == 9
    assert len(mirror.visits()) == 9
    assert mirror.visits() == at_hub(hub, 1, standby)

    mirror.restart(without_file=True)
    mirror.follow()
    assert mirror.visits() == at_hub(hub, 1, standby)


def _count(hub: HubDatabase, on: object) -> int:
    return int(hub.sql("select count(*) as n from hub.visit", on=on)[0]["n"])  # type: ignore[arg-type]


def _again(act: Callable[[], None]) -> None:
    """Do something as soon as the hub answers again."""

    def is_done() -> bool:
        try:
            act()
        except HubUnreachable:
            return False
        return True

    until(is_done)
