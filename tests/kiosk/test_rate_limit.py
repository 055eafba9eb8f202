"""At most so many questions in any hour."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kiosk.desk.rate_limit import RateLimit
from tests.cast import NOW

MINUTE = timedelta(minutes=1)


def test_no_more_questions_are_allowed_in_an_hour_than_the_limit() -> None:
    limit = RateLimit(3)

    assert [limit.try_acquire(NOW + n * MINUTE) for n in range(5)] == [True] * 3 + [False] * 2


def test_a_question_frees_its_place_after_an_hour() -> None:
    limit = RateLimit(2)
    for minutes in (0, 30):
        assert limit.try_acquire(NOW + minutes * MINUTE)

    assert not limit.try_acquire(NOW + 60 * MINUTE)
    assert limit.try_acquire(NOW + 61 * MINUTE)
    assert not limit.try_acquire(NOW + 62 * MINUTE)  # the second question is 32 minutes old


def test_a_refused_question_is_not_counted() -> None:
    limit = RateLimit(1)
    assert limit.try_acquire(NOW)
    for n in range(1, 60):
        assert not limit.try_acquire(NOW + n * MINUTE)

    assert limit.try_acquire(NOW + 61 * MINUTE)


@pytest.mark.parametrize(("ahead", "allowed"), [(59, False), (61, True)])
def test_a_clock_that_was_ahead_blocks_for_an_hour_at_most(ahead: int, allowed: bool) -> None:
    limit = RateLimit(1)
    assert limit.try_acquire(NOW + ahead * MINUTE)

    assert limit.try_acquire(NOW) is allowed


def test_a_limit_of_0_allows_nothing() -> None:
    assert not RateLimit(0).try_acquire(NOW)
