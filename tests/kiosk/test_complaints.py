"""Complaints of users of other systems about queues and senders, one test for each."""

from __future__ import annotations

import json
import sqlite3
import unicodedata
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import sqlite_utils

from kiosk.desk import Confirmation
from kiosk.insurer import Delivery, message_composer
from kiosk.insurer.errors import InsurerUnreachable
from kiosk.insurer.gateway import Gateway
from kiosk.logbook import Corrections, Database, Outbox, Visits
from kiosk.logbook.migrations import MIGRATIONS
from tests.cast import NOW, Clock, payload
from tests.conftest import Kiosk
from tests.kiosk.stub_gateway import Running, answering, card_of, gateway_to, saying, token_then
from tests.kiosk.test_referrals import OLD
from verify import Note

ROOT = Path(__file__).parents[2]

COMPOSE = message_composer(lambda _visit: "1.12")


def visit(kiosk: Kiosk, key: str, **fields: Any) -> str:
    return kiosk.desk.confirm(kiosk.scan(payload(key)), Confirmation(**fields), key)[0].id


def delivery(kiosk: Kiosk, gateway: Gateway) -> Delivery:
    return Delivery(kiosk.outbox, gateway, kiosk.clock, 10, lambda: None, 50)


def test_the_check_in_sender_does_not_hang_after_one_failure(
    kiosk: Kiosk, insurer: Running, clock: Clock
) -> None:
    visit(kiosk, "an")
    sender = delivery(kiosk, gateway_to(insurer[1], clock))
    insurer[0].out_of_order = True
    sender.deliver_some()
    insurer[0].out_of_order = False
    visit(kiosk, "binh")

    assert sender.deliver_some()
    assert kiosk.outbox.counts()["accepted"] == 1  # the next visit did not wait
    clock.go(timedelta(minutes=1))
    assert sender.deliver_some()
    assert kiosk.outbox.counts()["accepted"] == 2


def test_an_accepted_visit_is_never_sent_again(
    kiosk: Kiosk, insurer: Running, clock: Clock
) -> None:
    visit(kiosk, "an")
    sender = delivery(kiosk, gateway_to(insurer[1], clock))
    sender.deliver_all()
    for _ in range(40):
        clock.go(timedelta(days=1))
        sender.deliver_all()

    assert [row.times for row in insurer[0].ledger.visits()] == [1]


def test_a_cancelled_visit_is_not_sent_and_a_sent_message_is_never_changed(
    kiosk: Kiosk, insurer: Running, clock: Clock
) -> None:
    corrections = Corrections(kiosk.database, COMPOSE)
    cancelled = visit(kiosk, "an")
    corrections.cancel(cancelled, "trả lại", NOW)
    visit(kiosk, "binh")
    delivery(kiosk, gateway_to(insurer[1], clock)).deliver_all()
    body = kiosk.database.reading().execute("select body from outbox where id = 2").fetchone()[0]

    corrections.correct(kiosk.visits.newest()[0].id, {"holder": "Khác"}, "sai", NOW)

    assert [row.fields["HO_TEN"] for row in insurer[0].ledger.visits()] == ["Trần Thị Bình"]
    again = kiosk.database.reading().execute("select body from outbox where id = 2").fetchone()[0]
    assert again == body


def test_a_failed_lookup_does_not_prevent_a_queue_number(kiosk: Kiosk, clock: Clock) -> None:
    gateway = gateway_to("http://127.0.0.1:9", clock, timeout_s=1)
    with pytest.raises(InsurerUnreachable):
        gateway.look_up(card_of("an"))

    kiosk.desk.confirm(kiosk.scan(payload("nam")), Confirmation(), "k")

    assert kiosk.visits.newest()[0].ticket == 1


