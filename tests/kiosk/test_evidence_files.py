"""The evidence of a visit as data and on paper: whole, understandable, and of one patient only."""

from __future__ import annotations

import hashlib
import io
import json
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader
from werkzeug.test import TestResponse

from kiosk.desk import Confirmation
from kiosk.logbook import Exports
from kiosk.logbook.lookups import LookupKind, LookupPurpose, LookupResult, Lookups, NewLookup
from kiosk.logbook.sent_files import SentFiles
from tests.cast import BHYT17, NOW, Clock, make_coverage, payload
from tests.conftest import Kiosk

LEASE = timedelta(seconds=60)
FAILED: dict[str, Any] = {"result": LookupResult.NO_ANSWER, "error": "ReadTimeoutError"}
ANSWERED: dict[str, Any] = {
    "result": LookupResult.ANSWERED,
    "code": "000",
    "answer": '{"maKetQua":"000","ghiChu":"Thẻ còn giá trị"}',
}


def visit(kiosk: Kiosk, scanned: str | bytes = b"", **fields: Any) -> str:
    reading = kiosk.scan(scanned or payload("an"))
    return kiosk.desk.confirm(reading, Confirmation(**fields), f"key {reading}")[0].id


def look_up(kiosk: Kiosk, visit_id: str, minutes: int = 0, **fields: Any) -> None:
    usual: dict[str, Any] = {
        "kind": LookupKind.CARD,
        "purpose": LookupPurpose.ARRIVAL,
        "at": NOW + timedelta(minutes=minutes),
        "duration_ms": 10_004,
        "author": "desk 1",
        "asked": {"maThe": "DN4019999900001", "hoTen": "Nguyễn Văn An"},
    }
    Lookups(kiosk.database).record(NewLookup(**(usual | fields)), visit=visit_id)


def send(kiosk: Kiosk, *certificate: str, limit: int = 1, answer: str = "{}") -> None:
    """Let the insurer accept what waits, as one file."""
    items = kiosk.outbox.claim(NOW, LEASE, limit=limit)
    files, document = SentFiles(kiosk.database), "".join(item.body for item in items)
    serial = certificate[0] if certificate else None
    file = files.record([item.id for item in items], document.encode(), serial, NOW)
    files.add_answer(file, answer)
    kiosk.outbox.accept(items, NOW, "G-1", "200", answer)


def data(client: FlaskClient, visit_id: str) -> Any:
    answer = client.get(f"/logbook/visits/{visit_id}/evidence.json")
    assert answer.status_code == 200
    return answer.get_json()


def paper(client: FlaskClient, visit_id: str, language: str = "en") -> str:
    """Return the text of the paper, with single blanks."""
    answer = client.get(f"/logbook/visits/{visit_id}/evidence.pdf?lang={language}")
    assert answer.status_code == 200
    reader = PdfReader(io.BytesIO(answer.data), strict=True)
    assert str(reader.root_object["/Lang"]) == language
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


def test_a_visit_of_an_outage_is_shown_with_every_failed_question(
    client: FlaskClient, kiosk: Kiosk
) -> None:
    visit_id = visit(kiosk, phone="0900 000 000")
    look_up(kiosk, visit_id, 0, **FAILED)
    look_up(kiosk, visit_id, 50, **FAILED | {"error": "HTTP 502 with 9 bytes", "http_status": 502})

    evidence = data(client, visit_id)["evidence"]
    english, vietnamese = paper(client, visit_id), paper(client, visit_id, "vi")

    assert [(row["at"], row["result"], row["error"]) for row in evidence["lookups"]] == [
        ("2026-11-25T03:00:00+00:00", "no_answer", "ReadTimeoutError"),
        ("2026-11-25T03:50:00+00:00", "no_answer", "HTTP 502 with 9 bytes"),
    ]
    assert evidence["visit"]["phone"] == "0900 000 000"
    assert (
        "The gateway was asked 2 times, first at 10:00:00 25/11/2026 and last at 10:50:00"
        " 25/11/2026. It gave no answer about the card. The patient was taken in all the same, as"
        " Decree 188/2025/NĐ-CP asks (Điều 38 khoản 2)"
    ) in english
    assert "Cổng không cho kết quả nào về thẻ. Người bệnh vẫn được tiếp nhận" in vietnamese
    assert "Nghị định 188/2025/NĐ-CP (Điều 38 khoản 2)" in vietnamese
    assert "KHÔNG CÓ TRẢ LỜI: quá thời gian chờ" in vietnamese
    for text in (english, vietnamese):
        assert "0900 000 000" in text
        assert "Nguyễn Văn An" in text


