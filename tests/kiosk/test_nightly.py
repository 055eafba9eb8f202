"""The nightly job: sends what is left, looks back and ahead, adds up, one at a time."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from kiosk.desk import Confirmation, QueryPolicy
from kiosk.errors import SettingsError
from kiosk.insurer import Delivery
from kiosk.insurer.errors import InsurerUnreachable
from kiosk.logbook import NightlyRuns
from kiosk.runtime.errors import AlreadyRunning
from kiosk.runtime.lock import exclusive_lock
from kiosk.sync import NightlyJob, as_csv, needs_person, read_appointments, write_report
from tests.cast import BHYT17, NOW, Clock, demo_knowledge, payload, word
from tests.conftest import Kiosk
from tests.kiosk.stub_gateway import Running, gateway_to
from tests.kiosk.test_desk import Insurer, cache_of
from verify import Standing

EXPECTED = "number,holder,born\n"


def nightly(
    kiosk: Kiosk, url: str, clock: Clock, insurer: Insurer, tmp_path: Path, per_hour: int = 100
) -> NightlyJob:
    gateway = gateway_to(url, clock)
    return NightlyJob(
        NightlyRuns(kiosk.database), kiosk.visits, kiosk.attempts, kiosk.outbox,
        Delivery(kiosk.outbox, gateway, clock, 10, lambda: None),
        QueryPolicy(lambda _: "never", per_hour), insurer.look_up, cache_of(kiosk).remember,
        lambda: demo_knowledge(tmp_path), clock,
    )  # fmt: skip


def visit(kiosk: Kiosk, scanned: bytes | str, key: str, **said: Any) -> str:
    raw = scanned.encode() if isinstance(scanned, str) else scanned
    return kiosk.desk.confirm(kiosk.scan(raw), Confirmation(**said), key)[0].id


def test_it_sends_what_is_left_and_all_adds_up(
    kiosk: Kiosk, insurer: Running, clock: Clock, tmp_path: Path
) -> None:
    visit(kiosk, payload("an"), "1")
    visit(kiosk, payload("binh"), "2", arrival="emergency")
    visit(kiosk, payload("dung"), "3", service_code="X" * 60)
    job = nightly(kiosk, insurer[1], clock, Insurer(InsurerUnreachable("x")), tmp_path)

    report = job.run()

    assert report["delivered"] == 1
    [day] = report["days"]
    assert (day["visits"], day["accepted"], day["parked"], day["not_told"]) == (3, 1, 1, 1)
    assert day["adds_up"]
    assert needs_person(report)
    last = NightlyRuns(kiosk.database).last_report()
    assert last is not None
    assert last[1] == report


@pytest.mark.parametrize(
    ("said", "changed"),
    [
        (Standing.IN_FORCE, False),
        (Standing.ENDED, True),
        (Standing.ENDED, False),  # since the day of the visit
        (Standing.WITHDRAWN, True),
    ],
)
def test_who_went_in_unconfirmed_is_asked_about_once_and_put_on_a_list_if_the_insurer_says_no(
    kiosk: Kiosk, insurer: Running, clock: Clock, tmp_path: Path, said: Standing, changed: bool
) -> None:
    visit_id = visit(kiosk, BHYT17, "1", phone="0900000000")
    clock.go(timedelta(hours=12))
    ended = NOW.date() - timedelta(days=changed)
    asked = Insurer(word("9999900020", said, as_of=clock(), valid_until=ended))
    job = nightly(kiosk, insurer[1], clock, asked, tmp_path)

    first, second = job.run(), job.run()

    assert first["look_back"] == {
        "asked": 1, "confirmed": int(not changed), "changed": int(changed), "no_word": 0,
    }  # fmt: skip
    assert second["look_back"]["asked"] == 0
    assert asked.asked == ["9999900020"]
    later = NightlyRuns(kiosk.database).worklist(NOW - timedelta(days=1))
    assert [one.visit for one in later] == ([visit_id] if changed else [])
    found = kiosk.visits.by_id(visit_id)
    assert found is not None
    assert found.outcome == "unconfirmed"  # what was decided on what was known stays
    assert first["worklist"] == int(changed)


def test_where_the_insurer_does_not_answer_it_gives_up_and_goes_on_another_night(
    kiosk: Kiosk, insurer: Running, clock: Clock, tmp_path: Path
) -> None:
    for number in range(5):
        visit(kiosk, BHYT17.replace("9999900020", f"999990002{number}"), str(number))
    silent = Insurer(InsurerUnreachable("down"))
    job = nightly(kiosk, insurer[1], clock, silent, tmp_path)

    report = job.run()

    assert len(silent.asked) == 3
    assert report["look_back"]["no_word"] == 5
    assert report["not_asked"] == "silent"
    clock.go(timedelta(days=1))
    silent.answer = word("9999900020", as_of=clock())
    assert job.run()["look_back"]["asked"] == 5


def test_who_is_expected_is_known_when_they_come(
    kiosk: Kiosk, insurer: Running, clock: Clock, tmp_path: Path
) -> None:
    path = tmp_path / "expected.csv"
    path.write_text(EXPECTED + "9999900020,Nguyễn Văn Mẫu,1980-02-01\nx,y,z\n,,\n", "utf-8")
    expected, wrong = read_appointments(path)
    assert wrong == [3, 4]
    asked = Insurer(word("9999900020", as_of=clock()))
    job = nightly(kiosk, insurer[1], clock, asked, tmp_path)

    report = job.run(expected, wrong)

    assert report["expected"] == {"expected": 1, "known": 1}
    assert report["unread_appointments"] == [3, 4]
    assert needs_person(report)
    attempt = kiosk.attempts.get(kiosk.scan(BHYT17))
    assert attempt is not None
    assert attempt.reason == "in_force"


@pytest.mark.parametrize("text", [b"\xff\xfe", b"name;day\r\nx;y\r\n"])
def test_a_file_that_is_none_is_told(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "expected.csv"
    path.write_bytes(text)

    with pytest.raises(SettingsError, match=r"expected\.csv"):
        read_appointments(path)


def test_an_hour_s_budget_holds_for_the_night_too(
    kiosk: Kiosk, insurer: Running, clock: Clock, tmp_path: Path
) -> None:
    visit(kiosk, BHYT17, "1")
    visit(kiosk, BHYT17.replace("9999900020", "9999900023"), "2")
    asked = Insurer(word("9999900020", as_of=clock()))
    report = nightly(kiosk, insurer[1], clock, asked, tmp_path, per_hour=1).run()

    assert len(asked.asked) == 1
    assert report["not_asked"] == "budget"


def test_a_run_that_was_killed_is_run_again(
    kiosk: Kiosk, insurer: Running, clock: Clock, tmp_path: Path
) -> None:
    visit(kiosk, BHYT17, "1")
    jobs = NightlyRuns(kiosk.database)
    jobs.begin(clock())  # and then the power went
    assert jobs.last_report() is None

    asked = Insurer(word("9999900020", as_of=clock()))
    report = nightly(kiosk, insurer[1], clock, asked, tmp_path).run()

    assert (report["delivered"], report["look_back"]["asked"]) == (1, 1)
    assert jobs.last_report() is not None


def test_only_one_runs_at_a_time(tmp_path: Path) -> None:
    with exclusive_lock(tmp_path), pytest.raises(AlreadyRunning), exclusive_lock(tmp_path):
        pass
    with exclusive_lock(tmp_path):
        pass


def test_the_report_is_a_page_json_and_csv(
    client: FlaskClient, kiosk: Kiosk, insurer: Running, clock: Clock, tmp_path: Path
) -> None:
    assert client.get("/logbook/nightly").status_code == 200
    assert client.get("/logbook/nightly/days.csv").status_code == 404
    visit(kiosk, BHYT17, "1", phone="0900000000")
    asked = Insurer(word("9999900020", Standing.WITHDRAWN, as_of=clock()))
    report = nightly(kiosk, insurer[1], clock, asked, tmp_path).run()
    write_report(report, tmp_path / "reports")

    page = client.get("/logbook/nightly").text
    rows = list(csv.DictReader(io.StringIO(client.get("/logbook/nightly/days.csv").text)))

    assert "0900000000" in page
    assert rows[0]["visits"] == "1"
    assert as_csv(report).splitlines()[0].startswith("day,visits")
    kept = json.loads((tmp_path / "reports" / "2026-11-25.json").read_text("utf-8"))
    assert kept["worklist"] == 1
    for personal in ("Nguyễn", "99999", "0900"):
        assert personal not in json.dumps(kept, ensure_ascii=False)
