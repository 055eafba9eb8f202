"""Two desks corrected the same visit at the same time: joined, or a person chooses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.hub.divergence import joined
from kiosk.hub.journal import JOINED, TAKEN, digest_of
from tests.hub.cluster import HubDatabase
from tests.hub.desks import LEASE, Desk, hub_digests, hub_visits, now, set_record

FIELDS = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 2))


@pytest.fixture
def desk(hub: HubDatabase, tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path / "desk", hub.add_desk())
    yield desk
    desk.close()


def correct_elsewhere(hub: HubDatabase, visit: str, **values: Any) -> None:
    """Let another desk correct a visit at the hub, as the next version."""
    [row] = hub.sql(
        "select record from hub.visit_version where visit = %s order by version desc limit 1",
        [visit],
    )
    record = row["record"] | values
    hub.sql(
        "insert into hub.visit_version (facility, day, visit, version, desk, stream, seq, digest,"
        " written_at, why, record) select facility, day, id, version + 1, 7, gen_random_uuid(), 1,"
        " decode(%s, 'hex'), now(), 'sai', %s::jsonb from hub.visit where id = %s",
        [digest_of(record), json.dumps(record), visit],
    )
    hub.sql("update hub.visit set version = version + 1 where id = %s", [visit])


def open_cases(hub: HubDatabase) -> int:
    """Return how many versions wait for a person."""
    return len(hub.sql("select 1 from hub.divergent where settled_at is null"))


def test_changes_of_other_fields_are_joined(hub: HubDatabase, desk: Desk) -> None:
    visit = desk.record(1)
    set_record(desk, visit, joined_by=1)  # a card that came later: a number of our logbook alone
    desk.send_up()
    correct_elsewhere(hub, visit, phone="0999000007", joined_by=77)
    desk.correct(visit, holder="Người Thử Một")
    desk.send_up()

    found = desk.visits.by_id(visit)
    assert found is not None
    assert found.joined_by == 1
    assert (found.version, found.card.holder, found.arrival.phone) == (
        3, "Người Thử Một", "0999000007",
    )  # fmt: skip
    assert desk.corrections.versions(visit)[-1].why == JOINED
    assert hub_visits(hub)[visit]["version"] == 3
    assert hub_digests(hub)[visit, 3] == desk.digests()[visit, 3]
    assert open_cases(hub) == 0
    assert desk.states()[visit] == "queued"


def test_of_two_changes_of_one_field_the_first_holds_and_ours_waits_for_a_person(
    hub: HubDatabase, desk: Desk
) -> None:
    visit = desk.record(1)
    desk.send_up()
    correct_elsewhere(hub, visit, holder="Người Thử Hai")
    correct_elsewhere(hub, visit, phone="0999000007")
    desk.correct(visit, holder="Người Thử Một")
    desk.send_up()

    found = desk.visits.by_id(visit)
    assert found is not None
    assert (found.version, found.card.holder, found.arrival.phone) == (
        4, "Người Thử Hai", "0999000007",
    )  # fmt: skip
    assert desk.corrections.versions(visit)[-1].why == TAKEN
    assert hub_digests(hub)[visit, 4] == desk.digests()[visit, 4]
    assert open_cases(hub) == 1

    desk.correct(visit, holder="Người Thử Ba")  # the person's choice is an ordinary correction
    desk.send_up()
    assert hub_visits(hub)[visit]["version"] == 5
    assert open_cases(hub) == 1  # the page settles it


@pytest.mark.parametrize(
    ("theirs", "ours", "holder"),
    [
        ({"holder": "Người Thử Hai"}, {}, "Người Thử Hai"),
        ({"phone": "0999000007"}, {"holder": "Người Thử Một"}, "Người Thử Một"),
        ({"holder": "Người Thử Hai"}, {"holder": "Người Thử Một"}, "Người Thử Một"),
        ({"cancelled_at": "2026-11-29T01:00:00.000000+00:00"}, {}, ""),
    ],
)
def test_a_state_secret_stays_one_whatever_another_desk_has_changed(
    hub: HubDatabase, desk: Desk, theirs: dict[str, str], ours: dict[str, str], holder: str
) -> None:
    visit = desk.record(1)
    desk.send_up()
    correct_elsewhere(hub, visit, **theirs)
    desk.correct(visit, secret=True, **ours)
    desk.send_up()

    found = desk.visits.by_id(visit)
    assert found is not None
    assert found.secret
    assert found.card.holder == holder or not holder
    assert (found.cancelled_at is not None) == ("cancelled_at" in theirs)
    assert desk.states()[visit] in ("closed", "not_sent")
    at_hub = hub_visits(hub)[visit]
    assert (at_hub["version"], at_hub["person"], at_hub["room"]) == (3, "", "")
    assert hub.sql("select record from hub.visit_version where version = 3") == [{"record": None}]
    assert open_cases(hub) == 0
    count = len(hub_digests(hub))
    desk.send_up()
    assert len(hub_digests(hub)) == count


def test_several_versions_of_ours_beside_one_of_another_desk_hold_up_nothing(
    hub: HubDatabase, desk: Desk
) -> None:
    visit = desk.record(1)
    desk.send_up()
    correct_elsewhere(hub, visit, holder="Người Thử Bảy")
    for name in ("Một", "Hai", "Ba"):
        desk.correct(visit, holder=f"Người Thử {name}")
    other = desk.record(2)
    desk.send_up()

    assert desk.hub.state().words == ""
    assert other in hub_visits(hub)
    [row] = hub.sql(
        "select holder from (select version, record ->> 'holder' as holder"
        " from hub.visit_version where visit = %s and version = 2) v",
        [visit],
    )
    assert row["holder"] == "Người Thử Bảy"
    kept = hub.sql("select version from hub.divergent where visit = %s order by version", [visit])
    assert [each["version"] for each in kept] == [2, 3, 4]


def test_a_version_of_another_desk_is_sent_also_if_an_earlier_one_was_accepted(
    hub: HubDatabase, desk: Desk
) -> None:
    visit = desk.record(1)
    desk.send_one()
    desk.send_up()
    correct_elsewhere(hub, visit, holder="Người Thử Hai")
    desk.correct(visit, holder="Người Thử Một")
    desk.send_up()

    assert hub_visits(hub)[visit]["version"] == 3
    assert desk.states()[visit] == "queued"
    [item] = desk.outbox.claim(now(), LEASE)
    assert item.body == f"{visit} Người Thử Hai"


def test_a_visit_that_is_being_sent_waits_until_it_is(hub: HubDatabase, desk: Desk) -> None:
    visit = desk.record(1)
    desk.send_up()
    correct_elsewhere(hub, visit, phone="0999000007")
    desk.correct(visit, holder="Người Thử Một")
    [item] = desk.outbox.claim(now(), LEASE)
    desk.send_up()
    assert open_cases(hub) == 1

    desk.outbox.accept([item], now(), "T1", "200", "{}")
    desk.send_up()
    assert open_cases(hub) == 0
    assert hub_digests(hub)[visit, 3] == desk.digests()[visit, 3]


def test_what_was_joined_before_the_program_ended_is_settled_later(
    hub: HubDatabase, desk: Desk
) -> None:
    visit = desk.record(1)
    desk.send_up()
    correct_elsewhere(hub, visit, phone="0999000007")
    desk.correct(visit, holder="Người Thử Một")
    desk.send_up()
    hub.sql("update hub.divergent set settled_at = null")
    desk.close()
    desk.open()
    desk.send_up()

    assert open_cases(hub) == 0
    assert desk.visits.by_id(visit).version == 3  # type: ignore[union-attr]


@given(FIELDS, FIELDS, FIELDS)
def test_joining_keeps_each_change_or_says_that_it_cannot(
    base: dict[str, int], theirs: dict[str, int], ours: dict[str, int]
) -> None:
    both = joined(base, theirs, ours)
    names = base.keys() | theirs.keys() | ours.keys()
    clash = [
        name for name in names
        if theirs.get(name) != base.get(name) != ours.get(name) != theirs.get(name)
    ]  # fmt: skip

    assert (both is None) == bool(clash)
    if both is not None:
        for name in names:
            changed = [side for side in (theirs, ours) if side.get(name) != base.get(name)]
            assert both.get(name) == (changed or [base])[0].get(name)
    assert joined(base, theirs, theirs) == theirs