@pytest.mark.parametrize(
    ("results", "sentence"),
    [
        ([], "No question to the gateway about this visit is recorded."),
        ([ANSWERED], "The gateway was asked once, at 10:00:00 25/11/2026. It answered. Visit"),
        ([ANSWERED, ANSWERED], "and last at 10:01:00 25/11/2026. It answered each time."),
        ([ANSWERED, FAILED], "It answered 1 of 2 times. Visit"),
        ([FAILED, ANSWERED], "It answered 1 of 2 times. The patient was taken in all the same"),
        ([{"result": LookupResult.REFUSED}], "It gave no answer about the card. The patient was"),
    ],
)
def test_the_paper_says_no_more_than_the_logbook_holds(
    client: FlaskClient, kiosk: Kiosk, results: list[dict[str, Any]], sentence: str
) -> None:
    visit_id = visit(kiosk)
    for minute, result in enumerate(results):
        look_up(kiosk, visit_id, minute, **result)

    assert sentence in paper(client, visit_id)


def test_the_hash_on_the_paper_is_that_of_the_data_and_can_be_computed_by_anybody(
    client: FlaskClient, kiosk: Kiosk, clock: Clock
) -> None:
    visit_id = visit(kiosk, holder="")
    look_up(kiosk, visit_id, **ANSWERED)
    on_paper = paper(client, visit_id)
    clock.go(timedelta(days=3))

    found = data(client, visit_id)

    canonical = json.dumps(
        found["evidence"], ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )
    assert found["sha256"] == hashlib.sha256(canonical.encode()).hexdigest()
    assert found["sha256"] in on_paper
    assert found["made_at"] == clock().isoformat()
    look_up(kiosk, visit_id, 5, **FAILED)
    assert data(client, visit_id)["sha256"] != found["sha256"]


def test_verdicts_stand_with_the_data_they_rest_on(client: FlaskClient, kiosk: Kiosk) -> None:
    reading = kiosk.scan(BHYT17)
    attempt = kiosk.attempts.get(reading)
    assert attempt is not None
    newer = kiosk.desk.refine(attempt, attempt.verdict, make_coverage("9999900020", as_of=NOW))
    assert newer is not None
    visit_id = kiosk.desk.confirm(reading, Confirmation(), "k")[0].id

    verdicts = data(client, visit_id)["evidence"]["verdicts"]

    assert [verdict["verdict"]["reason"] for verdict in verdicts] == ["not_yet_known", "in_force"]
    assert set(verdicts[0]["verdict"]["data"]) == {"registry", "revocations", "keys", "rules"}
    assert "keys of the issuers: 10:00 25/11/2026" in paper(client, visit_id)


def test_the_payload_of_a_code_is_in_neither_file(client: FlaskClient, kiosk: Kiosk) -> None:
    visit_id = visit(kiosk, BHYT17)
    fields = [part for part in BHYT17.split("|") if len(part) > 15]
    assert len(fields) == 3

    texts = json.dumps(data(client, visit_id), ensure_ascii=False) + paper(client, visit_id)

    assert [part for part in [*fields, BHYT17] if part in texts] == []


def test_reports_stand_with_their_hashes_answers_and_transaction_codes(
    client: FlaskClient, kiosk: Kiosk
) -> None:
    visit_id = visit(kiosk)
    send(kiosk, "1f3a", answer='{"maKetQua":"200"}')
    kiosk.corrections.correct(
        visit_id, {"holder": "Nguyễn Văn Ẫn"}, "dấu sai", NOW, author="desk 1"
    )

    evidence, text = data(client, visit_id)["evidence"], paper(client, visit_id)

    first, second = evidence["messages"]
    [file] = evidence["files"]
    assert hashlib.sha256(first["record"].encode()).hexdigest() == first["record_sha256"]
    assert file["sha256"] == first["record_sha256"]
    assert (file["certificate_serial"], file["answer"]) == ("1f3a", '{"maKetQua":"200"}')
    assert (first["state"], first["transaction"], second["state"]) == ("accepted", "G-1", "queued")
    assert [version["why"] for version in evidence["versions"]] == ["dấu sai"]
    assert evidence["versions"][0]["visit"]["holder"] == "Nguyễn Văn An"
    for shown in ("1f3a", "G-1", "dấu sai", "Nguyễn Văn Ẫn", "desk 1"):
        assert shown in text
    assert file["sha256"] in text.replace(" ", "")


