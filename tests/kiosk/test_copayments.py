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
from kiosk.runtime.paths import shipped_folder
from kiosk.sandbox import SandboxInsurer, person
from kiosk.web.app import create_app
from tests.cast import Clock, payload
from tests.conftest import Kiosk
from tests.kiosk.stub_gateway import gateway_to
from tests.kiosk.test_desk import make_policy
from verify import Birth, Card, full_benefit_since, limit_passed_on, read_law

LAW = read_law(shipped_folder("config") / "tables")
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


def row(total: object, left: object, paid: object = 9_000_000, **more: object) -> dict[str, object]:
    return {"maCskcb": "01005", "tBNCCTMCCT": paid, "tBNCCTLuyKe": total, "ngayRa": left} | more


def passed_on(*rows: dict[str, object]) -> date | None:
    totals = payments_in({"DataCCT": list(rows)}, 2026).running_totals
    return limit_passed_on(totals, LAW) if totals else None


def test_the_limit_was_passed_when_the_running_total_passed_it() -> None:
    rows = (
        row(9_000_000, "202608010800"),
        row(17_000_000, "202610021000"),
        row(15_000_000, "202609010800"),
        row(18_000_000, "202611010800"),
    )

    statement = payments_in({"DataCCT": list(rows), "GhiChu": "Dữ liệu đến 01/11/2026"}, 2026)
    assert statement.this_year == 18_000_000
    assert statement.note == "Dữ liệu đến 01/11/2026"
    assert passed_on(*rows) == date(2026, 10, 2)
    assert passed_on(*rows, *rows) == date(2026, 10, 2)


@pytest.mark.parametrize(
    ("rows", "day"),
    [
        ([row(14_040_000, "202606200800")], None),  # six months of salary, not more
        ([row(14_040_001, "202606200800")], date(2026, 6, 20)),
        ([row(14_040_001, "202606300800"), row(14_100_000, "202607050800")], date(2026, 6, 30)),
        ([row(14_100_000, "202607050800")], None),  # below six months of the new salary
        ([row(15_180_001, "202607010800")], date(2026, 7, 1)),
        ([row(7_020_000, "202606300800"), row(14_610_000, "202607050800")], None),
        ([row(7_020_000, "202606300800"), row(14_610_001, "202607050800")], date(2026, 7, 5)),
        ([row(99_000_000, "soon")], None),  # which day is not known
        ([row(99_000_000, "202603010800"), row("x", "202602010800")], None),
        ([row(99_000_000, "20260301")], date(2026, 3, 1)),
        ([row(99_000_000, "202603010000")], date(2026, 3, 1)),
    ],
)
def test_each_payment_counts_in_months_of_the_salary_of_its_day(
    rows: list[dict[str, object]], day: date | None
) -> None:
    """CV 302/CSYT-CĐ §2.5: the base salary became 2,530,000 on 1 July 2026."""
    assert passed_on(*rows) == day


def test_five_years_and_the_limit_hold_together_from_the_later_day() -> None:
    passed = date(2026, 6, 20)

    assert full_benefit_since(passed, date(2020, 1, 1)) == passed
    assert full_benefit_since(passed, date(2026, 9, 1)) == date(2026, 9, 1)
    assert full_benefit_since(passed, date(2027, 1, 1)) is None
    assert full_benefit_since(None, date(2020, 1, 1)) is None
    assert full_benefit_since(passed, None) is None


@pytest.mark.parametrize(
    "bad", ["x", None, -1, "-1", "NaN", "inf", True, 1e15, "1_000", "15.180.000", [], {}, "٣"]
)
def test_an_amount_that_cannot_be_read_is_not_zero_and_makes_the_sum_a_least_one(
    bad: object,
) -> None:
    statement = payments_in({"DataCCT": [row(bad, "202608010800"), "x", None]}, 2026)
    assert (statement.this_year, statement.unread) == (None, 3)

    statement = payments_in({"DataCCT": [row(5, "202608010800"), row(bad, "202609010800")]}, 2026)
    assert (statement.this_year, statement.unread) == (5, 1)
    assert statement.running_totals is None


def test_rows_of_another_year_do_not_count() -> None:
    rows = [
        row(99_000_000, "202512311200"),
        row(5, "202601011200"),
        row(98_000_000, "", ngayVao="202512010800"),
        row(97_000_000, "01/12/2027"),
    ]

    assert payments_in({"DataCCT": rows}, 2026).this_year == 5


