"""What was paid this year is asked by a person only, once at a time, and kept for a while."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from kiosk.desk import Copayments
from kiosk.insurer import Copayment
from kiosk.insurer.errors import InsurerUnreachable
from kiosk.sandbox import SandboxInsurer, person
from tests.cast import Clock, payload
from tests.conftest import Kiosk
from tests.kiosk.stub_gateway import gateway_to
from tests.kiosk.test_desk import make_policy
from verify import Birth, Card

CARD = Card("9999900020", "Nguyễn Văn Ấn", Birth(1980, 2, 1))


def paid(*sums: int) -> list[Copayment]:
    return [Copayment("01005", one, one) for one in sums]


def test_the_sum_of_the_year_is_kept_for_a_quarter_of_an_hour(clock: Clock) -> None:
    asked = []

    def ask(card: Card) -> list[Copayment]:
        asked.append(card.number)
        return paid(1_000, 5_000, 3_000)

    known = Copayments(make_policy("never"), ask, clock)
    assert known.known_sum(CARD, None) is None
    assert known.ask(CARD, None) == 5_000
    assert known.known_sum(CARD, None) == 5_000
    clock.go(timedelta(minutes=16))
    assert known.known_sum(CARD, None) is None
    assert asked == ["9999900020"]


def test_who_has_paid_nothing_has_paid_nothing(clock: Clock) -> None:
    known = Copayments(make_policy("never"), lambda _card: [], clock)

    assert known.ask(CARD, None) == 0
    assert known.known_sum(CARD, None) == 0


@pytest.mark.parametrize("card", [Card("9999900020"), CARD._replace(born=None)])
def test_a_card_that_names_nobody_is_not_asked_about(card: Card, clock: Clock) -> None:
    known = Copayments(make_policy("never"), lambda _card: paid(1), clock)

    assert known.ask(card, None) is None


def test_no_answer_is_not_nothing(clock: Clock) -> None:
    def silent(_card: Card) -> list[Copayment]:
        raise InsurerUnreachable("no answer")

    known = Copayments(make_policy("never"), silent, clock)
    assert known.ask(CARD, None) is None
    assert known.known_sum(CARD, None) is None
    assert Copayments(make_policy("never"), None, clock).ask(CARD, None) is None


def test_a_question_that_is_on_its_way_is_not_asked_again(clock: Clock) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(_card: Card) -> list[Copayment]:
        begun.set()
        assert go_on.wait(30)
        return paid(7)

    known = Copayments(make_policy("never"), slow, clock)
    first = threading.Thread(target=known.ask, args=(CARD, None))
    first.start()
    assert begun.wait(30)
    assert known.ask(CARD, None) is None
    go_on.set()
    first.join(30)
    assert known.known_sum(CARD, None) == 7


def test_the_pretend_insurer_tells_what_was_paid(
    insurer: tuple[SandboxInsurer, str], clock: Clock
) -> None:
    one = person("son")
    assert one is not None
    gateway = gateway_to(insurer[1], clock)
    card = Card(one.insurance_number, one.holder, Birth.on(one.born))

    assert [row.this_year for row in gateway.copayments(card)] == [16_000_000]
    assert Copayments(make_policy("never"), gateway.copayments, clock).ask(card, None) == 16_000_000


def test_the_page_says_where_there_is_no_answer(kiosk: Kiosk, client: FlaskClient) -> None:
    attempt = kiosk.scan(payload("an"))
    answer = client.post(f"/desk/attempts/{attempt}/copayments", json={})

    assert (answer.status_code, answer.get_json()["title"]) == (503, "no_answer")
    assert client.post("/desk/attempts/99/copayments", json={}).status_code == 404
    nobody = kiosk.scan("not a card")
    assert client.post(f"/desk/attempts/{nobody}/copayments", json={}).status_code == 404
