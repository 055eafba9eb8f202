"""What is sent is signed, kept as sent, and held while it cannot be signed (D31, D32, D33)."""

from __future__ import annotations

import hashlib
import re
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kiosk.errors import SettingsError
from kiosk.insurer import Delivery
from kiosk.insurer.certificate import SignatureState, SigningKey, SigningTrouble
from kiosk.insurer.errors import CannotSign
from kiosk.insurer.signer import SignedDocument, Signer
from kiosk.insurer.xml_signature import document_signer
from kiosk.sandbox import Quirk
from tests.cast import NOW, Clock
from tests.conftest import Kiosk
from tests.kiosk.signing_keys import (
    SERIAL,
    YEAR,
    certificate_for,
    private_key,
    sender,
    signer_of,
    write_key_file,
)
from tests.kiosk.stub_gateway import Running, answering, gateway_to, saying, token_then
from tests.kiosk.test_complaints import delivery, visit
from tests.process import serving, site

pytest.importorskip("signxml")

SIGNATURES = frozenset({Quirk.UNSIGNED_REFUSED})
LISTS = SIGNATURES | {Quirk.LIST_SIGNED}


def key_settings(folder: Path, kind: str = "RSA", scope: str = "document") -> dict[str, str]:
    key = private_key(kind)
    return write_key_file(folder, key, certificate_for(key)) | {"sign_scope": scope}


@pytest.mark.parametrize("kind", ["RSA", "EC"])
@pytest.mark.parametrize(
    ("scope", "quirks", "code"),
    [
        ("document", SIGNATURES, "200"),
        ("list", LISTS, "200"),
        ("document", LISTS, "201"),
        ("list", SIGNATURES, "201"),
    ],
)
def test_the_insurer_accepts_a_visit_that_is_signed_as_it_demands(
    kiosk: Kiosk, insurer: Running, clock: Clock, tmp_path: Path,
    kind: str, scope: str, quirks: frozenset[Quirk], code: str,
) -> None:  # fmt: skip
    insurer[0].quirks.on = quirks
    signer = signer_of(tmp_path, clock, key_settings(tmp_path, kind, scope))
    visit(kiosk, "an")

    sender(kiosk, insurer[1], clock, signer).deliver_all()

    assert kiosk.outbox.history(kiosk.visits.newest()[0].id)[-1].code == code


def test_unsigned_and_forged_documents_are_refused_if_signatures_are_required(
    kiosk: Kiosk, insurer: Running, clock: Clock, tmp_path: Path
) -> None:
    insurer[0].quirks.on = SIGNATURES
    visit(kiosk, "an")
    body = kiosk.database.reading().execute("select body from outbox").fetchone()[0]
    gateway = gateway_to(insurer[1], clock)
    signed = signer_of(tmp_path, clock, key_settings(tmp_path)).sign(body).document
    empty = body.replace(
        "<CHUKYDONVI />",
        '<CHUKYDONVI><Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/></CHUKYDONVI>',
    )

    assert gateway.check_in(body.encode()).code == "201"
    assert gateway.check_in(empty.encode()).code == "201"
    assert gateway.check_in(signed.replace(b"<STT>1", b"<STT>2")).code == "201"
    assert gateway.check_in(signed).code == "200"


def test_each_file_is_kept_as_sent_with_its_hash_certificate_and_answer(
    kiosk: Kiosk, insurer: Running, clock: Clock, tmp_path: Path
) -> None:
    received: list[bytes] = []
    signer = signer_of(tmp_path, clock, key_settings(tmp_path))
    sending = sender(kiosk, insurer[1], clock, signer)
    check_in = sending._gateway.check_in

    def receive(document: bytes) -> object:
        received.append(document)
        (kept,) = kiosk.sent_files.of_visit(an)  # before the document leaves
        assert (kept.document, kept.answer) == (document, None)
        return check_in(document)

    sending._gateway.check_in = receive  # type: ignore[method-assign,assignment]  # looks on
    an = visit(kiosk, "an")
    sending.deliver_all()

    (kept,) = kiosk.sent_files.of_visit(an)
    assert [kept.document] == received
    assert kept.sha256 == hashlib.sha256(received[0]).hexdigest()
    assert kept.certificate_serial == f"{SERIAL:X}"
    assert kept.answer is not None
    assert "maGiaoDich" in kept.answer
    assert "thoiGianTiepNhan" in kept.answer  # the receipt (D32)
    assert kiosk.visits.newest()[0].transaction_code