@pytest.mark.parametrize(
    "name", ["<>&]]>\"'", "Nguyễn & <b>Văn</b> ]]> An", "&amp;&#x0;", "A" * 255]
)
def test_special_characters_do_not_break_the_outgoing_xml(
    kiosk: Kiosk, insurer: Running, clock: Clock, name: str
) -> None:
    visit_id = visit(kiosk, "an")
    Corrections(kiosk.database, COMPOSE).correct(visit_id, {"holder": name}, "tên", NOW)
    delivery(kiosk, gateway_to(insurer[1], clock)).deliver_all()

    assert [row.fields["HO_TEN"] for row in insurer[0].ledger.visits()] == [name]


@pytest.mark.parametrize("name", ["A" * 300, "Nguyễn\x00Văn", ""])
def test_a_visit_with_an_unusable_name_waits_in_the_tray_with_its_field(
    kiosk: Kiosk, insurer: Running, clock: Clock, name: str
) -> None:
    visit_id = visit(kiosk, "an")
    corrections = Corrections(kiosk.database, COMPOSE)
    corrections.correct(visit_id, {"holder": name}, "tên", NOW)
    delivery(kiosk, gateway_to(insurer[1], clock)).deliver_all()

    assert insurer[0].ledger.visits() == []
    [entry] = corrections.tray()
    assert "HO_TEN" in str(entry.message)


def test_a_visit_from_a_clock_two_hours_ahead_waits_in_the_tray(
    kiosk: Kiosk, insurer: Running, clock: Clock
) -> None:
    clock.go(timedelta(hours=2))
    visit_id = visit(kiosk, "an")
    clock.go(-timedelta(hours=2))
    sender = delivery(kiosk, gateway_to(insurer[1], clock))
    sender.deliver_all()
    corrections = Corrections(kiosk.database, COMPOSE)
    [entry] = corrections.tray()
    assert "NGAY_VAO" in str(entry.message)
    assert insurer[0].ledger.visits() == []

    clock.go(timedelta(hours=2))
    corrections.send_again(visit_id, clock())
    sender.deliver_all()
    assert len(insurer[0].ledger.visits()) == 1


def test_a_name_in_decomposed_unicode_is_sent_composed(
    kiosk: Kiosk, insurer: Running, clock: Clock
) -> None:
    visit_id = visit(kiosk, "an")
    decomposed = unicodedata.normalize("NFD", "Nguyễn Văn Ấn")
    Corrections(kiosk.database, COMPOSE).correct(visit_id, {"holder": decomposed}, "tên", NOW)
    delivery(kiosk, gateway_to(insurer[1], clock)).deliver_all()

    assert [row.fields["HO_TEN"] for row in insurer[0].ledger.visits()] == ["Nguyễn Văn Ấn"]


def test_a_failed_upload_does_not_stop_the_download(kiosk: Kiosk, clock: Clock) -> None:
    card_answer = {"maKetQua": "000", "maThe": "x", "hoTen": "Nguyễn Văn An"}

    def answer_card_questions_only(handler: BaseHTTPRequestHandler) -> None:
        if "checkIn" in handler.path:
            return saying(b"<html>502</html>", 502)(handler)
        return token_then(dict(card_answer))(handler)

    visit(kiosk, "an")
    with answering(answer_card_questions_only) as url:
        gateway = gateway_to(url, clock)
        delivery(kiosk, gateway).deliver_some()
        assert gateway.look_up(card_of("an")).code == "000"
    assert kiosk.outbox.counts()["queued"] == 1


def test_a_visit_that_is_not_accepted_is_never_dropped(kiosk: Kiosk, clock: Clock) -> None:
    for code in ("401", "500", "777", "202"):
        visit_id = visit(kiosk, {"401": "an", "500": "binh", "777": "dung", "202": "giang"}[code])
        with answering(token_then({"maKetQua": code})) as url:
            delivery(kiosk, gateway_to(url, clock)).deliver_some()
        found = kiosk.visits.by_id(visit_id)
        assert found is not None
        assert found.insurer_state in ("queued", "refused", "parked")
    assert sum(kiosk.outbox.counts().values()) == 4


