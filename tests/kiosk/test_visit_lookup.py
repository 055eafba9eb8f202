"""A visit's card is looked up again, and what the answer changes or adds is said and proposed."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from flask.testing import FlaskClient

from kiosk.desk import Confirmation, coverage_changes
from kiosk.desk.visit_lookup import additions_to
from kiosk.logbook import SYSTEM
from kiosk.sandbox.faults import Fault
from kiosk.sandbox.people import PEOPLE
from kiosk.web.app import create_app
from tests.cast import NOW, Clock, make_coverage, payload, settings_for
from tests.conftest import Kiosk
from tests.kiosk.stub_gateway import Running, answering, token_then
from verify import Birth, NewCard, Standing

NO_DAYS: dict[str, Any] = {"valid_from": None, "valid_until": None}
Pages = tuple[Kiosk, FlaskClient]
SON = next(person for person in PEOPLE if person.key == "son")


@pytest.fixture
def pages(make_kiosk: Callable[[str], Kiosk], insurer: Running, stop: threading.Event) -> Pages:
    """Return a kiosk that is connected to the sandbox, and a client of its pages."""
    kiosk = make_kiosk(insurer[1])
    return kiosk, create_app(kiosk, stop).test_client()


def confirmed(kiosk: Kiosk, scanned: bytes | str, **fields: Any) -> str:
    reading = kiosk.scan(scanned)
    fields = {"clerk_reason": "đã xem thẻ"} | fields
    return kiosk.desk.confirm(reading, Confirmation(**fields), f"key {reading}")[0].id


def number_only(kiosk: Kiosk, number: str) -> str:
    """Record a visit on a bare number with a typed name, which the insurer was not asked about."""
    reading = kiosk.scan(number)
    kiosk.desk.add_holder(reading, SON.holder, Birth.from_date(SON.born))
    return kiosk.desk.confirm(reading, Confirmation(clerk_reason="x"), f"key {reading}")[0].id


def look_up(client: FlaskClient, visit: str, purpose: str = "end", **more: Any) -> Any:
    return client.post(f"/api/visits/{visit}/lookup", json={"purpose": purpose} | more)


def sent_record(kiosk: Kiosk, visit: str) -> dict[str, str]:
    """Return the elements of a visit's newest message."""
    [row] = kiosk.database.rows("select body from newest_message where visit = ?", [visit])
    return {element.tag: element.text or "" for element in ET.fromstring(row["body"]).iter()}


def test_the_hospital_s_system_asks_again_before_the_visit_ends(pages: Pages) -> None:
    kiosk, client = pages
    visit = confirmed(kiosk, payload("giang"))

    answer = look_up(client, visit)

    assert answer.status_code == 200
    body = answer.get_json()
    assert (body["code"], body["standing"]) == ("004", "replaced_old_good")
    assert body["facility"] == "01999"
    [kept] = kiosk.lookups.of_visit(visit)
    assert (kept.purpose, kept.author, kept.result) == ("end", "desk", "answered")
    assert json.loads(kept.answer or "")["maThe"] == "DN4019999900005"


def test_an_answer_says_what_changed_since_the_last_one(pages: Pages, insurer: Running) -> None:
    kiosk, client = pages
    visit = confirmed(kiosk, payload("an"))
    assert look_up(client, visit, "treatment").get_json()["changes"] == []
    kiosk.clock.go(timedelta(days=500))  # the sandbox's cards end a number of days from today
    insurer[0]._clock = lambda: NOW + timedelta(days=500)

    body = look_up(client, visit).get_json()

    assert [change["field"] for change in body["changes"]] == [
        "valid_from", "valid_until", "five_years_on",
    ]  # fmt: skip
    until = body["changes"][1]
    assert until["after"] == body["valid_until"]
    assert body["words"]["vi"][1].startswith("Giá trị đến: ")
    assert body["words"]["en"][1].startswith("Valid until: ")
    page = client.get(f"/logbook/visits/{visit}?lang=vi").text
    assert body["words"]["vi"][1] in page


