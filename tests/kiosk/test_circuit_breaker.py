"""After repeated failures the insurer is left alone, longer each time, until it answers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kiosk.desk.circuit_breaker import (
    MAX_FAILURES_IN_A_ROW,
    MAX_RECOVERY_DELAY,
    RECOVERY_DELAY,
    CircuitBreaker,
)
from tests.cast import NOW

SECOND = timedelta(seconds=1)


@pytest.fixture
def breaker() -> CircuitBreaker:
    return CircuitBreaker()


@pytest.fixture
def open_breaker(breaker: CircuitBreaker) -> CircuitBreaker:
    for _ in range(MAX_FAILURES_IN_A_ROW):
        breaker.record_failure(NOW)
    return breaker


def test_it_opens_with_the_last_of_several_failures_in_a_row(breaker: CircuitBreaker) -> None:
    opened = [breaker.record_failure(NOW) for _ in range(MAX_FAILURES_IN_A_ROW)]

    assert opened == [False] * (MAX_FAILURES_IN_A_ROW - 1) + [True]
    assert breaker.is_open(NOW)


def test_failures_with_an_answer_between_do_not_open_it(breaker: CircuitBreaker) -> None:
    for _ in range(MAX_FAILURES_IN_A_ROW):
        breaker.record_success()
        assert not breaker.record_failure(NOW)

    assert not breaker.is_open(NOW)


def test_it_is_open_until_the_recovery_delay_is_over(open_breaker: CircuitBreaker) -> None:
    assert open_breaker.is_open(NOW + RECOVERY_DELAY - SECOND)
    assert not open_breaker.is_open(NOW + RECOVERY_DELAY)


def test_each_further_failure_doubles_the_delay_up_to_a_limit(
    open_breaker: CircuitBreaker,
) -> None:
    now = NOW
    for minutes in (1, 2, 4, 8, 15, 15):
        delay = timedelta(minutes=minutes)
        assert open_breaker.is_open(now + delay - SECOND)
        now += delay
        assert not open_breaker.is_open(now)
        assert open_breaker.record_failure(now)


def test_an_answer_sets_the_count_and_the_delay_back(open_breaker: CircuitBreaker) -> None:
    open_breaker.record_failure(NOW)  # the next delay is twice as long by now
    open_breaker.record_success()
    assert not open_breaker.is_open(NOW)

    for _ in range(MAX_FAILURES_IN_A_ROW):
        open_breaker.record_failure(NOW)
    assert not open_breaker.is_open(NOW + RECOVERY_DELAY)


def test_it_can_be_opened_by_one_failure(breaker: CircuitBreaker) -> None:
    breaker.trip(NOW)

    assert breaker.is_open(NOW)
    assert not breaker.is_open(NOW + RECOVERY_DELAY)


def test_a_clock_that_was_put_back_keeps_nothing_open(open_breaker: CircuitBreaker) -> None:
    assert not open_breaker.is_open(NOW - MAX_RECOVERY_DELAY)
