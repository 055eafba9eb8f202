"""What another desk changes in a visit of ours goes into our logbook, by its ordinary door."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kiosk.desk import Confirmation
from kiosk.hub import LaneDown, Others, OwnVisits
from kiosk.logbook import Visit
from kiosk.logbook.visit import visit_record
from tests.cast import Clock, payload, settings_for
from tests.conftest import Kiosk
from tests.hub.cluster import HubDatabase
from tests.hub.down import Change, Sender

ROOM, OTHER_ROOM = "Phòng khám 1", "Phòng khám 2"

Follow = Callable[[], None]


@pytest.fixture
def clock() -> Clock:
    """The hub's clock is the machine's, so ours is too."""
    return Clock(datetime.now(UTC))


@pytest.fixture
def kiosk(hub: HubDatabase, tmp_path: Path, clock: Clock) -> Kiosk:
    """Desk 1, whose lanes do not run."""
    settings = settings_for(tmp_path, "http://127.0.0.1:1", web={"screens": 2})
    return Kiosk(hub.settings(settings), tmp_path, demo=True, now=clock)


@pytest.fixture
def others(kiosk: Kiosk) -> Others:
    assert kiosk.others is not None
    return kiosk.others


@pytest.fixture
def follow(hub: HubDatabase, kiosk: Kiosk, others: Others) -> Follow:
    """Do rounds of the lane down until there is nothing more."""
    assert kiosk.hub is not None
    lane = LaneDown(others, OwnVisits(kiosk.changes_elsewhere), kiosk.hub.connected, kiosk.clock)
    connection = hub.connect(kiosk.settings)

    def rounds() -> None:
        while lane.round(connection):
            pass

    return rounds


@pytest.fixture
def visit(kiosk: Kiosk) -> Visit:
    """A visit of ours."""
    return kiosk.desk.confirm(kiosk.scan(payload("an")), Confirmation(), "1")[0]


@pytest.fixture
def ours(hub: HubDatabase, visit: Visit) -> Change:
    """The same visit at the hub, as our lane up has brought it."""
    sender = Sender(hub, 1)
    change = Change(visit.id, 1, 1, visit.person, visit.arrived_at, record=record_of(visit))
    sender.journal.append(change)
    sender.send()
    return change


def begin_journal(kiosk: Kiosk) -> None:
    assert kiosk.hub is not None
    kiosk.hub._ready()
    kiosk.hub.journal.begin(kiosk.clock())


def send_up(kiosk: Kiosk) -> None:
    assert kiosk.hub is not None
    with kiosk.hub.connected() as connection:
        kiosk.hub.lane.begin(connection)
        kiosk.hub.lane.send_some(connection)


def record_of(visit: Visit, **changes: Any) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(visit_record(replace(visit, **changes)))
    return record


def test_a_correction_at_another_desk_is_a_new_version_here_with_its_author_and_reason(
    hub: HubDatabase, kiosk: Kiosk, visit: Visit, ours: Change, follow: Follow
) -> None:
    follow()
    service = replace(visit.service, room="Phòng 9")
    other = Sender(hub, 2)
    other.change(ours, **record_of(visit, service=service))
    other.send()
    follow()

    now = kiosk.visits.by_id(visit.id)
    assert now is not None
    assert (now.version, now.service.room, now.attempt) == (2, "Phòng 9", visit.attempt)
    [earlier] = kiosk.corrections.versions(visit.id)
    assert (earlier.why, earlier.author) == ("nhầm", "desk 2 (Lê Thị Mẫu)")
    assert earlier.visit.service.room == visit.service.room
    assert kiosk.others is not None
    assert kiosk.others.ours() == {}


def test_the_corrected_visit_is_sent_by_the_desk_that_owns_it(
    hub: HubDatabase, kiosk: Kiosk, visit: Visit, ours: Change, follow: Follow
) -> None:
    follow()
    other = Sender(hub, 2)
    other.change(ours, **record_of(visit, card=replace(visit.card, holder="Nguyễn Văn Ân")))
    other.send()
    follow()

    states = kiosk.database.rows("select version, state from outbox order by id")
    assert [tuple(row) for row in states] == [(1, "closed"), (2, "queued")]


def test_a_cancellation_at_another_desk_cancels_here_and_closes_the_message(
    hub: HubDatabase, kiosk: Kiosk, visit: Visit, ours: Change, follow: Follow
) -> None:
    follow()
    other = Sender(hub, 2)
    other.change(ours, is_cancelled=True, **record_of(visit))
    other.send()
    follow()

    now = kiosk.visits.by_id(visit.id)
    assert now is not None
    assert now.cancelled_at is not None
    assert now.insurer_state == "closed"


def test_a_change_is_seen_also_if_the_state_of_our_message_comes_up_after_it(
    hub: HubDatabase, kiosk: Kiosk, follow: Follow
) -> None:
    """The hub's row of a visit then says that our own journal had the last word about it."""
    begin_journal(kiosk)
    visit, _ = kiosk.desk.confirm(kiosk.scan(payload("an")), Confirmation(), "1")

    send_up(kiosk)
    follow()
    other = Sender(hub, 2)
    change = Change(visit.id, 1, 1, visit.person, visit.arrived_at)
    other.change(change, is_cancelled=True, **record_of(visit))
    other.send()
    kiosk.outbox.accept(
        kiosk.outbox.claim(kiosk.clock(), timedelta(minutes=5)), kiosk.clock(), "TX1", "200", "{}"
    )
    send_up(kiosk)
    follow()

    now = kiosk.visits.by_id(visit.id)
    assert now is not None
    assert (now.version, now.cancelled_at is not None) == (2, True)