def test_the_level_of_a_new_card_counts_from_the_day_of_that_card() -> None:
    before = make_coverage("DN4019999900005", card_number="DN4019999900005")
    new_card = NewCard("HT3019999900005", date(2026, 12, 1), date(2027, 11, 30))
    after = before._replace(
        standing=Standing.REPLACED_OLD_GOOD, code="004", new_card=new_card, as_of=NOW
    )

    changes = {change.field: change for change in coverage_changes(before, after)}

    assert (changes["level"].before, changes["level"].after) == ("4", "3")
    assert changes["level"].since == date(2026, 12, 1)
    assert set(changes) == {"standing", "new_card_number", "level"}


def test_what_an_earlier_answer_did_not_say_has_not_changed() -> None:
    registry = make_coverage("DN4019999900005", code="registry")
    full = registry._replace(code="000", card_number="DN4019999900005", facility="01999")

    assert coverage_changes(registry, full) == []


def test_an_answer_about_a_wrong_name_only_changes_the_standing() -> None:
    before = make_coverage("DN4019999900005", card_number="DN4019999900005", facility="01999")
    after = make_coverage(
        "DN4019999900005", Standing.NAME_DIFFERS, valid_from=None, valid_until=None
    )

    assert [change.field for change in coverage_changes(before, after)] == ["standing"]


def test_the_sum_of_the_year_is_asked_too_if_the_caller_wants_it(pages: Pages) -> None:
    kiosk, client = pages
    visit = confirmed(kiosk, payload("son"))

    assert look_up(client, visit).get_json()["copaid_this_year_vnd"] is None
    body = look_up(client, visit, copayments=True).get_json()

    assert body["copaid_this_year_vnd"] == 16_000_000
    assert [kept.kind for kept in kiosk.lookups.of_visit(visit)] == ["card", "card", "copayments"]


@pytest.mark.parametrize("fault", [Fault.BAD_GATEWAY, Fault.CODE_100, Fault.EMPTY_401])
def test_no_answer_is_503_and_kept_as_evidence(
    pages: Pages, insurer: Running, fault: Fault
) -> None:
    kiosk, client = pages
    visit = confirmed(kiosk, payload("an"))
    insurer[0].faults.current = fault

    answer = look_up(client, visit)

    assert (answer.status_code, answer.get_json()["title"]) == (503, "no_answer")
    assert int(answer.headers["Retry-After"]) > 0
    [kept] = kiosk.lookups.of_visit(visit)
    assert kept.result in ("no_answer", "refused")
    page = client.get(f"/logbook/visits/{visit}?lang=vi")
    assert "Tra cứu" in page.text


def test_a_person_s_question_counts_in_the_hour_and_stops_at_its_end(
    insurer: Running, tmp_path: Path, stop: threading.Event, clock: Clock
) -> None:
    settings = settings_for(tmp_path, insurer[1], insurer={"ask_per_hour": 1})
    kiosk = Kiosk(settings, tmp_path, demo=True, now=clock)
    client = create_app(kiosk, stop).test_client()
    visit = confirmed(kiosk, payload("son"))

    assert look_up(client, visit).status_code == 200
    second = look_up(client, visit)

    assert (second.status_code, second.get_json()["title"]) == (503, "not_asked")
    assert second.get_json()["why"] == "budget"
    assert len(insurer[0].ledger.questions()) == 1
    assert "not asked: budget" in (kiosk.lookups.of_visit(visit)[-1].error or "")


def test_what_cannot_be_asked_is_said_clearly(pages: Pages, client: FlaskClient) -> None:
    kiosk, connected = pages
    nameless = kiosk.desk.confirm(kiosk.scan("9999900077"), Confirmation(clerk_reason="x"), "k")[
        0
    ].id
    nobody = kiosk.desk.record_no_card("front").id
    without_card = kiosk.desk.confirm(
        nobody, Confirmation(holder="Nguyễn Văn Ẩn", arrival="emergency"), "e"
    )[0].id
    cancelled = confirmed(kiosk, payload("an"))
    kiosk.corrections.cancel(cancelled, "nhầm", NOW)

    for visit, status, title in (
        (nameless, 422, "cannot_ask_no_holder"),
        (without_card, 422, "cannot_ask_no_card"),
        (cancelled, 409, "cannot_ask_cancelled"),
        ("01999-20261125-x", 404, "no_such_visit"),
    ):
        answer = look_up(connected, visit)
        assert (answer.status_code, answer.get_json()["title"]) == (status, title)
    assert look_up(client, nameless).get_json()["title"] == "cannot_ask_no_gateway"


