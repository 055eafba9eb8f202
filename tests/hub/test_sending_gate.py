"""Whether a desk may send: what the hub said, how long the desk was away, what a person decided."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from kiosk.hub.sending_gate import AWAY, SendingGate, WhySendingWaits
from tests.cast import Clock

HOUR = timedelta(hours=1)


@pytest.fixture
def start(tmp_path: Path, clock: Clock) -> Callable[..., SendingGate]:
    """Start the program again, after some time off."""

    def start(off: timedelta = timedelta(), sender: int = 0, desk: int = 1) -> SendingGate:
        clock.go(off)
        return SendingGate(tmp_path / "hub-sending.json", desk, sender, clock)

    return start


def test_a_desk_that_has_never_asked_a_hub_sends(start: Callable[..., SendingGate]) -> None:
    gate = start()
    gate.unanswered()
    assert gate.may_send()


def test_a_week_without_the_hub_stops_nobody(
    start: Callable[..., SendingGate], clock: Clock
) -> None:
    gate = start()
    gate.answered(0)
    for _day in range(7):
        for _hour in range(14):
            clock.go(HOUR)
            gate.unanswered()
            assert gate.may_send()
        gate = start(10 * HOUR)  # off at night
        gate.unanswered()
    assert gate.may_send()


def test_a_desk_that_comes_back_after_days_waits_for_the_hub(
    start: Callable[..., SendingGate], clock: Clock
) -> None:
    start().answered(0)
    gate = start(AWAY + HOUR)
    assert gate.state().why is WhySendingWaits.BACK
    gate.unanswered()
    clock.go(HOUR)
    gate.unanswered()
    assert start(HOUR).state().why is WhySendingWaits.BACK  # being started again changes nothing

    gate = start()
    gate.answered(0)
    assert gate.may_send()
    assert start(HOUR).may_send()


def test_a_person_may_let_it_go_until_the_hub_answers(start: Callable[..., SendingGate]) -> None:
    start().answered(0)
    gate = start(AWAY + HOUR)
    gate.let_go("staff 101 Lan")
    assert (gate.may_send(), gate.state().let_go_by) == (True, "staff 101 Lan")
    assert start().may_send()  # also the nightly job, which is another process
    gate.answered(0)
    assert gate.state().let_go_by == ""


def test_a_retired_desk_waits_also_when_it_is_started_again(
    start: Callable[..., SendingGate],
) -> None:
    gate = start()
    gate.answered(0)
    gate.refused()
    assert gate.state().why is WhySendingWaits.RETIRED
    gate = start()
    gate.unanswered()
    assert gate.state().why is WhySendingWaits.RETIRED
    gate.let_go("desk")
    gate.refused()
    assert gate.may_send()  # the same refusal again: the person knew of it
    gate.answered(0)
    gate.refused()
    assert not gate.may_send()


def test_a_machine_with_another_number_asks_before_it_sends(
    start: Callable[..., SendingGate],
) -> None:
    start().answered(0)
    gate = start(desk=5)
    gate.unanswered()
    assert gate.state().why is WhySendingWaits.BACK
    gate = start(desk=5)
    assert gate.state().why is WhySendingWaits.BACK
    gate.answered(0)
    assert start(desk=5).may_send()


def test_it_waits_while_another_desk_has_a_lease(
    start: Callable[..., SendingGate], clock: Clock
) -> None:
    gate = start()
    gate.answered(90.0)
    assert gate.state().why is WhySendingWaits.BEING_SENT
    clock.go(timedelta(seconds=91))
    assert gate.may_send()


def test_the_settings_come_first(start: Callable[..., SendingGate]) -> None:
    gate = start(sender=2)
    gate.answered(0)
    gate.let_go("desk")
    assert (gate.state().why, gate.state().sender) == (WhySendingWaits.OTHER_SENDS, 2)


@pytest.mark.parametrize(
    "content", ["", "{}", "[1]", '{"asked_at": "x"}', '{"asked_at": 1}', "\0" * 20_000, "null"]
)
def test_a_damaged_file_is_taken_for_that_of_a_desk_that_was_away(
    start: Callable[..., SendingGate], tmp_path: Path, content: str
) -> None:
    (tmp_path / "hub-sending.json").write_text(content)
    assert start().state().why is WhySendingWaits.BACK
