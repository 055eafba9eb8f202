"""The insurer is asked what was paid this year by a clerk only, once at a time; it is kept."""

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
    return [Copayment("01005", paid_vnd, paid_vnd) for paid_vnd in sums]


def test_the_sum_of_the_year_is_kept_for_a_quarter_of_an_hour(clock: Clock) -> None:
    asked = []

    def ask(card: Card) -> list[Copayment]:
        asked.append(card.number)
        return paid(1_000, 5_000, 3_000)

    copayments = Copayments(make_policy("never"), ask, clock)
    assert copayments.known_sum(CARD, None) is None
    assert copayments.ask(CARD, None) == 5_000
    assert copayments.known_sum(CARD, None) == 5_000
    clock.go(timedelta(minutes=16))
    assert copayments.known_sum(CARD, None) is None
    assert asked == ["9999900020"]


def test_a_patient_without_payments_has_paid_0(clock: Clock) -> None:
    copayments = Copayments(make_policy("never"), lambda _card: [], clock)

    assert copayments.ask(CARD, None) == 0
    assert copayments.known_sum(CARD, None) == 0


@pytest.mark.parametrize("card", [Card("9999900020"), CARD._replace(born=None)])
def test_a_card_without_name_or_birth_date_is_not_asked_about(card: Card, clock: Clock) -> None:
    copayments = Copayments(make_policy("never"), lambda _card: paid(1), clock)

    assert copayments.ask(card, None) is None


def test_without_an_answer_the_sum_is_not_known(clock: Clock) -> None:
    def silent(_card: Card) -> list[Copayment]:
        raise InsurerUnreachable("no answer")

    copayments = Copayments(make_policy("never"), silent, clock)
    assert copayments.ask(CARD, None) is None
    assert copayments.known_sum(CARD, None) is None
    assert Copayments(make_policy("never"), None, clock).ask(CARD, None) is None


def test_a_question_on_its_way_is_not_asked_twice(clock: Clock) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(_card: Card) -> list[Copayment]:
        begun.set()
        assert go_on.wait(30)
        return paid(7)

    copayments = Copayments(make_policy("never"), slow, clock)
    first = threading.Thread(target=copayments.ask, args=(CARD, None))
    first.start()
    assert begun.wait(30)
    assert copayments.ask(CARD, None) is None
    go_on.set()
    first.join(30)
    assert copayments.known_sum(CARD, None) == 7


def test_the_pretend_insurer_answers_what_was_paid(
    insurer: tuple[SandboxInsurer, str], clock: Clock
) -> None:
    patient = person("son")
    assert patient is not None
    gateway = gateway_to(insurer[1], clock)
    card = Card(patient.insurance_number, patient.holder, Birth.from_date(patient.born))

    assert [row.this_year for row in gateway.copayments(card)] == [16_000_000]
    assert Copayments(make_policy("never"), gateway.copayments, clock).ask(card, None) == 16_000_000


def test_the_page_says_that_there_is_no_answer(kiosk: Kiosk, client: FlaskClient) -> None:
    attempt = kiosk.scan(payload("an"))
    answer = client.post(f"/desk/attempts/{attempt}/copayments", json={})

    assert (answer.status_code, answer.get_json()["title"]) == (503, "no_answer")
    assert client.post("/desk/attempts/99/copayments", json={}).status_code == 404
    no_card = kiosk.scan("not a card")
    assert client.post(f"/desk/attempts/{no_card}/copayments", json={}).status_code == 404