@pytest.mark.parametrize(
    "body", [{}, [], {"purpose": "arrival"}, {"purpose": ["end"]}, {"purpose": {}}]
)
def test_a_call_without_a_known_purpose_asks_nothing(
    pages: Pages, insurer: Running, body: Any
) -> None:
    kiosk, client = pages
    visit = confirmed(kiosk, payload("an"))

    assert client.post(f"/api/visits/{visit}/lookup", json=body).status_code == 400
    assert insurer[0].ledger.questions() == []


def test_a_visit_sent_with_ten_digits_is_proposed_the_card_number_and_one_click_sends_it(
    pages: Pages,
) -> None:
    kiosk, client = pages
    visit = number_only(kiosk, SON.insurance_number)
    before = sent_record(kiosk, visit)
    assert (before["MA_THE_BHYT"], before["MA_DKBD"]) == (SON.insurance_number, "")

    assert look_up(client, visit).get_json()["correction_proposed"]

    [proposal] = kiosk.proposals.open()
    assert set(proposal.changes) == {
        "card_number", "registered_at", "arrival", "valid_from", "valid_until",
    }  # fmt: skip
    for path in ("/logbook/tray", "/logbook/nightly", f"/logbook/visits/{visit}"):
        page = client.get(f"{path}?lang=vi").text
        assert "Sửa và gửi" in page
        assert "HT3••••••••0014" in page
    accepted = client.post(f"/logbook/visits/{visit}/proposal", data={"decision": "accept"})
    assert accepted.status_code == 303
    after = sent_record(kiosk, visit)
    assert (after["MA_THE_BHYT"], after["MA_DKBD"]) == (SON.card_number, "01999")
    assert after["MA_DOITUONG_KCB"] == "1.1"
    assert kiosk.proposals.open() == []
    assert [version.author for version in kiosk.corrections.versions(visit)] == ["desk"]


def test_the_program_corrects_by_itself_only_if_the_settings_say_so(
    insurer: Running, tmp_path: Path, stop: threading.Event, clock: Clock
) -> None:
    settings = settings_for(tmp_path, insurer[1], insurer={"correct_by_itself": "yes"})
    kiosk = Kiosk(settings, tmp_path, demo=True, now=clock)
    visit = number_only(kiosk, SON.insurance_number)
    assert kiosk.nightly is not None

    kiosk.nightly.run()

    assert sent_record(kiosk, visit)["MA_THE_BHYT"] == SON.card_number
    [version] = kiosk.corrections.versions(visit)
    assert version.author == SYSTEM
    assert version.why.startswith("theo trả lời của cổng BHXH")
    assert create_app(kiosk, stop).test_client().get(f"/logbook/visits/{visit}").status_code == 200


def test_the_nightly_job_proposes_and_asks_about_a_number_once(
    pages: Pages, insurer: Running
) -> None:
    kiosk, _ = pages
    visit = number_only(kiosk, SON.insurance_number)
    assert kiosk.nightly is not None

    kiosk.nightly.run()
    kiosk.nightly.run()

    assert len(insurer[0].ledger.questions()) == 1
    assert [proposal.visit for proposal in kiosk.proposals.open()] == [visit]


def test_the_nightly_job_asks_once_about_a_number_that_was_admitted(
    pages: Pages, insurer: Running
) -> None:
    kiosk, _ = pages
    visit = number_only(kiosk, SON.insurance_number)
    with kiosk.database.transaction() as db:  # as the synced registry would have admitted it
        db.execute("update visit set outcome = 'admitted' where id = ?", [visit])
    assert kiosk.nightly is not None

    kiosk.nightly.run()
    kiosk.proposals.dismiss(visit, NOW, "desk")
    kiosk.nightly.run()

    assert len(insurer[0].ledger.questions()) == 1
    assert [kept.purpose for kept in kiosk.lookups.of_visit(visit)] == ["look_back"]


