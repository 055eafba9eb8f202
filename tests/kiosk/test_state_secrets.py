"""A visit that is a state secret is recorded, and kept from the insurer (TT 12/2026 Điều 9)."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from kiosk.desk import Confirmation
from kiosk.logbook import AlreadySent, NothingToChange, StillSending
from kiosk.logbook.outbox import enqueue
from kiosk.runtime.webserver import WebServer
from tests.browser import READY, chromium
from tests.cast import BHYT17, NOW, Clock, make_coverage, payload
from tests.conftest import Kiosk
from tests.kiosk.stub_gateway import Running, gateway_to
from tests.kiosk.test_desk import Insurer
from tests.kiosk.test_lookup_record import asking_live
from tests.kiosk.test_nightly import nightly
from verify import Birth

LEASE = timedelta(seconds=60)
LATER = NOW + timedelta(minutes=5)
WHY = "theo lệnh"


def visit(kiosk: Kiosk, scanned: str | bytes = b"", **fields: Any) -> str:
    reading = kiosk.scan(scanned or payload("an"))
    return kiosk.desk.confirm(reading, Confirmation(**fields), f"key {reading}")[0].id


def state_of(kiosk: Kiosk, visit_id: str) -> tuple[str, str | None]:
    found = kiosk.visits.by_id(visit_id)
    assert found is not None
    return found.insurer_state, found.message


def mark(kiosk: Kiosk, visit_id: str, secret: bool = True) -> None:
    kiosk.corrections.correct(visit_id, {"secret": secret}, WHY, LATER)


def test_a_visit_confirmed_as_a_state_secret_is_recorded_and_never_enters_the_outbox(
    client: FlaskClient, kiosk: Kiosk
) -> None:
    body = {"attempt": kiosk.scan(payload("an")), "secret": True}

    answer = client.post("/api/visits", json=body, headers={"Idempotency-Key": "k"}).get_json()

    assert (answer["secret"], answer["insurer"]["state"]) == (True, "not_sent")
    assert "TT 12/2026" in answer["insurer"]["message"]
    assert answer["ticket"] == 1
    assert set(kiosk.outbox.counts().values()) == {0}
    page = client.get(f"/logbook/visits/{answer['id']}?lang=en").text
    assert "do not go the common way" in page


@pytest.mark.parametrize("wrong", ["true", 1, 0, "", [], {}, "x" * 100_000, 10**400])
def test_only_true_and_false_say_whether_a_visit_is_a_state_secret(
    client: FlaskClient, kiosk: Kiosk, wrong: object
) -> None:
    body = {"attempt": kiosk.scan(payload("an")), "secret": wrong}

    answer = client.post("/api/visits", json=body, headers={"Idempotency-Key": "k"})

    assert (answer.status_code, answer.get_json()["field"]) == (400, "secret")
    assert kiosk.visits.newest() == []


def test_whoever_composes_a_message_about_a_state_secret_cannot_queue_it(kiosk: Kiosk) -> None:
    secret, usual = visit(kiosk, secret=True), visit(kiosk, payload("binh"))
    for visit_id in (secret, usual):
        with kiosk.database.transaction() as db:
            enqueue(db, visit_id, 9, "9999900001", "<x/>", None, NOW, "system")

    assert state_of(kiosk, secret)[0] == "not_sent"
    assert kiosk.outbox.counts()["queued"] == 2


def test_a_waiting_visit_that_becomes_a_state_secret_leaves_the_outbox(kiosk: Kiosk) -> None:
    visit_id = visit(kiosk)

    mark(kiosk, visit_id)

    assert state_of(kiosk, visit_id)[0] == "not_sent"
    assert kiosk.outbox.claim(LATER, LEASE) == []
    [version] = kiosk.corrections.versions(visit_id)
    assert (version.visit.secret, version.why) == (False, WHY)


def test_a_correction_of_a_state_secret_does_not_send_it(kiosk: Kiosk) -> None:
    visit_id = visit(kiosk, secret=True)

    kiosk.corrections.correct(visit_id, {"holder": "Nguyễn Văn Ân"}, WHY, LATER)

    assert kiosk.outbox.claim(LATER, LEASE) == []
    assert state_of(kiosk, visit_id)[0] == "not_sent"


def test_a_visit_that_is_no_state_secret_after_all_is_sent(kiosk: Kiosk) -> None:
    visit_id = visit(kiosk, secret=True)

    mark(kiosk, visit_id, secret=False)

    assert [item.visit for item in kiosk.outbox.claim(LATER, LEASE)] == [visit_id]


@pytest.mark.parametrize(
    ("state", "error"),
    [("in_flight", StillSending), ("accepted", AlreadySent), ("refused", AlreadySent)],
)
def test_what_the_insurer_has_cannot_become_a_state_secret(
    kiosk: Kiosk, state: str, error: type[Exception]
) -> None:
    visit_id = visit(kiosk)
    [item] = kiosk.outbox.claim(NOW, LEASE)
    if state == "accepted":
        kiosk.outbox.accept([item], NOW, "T1", "200", "{}")
    elif state == "refused":
        kiosk.outbox.refuse(item, NOW, "202", "HO_TEN", "{}")

    with pytest.raises(error):
        mark(kiosk, visit_id)

    assert state_of(kiosk, visit_id)[0] == state
    assert kiosk.corrections.versions(visit_id) == []


def test_a_visit_accepted_in_an_earlier_version_cannot_become_a_state_secret(kiosk: Kiosk) -> None:
    visit_id = visit(kiosk)
    kiosk.outbox.accept(kiosk.outbox.claim(NOW, LEASE), NOW, "T1", "200", "{}")
    kiosk.corrections.correct(visit_id, {"holder": "Nguyễn Văn Ân"}, WHY, LATER)

    with pytest.raises(AlreadySent):
        mark(kiosk, visit_id)


def test_a_visit_that_was_sent_without_an_answer_is_not_called_unsent(
    client: FlaskClient, kiosk: Kiosk
) -> None:
    visit_id = visit(kiosk)
    kiosk.outbox.try_again(kiosk.outbox.claim(NOW, LEASE), NOW, "no answer")

    mark(kiosk, visit_id)

    assert state_of(kiosk, visit_id)[0] == "closed"
    assert kiosk.outbox.claim(LATER, LEASE) == []
    page = client.get(f"/logbook/visits/{visit_id}?lang=en").text
    assert "the insurer may have received it" in page


def test_a_cancelled_visit_is_not_changed(kiosk: Kiosk) -> None:
    visit_id = visit(kiosk)
    kiosk.corrections.cancel(visit_id, WHY, LATER)

    with pytest.raises(NothingToChange):
        mark(kiosk, visit_id)


def test_the_nightly_job_asks_nothing_about_a_state_secret(
    kiosk: Kiosk, insurer: Running, clock: Clock, tmp_path: Path
) -> None:
    visit(kiosk, BHYT17, secret=True)
    asked = Insurer(make_coverage("9999900020"))

    report = nightly(kiosk, insurer[1], clock, asked, tmp_path).run()

    assert (report.look_back.asked, asked.asked) == (0, [])


def test_state_secrets_are_counted_and_the_day_adds_up(
    kiosk: Kiosk, insurer: Running, clock: Clock, tmp_path: Path
) -> None:
    visit(kiosk, secret=True)
    mark(kiosk, visit(kiosk, payload("binh")))
    visit(kiosk, payload("dung"))

    [day] = (
        nightly(kiosk, insurer[1], clock, Insurer(make_coverage("9999900020")), tmp_path).run().days
    )

    assert (day.visits, day.accepted, day.closed, day.not_reported) == (3, 1, 1, 1)
    assert day.adds_up


def test_a_name_typed_for_a_state_secret_asks_nothing(kiosk: Kiosk) -> None:
    asked: list[int] = []
    kiosk.desk.ask = lambda attempt, _verdict: asked.append(attempt.reading)
    secret, usual = kiosk.scan("GD4019999900001"), kiosk.scan("GD4019999900002")
    kiosk.desk.confirm(secret, Confirmation(secret=True, clerk_reason=WHY), "k")
    asked.clear()

    for reading in (secret, usual):
        kiosk.desk.add_holder(reading, "Nguyễn Văn An", Birth(1980, 4, 5))

    assert asked == [usual]


def test_a_clerk_cannot_ask_what_the_patient_of_a_state_secret_has_paid(
    client: FlaskClient, kiosk: Kiosk
) -> None:
    reading = kiosk.scan(payload("an"))
    kiosk.desk.confirm(reading, Confirmation(secret=True), "k")

    answer = client.post(f"/desk/attempts/{reading}/copayments")

    assert (answer.status_code, answer.get_json()["title"]) == (409, "secret")


def test_the_box_at_the_desk_keeps_a_visit_from_the_insurer(
    client: FlaskClient, kiosk: Kiosk, stop: threading.Event
) -> None:
    server = WebServer(client.application, "127.0.0.1", 0, threads=8)
    server.start()
    try:
        with chromium() as context:
            page = context.new_page()
            page.goto(f"http://127.0.0.1:{server.port}/")
            for secret, scanned in ((False, "an"), (True, "binh")):
                page.fill("#payload", payload(scanned).decode())
                page.press("#payload", "Enter")
                page.wait_for_selector(READY)
                if secret:
                    page.keyboard.press("F9")  # more details
                    page.check("#secret")
                page.get_by_role("button", name="Xác nhận lượt khám").click()
                page.wait_for_selector(".ticket")
    finally:
        stop.set()  # ends the page's stream of events
        server.stop()

    second, first = kiosk.visits.newest()
    assert (first.secret, first.insurer_state) == (False, "queued")
    assert (second.secret, second.insurer_state) == (True, "not_sent")


def test_the_page_marks_a_visit_with_a_reason_and_sends_it_after_all(
    client: FlaskClient, kiosk: Kiosk
) -> None:
    visit_id = visit(kiosk)
    url = f"/logbook/visits/{visit_id}/secrecy"

    without_reason = client.post(url, data={"secret": "1", "why": " "})
    marked = client.post(url, data={"secret": "1", "why": WHY, "version": "1"})
    stale = client.post(url, data={"why": WHY, "version": "1"})
    lifted = client.post(url, data={"why": WHY, "version": "2"})

    said = [
        answer.headers["Location"].partition("said=")[2]
        for answer in (without_reason, marked, stale, lifted)
    ]
    assert said == ["why", "done", "stale", "done"]
    assert kiosk.outbox.counts()["queued"] == 1
    assert client.post("/logbook/visits/none/secrecy", data={"why": "x"}).status_code == 404


def test_a_record_from_before_there_were_state_secrets_is_read(kiosk: Kiosk) -> None:
    visit_id = visit(kiosk)
    with kiosk.database.transaction() as db:
        [text] = db.execute("select record from visit").fetchone()
        old = {key: value for key, value in json.loads(text).items() if key != "secret"}
        db.execute("update visit set record = ?", [json.dumps(old)])

    found = kiosk.visits.by_id(visit_id)

    assert found is not None
    assert not found.secret


def test_a_question_that_waits_when_the_visit_becomes_a_state_secret_is_not_asked(
    kiosk: Kiosk, insurer: Running, clock: Clock
) -> None:
    lookup = asking_live(kiosk, gateway_to(insurer[1], clock))
    visit(kiosk, BHYT17, secret=True)
    assert lookup.ask_next()
    assert not lookup.ask_next()
    assert insurer[0].ledger.questions() == []


def test_nobody_asks_again_about_a_state_secret_nor_reports_an_admission(
    client: FlaskClient, kiosk: Kiosk
) -> None:
    visit_id = visit(kiosk, secret=True)
    asked = client.post(f"/api/visits/{visit_id}/lookup", json={"purpose": "end"})
    assert asked.get_json()["title"] in ("cannot_ask_secret", "cannot_ask_no_gateway")
    body = {"moment": NOW.isoformat(), "care": "03", "reason": "sốt cao"}
    admitted = client.post(f"/api/visits/{visit_id}/admission", json=body)
    assert (admitted.status_code, admitted.get_json()["title"]) == (422, "admission_not_reported")
    assert "a state secret" in admitted.get_json()["detail"]
    target = f"/logbook/visits/{visit_id}?looked=not_reported"
    assert "không có BHYT, hoặc bí mật nhà nước" in client.get(target + "&lang=vi").text
    assert "or a state secret" in client.get(target + "&lang=en").text
    assert set(kiosk.outbox.counts().values()) == {0}


def test_a_late_card_of_a_state_secret_is_not_read(client: FlaskClient, kiosk: Kiosk) -> None:
    visit_id = visit(kiosk, secret=True, arrival="uninsured")
    before = kiosk.attempts.last_id()
    form = {"card": payload("an").decode(), "why": WHY}
    answer = client.post(f"/logbook/visits/{visit_id}/presentation", data=form)
    assert answer.status_code == 409
    assert kiosk.attempts.last_id() == before


def test_a_state_secret_is_counted_as_not_reported_and_never_as_missing(kiosk: Kiosk) -> None:
    visit(kiosk, secret=True)
    [day] = kiosk.reporting.days(NOW.date(), NOW.date(), NOW)
    assert (day.figures["visits"], day.figures["not_reported"]) == (1, 1)
    assert not day.figures["missing"]
