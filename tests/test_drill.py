"""The outage drill plays bad minutes on the real program, and loses nothing."""

from __future__ import annotations

import json

from tests.process import run


def test_in_each_bad_minute_a_patient_is_served_and_all_arrive_once_it_is_well() -> None:
    done = run("drill")

    *minutes, last = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert [minute["ticket"] for minute in minutes] == [1, 2, 3, 4, 5, 6]
    assert len({minute["insurer"] for minute in minutes}) == len(minutes)
    assert max(minute["waiting"] for minute in minutes) > 0
    assert last["accepted"] == last["at_the_insurer"] == last["visits"] == 6
    assert last["lost"] == 0
    assert last["sent_more_than_once"] >= 1  # of the lost answer, under the same id


def test_through_a_month_without_a_feed_all_that_can_be_decided_is() -> None:
    done = run("drill", "--month")

    days = {line["day"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert done.returncode == 0
    assert days[0]["told"].endswith("fresh")
    assert {days[day]["feed"] for day in days if day} == {"unreachable"}
    assert [days[day]["told"].split(": ")[1] for day in (2, 8, 31)] == ["old", "too_old", "too_old"]
    for day, line in days.items():
        known = "admitted: in_force" if day <= 6 else "unconfirmed: not_yet_known"
        assert line["insurer's word"] == line["registry"] == known
        assert line["signature"] == (
            "admitted: vouched" if day < 30 else "unconfirmed: not_yet_known"
        )
        assert line["withdrawn key"] == "desk: revoked"
