"""The lane up: all that a desk writes is at the hub, once, in order, whatever happens between."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from kiosk.hub.errors import HubNeedsOperator, HubRefused
from kiosk.hub.lane_up import BATCH, DOWN_REST_S, MIN_REST_S, REST, REST_VARIES
from kiosk.hub.up_statements import INSERT_VERSIONS, UPSERT_VISITS
from tests.hub.cluster import FACILITY, HubDatabase
from tests.hub.desks import Desk, hub_digests, hub_visits, now, set_record
from tests.hub.down import Change
from verify import clinic_day


@pytest.fixture
def desk(hub: HubDatabase, tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "desk", hub.add_desk())
    yield desk
    desk.close()


def test_visits_corrections_and_answers_are_at_the_hub(hub: HubDatabase, desk: Desk) -> None:
    first, second, third = (desk.record(number) for number in range(3))
    desk.correct(second, holder="Người Thử Hai")
    desk.corrections.cancel(third, "nhầm", now())
    assert desk.send_one("T7") == first
    desk.send_up()

    assert hub_digests(hub) == desk.digests()
    visits = hub_visits(hub)
    assert visits[first]["insurer_state"] == "accepted"
    assert visits[first]["insurer_transaction"] == "T7"
    assert visits[first]["ticket"] == "1"
    assert (visits[second]["version"], visits[second]["insurer_state"]) == (2, "queued")
    assert visits[third]["cancelled_at"] is not None
    assert visits[third]["insurer_state"] == "closed"


def test_a_later_answer_changes_only_the_state(hub: HubDatabase, desk: Desk) -> None:
    visit = desk.record(1)
    desk.send_up()
    desk.send_one()
    desk.send_up()

    [row] = hub_visits(hub).values()
    assert (row["insurer_state"], row["version"], row["seq"]) == ("accepted", 1, 2)
    assert hub_digests(hub) == desk.digests()
    assert row["id"] == visit


def test_twice_is_once(hub: HubDatabase, desk: Desk) -> None:
    for number in range(60):
        desk.record(number)
    desk.send_up()
    before = hub_visits(hub)
    desk.hub.streams.path.unlink()  # everything goes up once more, in another stream
    desk.close()
    desk.open()
    desk.heal_and_send()

    assert hub_visits(hub) == before
    assert hub.sql("select count(*) as n from hub.divergent")[0]["n"] == 0
    assert hub_digests(hub) == desk.digests()
    assert desk.hub.may_send() is False  # the other stream was used a moment ago
    assert [row["acked_seq"] for row in hub.sql("select acked_seq from hub.stream")] == [60, 60]


@pytest.mark.parametrize(
    ("value", "why"), [("\0", "22P05"), ("\ud800", "not_text")], ids=["NUL", "half a character"]
)
def test_a_row_that_cannot_be_stored_is_set_aside_and_the_others_go_on(
    hub: HubDatabase, desk: Desk, value: str, why: str
) -> None:
    visits = [desk.record(number) for number in range(9)]
    set_record(desk, visits[4], papers=f"giấy{value}")
    desk.send_up()

    assert set(hub_visits(hub)) == {*visits} - {visits[4]}
    [row] = desk.hub.state().set_aside
    assert (row.visit, row.version, row.why) == (visits[4], 1, why)
    assert desk.hub.state().waiting == 0

    set_record(desk, visits[4], papers="giấy")
    with desk.hub.connected() as connection:
        desk.hub.lane.begin(connection)
        assert desk.hub.lane.send_again(connection) == 1
    assert set(hub_visits(hub)) == {*visits}
    assert desk.hub.state().set_aside == ()


BUSY_WITH_MORE_THAN_TEN = """
create function busy() returns trigger language plpgsql as $$ begin
    if (select count(*) from brought) > 10 then raise sqlstate '40001'; end if;
    return null;
end $$;
create trigger busy after insert on hub.visit_version referencing new table as brought
    for each statement execute function busy()