def test_a_change_is_seen_also_if_our_own_row_came_up_behind_it_after_a_failover(
    hub: HubDatabase, kiosk: Kiosk, others: Others
) -> None:
    """The lane has read our own journal that far before: only the timeline says that it is new."""
    assert kiosk.hub is not None
    begin_journal(kiosk)
    visit, _ = kiosk.desk.confirm(kiosk.scan(payload("an")), Confirmation(), "1")
    send_up(kiosk)
    lane = LaneDown(others, OwnVisits(kiosk.changes_elsewhere), kiosk.hub.connected, kiosk.clock)
    connection = hub.connect(kiosk.settings)
    lane.round(connection)
    [row] = hub.sql("select stream, seq from hub.visit where id = %s", [visit.id])

    other = Sender(hub, 2)
    change = Change(visit.id, 1, 1, visit.person, visit.arrived_at)
    other.change(change, is_cancelled=True, **record_of(visit))
    other.send()
    as_before = [row["stream"], row["seq"], visit.id]
    hub.sql("update hub.visit set stream = %s, seq = %s where id = %s", as_before)
    connection.timeline = "00000002"
    lane.round(connection)

    now = kiosk.visits.by_id(visit.id)
    assert now is not None
    assert (now.version, now.cancelled_at is not None) == (2, True)


def test_the_hub_has_the_number_that_a_patient_got_here_in_the_room_that_was_chosen_elsewhere(
    hub: HubDatabase, kiosk: Kiosk, follow: Follow
) -> None:
    """A number is in no record: both desks have the same version, and only ours the number."""
    begin_journal(kiosk)
    visit, _ = kiosk.desk.confirm(kiosk.scan(payload("an")), Confirmation(room=ROOM), "1")
    kiosk.desk.confirm(kiosk.scan(payload("binh")), Confirmation(room=OTHER_ROOM), "2")
    send_up(kiosk)
    follow()
    other = Sender(hub, 2)
    change = Change(visit.id, 1, 1, visit.person, visit.arrived_at)
    service = replace(visit.service, room=OTHER_ROOM)
    other.change(change, **record_of(visit, service=service))
    other.send()
    follow()
    send_up(kiosk)

    ticket = kiosk.tickets.of_visit(visit.id)
    assert ticket is not None
    [row] = hub.sql("select ticket, version from hub.visit where id = %s", [visit.id])
    assert row == {"ticket": ticket.label, "version": 2}
    assert ticket.label != visit.ticket_label


def test_several_changes_are_taken_in_their_order(
    hub: HubDatabase, kiosk: Kiosk, visit: Visit, ours: Change, follow: Follow
) -> None:
    follow()
    second, third = Sender(hub, 2), Sender(hub, 3)
    change = second.change(ours, **record_of(visit, service=replace(visit.service, room="Phòng 9")))
    second.send()
    third.change(change, is_cancelled=True, **record_of(visit))
    third.send()
    follow()

    now = kiosk.visits.by_id(visit.id)
    assert now is not None
    assert (now.version, now.cancelled_at is not None) == (3, True)


def test_a_corrected_time_of_arrival_is_taken_over(
    hub: HubDatabase, kiosk: Kiosk, visit: Visit, ours: Change, follow: Follow
) -> None:
    follow()
    earlier = visit.arrived_at - timedelta(minutes=20)
    other = Sender(hub, 2)
    other.change(ours, **record_of(visit, arrived_at=earlier))
    other.send()
    follow()

    now = kiosk.visits.by_id(visit.id)
    assert now is not None
    assert now.arrived_at == earlier


