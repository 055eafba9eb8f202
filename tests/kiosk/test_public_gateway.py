"""A day at a gateway that was written from the public descriptions alone, and that fails often."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from kiosk.desk import Confirmation
from tests.cast import AGAIN, Clock
from tests.conftest import Kiosk
from tests.kiosk.public_gateway import FAILING_SHARE, PublicGateway, running
from verify import CLINIC_ZONE

PATIENTS = 40
MAX_ROUNDS = 200  # of the sender; each is a quarter of an hour at most


def payload(number: int) -> str:
    """Return the code of a patient's card, with an insurance number of ten digits only."""
    insured, name = 9_999_950_000 + number, "Nguyễn Văn Thử".encode().hex()
    return (
        f"{insured}|{name}|01/02/1980|1|-|01 - 999|01/01/2024|-|05/01/2024|"
        f"0101{insured}|-|4| 01/01/2029|123456789abcdef0-1202|4|-|$"
    )


def confirm(kiosk: Kiosk, number: int, key: str) -> str:
    confirmation = Confirmation(repeat_reason=AGAIN)
    return kiosk.desk.confirm(kiosk.scan(payload(number)), confirmation, key)[0].id


def send_all(kiosk: Kiosk, clock: Clock) -> None:
    """Run the sender until nothing waits."""
    assert kiosk.delivery is not None
    for _ in range(MAX_ROUNDS):
        while kiosk.delivery.deliver_some():
            pass
        if kiosk.outbox.next_due() is None:
            return
        clock.go(timedelta(minutes=1))
    raise AssertionError(f"messages still wait: {kiosk.outbox.counts()}")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_visit_arrives_once_as_one_visit_and_the_day_adds_up(
    make_kiosk: Callable[..., Kiosk], clock: Clock, seed: int
) -> None:
    gateway = PublicGateway(clock, seed)
    with running(gateway) as url:
        kiosk = make_kiosk(url)
        arrived = {}
        for number in range(PATIENTS):
            clock.go(timedelta(seconds=40))
            arrived[confirm(kiosk, number, f"first {number}")] = clock()
        again = [confirm(kiosk, number, f"second {number}") for number in range(0, PATIENTS, 7)]
        arrived |= dict.fromkeys(again, clock())
        send_all(kiosk, clock)

        assert gateway.failed_calls > gateway.calls * FAILING_SHARE / 2  # the day was a bad one
        assert gateway.unread_rows == 0
        by_visit: dict[str, list[dict[str, str]]] = {}
        for row in gateway.rows:
            by_visit.setdefault(row["MA_LK"], []).append(row)
        assert by_visit.keys() == arrived.keys()
        for visit, rows in by_visit.items():
            assert all(row == rows[0] for row in rows), visit  # repeats say the same
            at = arrived[visit].astimezone(CLINIC_ZONE)
            assert rows[0]["NGAY_VAO"] == f"{at:%Y%m%d%H%M}"

        assert kiosk.nightly is not None
        report = kiosk.nightly.run()
        assert report.adds_up
        assert sum(day.accepted for day in report.days) == len(arrived)
        assert sum(day.visits for day in report.days) == len(arrived)


def test_no_data_about_co_payments_is_not_a_sum(
    make_kiosk: Callable[..., Kiosk], clock: Clock
) -> None:
    gateway = PublicGateway(clock, 1)
    with running(gateway) as url:
        kiosk = make_kiosk(url)
        attempt = kiosk.attempts.get(kiosk.scan(payload(1)))
        assert attempt is not None
        assert attempt.verdict.card is not None
        statements = (
            kiosk.copayments.ask(attempt.verdict.card, None) for _ in range(30)
        )  # a third of the questions fail
        statement = next(answer for answer in statements if answer is not None)
        assert statement.this_year is None
        assert kiosk.copayments.known_sum(attempt.verdict.card, None) is None