"""


def test_a_hub_that_is_busy_with_a_whole_batch_gets_it_in_parts(
    hub: HubDatabase, desk: Desk
) -> None:
    hub.sql(BUSY_WITH_MORE_THAN_TEN)
    for number in range(BATCH // 2):
        desk.record(number)
    desk.send_up()

    assert hub_digests(hub) == desk.digests()
    assert desk.hub.state().set_aside == ()


def test_the_hub_knows_until_when_it_had_all(hub: HubDatabase, desk: Desk) -> None:
    def complete_at() -> datetime | None:
        [row] = hub.sql("select complete_at from hub.stream")
        return row["complete_at"]  # type: ignore[no-any-return]

    desk.record(0)
    desk.send_up()
    before = complete_at()
    for number in range(1, BATCH + 2):
        desk.record(number)
    with desk.hub.connected() as connection:
        desk.hub.lane.begin(connection)
        assert desk.hub.lane.send_some(connection) == BATCH
        behind = complete_at()
        assert desk.hub.lane.send_some(connection) == 1

    assert before is not None
    assert behind == before
    assert complete_at() > before  # type: ignore[operator]


def test_the_lane_rests_longer_after_what_goes_down_to_all_desks(desk: Desk) -> None:
    least, most = REST_VARIES
    desk.record(1)
    desk.send_up()
    assert least * DOWN_REST_S <= desk.hub.lane.rest_s(0.01) <= most * DOWN_REST_S

    desk.record(2)
    desk.hub.lane._clock = lambda: now() + timedelta(days=3)
    desk.send_up()
    assert most * MIN_REST_S < least * DOWN_REST_S  # so that the two can be told apart
    assert least * MIN_REST_S <= desk.hub.lane.rest_s(0.01) <= most * MIN_REST_S
    assert least * REST <= desk.hub.lane.rest_s(1) <= most * REST


def test_a_damaged_record_does_not_hold_up_the_others(hub: HubDatabase, desk: Desk) -> None:
    first, second = desk.record(1), desk.record(2)
    desk.correct(first, holder="Người Thử Một")
    with desk.database.transaction() as db:
        db.execute("update visit_version set record = '[]'")
    desk.send_up()

    visits = hub_visits(hub)
    assert (visits[first]["version"], visits[second]["version"]) == (2, 1)
    assert [row.why for row in desk.hub.state().set_aside] == ["unreadable"]


def test_a_statement_that_is_refused_sets_nothing_aside(hub: HubDatabase, desk: Desk) -> None:
    hub.sql("revoke insert on hub.visit from hub_desk")
    desk.record(1)
    with pytest.raises(HubRefused):
        desk.send_up()
    assert desk.hub.state().set_aside == ()

    hub.sql("grant insert on hub.visit to hub_desk")
    desk.send_up()
    assert hub_digests(hub) == desk.digests()


def test_a_missing_partition_is_for_the_operator_and_the_rows_wait(
    hub: HubDatabase, desk: Desk
) -> None:
    desk.record(1)
    for name in ("visit", "visit_version"):
        for row in hub.sql(
            "select inhrelid::regclass::text as part from pg_inherits"
            " where inhparent = %s::regclass",
            [f"hub.{name}"],
        ):
            hub.sql(f"drop table {row['part']}")
    with pytest.raises(HubNeedsOperator):
        desk.send_up()

    assert desk.hub.state().waiting == 1
    assert desk.hub.state().set_aside == ()


def test_nothing_goes_up_of_a_state_secret(hub: HubDatabase, desk: Desk) -> None:
    desk.record(1, secret=True)
    later = desk.record(2)
    desk.send_up()
    with desk.database.transaction() as db:  # the insurer has not answered: it may become one
        db.execute("delete from outbox_event where false")
    desk.correct(later, secret=True)
    desk.send_up()

    [row] = hub_visits(hub).values()
    assert (row["id"], row["version"], row["person"], row["ticket"]) == (later, 2, "", "")
    records = hub.sql("select version, record from hub.visit_version order by version")
    assert [bool(each["record"]) for each in records] == [True, False]


def test_without_records_names_stay_at_the_desk(hub: HubDatabase, tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk", hub.add_desk(), records="no")
    visit = desk.record(1)
    desk.correct(visit, holder="Người Thử Khác")
    desk.send_up()

    everything = str(hub.sql("select * from hub.visit_version")) + str(hub_visits(hub))
    assert "Người Thử" not in everything
    assert hub_visits(hub)[visit]["version"] == 2
    desk.close()


def test_another_desk_that_came_first_keeps_the_version_and_ours_is_kept_beside(
    hub: HubDatabase, desk: Desk
) -> None:
    visit = desk.record(1)
    desk.send_up()
    theirs = dict(hub.sql("select * from hub.visit_version")[0])
    hub.sql(
        "insert into hub.visit_version (facility, day, visit, version, desk, stream, seq, digest,"
        " written_at, record) select facility, day, visit, 2, 7, gen_random_uuid(), 1, 'x',"
        " now(), record from hub.visit_version"
    )
    desk.correct(visit, holder="Người Thử Một")
    desk.correct(visit, phone="0999000009")
    desk.send_up()

    kept = hub.sql("select version from hub.divergent order by version")
    assert [row["version"] for row in kept] == [2, 3]  # the third was made of ours
    assert desk.hub.state().divergent == 2
    there = hub_digests(hub)
    assert there[visit, 1] == bytes(theirs["digest"]).hex()
    assert there[visit, 2] == b"x".hex()
    assert (visit, 3) not in there

    # What follows was made of both (test_divergence.py), and goes on from there.
    desk.correct(visit, phone="0999000010")
    desk.send_up()
    assert hub_visits(hub)[visit]["version"] == 5


def test_the_hub_measures_our_clock(desk: Desk) -> None:
    desk.record(1)
    desk.send_up()

    skew = desk.hub.state().skew
    assert skew is not None
    assert not desk.hub.state().is_clock_off


def test_a_visit_stays_with_its_desk_also_if_another_ones_change_comes_first(
    hub: HubDatabase,
) -> None:
    """After a failover that lost rows, desks send again in any order."""
    at = now()
    recorded = Change(f"{FACILITY}-{clinic_day(at):%Y%m%d}-1", 1, 1, "9999900001", at)
    changed = replace(recorded, version=2)
    for desk, change in ((2, changed), (1, recorded)):
        row = change.row(1) | {"parent": None}
        if desk == 1:
            del row["owner"]  # the desk that brings it
        values = {"facility": FACILITY, "desk": desk, "stream": uuid.UUID(int=desk)}
        connection = hub.desk(desk)
        with connection.transaction():
            for sql in (INSERT_VERSIONS, UPSERT_VISITS):
                connection.execute(sql, values | {"rows": json.dumps([row])})

    [row] = hub_visits(hub).values()
    assert (row["desk"], row["version"]) == (1, 2)
