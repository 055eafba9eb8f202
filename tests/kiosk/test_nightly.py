"""The nightly job sends what is left, looks back and ahead, and checks the totals."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from kiosk.desk import Confirmation, QueryPolicy
from kiosk.errors import SettingsError
from kiosk.insurer import Delivery
from kiosk.insurer.errors import InsurerUnreachable
from kiosk.logbook import (
    LookBackCounts,
    NewOutage,
    NightlyProof,
    NightlyReport,
    NightlyRuns,
    OutageSource,
    PurgeCounts,
    nightly_report_json,
)
from kiosk.logbook.nightly_report import DayTotals, nightly_report_from_json
from kiosk.runtime.errors import AlreadyRunning
from kiosk.runtime.lock import exclusive_lock
from kiosk.sync import NightlyJob, as_csv, needs_person, read_appointments, write_report
from tests.cast import BHYT17, NOW, Clock, demo_knowledge, make_coverage, payload
from tests.conftest import Kiosk
from tests.kiosk.stub_gateway import Running, gateway_to
from tests.kiosk.test_desk import Insurer, cache_of
from verify import Standing

HEADER = "number,holder,born\n"


def nightly(
    kiosk: Kiosk, url: str, clock: Clock, insurer: Insurer, tmp_path: Path, per_hour: int = 100
) -> NightlyJob:
    gateway = gateway_to(url, clock)
    return NightlyJob(
        NightlyRuns(kiosk.database), kiosk.visits, kiosk.attempts, kiosk.outbox,
        Delivery(kiosk.outbox, gateway, clock, 10, lambda: None, 50),
        QueryPolicy(lambda _: "never", per_hour), insurer.look_up, cache_of(kiosk).remember,
        lambda: demo_knowledge(tmp_path), clock,
    )  # fmt: skip


def visit(kiosk: Kiosk, scanned: bytes | str, key: str, **fields: Any) -> str:
    raw = scanned.encode() if isinstance(scanned, str) else scanned
    return kiosk.desk.confirm(kiosk.scan(raw), Confirmation(**fields), key)[0].id


def test_a_run_sends_what_is_left_and_the_totals_add_up(
    kiosk: Kiosk, insurer: Running, clock: Clock, tmp_path: Path
) -> None:
    visit(kiosk, payload("an"), "1")
    visit(kiosk, payload("binh"), "2", arrival="emergency")
    visit(kiosk, payload("dung"), "3", service_code="X" * 60)
    job = nightly(kiosk, insurer[1], clock, Insurer(InsurerUnreachable("x")), tmp_path)

    report = job.run()

    assert report.delivered == 1
    [day] = report.days
    assert (day.visits, day.accepted, day.parked, day.not_reported) == (3, 1, 1, 1)
    assert day.adds_up
    assert needs_person(report)
    last = NightlyRuns(kiosk.database).last_report()
    assert last is not None
    assert last[1] == report


@pytest.mark.parametrize(
    ("standing", "changed"),
    [
        (Standing.IN_FORCE, False),
        (Standing.ENDED, True),
        (Standing.ENDED, False),  # it ended after the day of the visit
        (Standing.WITHDRAWN, True),
    ],
)
def test_an_unconfirmed_visit_is_asked_about_once_and_listed_if_the_insurer_rejects_it(
    kiosk: Kiosk, insurer: Running, clock: Clock, tmp_path: Path, standing: Standing, changed: bool
) -> None:
    visit_id = visit(kiosk, BHYT17, "1", phone="0900000000")
    clock.go(timedelta(hours=12))
    ended = NOW.date() - timedelta(days=changed)
    asked = Insurer(make_coverage("9999900020", standing, as_of=clock(), valid_until=ended))
    job = nightly(kiosk, insurer[1], clock, asked, tmp_path)

    first, second = job.run(), job.run()

    assert first.look_back == LookBackCounts(
        asked=1, confirmed=int(not changed), changed=int(changed), no_answer=0
    )
    assert second.look_back.asked == 0
    assert asked.asked == ["9999900020"]
    worklist = NightlyRuns(kiosk.database).worklist(NOW - timedelta(days=1))
    assert [result.visit for result in worklist] == ([visit_id] if changed else [])
    found = kiosk.visits.by_id(visit_id)
    assert found is not None
    assert found.outcome == "unconfirmed"  # the verdict of that day is not rewritten
    assert first.worklist == int(changed)


def test_a_run_stops_asking_an_insurer_that_is_silent_and_asks_on_another_night(
    kiosk: Kiosk, insurer: Running, clock: Clock, tmp_path: Path
) -> None:
    for number in range(5):
        visit(kiosk, BHYT17.replace("9999900020", f"999990002{number}"), str(number))
    silent = Insurer(InsurerUnreachable("down"))
    job = nightly(kiosk, insurer[1], clock, silent, tmp_path)

    report = job.run()

    assert len(silent.asked) == 3
    assert report.look_back.no_answer == 5
    assert report.not_asked == "silent"
    clock.go(timedelta(days=1))
    silent.answer = make_coverage("9999900020", as_of=clock())
    assert job.run().look_back.asked == 5


def test_the_card_of_an_expected_patient_is_known_when_they_come(
    kiosk: Kiosk, insurer: Running, clock: Clock, tmp_path: Path
) -> None:
    path = tmp_path / "expected.csv"
    path.write_text(HEADER + "9999900020,Nguyễn Văn Mẫu,1980-02-01\nx,y,z\n,,\n", "utf-8")
    expected, unusable = read_appointments(path)
    assert unusable == [3]
    asked = Insurer(make_coverage("9999900020", as_of=clock()))
    job = nightly(kiosk, insurer[1], clock, asked, tmp_path)

    report = job.run(expected, unusable)

    assert (report.expected, report.known) == (1, 1)
    assert report.unread_appointments == (3,)
    assert needs_person(report)
    attempt = kiosk.attempts.get(kiosk.scan(BHYT17))
    assert attempt is not None
    assert attempt.reason == "in_force"


@pytest.mark.parametrize("text", [b"\xff\xfe", b"name;day\r\nx;y\r\n"])
def test_a_file_that_is_not_an_appointments_csv_is_named_in_the_error(
    tmp_path: Path, text: bytes
) -> None:
    path = tmp_path / "expected.csv"
    path.write_bytes(text)

    with pytest.raises(SettingsError, match=r"expected\.csv"):
        read_appointments(path)


def test_the_hourly_budget_of_questions_also_limits_the_nightly_job(
    kiosk: Kiosk, insurer: Running, clock: Clock, tmp_path: Path
) -> None:
    visit(kiosk, BHYT17, "1")
    visit(kiosk, BHYT17.replace("9999900020", "9999900023"), "2")
    asked = Insurer(make_coverage("9999900020", as_of=clock()))
    report = nightly(kiosk, insurer[1], clock, asked, tmp_path, per_hour=1).run()

    assert len(asked.asked) == 1
    assert report.not_asked == "budget"


def test_a_run_that_was_killed_is_run_again(
    kiosk: Kiosk, insurer: Running, clock: Clock, tmp_path: Path
) -> None:
    visit(kiosk, BHYT17, "1")
    runs = NightlyRuns(kiosk.database)
    runs.begin(clock())  # a power cut ended this one
    assert runs.last_report() is None

    asked = Insurer(make_coverage("9999900020", as_of=clock()))
    report = nightly(kiosk, insurer[1], clock, asked, tmp_path).run()

    assert (report.delivered, report.look_back.asked) == (1, 1)
    assert runs.last_report() is not None


def test_a_verdict_that_cannot_be_read_stops_no_other_visit(
    kiosk: Kiosk, insurer: Running, clock: Clock, tmp_path: Path
) -> None:
    first = visit(kiosk, BHYT17, "1")
    visit(kiosk, BHYT17.replace("9999900020", "9999900022"), "2")
    with kiosk.database.transaction() as db:  # as a newer version of the program may write it
        db.execute(
            "update attempt set verdict = json_set(verdict, '$.reason', 'not_known_yet')"
            " where id = (select attempt from visit where id = ?)",
            [first],
        )
    asked = Insurer(make_coverage("9999900022", as_of=clock()))
    report = nightly(kiosk, insurer[1], clock, asked, tmp_path).run()

    assert (report.look_back.asked, report.look_back.no_answer) == (1, 1)


def test_only_one_nightly_job_runs_at_a_time(tmp_path: Path) -> None:
    with exclusive_lock(tmp_path), pytest.raises(AlreadyRunning), exclusive_lock(tmp_path):
        pass
    with exclusive_lock(tmp_path):
        pass


def test_the_report_is_shown_as_a_page_and_written_as_json_and_csv(
    client: FlaskClient, kiosk: Kiosk, insurer: Running, clock: Clock, tmp_path: Path
) -> None:
    assert client.get("/logbook/nightly").status_code == 200
    assert client.get("/logbook/nightly/days.csv").status_code == 404
    visit(kiosk, BHYT17, "1", phone="0900000000")
    asked = Insurer(make_coverage("9999900020", Standing.WITHDRAWN, as_of=clock()))
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


def test_the_json_of_a_report_keeps_its_keys_and_is_read_back_as_it_was() -> None:
    day = DayTotals(
        day="2026-11-25",
        visits=9,
        cancelled=1,
        not_reported=2,
        accepted=3,
        refused=1,
        parked=1,
        waiting=1,
        closed=1,
    )
    report = NightlyReport(
        started_at=NOW,
        delivered=3,
        outbox={"queued": 1, "in_flight": 0},
        look_back=LookBackCounts(asked=2, confirmed=1, changed=1, no_answer=4),
        expected=5,
        known=4,
        unread_appointments=(3, 7),
        worklist=1,
        days=(day,),
        not_asked="budget",
        signature="ending",
        certificate_ends="2026-12-01T00:00:00+00:00",
        unproven_rows=2,
        communes_to_inform=("01999-20261123-aa",),
        overdue=2,
        suggested_outages=1,
        unfinished_sheets=(3,),
        purge=PurgeCounts({"looks": 2}, {"visits": 1}, ("looks",), None),
        proof=NightlyProof(9, "ab", "2026-11-22", 1, "visit, row x", "9:ab · cd", None),
    )

    record = nightly_report_json(report)

    assert record == {
        "started_at": NOW.isoformat(),
        "delivered": 3,
        "outbox": {"queued": 1, "in_flight": 0},
        "look_back": {"asked": 2, "confirmed": 1, "changed": 1, "no_word": 4},
        "expected": {"expected": 5, "known": 4},
        "unread_appointments": [3, 7],
        "worklist": 1,
        "days": [
            {
                "day": "2026-11-25",
                "visits": 9,
                "cancelled": 1,
                "not_told": 2,
                "accepted": 3,
                "refused": 1,
                "parked": 1,
                "waiting": 1,
                "closed": 1,
                "adds_up": True,
            }
        ],
        "not_asked": "budget",
        "signature": {"trouble": "ending", "ends": "2026-12-01T00:00:00+00:00"},
        "unproven_rows": 2,
        "communes_to_inform": ["01999-20261123-aa"],
        "overdue": 2,
        "suggested_outages": 1,
        "unfinished_sheets": [3],
        "purge": {
            "deleted": {"looks": 2},
            "waits": {"visits": 1},
            "unfinished": ["looks"],
            "trouble": None,
        },
        "proof": {
            "link": 9,
            "hash": "ab",
            "whole_on": "2026-11-22",
            "faults": 1,
            "first_fault": "visit, row x",
            "root": "9:ab · cd",
            "trouble": None,
        },
    }
    assert nightly_report_from_json(json.loads(json.dumps(record))) == report


def test_the_report_names_overdue_visits_and_outages_to_confirm(
    kiosk: Kiosk, clock: Clock, client: FlaskClient
) -> None:
    visit(kiosk, payload("dung"), "3", service_code="X" * 60)  # parked
    kiosk.outages.suggest(NewOutage(OutageSource.PORTAL, NOW), "gateway x", NOW)
    clock.go(timedelta(hours=1))
    report = NightlyReport(
        clock(), 0, kiosk.outbox.counts(), LookBackCounts(), 0, 0, (), 0, (), None,
        overdue=kiosk.reporting.count_overdue(clock()),
        suggested_outages=kiosk.outages.count_suggested(),
    )  # fmt: skip
    run = kiosk.nightly_runs.begin(clock())
    kiosk.nightly_runs.finish(run, clock(), report)

    text = client.get("/logbook/nightly?lang=en").text

    assert (report.overdue, report.suggested_outages) == (1, 1)
    assert "Overdue at the insurer: 1" in text
    assert "Outages to confirm: 1" in text


@pytest.mark.parametrize(("overdue", "suggested"), [(1, 0), (0, 1)])
def test_overdue_visits_and_outages_to_confirm_call_for_a_person(
    overdue: int, suggested: int
) -> None:
    states = dict.fromkeys(("queued", "in_flight", "refused", "parked"), 0)
    good = NightlyReport(NOW, 0, states, LookBackCounts(), 0, 0, (), 0, (), None)
    good = replace(good, overdue=0, suggested_outages=0)

    assert not needs_person(good)
    assert needs_person(replace(good, overdue=overdue, suggested_outages=suggested))
    assert needs_person(replace(good, unfinished_sheets=(3,)))


def test_a_report_of_an_older_version_says_nothing_of_overdue_visits() -> None:
    report = NightlyReport(NOW, 0, {}, LookBackCounts(), 0, 0, (), 0, (), None)
    report = replace(report, overdue=3, suggested_outages=1)
    record = nightly_report_json(report)
    del record["overdue"], record["suggested_outages"]

    older = nightly_report_from_json(record)

    assert (older.overdue, older.suggested_outages) == (None, None)
