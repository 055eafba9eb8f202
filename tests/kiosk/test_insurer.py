"""The gateway's client and the delivery, against the sandbox over real HTTP."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from kiosk.desk import Confirmation
from kiosk.errors import InsurerUnreachable, NotSignedIn
from kiosk.insurer import Account, Delivery, Exchange, Gateway, Session
from kiosk.sandbox import PEOPLE, SandboxInsurer, person
from tests.cast import NOW, TODAY, Clock, payload
from tests.conftest import Kiosk
from verify import Birth, Card, NewCard, Sex, Standing, judge

ACCOUNT = Account("01999_BV", "sandbox", "01999", "Nhân Viên Thử", "001999999999")
Running = tuple[SandboxInsurer, str]


def gateway_to(url: str, clock: Clock, account: Account = ACCOUNT, timeout_s: float = 5) -> Gateway:
    exchange = Exchange(url)
    session = Session(exchange, account, clock, timeout_s)
    return Gateway(exchange, session, clock, timeout_s, timeout_s)


def card_of(key: str) -> Card:
    one = person(key)
    assert one is not None
    return Card(one.card_number, holder=one.holder, born=Birth.on(one.born))


@pytest.mark.parametrize("one", PEOPLE, ids=lambda one: one.key)
def test_the_insurer_s_answer_about_each_patient_is_read(
    one: Any, insurer: Running, clock: Clock
) -> None:
    card = Card(one.card_number, holder=one.listed_as or one.holder, born=Birth.on(one.born))
    gateway = gateway_to(insurer[1], clock)
    if one.code == "100":
        with pytest.raises(InsurerUnreachable, match="says nothing about the card"):
            gateway.look_up(card)
        return

    said = gateway.look_up(card)

    assert (said.code, said.as_of, said.number) == (one.code, NOW, one.card_number)


def test_all_fields_of_an_answer_are_read(insurer: Running, clock: Clock) -> None:
    said = gateway_to(insurer[1], clock).look_up(card_of("dung"))

    assert (said.standing, said.card_number) == (Standing.REPLACED_OLD_OVER, "DN4019999900004")
    assert (said.holder, said.born, said.sex) == (
        "Phạm Văn Dũng",
        Birth(1968, 7, 14),
        Sex.MALE,
    )
    first = TODAY - timedelta(days=30)
    assert said.new_card == NewCard("HT4019999900004", first, first + timedelta(365), "01999")


@pytest.mark.parametrize(
    ("change", "standing"),
    [
        ({"number": "GD4019999900099"}, Standing.NO_RECORD),
        ({"holder": "Người Khác"}, Standing.NAME_DIFFERS),
        ({"born": Birth(1981)}, Standing.BIRTH_DIFFERS),
        ({"born": Birth(1980)}, Standing.IN_FORCE),  # a year alone is asked as a year
    ],
)
def test_what_the_insurer_holds_against_a_card_is_read(
    insurer: Running, clock: Clock, change: dict[str, Any], standing: Standing
) -> None:
    card = Card("DN4019999900001", holder="Nguyễn Văn An", born=Birth(1980, 2, 1))

    said = gateway_to(insurer[1], clock).look_up(replace(card, **change))

    assert said.standing is standing
    assert (said.holder is None) is (standing is not Standing.IN_FORCE)


def test_one_token_serves_until_shortly_before_its_end(
    insurer: Running, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    logins: list[datetime] = []
    take = insurer[0].ledger.sign_in

    def sign_in(username: str, address: str) -> object:
        logins.append(clock())
        return take(username, address)

    monkeypatch.setattr(insurer[0].ledger, "sign_in", sign_in)
    gateway = gateway_to(insurer[1], clock)
    for minutes in (0, 1, 8.2, 0.1):
        clock.go(timedelta(minutes=minutes))
        gateway.look_up(card_of("an"))

    assert logins == [NOW, NOW + timedelta(minutes=9.3)]


def test_a_token_that_is_refused_early_is_taken_anew_once(insurer: Running, clock: Clock) -> None:
    gateway = gateway_to(insurer[1], clock)
    gateway.look_up(card_of("an"))
    insurer[0].ledger._sessions.clear()

    assert gateway.look_up(card_of("an")).standing is Standing.IN_FORCE


def test_threads_share_one_login(insurer: Running, clock: Clock) -> None:
    gateway = gateway_to(insurer[1], clock)
    threads = [threading.Thread(target=lambda: gateway.look_up(card_of("an"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(insurer[0].ledger._sessions) == 1


def test_a_wrong_password_is_told_as_our_fault(insurer: Running, clock: Clock) -> None:
    wrong = Account("01999_BV", "wrong", "01999", "Nhân Viên Thử", "001999999999")
    gateway = gateway_to(insurer[1], clock, wrong)

    with pytest.raises(NotSignedIn):
        gateway.look_up(card_of("an"))
    assert gateway.session.failing_since == NOW


def test_a_refused_account_does_not_knock_again_and_again(
    insurer: Running, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    logins = []
    monkeypatch.setattr("kiosk.sandbox.insurer._is_password", lambda seen: logins.append(seen))
    gateway = gateway_to(insurer[1], clock)
    for _ in range(600):  # ten minutes of scans, one a second
        with pytest.raises(NotSignedIn):
            gateway.look_up(card_of("an"))
        clock.go(timedelta(seconds=1))

    assert len(logins) == 4  # at once, after one minute, three, seven


Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def answering(answer: Answer) -> Iterator[str]:
    """Run a server whose every answer is the same; lend its url."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer(self)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def saying(body: bytes, status: int = 200) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def dripping(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    try:
        for _ in range(60):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            threading.Event().wait(0.1)
    except OSError:
        return