def test_a_person_s_own_correction_is_never_proposed_over(pages: Pages) -> None:
    kiosk, client = pages
    visit = number_only(kiosk, SON.insurance_number)
    kiosk.corrections.correct(visit, {"registered_at": "01005"}, "theo thẻ giấy", NOW)
    kiosk.corrections.correct(visit, {"registered_at": ""}, "không rõ", NOW)

    look_up(client, visit)

    [proposal] = kiosk.proposals.open()
    assert set(proposal.changes) == {"card_number", "arrival", "valid_from", "valid_until"}


def test_a_proposal_that_a_person_has_overtaken_is_gone(pages: Pages) -> None:
    kiosk, client = pages
    visit = number_only(kiosk, SON.insurance_number)
    look_up(client, visit)
    values = dict(kiosk.proposals.open()[0].changes)
    kiosk.corrections.correct(visit, values, "đã xem thẻ", NOW)

    assert kiosk.proposals.open() == []
    assert not kiosk.visit_lookup.accept(visit, "desk 2")


def test_a_dismissed_proposal_does_not_come_again(pages: Pages) -> None:
    kiosk, client = pages
    visit = number_only(kiosk, SON.insurance_number)
    look_up(client, visit)
    client.post(f"/logbook/visits/{visit}/proposal", data={"decision": "dismiss"})

    look_up(client, visit)

    assert kiosk.proposals.open() == []


def test_a_visit_that_is_being_sent_keeps_its_proposal(pages: Pages) -> None:
    kiosk, client = pages
    visit = number_only(kiosk, SON.insurance_number)
    look_up(client, visit)
    kiosk.outbox.claim(kiosk.clock(), timedelta(seconds=60))

    assert not kiosk.visit_lookup.accept(visit, "desk")
    assert len(kiosk.proposals.open()) == 1


def test_two_people_accept_at_once_and_the_visit_is_corrected_once(pages: Pages) -> None:
    kiosk, client = pages
    visit = number_only(kiosk, SON.insurance_number)
    look_up(client, visit)
    results: list[bool] = []

    def accept() -> None:
        results.append(kiosk.visit_lookup.accept(visit, "desk"))
        kiosk.database.close()

    threads = [threading.Thread(target=accept) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(results) == [False, False, False, True]
    assert len(kiosk.corrections.versions(visit)) == 1


@pytest.mark.parametrize(
    "odd",
    [
        {"card_number": "x" * 15, "facility": "0" * 200, "valid_from": None, "valid_until": None},
        {
            "card_number": "9999900014",
            "facility": "<b>01</b>",
            "valid_from": None,
            "valid_until": None,
        },
    ],
)
def test_values_that_the_insurer_would_refuse_are_not_proposed(
    kiosk: Kiosk, odd: dict[str, Any]
) -> None:
    visit = kiosk.visits.by_id(number_only(kiosk, SON.insurance_number))
    assert visit is not None

    assert additions_to(visit, make_coverage(SON.insurance_number, **odd)) == {}


def test_the_new_card_is_proposed_if_it_counted_on_the_day_of_arrival(kiosk: Kiosk) -> None:
    visit = kiosk.visits.by_id(number_only(kiosk, SON.insurance_number))
    assert visit is not None
    new_card = NewCard("GD4019999900014", date(2026, 11, 1), date(2027, 10, 31), "01005")
    coverage = make_coverage(
        SON.insurance_number,
        Standing.REPLACED_OLD_OVER,
        card_number=SON.card_number,
        new_card=new_card,
    )

    found = additions_to(visit, coverage)

    assert (found["card_number"], found["registered_at"]) == ("GD4019999900014", "01005")
    assert "arrival" not in found


def test_the_page_of_a_visit_never_shows_an_answer_as_it_came(
    make_kiosk: Callable[[str], Kiosk], stop: threading.Event
) -> None:
    answer: dict[str, object] = {
        "maKetQua": "000",
        "ghiChu": "<script>alert(1)</script>không ai được thấy",
        "diaChi": "Số 77",
    }
    with answering(token_then(answer)) as url:
        kiosk = make_kiosk(url)
        client = create_app(kiosk, stop).test_client()
        visit = confirmed(kiosk, payload("an"))
        assert look_up(client, visit).status_code == 200
        page = client.get(f"/logbook/visits/{visit}").text

    for raw in ("alert(1)", "không ai được thấy", "Số 77", "maKetQua"):
        assert raw not in page
