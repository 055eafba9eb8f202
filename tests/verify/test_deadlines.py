"""By when a message has to reach the insurer: dated rules, days off, and downtime."""

from __future__ import annotations

import itertools
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.runtime.paths import shipped_folder
from verify import CLINIC_ZONE, BadTable, Downtime, deadline_of, extended, read_law, united

SHIPPED = shipped_folder("config") / "tables"
LAW = read_law(SHIPPED)
AIM = timedelta(minutes=30)


def at(text: str) -> datetime:
    """Return a moment at the clinic."""
    return datetime.fromisoformat(text).replace(tzinfo=CLINIC_ZONE)


def due(message: str, begun: str, status: str = "in_force") -> str | None:
    """Return when a message is due, as the clinic's clock shows it; None without a rule."""
    deadline = deadline_of(message, at(begun), LAW, AIM, status)
    if deadline is None:
        return None
    return f"{deadline.due_at.astimezone(CLINIC_ZONE):%Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("message", "begun", "expected"),
    [
        ("check_in", "2026-11-25 10:00", "2026-11-25 10:30"),  # our own aim: the law has no figure
        ("check_in", "2026-11-25 23:50", "2026-11-26 00:20"),
        ("check_in", "2023-12-31 10:00", None),  # before the rule
        ("correction", "2026-11-25 10:00", "2026-12-05 00:00"),  # Friday 4 December is the seventh
        ("correction", "2026-11-25 00:00", "2026-12-05 00:00"),  # the day itself is not counted
        ("correction", "2026-08-28 10:00", "2026-09-12 00:00"),  # over 31 August to 2 September
        ("correction", "2026-08-18 10:00", "2026-08-27 00:00"),  # a Saturday is worked instead
        ("month_totals", "2026-10-31 23:59", "2026-11-06 00:00"),  # Thursday, 5 November
        ("month_totals", "2026-08-01 00:00", "2026-09-08 00:00"),  # the 5th is a Saturday
        ("month_totals", "2025-12-15 08:00", "2026-01-06 00:00"),
        ("reconciliation", "2027-01-04 08:00", None),  # a draft only
    ],
)
def test_each_message_is_due_by_the_rule_of_its_day(
    message: str, begun: str, expected: str | None
) -> None:
    assert due(message, begun) == expected


def test_the_draft_of_2027_stands_beside_the_rule_in_force_and_does_not_replace_it() -> None:
    assert due("check_in", "2026-12-31 23:59", "draft") is None
    assert due("check_in", "2027-01-01 00:00", "draft") == "2027-01-01 03:00"
    assert due("check_in", "2027-01-01 00:00") == "2027-01-01 00:30"
    draft = deadline_of("check_in", at("2027-01-01 00:00"), LAW, AIM, "draft")
    assert draft is not None
    assert draft.rule.confidence == "low"


@pytest.mark.parametrize(
    ("message", "begun", "known"),
    [
        ("correction", "2026-12-22 10:00", True),  # 31 December is the last day
        ("correction", "2026-12-23 10:00", False),
        ("month_totals", "2026-11-30 10:00", True),
        ("month_totals", "2026-12-01 10:00", False),
        ("check_in", "2027-06-01 10:00", True),  # minutes need no holidays
    ],
)
def test_a_deadline_beyond_the_known_holidays_says_so(
    message: str, begun: str, known: bool
) -> None:
    deadline = deadline_of(message, at(begun), LAW, AIM)

    assert deadline is not None
    assert deadline.holidays_known is known


def test_a_table_with_days_off_without_an_end_still_gives_a_deadline(tmp_path: Path) -> None:
    text = (SHIPPED / "holidays.csv").read_text("utf-8")
    (tmp_path / "holidays.csv").write_text(text + "off,always,2015-01-01,,,low\n", "utf-8")
    law = read_law(tmp_path, SHIPPED)

    for message in ("correction", "month_totals"):
        deadline = deadline_of(message, at("2026-11-25 10:00"), law, AIM)
        assert deadline is not None
        assert not deadline.holidays_known or message == "month_totals"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("2027-01-01,,", "2027-01-01,2026-01-01,", r"deadlines.csv, row 3, column valid_to"),
        (
            "check_in,in_force,0,own_aim",
            "reconciliation,in_force,15,days",
            r"no row in_force for check_in",
        ),
        ("correction,in_force", "correction,planned", r"row 4, column status: 'planned'; expected"),
        ("correction,in", "late,in", r"row 4, column message: 'late'; expected one of check_in"),
        ("7,working_days", "7,weeks", r"row 4, column unit: 'weeks'; expected one of own_aim"),
        ("7,working_days", "-7,working_days", r"row 4, column within: '-7'; expected a whole"),
        ("7,working_days", "0,working_days", r"correction from .*within: '0'; expected 1 to 60"),
        ("7,working_days", "999,working_days", r"column within: '999'; expected 1 to 60"),
        ("0,own_aim", "30,own_aim", r"column within: '30'; expected 0, as the unit names no"),
        ("5,day_of_next_month", "31,day_of_next_month", r"within: '31'; expected 1 to 28"),
        ("5,day_of_next_month", "5,hours", r"month_totals .*column unit: 'hours'; expected one of"),
        ("7,working_days", "0,own_aim", r"correction .*column unit: 'own_aim'; expected one of"),
        ("2018-03-01,,", "2018-03-01,2026-12-31,", r"no row holds after 2026-12-31"),
        ("low", "sure", r"column confidence: 'sure'; expected one of high"),
    ],
)
def test_a_bad_rule_stops_the_start_with_an_error_that_names_it(
    old: str, new: str, message: str, tmp_path: Path
) -> None:
    text = (SHIPPED / "deadlines.csv").read_text("utf-8")
    assert old in text
    (tmp_path / "deadlines.csv").write_text(text.replace(old, new, 1), "utf-8")

    with pytest.raises(BadTable, match=message):
        read_law(tmp_path, SHIPPED)


