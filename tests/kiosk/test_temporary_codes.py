"""A newborn, a child under six or a donor without a card: a temporary number, later the card."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from flask.testing import FlaskClient

from kiosk.desk import Confirmation, IdentityChange
from kiosk.desk.errors import NoTemporaryCode, NothingToConfirm
from kiosk.logbook import Visit, is_temporary_code
from kiosk.logbook.errors import NothingToChange
from kiosk.logbook.joinings import joinings
from kiosk.sandbox import SandboxInsurer
from kiosk.sandbox.quirks import Quirk
from tests.cast import NOW, Clock, payload
from tests.conftest import Kiosk
from tests.kiosk.stub_gateway import gateway_to
from tests.kiosk.test_delivery import delivery
from verify import Birth, is_number

TE1, HG4 = "TE1010000000099", "HG4019999900099"
WHY = IdentityChange("thẻ đã cấp", "desk 1")
BABY = Confirmation(
    arrival="newborn", papers="donor_record", holder="Con Bà Mẫu", born=Birth(2026, 11, 25)
)
CHILD = replace(BABY, arrival="self", papers="birth_record", born=Birth(2024, 5, 4))
DONOR = replace(BABY, arrival="donor", holder="Lê Văn Hiến", born=Birth(1980, 5, 4))


def without_card(kiosk: Kiosk, confirmation: Confirmation = BABY, key: str = "k") -> Visit:
    attempt = kiosk.desk.record_no_card("front").id
    return kiosk.desk.confirm(attempt, confirmation, key)[0]


def record_of(kiosk: Kiosk, visit: Visit) -> dict[str, str]:
    """Return the newest record that is queued for the insurer."""
    row = (
        kiosk.database.reading()
        .execute("select body from newest_message where visit = ?", [visit.id])
        .fetchone()
    )
    found = ET.fromstring(row["body"]).find(".//TRANG_THAI_KCB")
    assert found is not None
    return {child.tag: child.text or "" for child in found}


def now_of(kiosk: Kiosk, visit: Visit) -> Visit:
    found = kiosk.visits.by_id(visit.id)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("confirmation", "code"),
    [(BABY, TE1), (CHILD, TE1), (DONOR, HG4)],
    ids=["baby", "child", "donor"],
)
def test_a_temporary_number_is_sent_with_its_facility_and_the_day_of_the_visit(
    kiosk: Kiosk, confirmation: Confirmation, code: str
) -> None:
    visit = without_card(kiosk, replace(confirmation, temporary_code=code))

    record = record_of(kiosk, visit)
    assert record["MA_THE_BHYT"] == code
    assert record["MA_DKBD"] == "01000"
    assert (record["GT_THE_TU"], record["GT_THE_DEN"]) == ("20261125", "20261125")
    assert kiosk.visits.with_temporary_code() == [visit]
    assert visit.temporary_code is not None
    assert not visit.temporary_code.is_built


def test_a_temporary_number_may_come_after_the_visit_was_recorded(kiosk: Kiosk) -> None:
    visit = without_card(kiosk)
    assert record_of(kiosk, visit)["MA_THE_BHYT"] == ""

    kiosk.identification.set_temporary_code(visit.id, TE1, WHY)

    assert record_of(kiosk, visit)["MA_THE_BHYT"] == TE1
    assert now_of(kiosk, visit).version == 2
    other = "TE1790000000001"
    kiosk.identification.set_temporary_code(visit.id, other, WHY)
    assert record_of(kiosk, visit)["MA_DKBD"] == "79000"


@pytest.mark.parametrize(
    "confirmation",
    [
        replace(CHILD, papers="receipt", born=Birth(1980, 1, 1)),
        replace(BABY, arrival="emergency", papers=""),
        replace(BABY, arrival="uninsured", papers=""),
    ],
    ids=["adult", "emergency", "uninsured"],
)
def test_nobody_else_has_a_temporary_number(kiosk: Kiosk, confirmation: Confirmation) -> None:
    with pytest.raises(NoTemporaryCode):
        without_card(kiosk, replace(confirmation, temporary_code=TE1))
    visit = without_card(kiosk, confirmation)
    with pytest.raises(NoTemporaryCode):
        kiosk.identification.set_temporary_code(visit.id, TE1, WHY)
    assert now_of(kiosk, visit).version == 1


def test_a_child_with_a_card_gets_no_temporary_number(kiosk: Kiosk) -> None:
    visit = kiosk.desk.confirm(kiosk.scan(payload("khoi")), Confirmation(), "k")[0]

    with pytest.raises(NoTemporaryCode):
        kiosk.identification.set_temporary_code(visit.id, TE1, WHY)


@pytest.mark.parametrize(
    "wrong", ["TE4010000000099", "TE101000000009", "DN4019999900020", "9999900020", 5, ["x"]]
)
def test_a_number_of_another_form_is_refused_over_http(client: FlaskClient, wrong: object) -> None:
    attempt = client.post("/api/scans", json={"no_card": True}).json
    assert attempt
    body = {
        "attempt": attempt["attempt"],
        "arrival": "newborn",
        "papers": "donor_record",
        "holder": "Con Bà Mẫu",
        "born": "25/11/2026",
        "temporary_code": wrong,
    }

    answer = client.post("/api/visits", json=body, headers={"Idempotency-Key": "k"})

    assert answer.status_code == 400
    assert answer.json
    assert answer.json["field"] == "temporary_code"


def test_a_temporary_number_is_recorded_over_http(client: FlaskClient, kiosk: Kiosk) -> None:
    visit = without_card(kiosk)

    path = f"/api/visits/{visit.id}/temporary-code"
    empty = client.post(path, json={"why": "cổng cấp"})
    answer = client.post(path, json={"code": "te1 01 0000000099", "why": "cổng cấp"})

    assert (empty.status_code, answer.status_code) == (400, 200)
    assert record_of(kiosk, visit)["MA_THE_BHYT"] == TE1


def test_the_real_card_replaces_the_temporary_number_and_the_insurer_gets_it(
    kiosk: Kiosk, insurer: tuple[SandboxInsurer, str], clock: Clock
) -> None:
    visit = without_card(kiosk, replace(CHILD, temporary_code=TE1))
    delivery(kiosk, gateway_to(insurer[1], clock)).deliver_all()
    clock.go(timedelta(days=20))

    kiosk.identification.join_reading(visit.id, kiosk.scan(payload("khoi")), WHY)
    delivery(kiosk, gateway_to(insurer[1], clock)).deliver_all()

    [received] = insurer[0].ledger.visits()
    assert received.times == 2
    assert received.fields["MA_LK"] == visit.id
    assert received.fields["MA_THE_BHYT"] == "TE1019999900007"
    assert received.fields["HO_TEN"] == "Vũ Minh Khôi"
    assert received.fields["MA_DKBD"] == "01999"
    known = now_of(kiosk, visit)
    assert (known.temporary_code, known.insurer_state) == (None, "accepted")
    [trace] = joinings(kiosk.corrections.versions(visit.id), known)
    assert (trace.codes, trace.author, trace.why) == ((TE1,), "desk 1", "thẻ đã cấp")
    assert kiosk.visits.with_temporary_code() == []


def test_a_temporary_number_is_joined_by_a_number_and_not_by_a_name_alone(
    client: FlaskClient, kiosk: Kiosk
) -> None:
    visit = without_card(kiosk, replace(BABY, temporary_code=TE1))
    path = f"/api/visits/{visit.id}/identity"

    name_only = client.post(path, json={"holder": "Trần Mẫu", "why": "x"})
    joined = client.post(path, json={"number": "TE1019999900044", "why": "thẻ"})

    assert (name_only.status_code, joined.status_code) == (422, 200)
    record = record_of(kiosk, visit)
    assert record["MA_THE_BHYT"] == "TE1019999900044"
    assert (record["MA_DKBD"], record["GT_THE_TU"], record["GT_THE_DEN"]) == ("", "", "")


def test_a_joining_with_a_wrong_card_is_undone_and_sent_again(kiosk: Kiosk) -> None:
    visit = without_card(kiosk, replace(CHILD, temporary_code=TE1))
    kiosk.identification.join_reading(visit.id, kiosk.scan(payload("khoi")), WHY)

    kiosk.identification.undo(visit.id, IdentityChange("nhầm trẻ", "desk"))

    assert now_of(kiosk, visit).card == visit.card
    assert record_of(kiosk, visit)["MA_THE_BHYT"] == TE1
    assert kiosk.visits.with_temporary_code() == [now_of(kiosk, visit)]


def test_a_card_number_that_is_corrected_replaces_the_temporary_one(kiosk: Kiosk) -> None:
    visit = without_card(kiosk, replace(BABY, temporary_code=TE1))

    kiosk.corrections.correct(visit.id, {"phone": "0900000000"}, "số", NOW)
    assert now_of(kiosk, visit).temporary_code == visit.temporary_code
    kiosk.corrections.correct(visit.id, {"card_number": "TE1019999900044"}, "thẻ", NOW)

    assert kiosk.visits.with_temporary_code() == []
    assert len(joinings(kiosk.corrections.versions(visit.id), now_of(kiosk, visit))) == 1


def test_a_visit_without_a_code_cannot_be_joined(kiosk: Kiosk) -> None:
    visit = without_card(kiosk)

    with pytest.raises(NothingToChange):
        kiosk.identification.join_reading(visit.id, kiosk.scan(payload("khoi")), WHY)
    with pytest.raises(NothingToConfirm):
        kiosk.identification.join_reading(visit.id, 10**9, WHY)


def test_numbers_that_are_built_have_the_known_form_and_are_no_social_insurance_number(
    kiosk: Kiosk,
) -> None:
    built = []
    for place, confirmation in enumerate((BABY, DONOR)):
        visit = without_card(kiosk, confirmation, key=str(place))
        kiosk.identification.set_temporary_code(visit.id, "", WHY)
        found = now_of(kiosk, visit).temporary_code
        assert found
        assert found.is_built
        built.append(found.code)

    assert [code[:7] for code in built] == ["TE10100", "HG40100"]
    assert all(is_temporary_code(code) and is_number(code) for code in built)


@pytest.mark.parametrize(("code", "received"), [("", 0), (TE1, 1)])
def test_the_sandbox_can_refuse_a_newborn_whose_card_fields_are_blank(
    kiosk: Kiosk, insurer: tuple[SandboxInsurer, str], clock: Clock, code: str, received: int
) -> None:
    insurer[0].quirks.on = frozenset({Quirk.BLANK_CARD_REFUSED})
    visit = without_card(kiosk, replace(BABY, temporary_code=code))

    delivery(kiosk, gateway_to(insurer[1], clock)).deliver_all()

    assert len(insurer[0].ledger.visits()) == received
    assert now_of(kiosk, visit).insurer_state == ("accepted" if received else "refused")


def test_without_the_quirk_blank_card_fields_are_accepted(
    kiosk: Kiosk, insurer: tuple[SandboxInsurer, str], clock: Clock
) -> None:
    without_card(kiosk)

    delivery(kiosk, gateway_to(insurer[1], clock)).deliver_all()

    assert len(insurer[0].ledger.visits()) == 1


def test_records_of_an_older_version_have_no_codes(kiosk: Kiosk) -> None:
    visit: Any = kiosk.desk.confirm(kiosk.scan(payload("an")), Confirmation(), "k")[0]

    [row] = kiosk.database.rows("select record, unknown_code, temporary_code from visit")
    assert "unknown" not in row["record"]
    assert (row["unknown_code"], row["temporary_code"]) == (None, None)
    assert (visit.unknown, visit.temporary_code) == (None, None)
