"""The tables, written to as desks do: what comes again, late, twice or as nonsense."""

from __future__ import annotations

import json
import threading
import uuid
from typing import Any

import pytest

from kiosk.errors import SettingsError
from kiosk.hub.connection import HubConnection
from kiosk.hub.erasure import erase_visits
from kiosk.hub.errors import HubError, HubRefused
from tests.hub.cluster import HubDatabase
from tests.hub.rows import visit_row, write
from tests.hub.statements import INSERT_VERSIONS, SET_PERSONS, UPSERT_VISITS

COLUMNS = "version, desk, room, person, insurer_state, state_seq, cancelled_at is null as counts"


def stands(hub: HubDatabase) -> list[dict[str, Any]]:
    """Return the visits as they stand."""
    return hub.sql(f"select {COLUMNS} from hub.visit order by id")


def bring(hub: HubConnection, *rows: dict[str, Any]) -> list[tuple[str, int]]:
    """Bring rows as one batch; return the versions that were not there."""
    values = {
        "facility": hub.facility,
        "desk": hub.desk,
        "stream": rows[0]["stream"],
        "rows": json.dumps(rows, default=str),
    }
    with hub.transaction():
        statements = (INSERT_VERSIONS, UPSERT_VISITS, SET_PERSONS)
        found = hub.batch([(sql, values) for sql in statements])
    return [(row["visit"], row["version"]) for row in found[0]]


def test_a_batch_that_comes_twice_is_once(hub: HubDatabase) -> None:
    desk = hub.desk(1)
    rows = [visit_row(number) for number in range(5)]

    assert len(bring(desk, *rows)) == 5
    before = hub.sql("select * from hub.visit order by id")
    assert bring(desk, *rows) == []
    assert hub.sql("select * from hub.visit order by id") == before


def test_the_newest_of_a_visit_in_a_batch_stands(hub: HubDatabase) -> None:
    first, second = visit_row(1), visit_row(1, version=2) | {"room": "7", "person": "9999900055"}

    assert len(bring(hub.desk(1), second | {"seq": 9}, first)) == 2

    assert [(row["version"], row["room"], row["person"]) for row in stands(hub)] == [
        (2, "7", "9999900055")
    ]


def test_an_older_version_that_comes_late_changes_nothing(hub: HubDatabase) -> None:
    """After a restored hub, the correction of desk 2 may come before the visit of desk 1."""
    bring(hub.desk(2), visit_row(1, version=2, by=2) | {"room": "7", "person": "9999900055"})
    bring(hub.desk(1), visit_row(1))

    found = stands(hub)[0]
    assert (found["version"], found["desk"], found["room"]) == (2, 1, "7")
    assert found["person"] == "9999900055"


def test_the_state_at_the_insurer_and_the_content_do_not_overwrite_each_other(
    hub: HubDatabase,
) -> None:
    first, second = hub.desk(1), hub.desk(2)
    bring(first, visit_row(1))
    bring(second, visit_row(1, version=2, by=2) | {"room": "7"})
    sent = visit_row(1) | {"state_seq": 3, "insurer_state": "accepted", "seq": 44}
    bring(first, sent)
    bring(first, sent | {"state_seq": 2, "insurer_state": "refused", "seq": 43})

    found = stands(hub)[0]
    assert (found["version"], found["room"]) == (2, "7")
    assert (found["insurer_state"], found["state_seq"]) == ("accepted", 3)


def test_a_version_without_its_record_is_kept(hub: HubDatabase) -> None:
    desk = hub.desk(1)
    bring(desk, visit_row(1) | {"record": None})

    assert hub.sql("select record from hub.visit_version") == [{"record": None}]
    assert desk.rows("select record, person from hub.lately") == [
        {"record": None, "person": "9999900001"}
    ]


def test_desks_that_correct_the_same_visits_do_not_lock_each_other_out(hub: HubDatabase) -> None:
    desks = [hub.desk(number) for number in (1, 2, 3)]
    bring(desks[0], *(visit_row(number) for number in range(40)))
    errors: list[Exception] = []

    def correct(desk: HubConnection) -> None:
        try:
            for turn in range(5):
                version = 2 + turn * 3 + desk.desk
                rows = [visit_row(number, version=version, by=desk.desk) for number in range(40)]
                bring(desk, *rows[:: 1 if desk.desk % 2 else -1])
        except HubError as exc:  # shown below: a thread's error is lost otherwise
            errors.append(exc)

    threads = [threading.Thread(target=correct, args=[desk]) for desk in desks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert {row["version"] for row in stands(hub)} == {17}


@pytest.mark.parametrize(
    "wrong",
    [
        {"version": 0},
        {"version": 2_000_000_000},
        {"visit": "01999-20200101-00"},
        {"visit": "x" * 70},
        {"record": {"holder": "x" * 300_000}},
        {"day": "2026-02-31"},
        {"owner": 99_999},
        {"person": None},
        {"digest": "no hexadecimal"},
        {"arrived_at": "yesterday evening"},
    ],
)
def test_nonsense_of_a_desk_is_refused(shared_hub: HubDatabase, wrong: dict[str, Any]) -> None:
    desk = shared_hub.opened[-1] if len(shared_hub.opened) > 1 else shared_hub.desk(1)
    with pytest.raises(HubRefused):
        write(desk, visit_row(1) | {"stream": uuid.UUID(int=1)} | wrong)

    assert shared_hub.sql("select 1 from hub.visit_version") == []


def test_erased_visits_are_gone_with_their_versions(hub: HubDatabase) -> None:
    desk, admin = hub.desk(1), hub.admin()
    bring(desk, visit_row(1), visit_row(1, version=2), visit_row(2))
    visit = visit_row(1)["visit"]

    assert erase_visits(admin, [visit, visit_row(3)["visit"]]) == 1

    assert [row["seq"] for row in hub.sql("select seq from hub.visit_version")] == [2]
    assert len(stands(hub)) == 1
    for wrong in ("", "1; delete from hub.visit", "01999-20261301-00", "01999-20260231-00"):
        with pytest.raises(SettingsError, match="expected the id"):
            erase_visits(admin, [wrong])