def test_a_visit_whose_message_is_on_its_way_is_changed_when_that_has_ended(
    hub: HubDatabase, kiosk: Kiosk, visit: Visit, ours: Change, follow: Follow
) -> None:
    follow()
    items = kiosk.outbox.claim(kiosk.clock(), timedelta(minutes=5))
    other = Sender(hub, 2)
    other.change(ours, is_cancelled=True, **record_of(visit))
    other.send()
    follow()
    assert kiosk.visits.by_id(visit.id).version == 1  # type: ignore[union-attr]

    kiosk.outbox.accept(items, kiosk.clock(), "TX1", "200", "{}")
    kiosk.clock.go(timedelta(minutes=1))
    follow()
    assert kiosk.visits.by_id(visit.id).version == 2  # type: ignore[union-attr]


def test_a_visit_that_was_corrected_here_too_is_left_as_it_is(
    hub: HubDatabase, kiosk: Kiosk, visit: Visit, ours: Change, follow: Follow
) -> None:
    """Both desks made version 2: the lane up keeps both, and a person decides."""
    follow()
    kiosk.corrections.correct(visit.id, {"room": "Phòng 7"}, "nhầm phòng", kiosk.clock())
    other = Sender(hub, 2)
    other.change(ours, **record_of(visit, service=replace(visit.service, room="Phòng 9")))
    other.send()
    follow()

    now = kiosk.visits.by_id(visit.id)
    assert now is not None
    assert (now.version, now.service.room) == (2, "Phòng 7")


@pytest.mark.parametrize("record", [{"holder": 5}, {"how": "x"}, {"arrived_at": 7}])
def test_a_change_that_cannot_be_read_ends_nothing(
    hub: HubDatabase, kiosk: Kiosk, visit: Visit, ours: Change, follow: Follow, record: Any
) -> None:
    follow()
    other = Sender(hub, 2)
    other.change(ours, **record)
    other.send()
    follow()

    assert kiosk.visits.by_id(visit.id).version == 1  # type: ignore[union-attr]
    assert kiosk.others is not None
    assert kiosk.others.ours() == {}


def test_what_was_made_of_another_version_than_ours_is_not_taken(
    hub: HubDatabase, kiosk: Kiosk, visit: Visit, ours: Change, follow: Follow
) -> None:
    """The other desk made versions 2 and 3, and this one its own version 2."""
    follow()
    kiosk.corrections.correct(visit.id, {"room": "Phòng 7"}, "nhầm phòng", kiosk.clock())
    other = Sender(hub, 2)
    theirs = record_of(visit, service=replace(visit.service, room="Phòng 9"))
    other.change(other.change(ours, **theirs), is_cancelled=True, **theirs)
    other.send()
    follow()

    now = kiosk.visits.by_id(visit.id)
    assert now is not None
    assert (now.version, now.service.room, now.cancelled_at) == (2, "Phòng 7", None)


@pytest.mark.parametrize("has_file", [True, False])
def test_a_visit_of_earlier_days_is_changed_too(
    hub: HubDatabase, kiosk: Kiosk, follow: Follow, has_file: bool
) -> None:
    """A desk sees the others' visits of two days, and its own of all days."""
    kiosk.clock.go(-timedelta(days=9))
    visit, _ = kiosk.desk.confirm(kiosk.scan(payload("an")), Confirmation(), "1")
    kiosk.clock.go(timedelta(days=9))
    sender, other = Sender(hub, 1), Sender(hub, 2)
    change = Change(visit.id, 1, 1, visit.person, visit.arrived_at, record=record_of(visit))
    sender.journal.append(change)
    sender.send()
    if has_file:
        follow()
    other.change(change, is_cancelled=True, **record_of(visit))
    other.send()
    follow()

    now = kiosk.visits.by_id(visit.id)
    assert now is not None
    assert now.cancelled_at is not None


def test_a_change_waits_in_the_file_over_a_restart(
    hub: HubDatabase, kiosk: Kiosk, visit: Visit, ours: Change, follow: Follow, others: Others
) -> None:
    follow()
    kiosk.outbox.claim(kiosk.clock(), timedelta(minutes=5))
    other = Sender(hub, 2)
    other.change(ours, is_cancelled=True, **record_of(visit))
    other.send()
    follow()
    others.close()

    again = Others(kiosk.folder / "others.db", kiosk.settings.facility.code)
    assert again.ours() == {visit.id: 2}