def test_a_file_whose_answer_never_came_is_kept_too(
    kiosk: Kiosk, clock: Clock, tmp_path: Path
) -> None:
    an = visit(kiosk, "an")
    signer = signer_of(tmp_path, clock, key_settings(tmp_path))
    with answering(saying(b"<html>", 502)) as url:
        sender(kiosk, url, clock, signer).deliver_some()
    with answering(token_then({"maKetQua": "202", "thongDiep": "Thiếu"})) as url:
        clock.go(timedelta(minutes=1))
        sender(kiosk, url, clock, signer).deliver_some()

    unanswered, refused = kiosk.sent_files.of_visit(an)
    assert unanswered.answer is None
    assert refused.answer is not None
    assert "202" in refused.answer
    assert unanswered.sha256 != ""


def test_unsigned_files_are_kept_without_a_certificate(
    kiosk: Kiosk, insurer: Running, clock: Clock
) -> None:
    an = visit(kiosk, "an")
    sending = delivery(kiosk, gateway_to(insurer[1], clock))
    sending._sent_files = kiosk.sent_files
    sending.deliver_all()

    (kept,) = kiosk.sent_files.of_visit(an)
    assert kept.certificate_serial is None


def test_visits_wait_while_the_certificate_has_ended_and_go_on_once_it_is_renewed(
    kiosk: Kiosk, insurer: Running, clock: Clock, tmp_path: Path
) -> None:
    insurer[0].quirks.on = SIGNATURES
    key = private_key("RSA")
    ended = certificate_for(key, NOW - YEAR, NOW - timedelta(hours=1))
    signer = signer_of(tmp_path, clock, write_key_file(tmp_path, key, ended))
    sending = sender(kiosk, insurer[1], clock, signer)
    ids = {visit(kiosk, name) for name in ("an", "binh", "dung")}

    for _ in range(5):
        sending.deliver_all()
        assert not sending.deliver_some()
        clock.go(timedelta(minutes=10))
    assert kiosk.outbox.counts() == dict.fromkeys(kiosk.outbox.counts(), 0) | {"queued": 3}
    assert signer.state().trouble == SigningTrouble.ENDED
    assert not insurer[0].ledger.visits()
    assert not any(kiosk.sent_files.of_visit(visit_id) for visit_id in ids)

    write_key_file(tmp_path, key, certificate_for(key))
    while sending.deliver_some():
        pass

    assert kiosk.outbox.counts()["accepted"] == 3
    assert {found.fields["MA_LK"] for found in insurer[0].ledger.visits()} == ids


def test_a_key_that_fails_while_signing_sends_nothing_and_loses_nothing(
    kiosk: Kiosk, insurer: Running, clock: Clock, tmp_path: Path
) -> None:
    settings = key_settings(tmp_path)
    signer = signer_of(tmp_path, clock, settings)
    sending = sender(kiosk, insurer[1], clock, signer)
    an = visit(kiosk, "an")
    assert signer.is_ready()
    good = signer._key
    assert good is not None
    other = private_key("other RSA")
    signer._key = type(good)(other, good.certificate)  # its signature fits no certificate

    assert sending.deliver_some()
    assert kiosk.outbox.counts()["queued"] == 1
    assert not insurer[0].ledger.visits()
    assert kiosk.sent_files.of_visit(an) == []
    assert "not signed: failed" in str(kiosk.outbox.history(an)[-1].message)

    clock.go(timedelta(minutes=1))
    assert sending.deliver_some()
    assert kiosk.outbox.counts()["accepted"] == 1


