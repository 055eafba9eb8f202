"""What the tickets of this clinic say, who prints them, and what their codes lead to."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from kiosk.desk import Confirmation
from kiosk.errors import SettingsError
from kiosk.logbook import Visit
from kiosk.sandbox import payload_of, person
from kiosk.settings import PrinterPort, load_settings
from kiosk.tickets.printing import CodeFinding, TicketPrinting
from kiosk.tickets.ticket import Payment
from kiosk.tickets.ticket_code import ticket_code
from tests.cast import BHYT17, Clock, payload
from tests.conftest import Kiosk
from verify import Birth, Outcome, clinic_day

GUARDIAN = {"name": "Lê Văn Thử", "number": "001099999905", "relation": "father"}


def record(kiosk: Kiosk, client: FlaskClient, key: str, **body: Any) -> Visit:
    """Record the visit of a pretend patient."""
    patient = person(key)
    assert patient is not None
    attempt = kiosk.scan(payload_of(patient, kiosk.clock()))
    answer = client.post(
        "/api/visits", json={"attempt": attempt} | body, headers={"Idempotency-Key": key}
    )
    assert answer.status_code == 201, answer.get_json()
    visit = kiosk.visits.by_id(answer.get_json()["id"])
    assert visit is not None
    return visit


def test_an_admitted_patient_s_ticket_has_the_share(kiosk: Kiosk, client: FlaskClient) -> None:
    visit = record(kiosk, client, "an")

    ticket = kiosk.printing.ticket(visit.ticket_id)

    assert ticket is not None
    assert (ticket.label, ticket.person, ticket.payment) == ("1", "N. V. AN", Payment.SHARE)
    assert ticket.share_percent == 80
    assert visit.id.endswith(ticket.visit)
    assert len(ticket.visit) == 8


def test_a_share_that_is_not_certain_is_not_printed(
    kiosk: Kiosk, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = record(kiosk, client, "an")
    entitle = kiosk.entitlements.entitlement_for
    monkeypatch.setattr(
        kiosk.entitlements,
        "entitlement_for",
        lambda *given: (answer := entitle(*given)) and answer._replace(confidence="medium"),
    )

    ticket = kiosk.printing.ticket(visit.ticket_id)

    assert ticket is not None
    assert (ticket.payment, ticket.share_percent) == (Payment.INSURED, None)


@pytest.mark.parametrize(
    ("url", "secret", "expected"),
    [
        ("https://insurer.invalid", False, Payment.LOOKED_UP),
        ("https://insurer.invalid", True, Payment.ASK),
        ("", False, Payment.ASK),
    ],
)
def test_only_a_card_that_is_looked_up_is_said_to_be(
    kiosk: Kiosk, url: str, secret: bool, expected: Payment
) -> None:
    kiosk.printing._settings = replace(
        kiosk.settings, insurer=replace(kiosk.settings.insurer, url=url)
    )
    confirmation = Confirmation(secret=secret)
    visit, _ = kiosk.desk.confirm(kiosk.scan(BHYT17), confirmation, "k")
    assert visit.outcome == "unconfirmed"

    ticket = kiosk.printing.ticket(visit.ticket_id)

    assert ticket is not None
    assert (ticket.payment, ticket.person) == (expected, "N. V. MẪU")


def test_a_patient_whom_the_desk_admitted_asks_there(kiosk: Kiosk) -> None:
    kiosk.printing._settings = replace(
        kiosk.settings, insurer=replace(kiosk.settings.insurer, url="https://insurer.invalid")
    )
    newborn = Confirmation(
        arrival="newborn", papers="donor_record", holder="Con Bà Mẫu", born=Birth(2026, 11, 25)
    )
    child = kiosk.desk.confirm(kiosk.desk.record_no_card("front").id, newborn, "k1")[0]
    ended = kiosk.desk.confirm(
        kiosk.scan(payload("chi")), Confirmation(clerk_reason="đã gia hạn"), "k2"
    )[0]
    assert {child.outcome, ended.outcome} == {Outcome.DESK}

    tickets = [kiosk.printing.ticket(visit.ticket_id) for visit in (child, ended)]

    assert [ticket and ticket.payment for ticket in tickets] == [Payment.ASK, Payment.ASK]


def test_a_ticket_of_self_service_says_nothing_of_the_payment(
    kiosk: Kiosk, client: FlaskClient
) -> None:
    visit = record(kiosk, client, "an")

    ticket = kiosk.printing.ticket(visit.ticket_id, with_share=False)

    assert ticket is not None
    assert (ticket.payment, ticket.share_percent) == (Payment.NOTHING, None)


def test_a_patient_without_insurance_has_it_on_the_ticket(
    kiosk: Kiosk, client: FlaskClient
) -> None:
    visit = record(kiosk, client, "an", arrival="uninsured")

    ticket = kiosk.printing.ticket(visit.ticket_id)

    assert ticket is not None
    assert ticket.payment is Payment.UNINSURED


def test_a_cancelled_visit_has_no_ticket_to_print(kiosk: Kiosk, client: FlaskClient) -> None:
    visit = record(kiosk, client, "an")
    answer = client.post(
        f"/logbook/visits/{visit.id}/cancel", data={"why": "nhầm người", "version": visit.version}
    )
    assert answer.status_code < 400
    assert client.get(f"/tickets/{visit.ticket_id}/print").status_code == 404
    assert kiosk.printing.ticket(visit.ticket_id) is None


def test_a_slip_to_the_desk_names_nobody(kiosk: Kiosk) -> None:
    slip = kiosk.tickets.issue_slip(None, "Bàn 2", kiosk.clock())

    ticket = kiosk.printing.ticket(slip.id)

    assert ticket is not None
    assert (ticket.label, ticket.room, ticket.person, ticket.payment) == (
        "Q 1", "Bàn 2", "", Payment.NOTHING,
    )  # fmt: skip


def test_the_room_s_way_and_notice_are_on_the_ticket(
    kiosk: Kiosk, client: FlaskClient, tmp_path: Path
) -> None:
    visit = record(kiosk, client, "an")
    room = {"name": visit.service.room, "place": "Tầng 2", "notice": "Mang theo phim cũ"}
    (tmp_path / "rooms.json").write_text(json.dumps({"rooms": [room]}), "utf-8")

    ticket = kiosk.printing.ticket(visit.ticket_id)

    assert ticket is not None
    assert ticket.way == "Tầng 2. Mang theo phim cũ."


@pytest.mark.parametrize(
    ("desk", "room", "printer"),
    [("1", "Phòng 1", "desk 1"), ("2", "Phòng 1", "room 1"), ("2", "Phòng 2", "hall")],
)
def test_the_desk_s_printer_comes_before_that_of_the_room(
    desk: str, room: str, printer: str, kiosk: Kiosk, tmp_path: Path
) -> None:
    rooms = [{"name": "Phòng 1", "printer": "room 1"}, {"name": "Phòng 2"}]
    (tmp_path / "rooms.json").write_text(json.dumps({"rooms": rooms}), "utf-8")
    ports = (
        PrinterPort("hall", "file", "/none"),
        PrinterPort("room 1", "file", "/none", desk="9"),
        PrinterPort("desk 1", "file", "/none", desk="1"),
    )
    printing = TicketPrinting(
        replace(kiosk.settings, printers=ports), kiosk.tickets, kiosk.visits, kiosk.ticket_prints,
        kiosk.rooms, lambda _visit: None, kiosk.clock, lambda: None,
    )  # fmt: skip

    found = printing.printer_for(desk, room)

    assert found is not None
    assert found.name == printer


def test_a_desk_without_a_printer_has_none(kiosk: Kiosk) -> None:
    assert kiosk.printing.printer_for("1", "Phòng 1") is None


def code_of(kiosk: Kiosk, visit: Visit) -> str:
    ticket = kiosk.printing.ticket(visit.ticket_id)
    assert ticket is not None
    return ticket.code


def test_a_code_is_ours_today_and_of_another_day_tomorrow(
    kiosk: Kiosk, client: FlaskClient, clock: Clock
) -> None:
    visit = record(kiosk, client, "an")
    code = code_of(kiosk, visit)
    today = kiosk.printing.read_code(code)
    clock.go(timedelta(days=1))
    tomorrow = kiosk.printing.read_code(code)

    assert today is not None
    assert tomorrow is not None
    assert (today.finding, tomorrow.finding) == (CodeFinding.OURS, CodeFinding.ANOTHER_DAY)
    assert today.visit == visit


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (lambda code: code.replace("TD1-01999", "TD1-79001"), CodeFinding.ANOTHER_FACILITY),
        (lambda code: code[:-1] + ("1" if code[-1] == "0" else "0"), CodeFinding.NOT_KNOWN),
    ],
)
def test_a_code_that_is_not_ours_leads_to_nobody(
    change: Callable[[str], str], finding: CodeFinding, kiosk: Kiosk, client: FlaskClient
) -> None:
    read = kiosk.printing.read_code(change(code_of(kiosk, record(kiosk, client, "an"))))

    assert read is not None
    assert (read.finding, read.ticket, read.visit) == (finding, None, None)


def test_the_code_of_another_logbook_is_not_known(kiosk: Kiosk, client: FlaskClient) -> None:
    record(kiosk, client, "an")

    read = kiosk.printing.read_code(
        ticket_code(bytes(32), "01999", clinic_day(kiosk.clock()), "1", 1)
    )

    assert read is not None
    assert (read.finding, read.visit) == (CodeFinding.NOT_KNOWN, None)


@pytest.mark.parametrize("dressed", ["{}", "]Q1{}", "{}\r\n", "{lower}"])
def test_a_ticket_at_a_reader_is_shown_and_records_no_visit(
    dressed: str, kiosk: Kiosk, client: FlaskClient
) -> None:
    code = code_of(kiosk, record(kiosk, client, "an"))
    attempt = kiosk.scan(dressed.format(code, lower=code.lower()))

    page = client.get(f"/desk/attempts/{attempt}").get_data(as_text=True)

    assert 'data-format="ticket"' in page
    assert '<p class="ticket-number" data-length="1" aria-label="Số 1">1</p>' in page
    assert "Nguyễn" not in page
    assert len(kiosk.visits.newest()) == 1
    assert kiosk.unfinished.list_of(kiosk.clock(), frozenset()) == []
    assert code not in (kiosk.attempts.get(attempt) or "").verdict_text  # type: ignore[union-attr]


def test_a_family_is_found_by_its_adult(kiosk: Kiosk, client: FlaskClient) -> None:
    first = record(kiosk, client, "an", guardian=GUARDIAN)
    other = record(kiosk, client, "binh")
    second = record(kiosk, client, "dung", guardian=GUARDIAN)

    assert kiosk.printing.household(first.ticket_id) == [first.ticket_id, second.ticket_id]
    assert kiosk.printing.household(other.ticket_id) == [other.ticket_id]


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"kind": "usb", "port": "lp0"}, "port"),
        ({"kind": "network", "port": "10.0.0.7:printer"}, "port"),
        ({"kind": "network", "port": "10.0.0.7:99999"}, "port"),
        ({"kind": "network", "port": ""}, "[[printers]]"),
        ({"kind": "file", "port": "/dev/usb/lp0", "answers": "yes"}, "answers"),
        ({"kind": "network", "port": "10.0.0.7", "width": 575}, "width"),
        ({"kind": "network", "port": "10.0.0.7", "desk": "9"}, "desk"),
    ],
)
def test_a_wrong_setting_of_a_printer_is_named(
    values: dict[str, Any], key: str, tmp_path: Path
) -> None:
    own = tmp_path / "kiosk.toml"
    lines = "".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items())
    own.write_text(f'[facility]\ncode = "01999"\n[[printers]]\nname = "front"\n{lines}', "utf-8")

    with pytest.raises(SettingsError, match=r"\[\[printers") as raised:
        load_settings(own)

    assert key in str(raised.value)
