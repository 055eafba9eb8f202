"""The evidence paper: right times beside those of a wrong clock, outages, and words for people."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from kiosk.logbook import LookupPurpose, NewOutage, OutageReport, OutageSource
from kiosk.sandbox import SandboxInsurer
from kiosk.web.app import create_app
from tests.cast import BHYT17, NOW, running_insurer
from tests.conftest import Kiosk
from tests.kiosk.machine import Machine, admit, kiosk_on
from tests.kiosk.test_evidence_files import (
    ANSWERED,
    FAILED,
    LEASE,
    data,
    look_up,
    paper,
    send,
    visit,
)
from verify import CLINIC_ZONE

LANGUAGES = ("en", "vi")
TECHNICAL = re.compile(r"[A-Z]\w+Error|\d{4}-\d\d-\d\dT|NGAY_VAO|not asked|since|within|ahead")


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def insurer(machine: Machine) -> Iterator[tuple[SandboxInsurer, str]]:
    with running_insurer(machine.true) as running:
        yield running


def exact(moment: datetime) -> str:
    return f"{moment.astimezone(CLINIC_ZONE):%H:%M:%S %d/%m/%Y}"


def pages(kiosk: Kiosk) -> FlaskClient:
    return create_app(kiosk, threading.Event()).test_client()


@pytest.mark.parametrize("is_settled", [True, False])
@pytest.mark.parametrize(
    ("ahead", "english", "vietnamese"),
    [
        (timedelta(days=400, seconds=1), "400 days 1 s ahead", "400 ngày 1 giây"),
        (timedelta(days=-400), "400 days behind", "chậm 400 ngày"),
        (timedelta(hours=2), "2 h ahead", "nhanh 2 giờ"),
        (timedelta(hours=-2), "2 h behind", "chậm 2 giờ"),
    ],
)
def test_a_visit_of_a_wrong_clock_has_its_right_times_in_order_beside_the_recorded_ones(
    ahead: timedelta,
    english: str,
    vietnamese: str,
    is_settled: bool,
    machine: Machine,
    insurer: tuple[SandboxInsurer, str],
    tmp_path: Path,
) -> None:
    kiosk = kiosk_on(machine, tmp_path, insurer[1])
    assert kiosk.delivery is not None
    machine.go(timedelta(minutes=30))
    machine.ahead = ahead
    arrived, recorded = machine.true(), machine.wall()
    visit_id = admit(kiosk, "an")
    machine.go(timedelta(minutes=1))
    look_up(kiosk, visit_id, at=machine.wall(), **FAILED)
    asked = exact(machine.true())
    kiosk.delivery.deliver_all()
    machine.go(timedelta(minutes=20))
    machine.ahead = timedelta(0)
    kiosk.delivery.deliver_all()
    again = machine.true()
    look_up(kiosk, visit_id, at=again, purpose=LookupPurpose.LOOK_BACK, **ANSWERED)
    if is_settled:
        assert pages(kiosk).post("/logbook/wrong-times").status_code == 303
        kiosk.delivery.deliver_all()

    text = paper(pages(kiosk), visit_id)
    in_vietnamese = paper(pages(kiosk), visit_id, "vi")

    assert f"this machine’s clock was {english} (measured by" in text
    assert vietnamese in in_vietnamese
    shown = f"{exact(arrived)} (the clock showed {exact(recorded)})"
    assert f"Arrived {shown}" in text
    assert f"first at {asked} (the clock showed " in text
    assert f"and last at {exact(again)}. It answered 1 of 2 times" in text
    line = text[text.index("What happened") : text.index("Questions to the insurer")]
    order = ["Card read and judged", "Visit recorded", "NO ANSWER", "answered ("]
    if is_settled:
        order += ["Report sent to the insurer", "received: "]
    places = [line.index(part) for part in order]
    assert places == sorted(places)
    assert ("Nobody has confirmed the right time" in text) is not is_settled
    clock = data(pages(kiosk), visit_id)["evidence"]["clock"]
    assert abs(clock["ahead_s"] - ahead.total_seconds()) < 2
    assert clock["recorded_at"] == recorded.isoformat()


def test_a_paper_made_while_the_clock_is_wrong_has_the_right_time_of_making(
    machine: Machine, insurer: tuple[SandboxInsurer, str], tmp_path: Path
) -> None:
    kiosk = kiosk_on(machine, tmp_path, insurer[1])
    assert kiosk.delivery is not None
    machine.ahead = timedelta(hours=2)
    visit_id = admit(kiosk, "an")
    kiosk.delivery.deliver_all()
    machine.go(timedelta(minutes=5))

    text = paper(pages(kiosk), visit_id)

    assert f"Made at {exact(machine.true())} (the clock showed {exact(machine.wall())})" in text


def test_a_question_after_the_clock_was_set_is_not_put_before_the_visit(
    machine: Machine, insurer: tuple[SandboxInsurer, str], tmp_path: Path
) -> None:
    kiosk = kiosk_on(machine, tmp_path, insurer[1])
    assert kiosk.delivery is not None
    machine.ahead = timedelta(hours=2)
    visit_id = admit(kiosk, "an")
    kiosk.delivery.deliver_all()  # measures the clock; afterwards no clock answers
    machine.ahead = timedelta(0)
    machine.go(timedelta(minutes=30))
    look_up(kiosk, visit_id, at=machine.true(), purpose=LookupPurpose.TREATMENT, **FAILED)

    assert f"asked once, at {exact(machine.true())}. It gave" in paper(pages(kiosk), visit_id)


def test_a_clock_that_was_right_is_not_spoken_of(
    machine: Machine, insurer: tuple[SandboxInsurer, str], tmp_path: Path
) -> None:
    kiosk = kiosk_on(machine, tmp_path, insurer[1])
    assert kiosk.delivery is not None
    machine.ahead = timedelta(minutes=2)
    visit_id = admit(kiosk, "an")
    kiosk.delivery.deliver_all()

    text = paper(pages(kiosk), visit_id)

    assert "clock" not in text
    assert f"Arrived {exact(machine.wall())}" in text


@pytest.mark.parametrize("ends", [timedelta(hours=3), None])
def test_a_confirmed_outage_in_which_the_patient_came_is_named(
    client: FlaskClient, kiosk: Kiosk, ends: timedelta | None
) -> None:
    visit_id = visit(kiosk)
    report = OutageReport("BHXH tỉnh", NOW - timedelta(minutes=20), "điện thoại")
    begin = NOW - timedelta(hours=1)
    late = NOW + timedelta(days=2)
    ends_at = None if ends is None else NOW + ends
    content = NewOutage(OutageSource.LINE, begin, ends_at, report)
    kiosk.outages.add(content, late, "desk 1")
    kiosk.outages.add(NewOutage(OutageSource.POWER, NOW + timedelta(hours=1)), late, "desk 1")
    kiosk.outages.suggest(NewOutage(OutageSource.PORTAL, begin), "gateway x", late)

    text, in_vietnamese = paper(client, visit_id), paper(client, visit_id, "vi")

    assert "outage that a person confirmed: Internet line" in text
    assert "09:00 25/11/2026 to 13:00 25/11/2026" in text or ends is None
    assert "Informed at 09:40 25/11/2026: BHXH tỉnh (điện thoại)." in text
    assert "sự cố đã được xác nhận: Mất đường truyền" in in_vietnamese
    assert "Electricity" not in text
    assert "portal" not in text
    [outage] = data(client, visit_id)["evidence"]["outages"]
    assert (outage["source"], outage["reported_to"]) == ("line", "BHXH tỉnh")


def test_an_outage_that_was_dismissed_or_was_over_is_not_named(
    client: FlaskClient, kiosk: Kiosk
) -> None:
    visit_id = visit(kiosk)
    hour = timedelta(hours=1)
    kiosk.outages.add(NewOutage(OutageSource.LINE, NOW - 2 * hour, NOW - hour), NOW, "desk")
    other = kiosk.outages.add(NewOutage(OutageSource.POWER, NOW - hour), NOW, "desk")
    kiosk.outages.dismiss(other, 1, NOW, "desk")

    assert data(client, visit_id)["evidence"]["outages"] == []
    assert "outage" not in paper(client, visit_id)


@pytest.mark.parametrize(
    ("error", "english", "vietnamese"),
    [
        ("no answer within 5 s (ProtocolError)", "no answer in time", "quá thời gian chờ"),
        ("NewConnectionError", "no connection", "không kết nối được"),
        ("SomeNewError", "a fault that the data file names", "lỗi ghi trong tệp dữ liệu"),
        ("code 999 says nothing about the card", "says nothing about this", "không nói gì về"),
        ("an answer of more than 9 bytes", "too large", "quá lớn"),
        ("the gateway refused our account; later", "refuses our account", "từ chối tài khoản"),
        ("not asked: silent since 2026-11-25T02:58:00+00:00",
         "NOT ASKED: the gateway did not answer any more (since 09:58:00 25/11/2026)",
         "(từ 09:58:00 25/11/2026)"),
        ("not asked: budget since 9999-12-31T23:59:59+00:00", "were used up", "hết số lần hỏi"),
        ("not asked: 50 questions wait", "too many questions waited", "quá nhiều câu hỏi"),
        ("not asked: ", "too many questions waited", "quá nhiều câu hỏi"),
    ],
)  # fmt: skip
def test_a_question_without_an_answer_is_explained_in_words(
    client: FlaskClient, kiosk: Kiosk, error: str, english: str, vietnamese: str
) -> None:
    visit_id = visit(kiosk)
    look_up(kiosk, visit_id, **FAILED | {"error": error})

    assert data(client, visit_id)["evidence"]["lookups"][0]["error"] == error
    assert english in paper(client, visit_id)
    text = paper(client, visit_id, "vi")
    assert vietnamese in text
    assert TECHNICAL.search(text) is None


@pytest.mark.parametrize(
    ("kind", "message", "english", "vietnamese"),
    [
        ("again", "no answer: NewConnectionError", "waiting: no connection", "không kết nối được"),
        ("again", "code 500: Lỗi hệ thống", "Code 500: Lỗi hệ thống", "Mã 500: Lỗi hệ thống"),
        ("again", "not signed: pin (PinIncorrect)", "could not be signed", "không ký được"),
        ("park", "NGAY_VAO is wrong: this machine's clock was 34560001 s ahead",
         "this machine’s clock was 400 days 1 s ahead", "chạy nhanh 400 ngày 1 giây"),
        ("park", "NGAY_VAO lies in the future", "the arrival lies in the future",
         "giờ đến khám nằm trong tương lai"),
        ("close", "nhầm người", "closed by a person: nhầm người", "nhầm người"),
    ],
)  # fmt: skip
def test_a_report_that_waits_says_why_in_words(
    client: FlaskClient, kiosk: Kiosk, kind: str, message: str, english: str, vietnamese: str
) -> None:
    visit_id = visit(kiosk)
    [item] = kiosk.outbox.claim(NOW, LEASE)
    if kind == "again":
        kiosk.outbox.try_again([item], NOW, message)
    else:
        kiosk.outbox.park(item, NOW, "clock", message if kind == "park" else "x")
    if kind == "close":
        kiosk.corrections.close(visit_id, message, NOW)

    assert english in paper(client, visit_id)
    text = paper(client, visit_id, "vi")
    assert vietnamese in text
    if kind != "close":
        assert TECHNICAL.search(text) is None


def test_each_sending_is_among_what_happened(client: FlaskClient, kiosk: Kiosk) -> None:
    visit_id = visit(kiosk)
    send(kiosk)

    text = paper(client, visit_id)

    line = text[text.index("What happened") : text.index("Questions to the insurer")]
    assert "Report sent to the insurer answered" in line
    assert line.index("waiting") < line.index("sent to") < line.index("received")


def test_a_card_without_a_last_day_says_so(client: FlaskClient, kiosk: Kiosk) -> None:
    visit_id = visit(kiosk)
    kiosk.corrections.correct(visit_id, {"valid_from": NOW.date(), "valid_until": None}, "x", NOW)

    assert "Valid from 25/11/2026; no last day is on it" in paper(client, visit_id)
    assert "Thời hạn thẻ từ 25/11/2026; thẻ không ghi ngày hết hạn" in paper(client, visit_id, "vi")


def test_the_age_of_the_card_records_is_not_said_of_a_card_that_is_not_among_them(
    client: FlaskClient, kiosk: Kiosk
) -> None:
    visit_id = visit(kiosk, BHYT17)

    assert re.search(
        r"card records: [\d:/ ]+ \(this card was not among them\)", paper(client, visit_id)
    )
