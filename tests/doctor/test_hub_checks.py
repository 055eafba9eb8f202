"""What the doctor says of the hub: nothing without one, never good what is not known."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from kiosk.doctor import Check, CheckState, HubCondition, HubSeen, Observations
from kiosk.doctor.hub import hub_checks
from kiosk.doctor.observations import observations_from
from tests.cast import NOW

WELL = HubSeen(
    HubCondition.CONNECTED,
    answered_at=NOW,
    waiting=0,
    others_at=NOW - timedelta(seconds=2),
    skew=timedelta(seconds=-1.4),
)
ELEVEN_MINUTES_AGO = NOW - timedelta(minutes=11)
SECONDS_AGO = NOW - timedelta(seconds=40)


def made(seen: HubSeen | None, is_set: bool = True) -> dict[str, Check]:
    """Return the checks by their codes; each that is neither good nor unknown says what to do."""
    checks = list(hub_checks(is_set, seen, NOW))
    for check in checks:
        assert check.do is not None or check.state in (CheckState.GOOD, CheckState.UNKNOWN)
        assert check.group == "hub"
    return {check.code: check for check in checks}


def test_without_a_hub_nothing_is_said() -> None:
    assert not made(None, is_set=False)
    assert not made(WELL, is_set=False)


def test_a_hub_that_has_everything_is_good() -> None:
    checks = made(WELL)

    assert {check.state for check in checks.values()} == {CheckState.GOOD}
    assert set(checks) == {"hub", "hub_waiting", "hub_clock"}
    assert checks["hub_clock"].as_json()["seen"] == "+1 s"  # ours is ahead


def test_what_nobody_knows_is_unknown_and_not_zero() -> None:
    assert made(None)["hub"].state is CheckState.UNKNOWN
    started = made(HubSeen(HubCondition.STARTING))
    assert {check.state for check in started.values()} == {CheckState.UNKNOWN}
    assert "0" not in started["hub_waiting"].as_json()["seen"]


def test_that_the_hub_is_silent_is_said_once() -> None:
    why = "the hub does not answer (OperationalError)"  # as the lanes say it
    check = made(HubSeen(HubCondition.UNREACHABLE, None, why))["hub"]

    assert check.as_json()["seen"] == "no answer (OperationalError)"


@pytest.mark.parametrize(
    ("condition", "answered_at", "state"),
    [
        (HubCondition.UNREACHABLE, SECONDS_AGO, CheckState.ATTENTION),  # perhaps a failover
        (HubCondition.UNREACHABLE, ELEVEN_MINUTES_AGO, CheckState.BAD),
        (HubCondition.UNREACHABLE, None, CheckState.BAD),
        (HubCondition.LOGIN_REFUSED, SECONDS_AGO, CheckState.BAD),
        (HubCondition.BEHIND, SECONDS_AGO, CheckState.BAD),
        (HubCondition.UNFIT, SECONDS_AGO, CheckState.BAD),
        (HubCondition.NEEDS_OPERATOR, SECONDS_AGO, CheckState.BAD),
        (HubCondition.REFUSED, SECONDS_AGO, CheckState.BAD),
        (HubCondition.DESK, SECONDS_AGO, CheckState.BAD),
    ],
)
def test_a_hub_that_gives_no_answer_says_since_when_and_what_to_do(
    condition: HubCondition, answered_at: Any, state: CheckState
) -> None:
    check = made(HubSeen(condition, answered_at, "08006"))["hub"]

    assert check.state is state
    shown = check.as_json()
    assert ("its last answer: 2026-11-25" in shown["seen"]) == (answered_at is not None)
    assert "08006" in shown["seen"]
    assert shown["do"].endswith("Until then this desk works alone.")


def test_changes_that_wait_long_need_attention() -> None:
    short = HubSeen(HubCondition.CONNECTED, waiting=400, behind_since=SECONDS_AGO)
    long = HubSeen(HubCondition.CONNECTED, waiting=400, behind_since=ELEVEN_MINUTES_AGO)

    assert made(short)["hub_waiting"].state is CheckState.GOOD
    assert made(long)["hub_waiting"].state is CheckState.ATTENTION


def test_a_copy_of_this_desk_is_told_in_place_of_what_it_holds_up() -> None:
    checks = made(HubSeen(HubCondition.CONNECTED, waiting=0, holds_outbox=True, has_twin=True))

    assert checks["hub_twin"].state is CheckState.BAD
    assert "hub_outbox" not in checks


def test_rows_set_aside_a_wrong_clock_and_a_held_outbox_are_told() -> None:
    seen = HubSeen(
        HubCondition.CONNECTED,
        waiting=0,
        set_aside=2,
        skew=timedelta(hours=1),
        holds_outbox=True,
        given_twice=1,
    )
    checks = made(seen)

    assert checks["hub_numbers"].state is CheckState.ATTENTION
    assert checks["hub_set_aside"].state is CheckState.ATTENTION
    assert checks["hub_clock"].state is CheckState.ATTENTION
    assert checks["hub_outbox"].state is CheckState.BAD


@pytest.mark.parametrize(
    "seen",
    [
        None,
        WELL,
        HubSeen(
            HubCondition.UNREACHABLE, NOW, "08006", 3, NOW, NOW, 1, timedelta(seconds=1.5), True
        ),
    ],
)
def test_what_was_seen_of_the_hub_is_kept_for_the_command(seen: HubSeen | None) -> None:
    left = Observations(at=NOW, hub=seen)

    assert observations_from(left.as_json()) == left


def test_what_a_program_left_before_there_was_a_hub_can_be_read() -> None:
    record = Observations(at=NOW).as_json()
    del record["hub"]

    assert observations_from(record) == Observations(at=NOW)
