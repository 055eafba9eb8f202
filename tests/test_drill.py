"""The drills play outages with the real program, and no visit is lost."""

from __future__ import annotations

import json

from tests.process import run


def test_the_outage_drill_serves_a_patient_each_minute_and_all_visits_arrive_later() -> None:
    done = run("drill")

    *minutes, last = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert [minute["ticket"] for minute in minutes] == [1, 2, 3, 4, 5, 6]
    assert len({minute["insurer"] for minute in minutes}) == len(minutes)
    assert max(minute["waiting"] for minute in minutes) > 0
    assert last["accepted"] == last["at_the_insurer"] == last["visits"] == 6
    assert last["lost"] == 0
    assert (
        last["sent_more_than_once"] >= 1
    )  # the answer was lost, so the visit was sent again under its id


def test_the_month_drill_decides_what_the_age_of_the_data_allows() -> None:
    done = run("drill", "--month")

    days = {line["day"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert done.returncode == 0
    assert days[0]["told"].endswith("fresh")
    assert {days[day]["feed"] for day in days if day} == {"unreachable"}
    assert [days[day]["told"].split(": ")[1] for day in (2, 8, 31)] == ["old", "too_old", "too_old"]
    for day, line in days.items():
        by_answer = "admitted: in_force" if day <= 6 else "unconfirmed: not_yet_known"
        by_signature = "admitted: vouched" if day < 30 else "unconfirmed: not_yet_known"
        assert line["insurer's word"] == line["registry"] == by_answer
        assert line["signature"] == by_signature
        assert line["withdrawn key"] == "desk: revoked"