def dripping_headers(handler: BaseHTTPRequestHandler) -> None:
    try:
        for piece in (b"HTTP/1.1 200 OK\r\n", *[b"X-Slow: 1\r\n"] * 60):
            handler.wfile.write(piece)
            handler.wfile.flush()
            threading.Event().wait(0.1)
    except OSError:
        handler.close_connection = True


def reset(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    handler.close_connection = True


NONSENSE = [
    saying(b"<html>502 Bad Gateway</html>", 502),
    saying(b"", 200),
    saying(b"[]"),
    saying(b'{"maKetQua": "2'),
    saying(b'{"maKetQua": null, "APIKey": null}'),
    saying(b'{"maKetQua": "200", "APIKey": {"expires_in": "soon"}}'),
    saying(b"[" * 100_000),
    saying(b"\xff\xfe\x00"),
    saying(b'{"x": "' + b"x" * 1_100_000 + b'"}'),
    saying(b"500", 500),
    saying(b"{}", 302),
    saying(b'{"maKetQua": "200"}', 503),
    saying(b'{"maKetQua": "200", "APIKey": {"access_token": "\\ud800"}}'),
    dripping_headers,
    dripping,
    reset,
]


@pytest.mark.parametrize("answer", NONSENSE)
def test_nonsense_is_no_word_on_a_card(answer: Answer, clock: Clock) -> None:
    begun = time.monotonic()
    with answering(answer) as url, pytest.raises(InsurerUnreachable):
        gateway_to(url, clock, timeout_s=1).look_up(card_of("an"))

    assert time.monotonic() - begun < 5  # a drip of six seconds is not waited for


def test_a_gateway_that_is_not_there_or_hangs_is_unreachable(clock: Clock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(InsurerUnreachable):
            gateway_to(url, clock, timeout_s=0.5).look_up(card_of("an"))
    with pytest.raises(InsurerUnreachable):
        gateway_to(url, clock, timeout_s=0.5).look_up(card_of("an"))


def token_then(answer: dict[str, object]) -> Answer:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        token = {
            "maKetQua": 200,  # a number where text is meant
            "APIKey": {
                "access_token": "YQ==",
                "id_token": "x",
                "expires_in": "2026-11-25T03:10:00.1234567Z",
            },
        }
        body = token if handler.path.endswith("/take") else answer
        saying(json.dumps(body).encode())(handler)

    return reply


@pytest.mark.parametrize(
    ("answer", "standing"),
    [
        ({"maKetQua": "000", "dsLichSuKCB2018": None}, Standing.IN_FORCE),
        ({"maKetQua": 0}, Standing.IN_FORCE),
        ({"maKetQua": 10, "gtTheTu": "99/99/9999", "hoTen": 7}, Standing.ENDED),
        ({"maKetQua": "999"}, None),
        ({"maKetQua": "401"}, None),
        ({}, None),
    ],
)
def test_odd_answers_about_a_card_are_read_or_say_nothing(
    answer: dict[str, object], standing: Standing | None, clock: Clock
) -> None:
    with answering(token_then(answer)) as url:
        gateway = gateway_to(url, clock)
        if standing is None:
            with pytest.raises((InsurerUnreachable, NotSignedIn)):
                gateway.look_up(card_of("an"))
        else:
            assert gateway.look_up(card_of("an")).standing is standing


def delivery(kiosk: Kiosk, gateway: Gateway) -> Delivery:
    return Delivery(kiosk.outbox, gateway, kiosk.clock, 10, lambda: None)


def visit(kiosk: Kiosk, key: str, **said: str) -> str:
    attempt = kiosk.scan(payload(key))
    return kiosk.desk.confirm(attempt, Confirmation(**said), key)[0].id


def test_a_confirmed_visit_arrives_at_the_insurer(
    kiosk: Kiosk, insurer: Running, clock: Clock
) -> None:
    visit_id = visit(kiosk, "an")
    sender = delivery(kiosk, gateway_to(insurer[1], clock))

    assert sender.deliver_one() is True
    assert sender.deliver_one() is False

    [received] = insurer[0].ledger.visits()
    assert received.fields["MA_LK"] == visit_id
    [recorded] = kiosk.visits.newest()
    assert (recorded.insurer_state, recorded.transaction_code) == (
        "accepted",
        received.transaction,
    )


def test_every_admitted_patient_s_visit_is_taken(
    kiosk: Kiosk, insurer: Running, clock: Clock
) -> None:
    for one in PEOPLE:
        if one.outcome != "desk":
            visit(kiosk, one.key)
    delivery(kiosk, gateway_to(insurer[1], clock)).deliver_all()

    assert kiosk.outbox.counts()["accepted"] == len(insurer[0].ledger.visits()) == 7


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("200", "accepted"),
        ("500", "queued"),
        ("124", "queued"),
        ("401", "queued"),
        ("202", "refused"),
        ("205", "refused"),
        ("402", "parked"),
        ("777", "parked"),
        ("", "queued"),
        ("Thẻ của\nNguyễn", "queued"),
    ],
)
def test_each_code_has_its_fate(kiosk: Kiosk, clock: Clock, code: str, state: str) -> None:
    visit(kiosk, "an")
    answer: dict[str, object] = {"maKetQua": code, "thongDiep": "lời của cổng", "maGiaoDich": None}
    with answering(token_then(answer)) as url:
        delivery(kiosk, gateway_to(url, clock)).deliver_one()

    assert kiosk.outbox.counts()[state] == 1


