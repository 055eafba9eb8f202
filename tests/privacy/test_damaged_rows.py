"""A damaged row stops neither what is deleted after its period nor what a person wants erased."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from kiosk.web.app import create_app
from tests.backup.test_damage import made, number, overwrite, record_of
from tests.cast import BHYT17
from tests.privacy.test_purge import purge_of

VISITS, DAMAGED = 4, 3


@pytest.fixture
def logbook(tmp_path: Path) -> Path:
    kiosk = made(tmp_path)
    pages = create_app(kiosk, threading.Event()).test_client()
    for index in range(VISITS):
        payload = BHYT17.replace("9999900020", number(index))
        attempt = pages.post("/api/scans", json={"payload": payload}).get_json()["attempt"]
        body = {"attempt": attempt, "clerk_reason": "thử"}
        pages.post("/api/visits", json=body, headers={"Idempotency-Key": f"k{index}"})
    with kiosk.database.transaction() as db:
        db.execute("delete from outbox_event")
        db.execute("delete from outbox")
    kiosk.database.empty_write_ahead_log()
    kiosk.database.close()
    path = tmp_path / "logbook.db"
    record = record_of(path, "visit", "row", DAMAGED)
    overwrite(path, path.read_bytes().index(record.encode()), b'{"broken"  ')
    return path


def test_a_purge_passes_over_a_damaged_visit_and_names_it(logbook: Path) -> None:
    kiosk = made(logbook.parent)
    later = kiosk.clock() + timedelta(days=40 * 366)

    result = purge_of(kiosk, later, visits_years=30).run(later, "thử")

    assert [row[0] for row in kiosk.database.rows("select row from visit")] == [DAMAGED]
    assert result.deleted["visits"] == VISITS - 1
    assert result.trouble == "logbook"
    assert [tuple(row) for row in kiosk.database.unreadable_rows()] == [("visit", DAMAGED)]


def test_other_people_are_found_by_name_and_erased_beside_a_damaged_visit(logbook: Path) -> None:
    kiosk = made(logbook.parent)
    persons, erasure = kiosk.privacy.persons, kiosk.privacy.erasure

    found = persons.find("Nguyễn Văn Mẫu")
    erasure.erase(persons.held(number(0)), kiosk.clock(), "thử", "theo yêu cầu")

    assert sorted(visit.row for visit in found) == [1, 2, 4]
    assert erasure.newest()