def test_a_file_with_several_patients_gives_nothing_of_the_others(
    client: FlaskClient, kiosk: Kiosk
) -> None:
    visit_id, other = visit(kiosk), visit(kiosk, payload("binh"), phone="0999 999 999")
    send(kiosk, limit=2, answer=f'{{"maKetQua":"200","dong":["{visit_id}","{other}"]}}')
    found = kiosk.visits.by_id(other)
    assert found is not None

    answer = data(client, visit_id)
    texts = json.dumps(answer, ensure_ascii=False) + paper(client, visit_id)

    [file] = answer["evidence"]["files"]
    assert (file["holds_other_visits"], file["answer"]) == (True, None)
    assert visit_id in texts
    for secret in (other, str(found.card.holder), found.card.number, "0999 999 999"):
        assert secret not in texts


def test_a_file_of_one_patient_sent_twice_is_not_a_file_of_several(
    client: FlaskClient, kiosk: Kiosk
) -> None:
    visit_id = visit(kiosk)
    send(kiosk, answer='{"maKetQua":"200"}')
    kiosk.corrections.correct(visit_id, {"holder": "Nguyễn Văn Ẫn"}, "dấu sai", NOW)
    send(kiosk, answer='{"maKetQua":"201"}')

    evidence = data(client, visit_id)["evidence"]

    answers = ['{"maKetQua":"200"}', '{"maKetQua":"201"}']
    assert [file["answer"] for file in evidence["files"]] == answers
    assert [message["answer"] for message in evidence["messages"]] == answers


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize(
    ("kind", "english", "vietnamese"),
    [
        ("cancelled", "This visit was cancelled at", "Lượt khám này đã hủy lúc"),
        ("without card", "showed no card that could be read", "không xuất trình thẻ nào"),
        ("secret", "STATE SECRET", "BÍ MẬT NHÀ NƯỚC"),
        ("strange name", "stands for a letter", "thay cho chữ mà phông"),
    ],
)
def test_an_unusual_visit_has_evidence_too(
    client: FlaskClient,
    kiosk: Kiosk,
    kind: str,
    language: str,
    english: str,
    vietnamese: str,
) -> None:
    if kind in ("without card", "strange name"):
        name = "محمد بن سلمان 😀" if kind == "strange name" else "Trần Thị Lộc"
        visit_id = visit(kiosk, "no card", holder=name, arrival="emergency")
    else:
        visit_id = visit(kiosk, secret=kind == "secret")
    if kind == "cancelled":
        kiosk.corrections.cancel(visit_id, "nhầm người", NOW)
    look_up(kiosk, visit_id, **FAILED)

    text = paper(client, visit_id, language)

    assert (english if language == "en" else vietnamese) in text
    assert ("taken in all the same" in text) == (language == "en" and kind != "cancelled")
    if kind == "cancelled":
        assert "nhầm người" in text
    assert data(client, visit_id)["evidence"]["visit"]["id"] == visit_id


def headers(answer: TestResponse) -> tuple[str, str, str]:
    names = ("Content-Type", "Content-Disposition", "Cache-Control")
    first, second, third = (answer.headers[name] for name in names)
    return first, second, third


def test_a_file_is_a_download_without_personal_data_in_its_name_and_nobody_keeps_it(
    client: FlaskClient, kiosk: Kiosk
) -> None:
    visit_id = visit(kiosk)
    url = f"/logbook/visits/{visit_id}/evidence"

    assert headers(client.get(f"{url}.json")) == (
        "application/json",
        f"attachment; filename=evidence-{visit_id}.json",
        "no-store",
    )
    assert headers(client.get(f"{url}.pdf")) == (
        "application/pdf",
        f"attachment; filename=evidence-{visit_id}.pdf",
        "no-store",
    )
    for unknown in ("x", "x%0d%0aSet-Cookie:a", "..%2f..%2fetc"):
        assert client.get(f"/logbook/visits/{unknown}/evidence.pdf").status_code == 404