def test_rows_that_come_with_code_204_are_no_payments() -> None:
    answer = {"maKetQua": "204", "DataCCT": [row(0, "202608010800", 0)], "GhiChu": "Không có"}

    assert payments_in(answer, 2026) == PaymentStatement(note="Không có")


@pytest.mark.parametrize("rows", [None, [], "x", {}, 7])
def test_a_list_without_rows_is_no_data(rows: object) -> None:
    statement = payments_in({"DataCCT": rows, "GhiChu": None}, 2026)
    assert (statement.this_year, statement.unread) == (None, 0)


@pytest.mark.parametrize(
    ("note", "shown"),
    [
        ("  Dữ liệu\r\ntính đến\t01/11/2026 ", "Dữ liệu tính đến 01/11/2026"),
        (7, ""),
        (None, ""),
        ("x" * 501, "x" * 499 + "…"),
        ("a" * 5_000_000, "a" * 499 + "…"),
    ],
)
def test_the_portals_note_is_one_short_line(note: object, shown: str) -> None:
    assert payments_in({"GhiChu": note}, 2026).note == shown


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

    statement = gateway.payments(card)
    assert statement.this_year == 16_000_000
    assert statement.note == "Dữ liệu tính đến ngày 24/11/2026"
    assert limit_passed_on(statement.running_totals or (), LAW) == date(2026, 10, 31)
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

    assert answer == {
        "copaid_this_year_vnd": None,
        "note": "",
        "rows_not_read": 0,
        "limit_passed_on": None,
    }
    assert "no data on payments this year" in page
    assert "0 đ" not in page


def test_the_page_shows_the_sum_with_the_portals_note_as_its_words(kiosk: Kiosk) -> None:
    attempt = kiosk.scan(payload("an"))
    totals = (Copayment("01005", 9, 16_000_000, date(2026, 10, 2)),)
    page = pages_after(PaymentStatement(totals, "Dữ liệu <b>tính đến</b> 01/11"), kiosk, attempt)

    assert "16,000,000" in page
    assert "first passed on 02/10/2026" in page
    assert "Not certain" in page
    assert "16,000,000" in verdict_page(kiosk, attempt)
    assert "The portal says: “Dữ liệu &lt;b&gt;tính đến&lt;/b&gt; 01/11”" in page


def test_the_page_says_at_least_if_a_row_cannot_be_read(kiosk: Kiosk) -> None:
    attempt = kiosk.scan(payload("an"))
    totals = (Copayment("01005", 9, 16_000_000, date(2026, 10, 2)),)
    page = pages_after(PaymentStatement(totals, unread=2), kiosk, attempt)

    assert "at least 16,000,000" in page
    assert "cannot be read: 2" in page
    assert "first passed on" not in page
    none = pages_after(PaymentStatement(unread=2), kiosk, attempt)
    assert "The sum is not known; it is not zero" in none


def verdict_page(kiosk: Kiosk, attempt: int) -> str:
    """Return the verdict on the desk's page, as it is when the page is opened again."""
    client = create_app(kiosk, threading.Event()).test_client()
    return client.get(f"/desk/attempts/{attempt}?lang=en").text


def pages_after(statement: PaymentStatement, kiosk: Kiosk, attempt: int) -> str:
    """Return the entitlement on the desk's page after the portal made a statement."""
    kiosk.copayments = Copayments(kiosk.query_policy, lambda _card: statement, kiosk.clock)
    client = create_app(kiosk, threading.Event()).test_client()
    client.post(f"/desk/attempts/{attempt}/copayments", json={})
    return client.get(f"/desk/attempts/{attempt}/entitlement?lang=en").text


def test_the_page_says_that_there_is_no_answer(kiosk: Kiosk, client: FlaskClient) -> None:
    attempt = kiosk.scan(payload("an"))
    answer = client.post(f"/desk/attempts/{attempt}/copayments", json={})

    assert (answer.status_code, answer.get_json()["title"]) == (503, "no_answer")
    assert client.post("/desk/attempts/99/copayments", json={}).status_code == 404
    no_card = kiosk.scan("not a card")
    assert client.post(f"/desk/attempts/{no_card}/copayments", json={}).status_code == 404
