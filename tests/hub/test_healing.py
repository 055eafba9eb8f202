"""A desk or a hub that was restored, and a copied desk: healed without losing a visit."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.hub.lane_up import StreamLost
from kiosk.hub.streams import HoldReason
from kiosk.privacy.deletion import delete_visits
from tests.hub.cluster import HubDatabase
from tests.hub.desks import LEASE, Desk, hub_digests, hub_visits, now
from tests.hub.test_divergence import correct_elsewhere


@pytest.fixture
def desk(hub: HubDatabase, tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "desk", hub.add_desk())
    yield desk
    desk.close()


def test_a_desk_that_was_restored_and_stood_idle_gets_back_what_the_hub_has(
    hub: HubDatabase, desk: Desk, tmp_path: Path
) -> None:
    kept = [desk.record(number) for number in range(3)]
    desk.send_up()
    backup = desk.copy_to(tmp_path / "backup")
    lost = [desk.record(number) for number in range(3, 6)]
    desk.correct(kept[0], holder="Người Thử Không")
    desk.correct(lost[0], holder="Người Thử Ba")
    desk.corrections.cancel(lost[1], "nhầm", now())
    sent = [desk.send_one(f"T{number}") for number in range(2)]
    desk.send_up()
    before = desk.digests()
    tickets = {visit: desk.visits.by_id(visit).ticket_label for visit in lost}  # type: ignore[union-attr]

    desk.restore(backup)
    assert not desk.hub.may_send()  # known without the hub: its last place is not in the journal
    assert desk.hub.state().hold is HoldReason.RESTORED
    desk.heal_and_send()

    assert desk.digests() == before == hub_digests(hub)
    assert hub.sql("select count(*) as n from hub.divergent")[0]["n"] == 0
    assert {visit: desk.visits.by_id(visit).ticket_label for visit in lost} == tickets  # type: ignore[union-attr]
    states = desk.states()
    assert [states[visit] for visit in sent] == ["accepted", "accepted"]
    assert states[kept[0]] == "queued" if kept[0] not in sent else True
    assert desk.visits.by_id(lost[1]).cancelled_at  # type: ignore[union-attr]
    healed = desk.hub.state().healed
    assert healed is not None
    assert (healed.written_back, healed.followed) == (3, 1)


def test_a_version_of_another_desk_is_sent_after_a_restore(
    hub: HubDatabase, desk: Desk, tmp_path: Path
) -> None:
    """What the hub says of the message may be about the version before."""
    visit = desk.record(1)
    backup = desk.copy_to(tmp_path / "backup")
    desk.send_one("T5")
    desk.send_up()
    correct_elsewhere(hub, visit, holder="Người Thử Hai")

    desk.restore(backup)
    desk.heal_and_send()

    assert hub_digests(hub)[visit, 2] == desk.digests()[visit, 2]
    assert desk.states() == {visit: "queued"}


def test_a_visit_that_another_desk_cancelled_is_fetched_back_and_sent_by_nobody(
    hub: HubDatabase, desk: Desk, tmp_path: Path
) -> None:
    backup = desk.copy_to(tmp_path / "backup")
    visit = desk.record(1)
    desk.send_up()
    correct_elsewhere(hub, visit, cancelled_at=now().isoformat())
    hub.sql("update hub.visit set cancelled_at = now()")

    desk.restore(backup)
    desk.heal_and_send()

    assert desk.states() == {visit: "closed"}
    assert hub_visits(hub)[visit]["insurer_state"] == "closed"
    assert desk.outbox.claim(now(), LEASE) == []


def test_a_message_that_was_sent_before_the_restore_is_not_sent_again(
    hub: HubDatabase, desk: Desk, tmp_path: Path
) -> None:
    first, second = desk.record(1), desk.record(2)
    backup = desk.copy_to(tmp_path / "backup")
    assert desk.send_one("T5") == first
    desk.send_up()

    desk.restore(backup)
    assert not desk.hub.may_send()
    desk.heal_and_send()

    assert desk.states() == {first: "accepted", second: "queued"}
    assert desk.visits.by_id(first).transaction_code == "T5"  # type: ignore[union-attr]
    assert hub_visits(hub)[first]["insurer_state"] == "accepted"
    desk.send_one("T6")
    desk.send_up()  # the numbers of events did not begin again
    assert hub_visits(hub)[second]["insurer_transaction"] == "T6"


def test_a_desk_that_worked_on_offline_after_a_restore_loses_nothing(
    hub: HubDatabase, desk: Desk, tmp_path: Path
) -> None:
    old = desk.record(0)
    desk.send_up()
    backup = desk.copy_to(tmp_path / "backup")
    lost = [desk.record(number) for number in range(1, 5)]
    desk.correct(old, holder="Người Thử Một")
    desk.send_up()
    before = desk.digests()

    desk.restore(backup)
    new = [desk.record(number) for number in range(11, 31)]
    desk.correct(old, holder="Người Thử Hai")
    at_desk = desk.digests()
    desk.heal_and_send()

    there = hub_digests(hub)
    assert set(there) == set(before) | set(at_desk) | {(old, 3)}  # of both: see test_divergence
    assert there[old, 2] == before[old, 2]
    [kept] = hub.sql("select visit, encode(digest, 'hex') as digest from hub.divergent")
    assert (kept["visit"], kept["digest"]) == (old, at_desk[old, 2])
    assert {*lost, *new, old} == set(hub_visits(hub)) == {visit for visit, _ in desk.digests()}
    labels = [desk.visits.by_id(visit).ticket_label for visit in (*lost, *new)]  # type: ignore[union-attr]
    assert len(set(labels)) == len(labels)


def test_healing_that_is_interrupted_anywhere_goes_on(
    hub: HubDatabase, desk: Desk, tmp_path: Path
) -> None:
    backup = desk.copy_to(tmp_path / "backup")
    for number in range(8):
        desk.record(number)
    desk.send_up()
    before = desk.digests()
    desk.restore(backup)
    with pytest.raises(StreamLost):
        desk.send_up()
    desk.restore(desk.copy_to(tmp_path / "again"))
    desk.heal_and_send()
    desk.heal_and_send()

    assert desk.digests() == before == hub_digests(hub)


def test_a_copied_data_directory_is_found_and_both_keep_all_that_they_wrote(
    hub: HubDatabase, desk: Desk, tmp_path: Path
) -> None:
    desk.record(1)
    desk.send_up()
    copy = Desk(desk.copy_to(tmp_path / "copy", whole=True), desk.hub_settings)
    first, second = desk.record(2), copy.record(3)
    desk.send_up()
    copy.heal_and_send()
    desk.heal_and_send()
    copy.heal_and_send()

    assert {first, second} < set(hub_visits(hub))
    streams = hub.sql("select id::text, ended_at from hub.stream order by begun_at")
    assert len(streams) == 3
    assert streams[0]["ended_at"] is not None
    for one in (desk, copy):
        assert one.hub.state().has_twin
        assert not one.hub.may_send()
    copy.close()


def test_a_hub_that_was_restored_from_last_night_gets_all_again(
    hub: HubDatabase, desk: Desk
) -> None:
    early = [desk.record(number) for number in range(5)]
    desk.send_up()
    tables = ("visit", "visit_version", "stream")
    for table in tables:
        hub.sql(f"create table public.{table}_night as select * from hub.{table}")
    late = [desk.record(number) for number in range(5, 12)]
    desk.send_one()
    desk.send_up()
    for table in tables:
        hub.sql(f"delete from hub.{table}")
        hub.sql(f"insert into hub.{table} select * from public.{table}_night")
    desk.send_up()

    assert hub_digests(hub) == desk.digests()
    assert set(hub_visits(hub)) == {*early, *late}
    assert hub_visits(hub)[early[0]]["insurer_state"] == "accepted"
    assert desk.hub.may_send()


def test_a_hub_that_lost_everything_gets_all_again(hub: HubDatabase, desk: Desk) -> None:
    for number in range(5):
        desk.record(number)
    desk.send_up()
    for table in ("visit", "visit_version", "stream"):
        hub.sql(f"delete from hub.{table}")
    desk.send_up()

    assert hub_digests(hub) == desk.digests()


def test_a_desk_whose_disk_was_lost_gets_its_visits_back(hub: HubDatabase, desk: Desk) -> None:
    visits = [desk.record(number) for number in range(4)]
    desk.send_one()
    desk.send_up()
    desk.close()
    shutil.rmtree(desk.folder)
    desk.folder.mkdir()
    desk.open()
    assert (
        desk.hub.may_send()
    )  # nothing is known of an earlier stream, and there is nothing to send
    hub.sql("update hub.stream set seen_at = now() - interval '1 hour'")
    desk.heal_and_send()

    assert {visit for visit, _ in desk.digests()} == {*visits}
    assert sorted(desk.states().values()) == ["accepted", "queued", "queued", "queued"]


def test_a_stream_that_somebody_ended_is_begun_again(hub: HubDatabase, desk: Desk) -> None:
    desk.record(1)
    desk.send_up()
    hub.sql("update hub.stream set ended_at = now()")
    desk.record(2)
    with pytest.raises(StreamLost):
        desk.send_up()
    desk.heal_and_send()

    assert hub_digests(hub) == desk.digests()
    assert desk.hub.may_send()


def test_a_person_may_let_messages_go_without_the_hub(
    hub: HubDatabase, desk: Desk, tmp_path: Path
) -> None:
    backup = desk.copy_to(tmp_path / "backup")
    desk.record(1)
    desk.send_up()
    desk.restore(backup)
    assert not desk.hub.may_send()
    desk.hub.free_outbox()

    assert desk.hub.may_send()
    assert hub.sql("select count(*) as n from hub.visit")[0]["n"] == 1


def test_a_visit_that_was_deleted_at_the_desk_is_not_written_back(
    hub: HubDatabase, desk: Desk
) -> None:
    gone, kept = desk.record(1), desk.record(2)
    desk.send_up()
    with desk.database.transaction() as db:
        delete_visits(db, [1])
    hub.sql("update hub.stream set ended_at = now()")
    desk.heal_and_send()

    assert desk.hub.state().healed.deleted == 1  # type: ignore[union-attr]
    assert {visit for visit, _ in desk.digests()} == {kept}
    assert set(hub_visits(hub)) == {gone, kept}  # `hub erase` is an operator's