@pytest.mark.parametrize(
    ("begins", "message"),
    [
        ("2027-01-02", r"deadlines.csv, check_in: no row holds on 2027-01-01"),
        ("2026-12-31", r"deadlines.csv, check_in: two rows hold on 2026-12-31"),
    ],
)
def test_a_gap_or_an_overlap_between_rules_stops_the_start(
    begins: str, message: str, tmp_path: Path
) -> None:
    lines = (SHIPPED / "deadlines.csv").read_text("utf-8").splitlines()
    lines[1] = lines[1].replace("2024-01-01,,", "2024-01-01,2026-12-31,")
    lines.append(f"check_in,in_force,3,hours,trong 3 giờ,within 3 hours,{begins},,luật mới,high")
    (tmp_path / "deadlines.csv").write_text("\n".join(lines), "utf-8")

    with pytest.raises(BadTable, match=message):
        read_law(tmp_path, SHIPPED)


def test_a_new_rule_of_the_feed_takes_effect_on_its_day(tmp_path: Path) -> None:
    lines = (SHIPPED / "deadlines.csv").read_text("utf-8").splitlines()
    lines[1] = lines[1].replace("2024-01-01,,", "2024-01-01,2026-12-31,")
    lines[2] = "check_in,in_force,3,hours,trong 3 giờ,within 3 hours,2027-01-01,,luật mới,high"
    (tmp_path / "deadlines.csv").write_text("\n".join(lines), "utf-8")
    law = read_law(tmp_path, SHIPPED)

    before = deadline_of("check_in", at("2026-12-31 23:00"), law, AIM)
    after = deadline_of("check_in", at("2027-01-01 00:00"), law, AIM)

    assert before is not None
    assert after is not None
    assert before.due_at == at("2026-12-31 23:30")
    assert after.due_at == at("2027-01-01 03:00")


def test_tables_of_an_older_feed_are_completed_by_the_shipped_deadlines(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED, tmp_path / "tables")
    (tmp_path / "tables" / "deadlines.csv").unlink()

    assert read_law(tmp_path / "tables", SHIPPED).deadlines == LAW.deadlines


T0 = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)


def minutes(count: float) -> datetime:
    return T0 + timedelta(minutes=count)


def down(begin: float, end: float) -> Downtime:
    return Downtime(minutes(begin), minutes(end))


@pytest.mark.parametrize(
    ("downtimes", "expected"),
    [
        ([], 30),
        ([down(10, 20)], 40),
        ([down(-60, 10)], 40),  # only from when the message began
        ([down(-60, -10)], 30),
        ([down(30, 90)], 30),  # it was due before
        ([down(29, 90)], 91),
        ([down(10, 20), down(15, 25)], 45),  # the overlap counts once
        ([down(10, 20), down(35, 45)], 50),  # within the time that was added
        ([down(10, 20), down(40, 50)], 40),
        ([down(10, 10)], 30),
    ],
)
def test_downtime_makes_a_deadline_later_by_as_long_as_it_lasted(
    downtimes: list[Downtime], expected: int
) -> None:
    assert extended(minutes(30), T0, united(downtimes)) == minutes(expected)


SPANS = st.lists(
    st.tuples(st.integers(-100, 200), st.integers(0, 100)).map(lambda p: down(p[0], p[0] + p[1])),
    max_size=6,
)


@given(SPANS, SPANS, st.integers(1, 120))
def test_overlapping_downtimes_never_count_twice_and_more_never_shortens_a_deadline(
    some: list[Downtime], more: list[Downtime], allowed: int
) -> None:
    due_at = minutes(allowed)
    once, twice = united(some), united([*some, *some[::-1]])
    after = extended(due_at, T0, once)
    down_minutes = {
        minute
        for span in some
        for minute in range(
            int((span.begin - T0).total_seconds()) // 60, int((span.end - T0).total_seconds()) // 60
        )
    }
    left, moment = allowed, 0  # count the minutes in which something could be sent
    while left:
        left -= moment not in down_minutes
        moment += 1

    assert once == twice
    assert after == minutes(moment)
    assert extended(due_at, T0, united([*some, *more])) >= after
    assert all(a.end < b.begin for a, b in itertools.pairwise(once))


def test_a_thousand_earlier_downtimes_are_not_looked_at_one_by_one() -> None:
    looked: list[str] = []

    class Watched:
        def __init__(self, day: int) -> None:
            self._begin = T0 - timedelta(days=day)

        @property
        def begin(self) -> datetime:
            looked.append("begin")
            return self._begin

        @property
        def end(self) -> datetime:
            looked.append("end")
            return self._begin + timedelta(hours=6)

    earlier: Any = [Watched(day) for day in range(1_000, 0, -1)]

    assert extended(minutes(30), T0, earlier) == minutes(30)
    assert len(looked) < 20
