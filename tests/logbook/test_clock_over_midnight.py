"""The clock goes back over midnight: numbers, days, roots, reports and backups stay right.

Two visits arrive on the evening of the 25th, which is closed; one after midnight, on the 26th.
Then the clock goes back to the 25th, and one more arrives.
"""

from __future__ import annotations

import html
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from kiosk.backup.copies import Copies
from kiosk.backup.making import make_backup
from kiosk.desk import Confirmation
from kiosk.logbook import NightlyProof
from kiosk.settings import BackupSettings
from tests.cast import payload
from tests.conftest import Kiosk

BEFORE, AFTER = date(2026, 11, 25), date(2026, 11, 26)
EVENING = datetime(2026, 11, 25, 16, 10, tzinfo=UTC)  # ten past eleven at the clinic
CLOSED = EVENING + timedelta(minutes=30)
NIGHT = datetime(2026, 11, 25, 17, 10, tzinfo=UTC)  # ten past midnight
BACK = NIGHT - timedelta(minutes=20)  # ten to midnight


def record(kiosk: Kiosk, name: str, at: datetime) -> str:
    kiosk.clock.moment = at
    confirmation = Confirmation(room="Phòng 1")
    return kiosk.desk.confirm(kiosk.scan(payload(name)), confirmation, name)[0].id


def page(client: FlaskClient, path: str, status: int = 200) -> str:
    answer = client.get(f"{path}&lang=en")
    assert answer.status_code == status
    return " ".join(re.sub("<[^>]+>", " ", html.unescape(answer.text)).split())


@pytest.fixture
def night(kiosk: Kiosk, client: FlaskClient) -> NightlyProof:
    """Record the visits; return the proof of the nightly job after midnight."""
    record(kiosk, "an", EVENING)
    record(kiosk, "binh", EVENING + timedelta(minutes=5))
    kiosk.clock.moment = CLOSED
    [seen] = re.findall(r'name="seen" value="([\d.]+)"', client.get(f"/day?date={BEFORE}").text)
    client.post(f"/day/close?date={BEFORE}", data={"seen": seen, "note": ""})
    record(kiosk, "khoi", NIGHT)
    proof = kiosk.proofs.nightly(NIGHT, None)
    record(kiosk, "giang", BACK)
    return proof


@pytest.mark.usefixtures("night")
def test_no_number_is_given_twice_and_each_is_of_the_day_that_the_clock_showed(
    kiosk: Kiosk,
) -> None:
    numbers = kiosk.database.rows("select day, number from ticket order by id")
    counted = kiosk.database.rows("select day, ticket from visit order by row")

    expected = [(BEFORE, 1), (BEFORE, 2), (AFTER, 1), (BEFORE, 3)]
    assert [(date.fromisoformat(day), number) for day, number in numbers] == expected
    assert [(date.fromisoformat(day), number) for day, number in counted] == expected


@pytest.mark.usefixtures("night")
def test_a_visit_of_a_closed_day_is_shown_as_a_change_and_the_day_is_closed_again(
    client: FlaskClient,
) -> None:
    text = page(client, f"/day?date={BEFORE}")
    assert "Changed since closing: see below." in text
    assert "⚠ Visits 2 3" in text

    [seen] = re.findall(r'name="seen" value="([\d.]+)"', client.get(f"/day?date={BEFORE}").text)
    client.post(f"/day/close?date={BEFORE}", data={"seen": seen, "note": ""})
    assert "Nothing has changed since the day was closed." in page(client, f"/day?date={BEFORE}")


@pytest.mark.usefixtures("night")
def test_the_day_to_which_the_clock_has_gone_and_come_back_is_still_shown(
    kiosk: Kiosk, client: FlaskClient
) -> None:
    assert "Numbers by room" in page(client, f"/day?date={AFTER}")
    assert f"date={AFTER}" in client.get(f"/day?date={BEFORE}").text
    assert "Visits 1" in page(client, f"/reports?period={AFTER}")
    assert "Visits 3" in page(client, f"/reports?period={BEFORE}")
    assert "Visits 4" in page(client, "/reports?period=2026-11")
    found = client.get(f"/reports/visits?period={AFTER}")
    assert found.status_code == 200
    assert client.get("/day?date=2026-11-27").status_code == 404
    assert client.get("/reports?period=2026-11-27").status_code == 400

    kiosk.clock.moment = BACK - timedelta(days=3)  # a clock that goes further is another matter
    assert client.get(f"/day?date={AFTER}").status_code == 404


@pytest.mark.usefixtures("night")
def test_the_logbook_has_one_heading_for_each_day(client: FlaskClient) -> None:
    text = page(client, "/logbook?what=visits")

    assert re.findall(r"(\w+day), (\d\d)/11/2026 (\d)", text) == [
        ("Thursday", "26", "1"),
        ("Wednesday", "25", "3"),
    ]
    assert text.index("23:50") < text.index("23:15") < text.index("23:10")


def test_the_chain_goes_on_and_both_days_have_roots(kiosk: Kiosk, night: NightlyProof) -> None:
    again = kiosk.proofs.nightly(BACK, night)

    assert again.faults == 0
    assert again.whole_on == BEFORE.isoformat()  # all was checked: the last time is to come
    before, after = (kiosk.proofs.roots.of(day) for day in (BEFORE, AFTER))
    assert before is not None
    assert after is not None
    assert before.first_link == after.last_link + 1  # in the order of writing, not of the days
    assert before.is_signed
    assert kiosk.proofs.check().faults == ()
    times = [at for (at,) in kiosk.database.rows("select arrived_at from visit order by row")]
    assert times != sorted(times)


def test_the_backup_that_was_made_last_is_the_newest_whatever_the_clock_showed(
    kiosk: Kiosk, tmp_path: Path
) -> None:
    copies = Copies(BackupSettings(days=2, weeks=1, months=1), tmp_path)
    made = []
    moments = (EVENING, NIGHT, NIGHT + timedelta(days=365), BACK, BACK, NIGHT)
    for place, moment in enumerate(moments):
        kiosk.scan(f"card {place}")
        made.append(make_backup(kiosk.database.path, copies, (), lambda at=moment: at))  # type: ignore[misc]  # bound here

    assert len({copy.file.name for copy in made}) == len(moments)
    assert [copy.file for copy in copies.all()] == [copy.file for copy in reversed(made)]
    newest = copies.newest()
    assert newest is not None
    assert newest.description is not None
    assert newest.description.readings == kiosk.attempts.last_id()
    copies.rotate()
    assert made[-1].file.exists()
    assert made[-2].file.exists()  # of the day before
    assert len(copies.all()) < len(made)
