"""How a patient came and was identified is kept with each visit, and nothing of it is demanded."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from kiosk.desk import Confirmation
from kiosk.logbook import (
    AppointmentSlip,
    Guardian,
    GuardianRelation,
    HowPresented,
    IdentifiedBy,
    PresentedAs,
    Visit,
)
from kiosk.logbook.visit import visit_from_record, visit_record
from tests.cast import AGAIN, BHYT17, CCCD, NOW, Clock, make_coverage, payload
from tests.conftest import Kiosk
from verify import NumberKind, PersonNumber, Referral, ReferralForm

WITH_OLD_ID = CCCD.replace("||", "|999990001|", 1)


def confirm(client: FlaskClient, scan: dict[str, object], **visit: object) -> Any:
    """Scan, confirm the visit, and return the answer."""
    attempt = client.post("/api/scans", json=scan).get_json()["attempt"]
    body = {"attempt": attempt, **visit}
    return client.post("/api/visits", json=body, headers={"Idempotency-Key": f"k{attempt}"})


def newest(kiosk: Kiosk) -> Visit:
    return kiosk.visits.newest(1)[0]


# --- The form of presentation (D01) and how the patient was identified (D21)


@pytest.mark.parametrize(
    ("scan", "visit", "presented_as", "identified_by"),
    [
        pytest.param({"payload": CCCD}, {}, "id_card", "qr", id="ID card"),
        pytest.param(
            {"payload": CCCD}, {"identified_by": "chip"}, "id_card", "chip", id="chip"
        ),
        pytest.param({"payload": CCCD}, {"presented_as": "vneid"}, "vneid", "vneid", id="VNeID"),
        pytest.param({"payload": BHYT17}, {"papers": "vssid"}, "vssid", "qr", id="VssID"),
        pytest.param(
            {"payload": payload("binh").decode()}, {}, "e_card", "qr", id="electronic card"
        ),
        pytest.param(
            {"payload": BHYT17}, {"presented_as": "paper_card"}, "paper_card", "qr", id="paper card"
        ),
        pytest.param({"payload": BHYT17}, {}, "not_known", "qr", id="paper or VssID"),
        pytest.param(
            {"payload": "9999900099"},
            {"holder": "Trần Văn Chín", "born": "1979"},
            "number", "typed", id="bare number",
        ),
        pytest.param({"payload": "9999900099"}, {}, "number", "not_known", id="no name"),
        pytest.param(
            {"no_card": True},
            {"papers": "birth_record", "holder": "Trần Thị Bé", "born": "01/01/2024"},
            "birth_record", "typed", id="birth record",
        ),
        pytest.param(
            {"no_card": True},
            {"papers": "receipt", "holder": "Trần Thị Tư", "born": "01/01/1984"},
            "receipt", "typed", id="receipt for a card",
        ),
        pytest.param(
            {"no_card": True},
            {"papers": "donor_record", "arrival": "donor", "holder": "Lê Văn Hiến", "born": "1984"},
            "donor_record", "typed", id="donor",
        ),
        pytest.param(
            {"no_card": True},
            {"arrival": "uninsured", "holder": "Trần Thị Không"},
            "none", "typed", id="nothing",
        ),
    ],
)  # fmt: skip
def test_every_form_of_presentation_is_taken_and_stored(
    client: FlaskClient,
    kiosk: Kiosk,
    scan: dict[str, object],
    visit: dict[str, object],
    presented_as: str,
    identified_by: str,
) -> None:
    answer = confirm(client, scan, **visit)

    assert answer.status_code == 201
    found = answer.get_json()
    assert (found["presented_as"], found["identified_by"]) == (presented_as, identified_by)
    [listed] = client.get("/api/visits").get_json()["visits"]
    assert (listed["presented_as"], listed["identified_by"]) == (presented_as, identified_by)
    how = newest(kiosk).how
    assert (how.presented_as, how.identified_by) == (presented_as, identified_by)
    assert "Nhận diện người bệnh" in client.get(f"/logbook/visits/{found['id']}").text


def test_a_name_that_the_insurer_gives_for_a_number_is_identified_by_look_up(kiosk: Kiosk) -> None:
    attempt = kiosk.attempts.get(kiosk.scan("9999900099"))
    assert attempt is not None
    coverage = make_coverage("9999900099", holder="Trần Văn Chín")
    kiosk.desk.refine(attempt, attempt.verdict, coverage)

    visit, _ = kiosk.desk.confirm(attempt.id, Confirmation(), "k")

    assert visit.how.identified_by is IdentifiedBy.LOOKUP


@pytest.mark.parametrize(("language", "words"), [("vi", "bản giấy"), ("en", "on paper")])
def test_an_army_card_is_still_needed_on_paper(
    client: FlaskClient, language: str, words: str
) -> None:
    """NĐ 188/2025 Điều 37 khoản 1 b: its data may not be in the system."""
    scan = {"payload": payload("long").decode()}
    answer = client.post("/api/scans", json=scan).get_json()
    html = client.get(f"/desk/attempts/{answer['attempt']}?lang={language}").text

    assert answer["reason"] == "kept_elsewhere"
    next_step = html.partition('<p class="next">')[2].partition("</p>")[0]
    assert words in next_step
    assert "Điều 37 khoản 1 b" in next_step


def test_no_paper_and_no_scan_of_it_is_asked_for(client: FlaskClient) -> None:
    """Nobody may demand a paper beside the card (NĐ 188/2025 Điều 38 khoản 3)."""
    for number, text in enumerate((CCCD, BHYT17, "9999900099", payload("binh").decode())):
        answer = client.post("/api/scans", json={"payload": text}).get_json()
        html = client.get(f"/desk/attempts/{answer['attempt']}").text
        form = html.partition('<form id="confirm"')[2]
        assert " required" not in form
        assert 'type="file"' not in form
        body = {"attempt": answer["attempt"]}
        visit = client.post("/api/visits", json=body, headers={"Idempotency-Key": f"{number}"})
        assert visit.status_code == 201


@pytest.mark.parametrize(
    "wrong",
    [
        {"presented_as": "fax"},
        {"presented_as": 7},
        {"identified_by": "face"},
        {"guardian": "mother"},
        {"guardian": {"relation": "aunt"}},
        {"guardian": {"nickname": "x"}},
        {"guardian": {"phone": "0" * 41}},
        {"guardian": {"name": "a\nb"}},
        {"appointment": {"number": "1", "facility": "0"}},
        {"appointment": ["1"]},
        {"numbers": {}},
        {"numbers": [{"kind": "passport"}]},
        {"numbers": [{"kind": "personal_number", "number": "C1234567"}]},
        {"numbers": [{"kind": "insurance_number", "number": "9999900099"}]},
        {"numbers": [{"kind": "old_id", "number": "999990001", "valid_until": "soon"}]},
        {"numbers": [{"kind": "old_id", "number": "999990001"}] * 11},
        {"referral": {"signed_on": "2026-11-20", "form": "fax"}, "arrival": "referral"},
    ],
    ids=str,
)
def test_a_value_that_cannot_be_read_is_refused_and_nothing_is_recorded(
    client: FlaskClient, kiosk: Kiosk, wrong: dict[str, object]
) -> None:
    answer = confirm(client, {"payload": BHYT17}, **wrong)

    assert answer.status_code == 400
    assert answer.get_json()["field"].split(".")[0] == next(iter(wrong))
    assert kiosk.visits.newest() == []


def test_a_visit_from_before_these_fields_is_read(kiosk: Kiosk) -> None:
    visit, _ = kiosk.desk.confirm(kiosk.scan(BHYT17), Confirmation(), "k")
    old = json.loads(visit_record(visit))
    for name in ("how", "guardian", "appointment", "other_numbers"):
        old.pop(name, None)

    read = visit_from_record(json.dumps(old))

    assert read.how == HowPresented()
    assert (read.arrival.guardian, read.arrival.appointment, read.card.other_numbers) == (
        None,
        None,
        (),
    )


def test_a_form_that_a_newer_version_stored_is_not_known(kiosk: Kiosk) -> None:
    visit, _ = kiosk.desk.confirm(kiosk.scan(CCCD), Confirmation(), "k")
    newer = json.loads(visit_record(visit))
    newer["how"] |= {"presented_as": "wallet", "identified_by": "face"}

    how = visit_from_record(json.dumps(newer)).how

    assert (how.presented_as, how.identified_by) == (
        PresentedAs.NOT_KNOWN,
        IdentifiedBy.NOT_KNOWN,
    )
    assert how.presented_at == visit.how.presented_at


# --- The moment of presentation (D07)


def test_a_card_is_presented_when_it_is_read(kiosk: Kiosk, clock: Clock) -> None:
    attempt = kiosk.scan(BHYT17)
    clock.go(timedelta(minutes=4))

    visit, _ = kiosk.desk.confirm(attempt, Confirmation(), "k")

    assert (visit.how.presented_at, visit.arrived_at) == (NOW, NOW + timedelta(minutes=4))


def test_a_newer_verdict_does_not_move_the_moment(kiosk: Kiosk, clock: Clock) -> None:
    attempt = kiosk.attempts.get(kiosk.scan(BHYT17))
    assert attempt is not None
    clock.go(timedelta(minutes=2))
    assert kiosk.desk.refine(attempt, attempt.verdict, make_coverage("9999900020")) is not None
    clock.go(timedelta(minutes=2))

    visit, _ = kiosk.desk.confirm(attempt.id, Confirmation(), "k")

    assert visit.how.presented_at == NOW


def test_a_clock_that_was_put_back_gives_no_moment_after_the_arrival(
    kiosk: Kiosk, clock: Clock
) -> None:
    attempt = kiosk.scan(BHYT17)
    clock.go(timedelta(hours=-1))

    visit, _ = kiosk.desk.confirm(attempt, Confirmation(), "k")

    assert visit.how.presented_at == visit.arrived_at


@pytest.mark.parametrize("scan", [{"no_card": True}, {"payload": CCCD}], ids=["no card", "ID card"])
def test_without_insurance_no_card_was_presented(
    client: FlaskClient, kiosk: Kiosk, scan: dict[str, object]
) -> None:
    confirm(client, scan, arrival="uninsured", holder="Trần Thị Không")

    assert newest(kiosk).how.presented_at is None


# --- Referrals (D13) and appointment slips (D14)


def test_a_referral_says_how_it_was_shown(client: FlaskClient, kiosk: Kiosk) -> None:
    referral = {"signed_on": "2026-11-20", "facility": "01005", "number": "12/CT", "form": "vneid"}
    visit = confirm(client, {"payload": BHYT17}, arrival="referral", referral=referral).get_json()

    found = newest(kiosk).arrival.referral
    assert found is not None
    assert (found.form, found.facility, found.number) == (ReferralForm.VNEID, "01005", "12/CT")
    page = client.get(f"/logbook/visits/{visit['id']}").text
    assert '<option value="vneid" selected>' in page
    assert "số 12/CT, bản điện tử, xem trên VNeID" in page


def test_the_form_of_a_referral_is_corrected_on_the_visit_s_page(
    client: FlaskClient, kiosk: Kiosk
) -> None:
    referral = {"signed_on": "2026-11-20", "form": "paper"}
    visit = confirm(client, {"payload": BHYT17}, arrival="referral", referral=referral).get_json()
    data = {"signed_on": "20/11/2026", "referral_form": "vneid", "why": "xem trên VNeID"}

    assert client.post(f"/logbook/visits/{visit['id']}/correct", data=data).status_code == 303

    found = newest(kiosk).arrival.referral
    assert found == Referral(date(2026, 11, 20), form=ReferralForm.VNEID)


def test_a_second_use_of_an_appointment_slip_is_shown_and_not_refused(
    client: FlaskClient, kiosk: Kiosk, clock: Clock
) -> None:
    slip = {"arrival": "reappointment", "appointment": {"number": "hk 12/2026"}}
    first = confirm(client, {"payload": BHYT17}, **slip).get_json()
    clock.go(timedelta(days=1))

    again = {
        "arrival": "reappointment",
        "appointment": {"number": "HK12/2026", "facility": "01999"},
    }
    second = confirm(client, {"payload": BHYT17}, **again)

    assert second.status_code == 201
    answer = second.get_json()
    assert first["appointment_used_before"] is None
    assert answer["appointment_used_before"] == {
        "visit": first["id"],
        "arrived_at": first["arrived_at"],
    }
    assert newest(kiosk).arrival.appointment == AppointmentSlip("HK12/2026", "01999")
    attempt = newest(kiosk).attempt
    for page in (f"/logbook/visits/{answer['id']}", f"/desk/attempts/{attempt}"):
        assert "Giấy hẹn này đã dùng lúc 10:00 25/11/2026" in client.get(page).text
    assert "Giấy hẹn này đã dùng" not in client.get(f"/logbook/visits/{first['id']}").text


def test_the_slip_of_another_facility_or_of_a_cancelled_visit_is_another_slip(
    client: FlaskClient, kiosk: Kiosk
) -> None:
    def use(facility: str) -> Any:
        slip = {"number": "HK12/2026", "facility": facility}
        return confirm(
            client, {"payload": BHYT17}, arrival="reappointment", appointment=slip, **again
        ).get_json()

    again = {"repeat_reason": AGAIN}
    first = use("01999")
    assert use("01005")["appointment_used_before"] is None
    kiosk.corrections.cancel(first["id"], "nhầm", NOW)
    assert use("01999")["appointment_used_before"] is None


# --- Several numbers of a person (D16, D17)


def test_the_old_number_on_an_id_card_finds_the_visit(kiosk: Kiosk) -> None:
    visit, _ = kiosk.desk.confirm(kiosk.scan(WITH_OLD_ID), Confirmation(), "k")

    assert visit.card.other_numbers == (PersonNumber(NumberKind.OLD_ID, "999990001"),)
    for number in ("999990001", "001099999901"):
        assert [found.id for found in kiosk.visits.with_number(number)] == [visit.id]
    assert kiosk.visits.with_number("999990002") == []


def test_a_visit_is_found_by_the_insurance_number_in_a_card_number(kiosk: Kiosk) -> None:
    visit, _ = kiosk.desk.confirm(kiosk.scan(BHYT17), Confirmation(), "k")

    for number in ("DN4019999900020", "9999900020"):
        assert [found.id for found in kiosk.visits.with_number(number)] == [visit.id]


def test_a_corrected_number_finds_the_visit(kiosk: Kiosk) -> None:
    visit, _ = kiosk.desk.confirm(kiosk.scan(BHYT17), Confirmation(), "k")
    changes = {"citizen_number": "001099999955", "card_number": "DN4019999900020"}
    kiosk.corrections.correct(visit.id, changes, "bổ sung", NOW)

    for number in ("001099999955", "DN4019999900020", "9999900020"):
        assert [found.id for found in kiosk.visits.with_number(number)] == [visit.id]


def test_a_second_card_of_a_person_is_noticed_by_an_old_number(kiosk: Kiosk) -> None:
    kiosk.desk.confirm(kiosk.scan(WITH_OLD_ID), Confirmation(), "k")
    newer_number = WITH_OLD_ID.replace("001099999901", "001099999955")

    attempt = kiosk.attempts.get(kiosk.scan(newer_number))

    assert attempt is not None
    assert "here_today" in [caution.code for caution in attempt.verdict.cautions]


def test_a_cancelled_number_on_the_new_id_card_finds_the_earlier_visit_of_today(
    kiosk: Kiosk,
) -> None:
    kiosk.desk.confirm(kiosk.scan(CCCD), Confirmation(), "k")
    reissued = CCCD.replace("001099999901", "001099999955") + "|001099999901|||"

    attempt = kiosk.attempts.get(kiosk.scan(reissued))

    assert attempt is not None
    assert "here_today" in [caution.code for caution in attempt.verdict.cautions]


def test_a_foreigner_has_a_passport_and_never_a_made_up_personal_number(
    client: FlaskClient, kiosk: Kiosk
) -> None:
    passport = {"kind": "passport", "number": "c 1234567", "valid_until": "31/12/2030"}
    visit = confirm(
        client, {"no_card": True}, arrival="uninsured", holder="Jane Example", numbers=[passport]
    ).get_json()

    found = newest(kiosk)
    assert found.card.citizen_number is None
    assert [str(number.kind) for number in found.card.other_numbers] == ["passport"]
    assert found.card.other_numbers[0].number == "C1234567"
    assert [entry.id for entry in kiosk.visits.with_number("C1234567")] == [visit["id"]]
    page = client.get(f"/logbook/visits/{visit['id']}").text
    assert "Hộ chiếu" in page
    assert "31/12/2030" in page
    assert "C1234567" not in page  # masked


@pytest.mark.parametrize(
    ("numbers", "sent"),
    [
        ([("passport", "C1234567")], "C1234567"),
        ([("passport", "AB12345678")], ""),  # the portal has no form for it
        ([("old_id", "999990001"), ("passport", "C1234567")], "C1234567"),
        ([("personal_number", "001099999955"), ("passport", "C1234567")], "001099999955"),
        ([("origin_certificate", "999990002")], ""),
        ([], ""),
    ],
    ids=range(6),
)
def test_the_insurer_gets_the_document_that_the_patient_has(
    client: FlaskClient, kiosk: Kiosk, numbers: list[tuple[str, str]], sent: str
) -> None:
    stated = [{"kind": kind, "number": number} for kind, number in numbers]
    confirm(client, {"payload": payload("an").decode()}, numbers=stated)

    [message] = kiosk.outbox.claim(kiosk.clock(), timedelta(minutes=1))

    assert message.body is not None
    element = f"<SO_CCCD>{sent}</SO_CCCD>" if sent else "<SO_CCCD />"
    assert element in message.body


def test_the_number_on_the_id_card_wins_over_a_typed_one(kiosk: Kiosk) -> None:
    typed = PersonNumber(NumberKind.PERSONAL, "001099999955")
    confirmation = Confirmation(holder="Trần Gõ Sai", numbers=(typed,))

    visit, _ = kiosk.desk.confirm(kiosk.scan(CCCD), confirmation, "k")

    assert (visit.card.citizen_number, visit.card.holder) == ("001099999901", "Nguyễn Văn Mẫu")
    assert visit.card.other_numbers == (typed,)


def test_no_form_asks_for_what_the_id_card_said(client: FlaskClient) -> None:
    attempt = client.post("/api/scans", json={"payload": CCCD}).get_json()["attempt"]

    form = client.get(f"/desk/attempts/{attempt}").text.partition('<form id="confirm"')[2]

    for name in ("holder", "born", "sex", "document_number", "citizen_number"):
        assert f'name="{name}"' not in form


def test_the_search_page_finds_a_visit_and_keeps_the_number_out_of_its_address(
    client: FlaskClient, kiosk: Kiosk
) -> None:
    visit, _ = kiosk.desk.confirm(kiosk.scan(WITH_OLD_ID), Confirmation(), "k")

    found = client.post("/logbook", data={"q": " 999 990 001 "})

    assert found.status_code == 200
    assert f"/logbook/visits/{visit.id}" in found.text
    assert client.post("/logbook", data={"q": ""}).status_code == 303
    assert "Không tìm thấy" in client.post("/logbook", data={"q": "9" * 500}).text


# --- Without insurance by one scan (D19), and children (D20)


def test_a_patient_without_insurance_is_one_scan_of_an_id_card_and_one_press(
    client: FlaskClient, kiosk: Kiosk
) -> None:
    attempt = client.post("/api/scans", json={"payload": CCCD}).get_json()["attempt"]
    html = client.get(f"/desk/attempts/{attempt}").text
    assert html.count('value="uninsured"') == 2  # of the list of arrivals, and the button
    assert '<button type="submit" form="confirm" name="go" value="uninsured"' in html

    body = {"attempt": attempt, "arrival": "uninsured"}  # what the button sends
    answer = client.post("/api/visits", json=body, headers={"Idempotency-Key": "k"})

    assert answer.status_code == 201
    assert answer.get_json()["insurer"]["state"] == "not_sent"
    card = newest(kiosk).card
    assert (card.holder, str(card.born), card.sex, card.citizen_number) == (
        "Nguyễn Văn Mẫu",
        "1980-02-01",
        "male",
        "001099999901",
    )


def test_a_card_that_covers_does_not_offer_to_go_in_without_insurance(client: FlaskClient) -> None:
    for text in (payload("an").decode(), payload("nam").decode()):
        attempt = client.post("/api/scans", json={"payload": text}).get_json()["attempt"]
        html = client.get(f"/desk/attempts/{attempt}").text
        assert '<button type="submit" name="go" value="uninsured">' not in html


@pytest.mark.parametrize(
    ("born", "shown"),
    [
        ("26112020", "open"),  # 72 months tomorrow
        ("25112020", "closed"),
        ("26112010", "closed"),  # 16 tomorrow
        ("25112010", "hidden"),
        ("01021980", "hidden"),
    ],
)
def test_a_guardian_is_asked_for_only_for_a_child(
    client: FlaskClient, born: str, shown: str
) -> None:
    text = CCCD.replace("01021980", born)
    attempt = client.post("/api/scans", json={"payload": text}).get_json()["attempt"]

    html = client.get(f"/desk/attempts/{attempt}").text

    found = "hidden"
    if 'id="guardian_name"' in html:
        found = "open" if '<details class="wide" open>' in html else "closed"
    assert found == shown


def test_a_child_s_guardian_is_stored_and_shown(client: FlaskClient, kiosk: Kiosk) -> None:
    guardian = {"name": "Trần Thị  Mẹ", "relation": "mother", "phone": "0999999901"}
    visit = confirm(client, {"payload": payload("khoi").decode()}, guardian=guardian).get_json()

    assert newest(kiosk).arrival.guardian == Guardian(
        "Trần Thị Mẹ", GuardianRelation.MOTHER, "", "0999999901"
    )
    page = client.get(f"/logbook/visits/{visit['id']}").text
    assert "Trần Thị Mẹ" in page
    assert "0999999901" in page
    assert "Trần Thị Mẹ" not in json.dumps(client.get("/api/visits").get_json())


@pytest.mark.parametrize("guardian", [None, {}, {"name": "  ", "relation": ""}], ids=str)
def test_a_child_goes_in_without_a_guardian(
    client: FlaskClient, kiosk: Kiosk, guardian: object
) -> None:
    scan: dict[str, object] = {"payload": payload("khoi").decode()}

    assert confirm(client, scan, guardian=guardian).status_code == 201
    assert newest(kiosk).arrival.guardian is None


def test_the_address_of_an_id_card_is_kept_nowhere(kiosk: Kiosk) -> None:
    """Luật 91/2025: what no step needs yet is not kept."""
    kiosk.desk.confirm(kiosk.scan(WITH_OLD_ID), Confirmation(), "k")

    with kiosk.database.transaction() as db:
        dump = "\n".join(db.conn.iterdump())
    assert "999990001" in dump
    assert "Phường Thử" not in dump


def test_the_repr_of_a_visit_shows_no_person(kiosk: Kiosk) -> None:
    numbers = (PersonNumber(NumberKind.PASSPORT, "C1234567"),)
    guardian = Guardian("Trần Thị Mẹ", GuardianRelation.MOTHER, "001099999977", "0999999901")
    slip = AppointmentSlip("HK12/2026", "01999")
    confirmation = Confirmation(numbers=numbers, guardian=guardian, appointment=slip)

    visit, _ = kiosk.desk.confirm(kiosk.scan(WITH_OLD_ID), confirmation, "k")

    shown = repr(visit) + repr(confirmation)
    for secret in ("C1234567", "Thị Mẹ", "001099999977", "0999999901", "HK12/2026", "999990001"):
        assert secret not in shown
