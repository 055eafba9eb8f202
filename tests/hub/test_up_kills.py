"""Whatever line the lane up is killed at, nothing is lost and nothing is there twice."""

from __future__ import annotations

from pathlib import Path

from kiosk.logbook import Database
from tests.hub.cluster import HubDatabase
from tests.hub.desks import Desk, hub_digests, hub_visits, now
from tests.kills import died, may_fork, needs_fork
from tests.sampling import sample_more_and_all

STEPS = ("kiosk/hub/lane_up", "kiosk/hub/streams", "kiosk/hub/connection")
HEALING = ("kiosk/hub/healing", "kiosk/logbook/fetched_visits", "kiosk/hub/streams")


@needs_fork
@may_fork
@sample_more_and_all("stride", 23, 5, 1)
def test_a_lane_that_is_killed_at_any_line_brings_everything_once(
    hub: HubDatabase, tmp_path: Path, stride: int
) -> None:
    settings, folder = hub.add_desk(), tmp_path / "desk"
    Desk(folder, settings).close()

    def work() -> None:
        Desk(folder, settings).send_up()

    step, number, last = 1, 0, 0
    while True:
        desk = Desk(folder, settings)
        visit = desk.record(number)
        desk.correct(desk.record(number + 1), holder=f"Người Thử {number}")
        desk.corrections.cancel(visit, "nhầm", now())
        desk.close()
        number += 2
        if not died(step, work, STEPS):
            break
        step, last = step + stride, step
        desk = Desk(folder, settings)
        desk.send_up()
        assert hub_digests(hub) == desk.digests(), last
        desk.close()

    assert last > 150
    assert hub.sql("select count(*) as n from hub.divergent")[0]["n"] == 0
    assert [row["n"] for row in hub.sql("select count(*) as n from hub.stream")] == [1]
    waiting = {row["insurer_state"] for row in hub_visits(hub).values()}
    assert waiting == {"queued", "closed"}


@needs_fork
@may_fork
@sample_more_and_all("stride", 29, 7, 1)
def test_healing_that_is_killed_at_any_line_goes_on(
    hub: HubDatabase, tmp_path: Path, stride: int
) -> None:
    settings, folder = hub.add_desk(), tmp_path / "desk"
    desk = Desk(folder, settings)
    kept = desk.record(0)
    desk.send_up()
    backup = desk.copy_to(tmp_path / "backup")
    desk.correct(kept, holder="Người Thử Không")
    first, _second = desk.record(1), desk.record(2)
    desk.correct(first, holder="Người Thử Một")
    sent = desk.send_one()
    desk.send_up()
    before = desk.digests()

    def work() -> None:
        Desk(folder, settings).heal_and_send()

    step, last = 1, 0
    while True:
        desk.restore(backup)
        desk.close()
        if not died(step, work, HEALING):
            break
        step, last = step + stride, step
        desk.open()
        desk.heal_and_send()
        assert desk.digests() == before == hub_digests(hub), last
        assert desk.states()[sent] == "accepted", last

    assert last > 100
    database = Database(folder / "logbook.db", "demo")
    assert database.rows("select count(*) from visit")[0][0] == 3
    assert hub.sql("select count(*) as n from hub.divergent")[0]["n"] == 0