def test_each_export_is_written_down_and_shown_on_the_visit_s_page(
    client: FlaskClient, kiosk: Kiosk, clock: Clock
) -> None:
    visit_id = visit(kiosk)
    found = data(client, visit_id)
    clock.go(timedelta(hours=1))
    paper(client, visit_id)

    newest, first = Exports(kiosk.database).of_visit(visit_id)

    assert (first.kind, first.at, first.author) == ("evidence.json", NOW, "desk")
    assert (newest.kind, newest.at) == ("evidence.pdf", NOW + timedelta(hours=1))
    assert {newest.sha256, first.sha256} == {found["sha256"]}
    page = client.get(f"/logbook/visits/{visit_id}?lang=en").text
    assert "Taken out so far: 2" in page


def test_what_cannot_be_written_down_is_not_exported(client: FlaskClient, kiosk: Kiosk) -> None:
    visit_id = visit(kiosk)
    with kiosk.database.transaction() as db:
        db.execute("create trigger full before insert on export begin select raise(abort, ''); end")

    for kind in ("json", "pdf"):
        answer = client.get(f"/logbook/visits/{visit_id}/evidence.{kind}")
        assert (answer.status_code, answer.get_json()["title"]) == (507, "not_recorded")


def test_a_verdict_that_cannot_be_read_is_said_and_not_left_out(
    client: FlaskClient, kiosk: Kiosk
) -> None:
    visit_id = visit(kiosk)
    with kiosk.database.transaction() as db:
        db.execute("update attempt set verdict = '{'")

    answer = client.get(f"/logbook/visits/{visit_id}/evidence.json")

    assert (answer.status_code, answer.get_json()["title"]) == (507, "logbook_unavailable")


def test_texts_of_a_megabyte_are_whole_in_the_data_and_cut_on_paper(
    client: FlaskClient, kiosk: Kiosk
) -> None:
    visit_id, long = visit(kiosk), "<b>lỗi</b> " * 100_000
    look_up(kiosk, visit_id, **FAILED | {"error": f"HTTP {long}", "code": long, "answer": long})
    [item] = kiosk.outbox.claim(NOW, LEASE)
    kiosk.outbox.refuse(item, NOW, "202", long, long)

    evidence = data(client, visit_id)["evidence"]
    text = paper(client, visit_id)

    assert (evidence["lookups"][0]["answer"], evidence["messages"][0]["message"]) == (long, long)
    assert "<b>lỗi</b>" in text
    assert re.search("Page 1 of [1-4] ", text)


def test_a_visit_with_hundreds_of_questions_lists_them_all(
    client: FlaskClient, kiosk: Kiosk
) -> None:
    visit_id = visit(kiosk)
    for minute in range(300):
        look_up(kiosk, visit_id, minute, **FAILED)

    text = paper(client, visit_id)

    assert "The gateway was asked 300 times, first at 10:00:00" in text
    assert text.count("no answer in time") == 600
    assert "ReadTimeoutError" not in text


def test_moments_are_those_of_the_clinic_on_paper_and_of_utc_in_the_data(
    client: FlaskClient, kiosk: Kiosk
) -> None:
    visit_id = visit(kiosk)

    arrived = datetime.fromisoformat(data(client, visit_id)["evidence"]["visit"]["arrived_at"])

    assert arrived == NOW
    assert "10:00:00 25/11/2026" in paper(client, visit_id)


@pytest.mark.parametrize("asked", [0, 1])
def test_the_paper_does_not_say_that_the_insurer_was_asked_when_questions_were_paused(
    client: FlaskClient, kiosk: Kiosk, asked: int
) -> None:
    visit_id = visit(kiosk)
    paused: dict[str, Any] = {
        "result": LookupResult.NO_ANSWER,
        "error": "not asked: silent since 2026-11-25T09:58",
    }
    look_up(kiosk, visit_id, asked={}, duration_ms=0, **paused)
    if asked:
        look_up(kiosk, visit_id, 20, **ANSWERED)

    text = paper(client, visit_id)

    assert "The gateway could not be asked at 10:00:00" in text
    assert ("The gateway was asked once, at 10:20:00" in text) is bool(asked)
    assert text.count("Insurer asked: whether the card is in force") == asked
    assert "Insurer not asked" in text
    assert "answered each time" not in text.lower()
    assert "taken in all the same" in text
    assert "Không tra cứu được lúc 10:00:00" in paper(client, visit_id, "vi")
