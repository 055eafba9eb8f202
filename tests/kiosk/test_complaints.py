"""What users of other systems complain of about queues and senders; one test each, by its name."""

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


def visit(kiosk: Kiosk, key: str, **said: Any) -> str:
    return kiosk.desk.confirm(kiosk.scan(payload(key)), Confirmation(**said), key)[0].id


def delivery(kiosk: Kiosk, gateway: Gateway) -> Delivery:
    return Delivery(kiosk.outbox, gateway, kiosk.clock, 10, lambda: None)


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
    assert kiosk.outbox.counts()["accepted"] == 1  # the one behind did not wait
    clock.go(timedelta(minutes=1))
    assert sender.deliver_some()
    assert kiosk.outbox.counts()["accepted"] == 2


def test_a_visit_that_was_acknowledged_is_never_sent_twice_nor_are_old_months(
    kiosk: Kiosk, insurer: Running, clock: Clock
) -> None:
    visit(kiosk, "an")
    sender = delivery(kiosk, gateway_to(insurer[1], clock))
    sender.deliver_all()
    for _ in range(40):
        clock.go(timedelta(days=1))
        sender.deliver_all()

    assert [one.times for one in insurer[0].ledger.visits()] == [1]


def test_a_visit_that_was_returned_is_not_sent_and_one_that_was_sent_is_frozen(
    kiosk: Kiosk, insurer: Running, clock: Clock
) -> None:
    corrections = Corrections(kiosk.database, COMPOSE)
    returned = visit(kiosk, "an")
    corrections.cancel(returned, "trả lại", NOW)
    visit(kiosk, "binh")
    delivery(kiosk, gateway_to(insurer[1], clock)).deliver_all()
    body = kiosk.database.reading().execute("select body from outbox where id = 2").fetchone()[0]

    corrections.correct(kiosk.visits.newest()[0].id, {"holder": "Khác"}, "sai", NOW)

    assert [one.fields["HO_TEN"] for one in insurer[0].ledger.visits()] == ["Trần Thị Bình"]
    again = kiosk.database.reading().execute("select body from outbox where id = 2").fetchone()[0]
    assert again == body


def test_a_lookup_that_fails_does_not_stop_the_queue_number(kiosk: Kiosk, clock: Clock) -> None:
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

    assert [one.fields["HO_TEN"] for one in insurer[0].ledger.visits()] == [name]


@pytest.mark.parametrize("name", ["A" * 300, "Nguyễn\x00Văn", ""])
def test_what_cannot_be_sent_is_told_with_its_field_and_not_sent(
    kiosk: Kiosk, insurer: Running, clock: Clock, name: str
) -> None:
    visit_id = visit(kiosk, "an")
    corrections = Corrections(kiosk.database, COMPOSE)
    corrections.correct(visit_id, {"holder": name}, "tên", NOW)
    delivery(kiosk, gateway_to(insurer[1], clock)).deliver_all()

    assert insurer[0].ledger.visits() == []
    [trouble] = corrections.tray()
    assert "HO_TEN" in str(trouble.message)


def test_a_visit_of_a_clock_that_stood_two_hours_ahead_is_told_and_not_sent(
    kiosk: Kiosk, insurer: Running, clock: Clock
) -> None:
    clock.go(timedelta(hours=2))
    visit_id = visit(kiosk, "an")
    clock.go(-timedelta(hours=2))
    sender = delivery(kiosk, gateway_to(insurer[1], clock))
    sender.deliver_all()
    corrections = Corrections(kiosk.database, COMPOSE)
    [trouble] = corrections.tray()
    assert "NGAY_VAO" in str(trouble.message)
    assert insurer[0].ledger.visits() == []

    clock.go(timedelta(hours=2))
    corrections.send_again(visit_id, clock())
    sender.deliver_all()
    assert len(insurer[0].ledger.visits()) == 1


def test_a_name_written_in_parts_is_sent_put_together(
    kiosk: Kiosk, insurer: Running, clock: Clock
) -> None:
    visit_id = visit(kiosk, "an")
    apart = unicodedata.normalize("NFD", "Nguyễn Văn Ấn")
    Corrections(kiosk.database, COMPOSE).correct(visit_id, {"holder": apart}, "tên", NOW)
    delivery(kiosk, gateway_to(insurer[1], clock)).deliver_all()

    assert [one.fields["HO_TEN"] for one in insurer[0].ledger.visits()] == ["Nguyễn Văn Ấn"]