class Killed(BaseException):
    """The program ends here."""


@pytest.mark.parametrize("at", ["sign", "record", "check_in", "answer", "add_answer", "accept"])
def test_a_kill_at_any_point_leaves_a_true_record_and_loses_nothing(
    kiosk: Kiosk, insurer: Running, clock: Clock, tmp_path: Path, at: str
) -> None:
    signer = signer_of(tmp_path, clock, key_settings(tmp_path))
    sending = sender(kiosk, insurer[1], clock, signer)
    an = visit(kiosk, "an")
    owners = {
        "sign": signer, "record": kiosk.sent_files, "check_in": sending._gateway,
        "answer": sending._gateway, "add_answer": kiosk.sent_files, "accept": kiosk.outbox,
    }  # fmt: skip
    name = "check_in" if at == "answer" else at
    owner: Any = owners[at]
    step = getattr(owner, name)

    def killed(*values: Any) -> None:
        if at == "answer":
            step(*values)
        raise Killed

    setattr(owner, name, killed)
    with pytest.raises(Killed):
        sending.deliver_some()
    setattr(owner, name, step)

    kept = kiosk.sent_files.of_visit(an)
    has_arrived = bool(insurer[0].ledger.visits())
    assert len(kept) == (at not in ("sign", "record"))
    assert not has_arrived or kept  # nothing leaves that is not kept
    assert [file.answer is not None for file in kept] == [at == "accept"] * len(kept)

    clock.go(timedelta(minutes=2))  # the lease runs out
    sender(kiosk, insurer[1], clock, signer).deliver_all()
    assert kiosk.outbox.counts()["accepted"] == 1
    assert {found.fields["MA_LK"] for found in insurer[0].ledger.visits()} == {an}
    assert kiosk.sent_files.of_visit(an)[-1].answer is not None


def test_a_damaged_document_is_not_sent_and_stops_no_other(
    kiosk: Kiosk, insurer: Running, clock: Clock, tmp_path: Path
) -> None:
    signer = signer_of(tmp_path, clock, key_settings(tmp_path))
    broken, strange, good = (visit(kiosk, name) for name in ("an", "binh", "dung"))
    with kiosk.database.transaction() as db:
        db.execute("update outbox set body = '<CHI_TIEU' where visit = ?", [broken])
        db.execute("update outbox set body = '<x/>' where visit = ?", [strange])
    sending = sender(kiosk, insurer[1], clock, signer)
    for _ in range(4):
        sending.deliver_some()
        clock.go(timedelta(seconds=1))

    assert [found.fields["MA_LK"] for found in insurer[0].ledger.visits()] == [good]
    assert kiosk.outbox.counts()["queued"] == 2


def test_every_visit_arrives_at_a_gateway_that_reads_only_first_rows(
    kiosk: Kiosk, insurer: Running, clock: Clock, tmp_path: Path
) -> None:
    insurer[0].quirks.on = frozenset({Quirk.FIRST_RECORD_ONLY})
    signer = signer_of(tmp_path, clock, key_settings(tmp_path))
    ids = {visit(kiosk, name) for name in ("an", "binh", "dung")}

    sender(
        kiosk, insurer[1], clock, signer, kiosk.settings.insurer.visits_per_sending
    ).deliver_all()

    assert {found.fields["MA_LK"] for found in insurer[0].ledger.visits()} == ids
    assert insurer[0].ledger.unread_rows == 0


def test_the_report_finds_what_a_gateway_that_reads_only_first_rows_has_lost(
    kiosk: Kiosk, insurer: Running, clock: Clock, tmp_path: Path
) -> None:
    insurer[0].quirks.on = frozenset({Quirk.FIRST_RECORD_ONLY})
    signer = signer_of(tmp_path, clock, key_settings(tmp_path))
    for name in ("an", "binh", "dung"):
        visit(kiosk, name)

    sender(kiosk, insurer[1], clock, signer, at_once=3).deliver_all()

    assert kiosk.outbox.counts()["accepted"] == 3
    assert len(insurer[0].ledger.visits()) == 1
    assert insurer[0].ledger.unread_rows == 2
    assert kiosk.sent_files.unproven_rows(NOW - timedelta(days=1)) == 2
    with urllib.request.urlopen(insurer[1]) as page:
        assert "not read: 2" in page.read().decode()