def test_every_message_that_cannot_be_sent_is_in_the_tray(kiosk: Kiosk, clock: Clock) -> None:
    visit(kiosk, "an", service_code="X" * 60)  # a field that cannot be sent
    visit(kiosk, "binh")
    with answering(token_then({"maKetQua": "202", "thongDiep": "Thiếu MA_DKBD"})) as url:
        delivery(kiosk, gateway_to(url, clock)).deliver_some()

    entries = Corrections(kiosk.database, COMPOSE).tray()

    assert [entry.state for entry in entries] == ["parked", "refused"]
    assert all(entry.message for entry in entries)


def test_the_time_of_sending_does_not_replace_the_time_of_arrival(
    kiosk: Kiosk, insurer: Running, clock: Clock
) -> None:
    visit(kiosk, "an")
    clock.go(timedelta(hours=9))
    delivery(kiosk, gateway_to(insurer[1], clock)).deliver_all()

    [received] = insurer[0].ledger.visits()
    assert received.fields["NGAY_VAO"] == "202611251000"  # ten in the morning at the clinic
    assert received.received_at == NOW + timedelta(hours=9)
    assert kiosk.visits.newest()[0].arrived_at == NOW


@pytest.mark.parametrize("answer", [{"maKetQua": "401"}, {"ok": True}, {"maKetQua": ""}, {}])
def test_a_visit_is_not_shown_as_accepted_if_the_server_did_not_accept_it(
    kiosk: Kiosk, clock: Clock, answer: dict[str, object]
) -> None:
    visit(kiosk, "an")
    with answering(token_then(answer)) as url:  # all of these answers have HTTP status 200
        delivery(kiosk, gateway_to(url, clock)).deliver_some()

    assert kiosk.outbox.counts()["accepted"] == 0
    assert kiosk.visits.newest()[0].insurer_state != "accepted"


def test_a_second_desk_sees_that_the_patient_was_already_here_today(kiosk: Kiosk) -> None:
    visit(kiosk, "an")

    second = kiosk.scan(payload("an"))

    attempt = kiosk.attempts.get(second)
    assert attempt is not None
    assert Note.ALREADY_HERE_TODAY in attempt.verdict.notes


def test_what_is_not_checked_offline_is_documented() -> None:
    text = (ROOT / "docs" / "insurer.md").read_text("utf-8")

    assert "## What is not checked without the insurer" in text


def test_an_upgrade_keeps_what_was_recorded(tmp_path: Path) -> None:
    path = tmp_path / "logbook.db"
    conn = sqlite3.connect(path)
    old = sqlite_utils.Database(conn)
    MIGRATIONS.apply(old, stop_before="m003_versions_and_history")
    old.execute("insert into identity values ('i', 'site')")
    old.execute(
        "insert into attempt values (1, ?, 'r', 'admitted', 'in_force', '{}', null, null)",
        [NOW.isoformat()],
    )
    old.execute(
        "insert into visit values (1, 'v1', 1, 1, 'k', ?, '2026-11-25', 1, 'admitted', 'in_force',"
        " 'n', 'p', ?)",
        [NOW.isoformat(), json.dumps(OLD)],
    )
    old.execute(
        "insert into outbox (visit, state, body, next_try_at, changed_at)"
        " values ('v1', 'queued', '<x/>', ?, ?)",
        [NOW.isoformat(), NOW.isoformat()],
    )
    conn.commit()
    conn.close()

    database = Database(path)

    [item] = Outbox(database).claim(NOW, timedelta(seconds=5))
    assert (item.visit, item.body) == ("v1", "<x/>")
    assert Visits(database, COMPOSE).by_id("v1") is not None


def test_cards_are_still_checked_while_the_insurer_is_down(kiosk: Kiosk, clock: Clock) -> None:
    before = kiosk.attempts.get(kiosk.scan(payload("oanh")))  # a forged card
    delivery(kiosk, gateway_to("http://127.0.0.1:9", clock, timeout_s=1)).deliver_all()
    after = kiosk.attempts.get(kiosk.scan(payload("oanh")))

    assert before is not None
    assert after is not None
    assert before.reason == after.reason == "forged"