def test_a_lost_answer_is_sent_again_under_the_same_id(
    kiosk: Kiosk, insurer: Running, clock: Clock
) -> None:
    visit_id = visit(kiosk, "an")
    item = kiosk.outbox.claim(clock(), timedelta(seconds=60))
    assert item is not None
    gateway = gateway_to(insurer[1], clock)
    gateway.check_in(item.body)  # it arrived, and then this program was killed

    clock.go(timedelta(seconds=61))
    delivery(kiosk, gateway).deliver_all()

    [received] = insurer[0].ledger.visits()
    assert (received.fields["MA_LK"], received.times) == (visit_id, 2)
    assert kiosk.outbox.counts()["accepted"] == 1


def test_a_gateway_that_stays_silent_is_given_up_and_nothing_is_lost(
    kiosk: Kiosk, clock: Clock
) -> None:
    for key in ("an", "binh", "dung", "giang", "khoi"):
        visit(kiosk, key)
    gateway = gateway_to("http://127.0.0.1:9", clock, timeout_s=1)

    delivery(kiosk, gateway).deliver_all()

    assert gateway.session.failures_in_a_row == 3
    assert kiosk.outbox.counts()["queued"] == 5


def test_no_log_line_and_no_exception_holds_a_credential_or_a_person(
    kiosk: Kiosk, insurer: Running, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    told = []
    gateway = gateway_to(insurer[1], clock)
    visit(kiosk, "an")
    delivery(kiosk, gateway).deliver_all()
    gateway.look_up(card_of("an"))
    insurer[0].out_of_order = True
    for call in (lambda: gateway.look_up(card_of("an")), lambda: gateway.check_in("<x/>")):
        with pytest.raises(InsurerUnreachable) as caught:
            call()
        told.append(repr(caught.value) + repr(caught.value.__cause__))
    token = gateway.session._token
    assert token is not None

    secrets = [ACCOUNT.password_hash, token.access, token.id, "Nguyễn Văn An", "9999900001"]
    for secret in [*secrets, ACCOUNT.password_hash.lower(), ACCOUNT.staff_cccd]:
        assert secret not in caplog.text
        assert secret not in "".join(told)
        assert secret not in repr((ACCOUNT, token))


def test_the_word_of_the_gateway_and_the_cache_lead_to_the_same_verdict(
    kiosk: Kiosk, insurer: Running, clock: Clock
) -> None:
    gateway = gateway_to(insurer[1], clock)
    for key in ("an", "chi", "dung", "giang", "ha", "khoi", "long"):
        one = person(key)
        assert one is not None
        live = gateway.look_up(card_of(key))
        cached = kiosk.knowledge.recall(Card(live.number)).word
        cached = cached or kiosk.knowledge.recall(Card(one.insurance_number)).word
        assert cached is not None
        assert (live.standing, live.valid_until) == (cached.standing, cached.valid_until)
        assert judge(payload(key), NOW, kiosk.knowledge).reason == one.reason


def test_a_sweep_sends_each_visit_once_however_long_it_takes(kiosk: Kiosk, clock: Clock) -> None:
    for number in range(4):
        attempt = kiosk.scan(payload("an"))
        kiosk.desk.confirm(attempt, Confirmation(), f"k{number}")
    sent = []

    def slow_no(handler: BaseHTTPRequestHandler) -> None:
        if not handler.path.endswith("/take"):
            sent.append(handler.path)
            clock.go(timedelta(minutes=20))
        token_then({"maKetQua": "500"})(handler)

    with answering(slow_no) as url:
        delivery(kiosk, gateway_to(url, clock)).deliver_all()

    assert len(sent) == 4


def test_half_a_letter_in_an_answer_stops_nothing(kiosk: Kiosk, clock: Clock) -> None:
    visit(kiosk, "an")
    with answering(token_then({"maKetQua": "205", "thongDiep": "\ud800"})) as url:
        delivery(kiosk, gateway_to(url, clock)).deliver_one()

    assert kiosk.outbox.counts()["queued"] == 1