def test_a_failed_upload_does_not_stop_the_download(kiosk: Kiosk, clock: Clock) -> None:
    word = {"maKetQua": "000", "maThe": "x", "hoTen": "Nguyễn Văn An"}

    def only_words(handler: BaseHTTPRequestHandler) -> None:
        if "checkIn" in handler.path:
            return saying(b"<html>502</html>", 502)(handler)
        return token_then(dict(word))(handler)

    visit(kiosk, "an")
    with answering(only_words) as url:
        gateway = gateway_to(url, clock)
        delivery(kiosk, gateway).deliver_some()
        assert gateway.look_up(card_of("an")).code == "000"
    assert kiosk.outbox.counts()["queued"] == 1


def test_check_ins_are_not_dropped_while_the_page_says_success(kiosk: Kiosk, clock: Clock) -> None:
    for code in ("401", "500", "777", "202"):
        visit_id = visit(kiosk, {"401": "an", "500": "binh", "777": "dung", "202": "giang"}[code])
        with answering(token_then({"maKetQua": code})) as url:
            delivery(kiosk, gateway_to(url, clock)).deliver_some()
        found = kiosk.visits.by_id(visit_id)
        assert found is not None
        assert found.insurer_state in ("queued", "refused", "parked")
    assert sum(kiosk.outbox.counts().values()) == 4


def test_no_record_is_stuck_for_ever_without_anybody_knowing(kiosk: Kiosk, clock: Clock) -> None:
    visit(kiosk, "an", service_code="X" * 60)  # a field that cannot be sent
    visit(kiosk, "binh")
    with answering(token_then({"maKetQua": "202", "thongDiep": "Thiếu MA_DKBD"})) as url:
        delivery(kiosk, gateway_to(url, clock)).deliver_some()

    troubles = Corrections(kiosk.database, COMPOSE).tray()

    assert [trouble.state for trouble in troubles] == ["parked", "refused"]
    assert all(trouble.message for trouble in troubles)


def test_the_time_of_sending_does_not_overwrite_the_time_of_arrival(
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
def test_no_green_tick_where_the_server_has_nothing(
    kiosk: Kiosk, clock: Clock, answer: dict[str, object]
) -> None:
    visit(kiosk, "an")
    with answering(token_then(answer)) as url:  # all of them come with HTTP 200
        delivery(kiosk, gateway_to(url, clock)).deliver_some()

    assert kiosk.outbox.counts()["accepted"] == 0
    assert kiosk.visits.newest()[0].insurer_state != "accepted"


def test_the_same_patient_at_two_desks_is_told_to_the_second(kiosk: Kiosk) -> None:
    visit(kiosk, "an")

    second = kiosk.scan(payload("an"))

    attempt = kiosk.attempts.get(second)
    assert attempt is not None
    assert Note.ALREADY_HERE_TODAY in attempt.verdict.notes


def test_what_is_not_checked_offline_is_documented() -> None:
    text = (ROOT / "docs" / "one-scan.md").read_text("utf-8")

    assert "## What is not checked without the insurer" in text


def test_an_upgrade_does_not_wipe_what_was_recorded(tmp_path: Path) -> None:
    path = tmp_path / "logbook.db"
    conn = sqlite3.connect(path)
    old = sqlite_utils.Database(conn)
    MIGRATIONS.apply(old, stop_before="m003_versions_and_history")
    old.execute("insert into identity values ('i', 'site')")
    old.execute("insert into attempt values (1, ?, 'r', 'admitted', 'in_force', '{}', null, null)",
                [NOW.isoformat()])  # fmt: skip
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


def test_the_insurer_being_down_turns_no_check_off(kiosk: Kiosk, clock: Clock) -> None:
    before = kiosk.attempts.get(kiosk.scan(payload("oanh")))  # a forged card
    delivery(kiosk, gateway_to("http://127.0.0.1:9", clock, timeout_s=1)).deliver_all()
    after = kiosk.attempts.get(kiosk.scan(payload("oanh")))

    assert before is not None
    assert after is not None
    assert before.reason == after.reason == "forged"
