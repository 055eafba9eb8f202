"""Guesses are slowed down, and nobody locks the hospital out."""

from __future__ import annotations

import pytest

from kiosk.staff.errors import TooManyTries
from kiosk.staff.throttle import Throttle
from tests.staff.web import Seconds


def taken(throttle: Throttle, count: int, account: str, address: str, device: str = "") -> int:
    """Return how many of so many tries were let through."""
    through = 0
    for number in range(count):
        try:
            throttle.take(account, address.format(number), device)
        except TooManyTries:
            continue
        through += 1
    return through


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def throttle(seconds: Seconds) -> Throttle:
    return Throttle(seconds, most=1000)


def test_one_address_tries_an_account_five_times(throttle: Throttle, seconds: Seconds) -> None:
    assert taken(throttle, 1000, "101", "10.0.0.9") == 5

    seconds.go(60)
    assert taken(throttle, 1000, "101", "10.0.0.9") == 1


def test_many_addresses_try_an_account_ten_times(throttle: Throttle) -> None:
    assert taken(throttle, 900, "101", "10.0.1.{}") == 10


def test_one_address_tries_thirty_times_at_all(throttle: Throttle) -> None:
    assert sum(taken(throttle, 1, str(account), "10.0.0.9") for account in range(500)) == 30


def test_nobody_elsewhere_locks_a_known_browser_out(throttle: Throttle, seconds: Seconds) -> None:
    taken(throttle, 1000, "101", "10.0.0.{}")
    taken(throttle, 1000, "101", "127.0.0.1")

    assert taken(throttle, 100, "101", "127.0.0.1", "a") == 8
    assert taken(throttle, 100, "101", "127.0.0.1", "b") == 8
    seconds.go(30)
    assert taken(throttle, 100, "101", "127.0.0.1", "a") == 1


def test_a_sign_in_costs_nothing(throttle: Throttle) -> None:
    for _ in range(100):
        throttle.take("101", "10.0.0.9", "")
        throttle.give_back("101", "10.0.0.9", "")

    assert taken(throttle, 100, "101", "10.0.0.9") == 5


def test_a_refused_try_takes_from_no_bucket(throttle: Throttle) -> None:
    taken(throttle, 1000, "101", "10.0.0.9")

    assert taken(throttle, 100, "102", "10.0.0.9") == 5
    assert taken(throttle, 100, "101", "10.0.1.{}") == 5  # of ten of unknown browsers


def test_addresses_of_one_ipv6_network_are_one(throttle: Throttle) -> None:
    assert taken(throttle, 500, "101", "2001:db8::{:x}") == 5
    assert taken(throttle, 5, "102", "::ffff:10.0.0.9") == 5
    assert taken(throttle, 5, "102", "10.0.0.9") == 0


def test_the_buckets_are_limited(throttle: Throttle) -> None:
    for number in range(5000):
        taken(throttle, 1, f"{number}" * 50, f"10.{number % 250}.{number // 250}.1")

    assert len(throttle) == 1000


def test_the_answer_says_how_long_to_wait(throttle: Throttle, seconds: Seconds) -> None:
    taken(throttle, 5, "101", "10.0.0.9")
    seconds.go(20)

    with pytest.raises(TooManyTries) as refused:
        throttle.take("101", "10.0.0.9", "")
    assert refused.value.wait_s == pytest.approx(40)
    assert refused.value.bucket == "pair"
