"""The insurer is asked what was paid this year by a clerk only, once at a time; it is kept."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient

from kiosk.desk import Copayments
from kiosk.insurer import PaymentStatement
from kiosk.insurer.errors import InsurerUnreachable
from kiosk.insurer.patient_history import Copayment, payments_in
from kiosk.sandbox import SandboxInsurer, person
from tests.cast import Clock, payload
from tests.conftest import Kiosk
from tests.kiosk.stub_gateway import gateway_to
from tests.kiosk.test_desk import make_policy
from verify import Birth, Card

CARD = Card("9999900020", "Nguyễn Văn Ấn", Birth(1980, 2, 1))


def paid(*sums: int) -> PaymentStatement:
    return PaymentStatement(tuple(Copayment("01005", amount, amount) for amount in sums))


def test_the_sum_of_the_year_is_kept_for_a_quarter_of_an_hour(clock: Clock) -> None:
    asked = []

    def ask(card: Card) -> PaymentStatement:
        asked.append(card.number)
        return paid(1_000, 5_000, 3_000)

    copayments = Copayments(make_policy("never"), ask, clock)
    assert copayments.known_sum(CARD, None) is None
    assert copayments.ask(CARD, None) == paid(1_000, 5_000, 3_000)
    assert copayments.known_sum(CARD, None) == 5_000
    clock.go(timedelta(minutes=16))
    assert copayments.known_sum(CARD, None) is None
    assert asked == ["9999900020"]


def test_no_data_is_not_a_sum_of_zero(clock: Clock) -> None:
    no_data = PaymentStatement()
    copayments = Copayments(make_policy("never"), lambda _card: no_data, clock)

    assert copayments.ask(CARD, None) == no_data
    assert copayments.known_sum(CARD, None) is None
    assert copayments.known_statement(CARD, None) == no_data


def test_the_limit_was_passed_when_the_running_total_passed_it() -> None:
    rows = [
        {"maCskcb": "01005", "tBNCCTMCCT": 9, "tBNCCTLuyKe": total, "ngayRa": left}
        for total, left in (
            (9_000_000, "202603010800"),
            (17_000_000, "202605021000"),
            (15_000_000, "202604010800"),
            (18_000_000, "202606010800"),
        )
    ]
    statement = payments_in({"DataCCT": rows, "GhiChu": "Dữ liệu đến 01/11/2026"})

    assert statement.this_year == 18_000_000
    assert statement.passed_on(15_180_000) == date(2026, 5, 2)
    assert statement.passed_on(18_000_000) is None
    assert statement.note == "Dữ liệu đến 01/11/2026"
    undated = payments_in({"DataCCT": [rows[1] | {"ngayRa": "soon"}]})
    assert undated.passed_on(15_180_000) is None


@pytest.mark.parametrize("rows", [None, [], [{}], [{"tBNCCTMCCT": "x", "tBNCCTLuyKe": None}], "x"])
def test_rows_that_cannot_be_read_are_no_data(rows: object) -> None:
    assert payments_in({"DataCCT": rows, "GhiChu": None}).this_year is None


@pytest.mark.parametrize("card", [Card("9999900020"), CARD._replace(born=None)])
def test_a_card_without_name_or_birth_date_is_not_asked_about(card: Card, clock: Clock) -> None:
    copayments = Copayments(make_policy("never"), lambda _card: paid(1), clock)

    assert copayments.ask(card, None) is None


def test_without_an_answer_the_sum_is_not_known(clock: Clock) -> None:
    def silent(_card: Card) -> PaymentStatement:
        raise InsurerUnreachable("no answer")

    copayments = Copayments(make_policy("never"), silent, clock)
    assert copayments.ask(CARD, None) is None
    assert copayments.known_sum(CARD, None) is None
    assert Copayments(make_policy("never"), None, clock).ask(CARD, None) is None


def test_a_question_on_its_way_is_not_asked_twice(clock: Clock) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(_card: Card) -> PaymentStatement:
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

    assert gateway.payments(card).this_year == 16_000_000
    copayments = Copayments(make_policy("never"), gateway.payments, clock)
    copayments.ask(card, None)
    assert copayments.known_sum(card, None) == 16_000_000


def test_the_desk_says_that_the_portal_has_no_data_and_never_a_sum_of_zero(
    make_kiosk: Callable[..., Kiosk],
    make_client: Callable[..., FlaskClient],
    insurer: tuple[SandboxInsurer, str],
) -> None:
    kiosk = make_kiosk(insurer[1])
    client = make_client(kiosk.settings)
    attempt = kiosk.scan(payload("an"))

    answer = client.post(f"/desk/attempts/{attempt}/copayments", json={}).get_json()
    page = client.get(f"/desk/attempts/{attempt}/entitlement?lang=en").get_data(as_text=True)

    assert answer == {"copaid_this_year_vnd": None, "note": ""}
    assert "no data on payments this year" in page
    assert "0 đ" not in page


def test_the_page_says_that_there_is_no_answer(kiosk: Kiosk, client: FlaskClient) -> None:
    attempt = kiosk.scan(payload("an"))
    answer = client.post(f"/desk/attempts/{attempt}/copayments", json={})

    assert (answer.status_code, answer.get_json()["title"]) == (503, "no_answer")
    assert client.post("/desk/attempts/99/copayments", json={}).status_code == 404
    no_card = kiosk.scan("not a card")
    assert client.post(f"/desk/attempts/{no_card}/copayments", json={}).status_code == 404