class HangingKey:
    """A token whose driver does not return before `free` is set."""

    def __init__(self) -> None:
        self.entered, self.free = threading.Event(), threading.Event()

    def open(self) -> SigningKey:
        self.entered.set()
        self.free.wait(30)
        raise CannotSign(SigningTrouble.TOKEN_ABSENT)

    def look(self) -> None:
        self.open()

    def has_changed(self) -> bool:
        return False

    def close(self) -> None:
        self.free.set()


def test_a_driver_that_hangs_does_not_stop_the_pages(clock: Clock) -> None:
    key = HangingKey()
    signer = Signer(key, document_signer("document"), clock)
    waiting = threading.Thread(target=signer.is_ready)
    waiting.start()
    try:
        assert key.entered.wait(30)
        assert signer.state().trouble is None  # answered while the driver hangs
    finally:
        key.close()
        waiting.join()
    assert signer.state().trouble == SigningTrouble.TOKEN_ABSENT


@pytest.mark.parametrize(
    ("library", "settings", "extra"),
    [
        ("signxml", {"sign_file": "key.p12"}, "tiepdon[sign]"),
        ("pkcs11", {"sign_module": "driver.so", "sign_password_file": "pin"}, "tiepdon[token]"),
    ],
)
def test_a_missing_extra_is_named_at_the_start(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch,
    library: str, settings: dict[str, str], extra: str,
) -> None:  # fmt: skip
    monkeypatch.setitem(sys.modules, library, None)  # as if it were not installed

    with pytest.raises(SettingsError, match=re.escape(extra)):
        signer_of(tmp_path, clock, settings)


def test_the_desk_opens_although_the_key_cannot_be_used(tmp_path: Path) -> None:
    options = site(tmp_path, "http://127.0.0.1:9")
    config = tmp_path / "kiosk.toml"
    text = config.read_text("utf-8").replace("[insurer]\n", "[insurer]\nsign_file = 'gone.p12'\n")
    config.write_text(text, "utf-8")
    deadline = time.monotonic() + 30
    with serving(*options) as server:
        while not (seen := server.get("/healthz")["signature"])["trouble"]:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    assert (seen["trouble"], seen["holding"]) == ("key_file", True)


class SlowSigner:
    """Signs nothing, and takes so long that something happens meanwhile."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        self._meanwhile = meanwhile

    def state(self) -> SignatureState:
        return SignatureState()

    def is_ready(self) -> bool:
        return True

    def sign(self, document: str) -> SignedDocument:
        self._meanwhile()
        return SignedDocument(document.encode(), None)


def test_a_message_is_not_sent_after_its_lease_ran_out_while_a_token_signed(
    kiosk: Kiosk, insurer: Running, clock: Clock
) -> None:
    visit_id = visit(kiosk, "an")
    gateway = gateway_to(insurer[1], clock)
    nightly = Delivery(kiosk.outbox, gateway, clock, 10, lambda: None)

    def meanwhile() -> None:
        clock.go(timedelta(minutes=2))
        assert nightly.deliver_some()
        kiosk.corrections.correct(visit_id, {"holder": "Nguyễn Văn Bảy"}, "tên", clock())
        assert nightly.deliver_some()

    slow: Any = SlowSigner(meanwhile)
    sender = Delivery(kiosk.outbox, gateway, clock, 10, lambda: None, signer=slow)
    sender.deliver_some()

    [received] = insurer[0].ledger.visits()
    assert received.fields["HO_TEN"] == "Nguyễn Văn Bảy"
    assert kiosk.outbox.counts()["accepted"] == 2
