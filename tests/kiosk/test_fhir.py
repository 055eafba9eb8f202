"""A visit as FHIR R4B: valid in each of its states, and nothing in it that is not known."""

from __future__ import annotations

import builtins
import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from kiosk.desk import Confirmation, IdentityChange, unknown_patient
from kiosk.fhir import FhirInvalid, FhirMissing, Surroundings, visit_bundle
from kiosk.fhir.patient import fhir_text
from kiosk.logbook import Accesses, Admission, Exports, Visit
from kiosk.logbook.stand_ins import TemporaryCode, UnknownPatient
from kiosk.logbook.visit import Arrival, CardOnVisit, VisitService
from kiosk.settings import load_settings
from tests.cast import NOW, payload
from tests.conftest import Kiosk
from tests.process import call, site
from verify import (
    Birth,
    NumberKind,
    Outcome,
    PersonNumber,
    Reason,
    Referral,
    Sex,
    outcome_of,
    read_law,
)

TABLES = Path(__file__).parents[2] / "config" / "tables"
LAW = read_law(TABLES, TABLES)
ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
HOSTILE = [
    "<script>alert(1)</script>",
    "Robert'); drop table visit;--",
    "=cmd|' /C calc'!A0",
    "\x1b[31mđỏ\x1b[0m",
    "abc\u202etxt.exe",
    "a\x00b\x07\x85c",
    "&amp;\"'\\",
    "😀 Nguyễn",
    "x" * 5000,
]


def recorded(kiosk: Kiosk, key: str = "an", **fields: Any) -> Visit:
    attempt = kiosk.scan(payload(key)) if key else kiosk.desk.record_no_card("front").id
    confirmation = Confirmation(clerk_reason="x", **fields)
    return kiosk.desk.confirm(attempt, confirmation, f"{key} {attempt}")[0]


def now_of(kiosk: Kiosk, visit: Visit) -> Visit:
    found = kiosk.visits.by_id(visit.id)
    assert found is not None
    return found


def exported(kiosk: Kiosk, visit: Visit) -> dict[str, Any]:
    """Return the resources of a visit by their type, after a way through the model and back."""
    text = visit_bundle(visit, kiosk.around(visit), kiosk.clock())
    bundle = Bundle.model_validate_json(text)
    assert json.loads(bundle.model_dump_json()) == json.loads(text)
    check(bundle, json.loads(text))
    return by_type(json.loads(text))


def by_type(bundle: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for entry in bundle["entry"]:
        kind = entry["resource"]["resourceType"]
        name = entry["resource"].get("name")
        is_insurer = kind == "Organization" and name == "Bảo hiểm xã hội Việt Nam"
        found["insurer" if is_insurer else kind] = entry["resource"]
    return found


def check(bundle: BaseModel, text: dict[str, Any]) -> None:
    """Check what the model does not: codes, references, and that nothing is empty."""
    for element, name, field in fields(bundle):
        allowed = (field.json_schema_extra or {}).get("enum_values")
        value = getattr(element, name)
        if allowed and value is not None:
            values = value if isinstance(value, list) else [value]
            # The model cuts the longest list off with a "+"; the rest is that of hl7.org/fhir/R4B.
            rest = {"unknown", "entered-in-error"} if "+" in allowed else set()
            assert set(values) <= set(allowed) | rest, (name, value)
    urls = {entry["fullUrl"] for entry in text["entry"]}
    assert len(urls) == len(text["entry"])
    assert all(url.startswith("urn:uuid:") and uuid.UUID(url[9:]) for url in urls)
    for key, value in leaves(text):
        assert value not in ("", None), key
        if key == "reference":
            assert value in urls
        if isinstance(value, str):
            assert value.strip() == value, key
            assert value.isascii() or "\x00" not in value


def fields(model: BaseModel) -> Iterator[tuple[BaseModel, str, Any]]:
    """Yield all fields of a resource and of what is in it."""
    for name, field in type(model).model_fields.items():
        yield model, name, field
        value = getattr(model, name)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, BaseModel):
                yield from fields(item)


def leaves(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        assert value, key
        for name, item in value.items():
            yield from leaves(item, name)
    elif isinstance(value, list):
        assert value, key
        for item in value:
            yield from leaves(item, key)
    else:
        yield key, value


def test_a_good_card_is_a_coverage_in_force(kiosk: Kiosk) -> None:
    visit = recorded(kiosk)
    found = exported(kiosk, visit)

    encounter, patient = found["Encounter"], found["Patient"]
    assert encounter["id"] == encounter["identifier"][0]["value"] == visit.id
    assert (encounter["status"], encounter["class"]["code"]) == ("arrived", "AMB")
    assert encounter["period"] == {"start": "2026-11-25T10:00:00+07:00"}
    assert encounter["type"][0]["coding"] == [{"code": "01", "display": "khám bệnh"}]
    assert "statusHistory" not in encounter
    assert patient["name"] == [{"text": visit.card.holder}]
    assert found["Organization"]["identifier"][0]["value"] == "01999"
    assert found["Coverage"]["status"] == "active"
    assert found["Coverage"]["subscriberId"] == visit.card.card_number or visit.card.number
    response = found["CoverageEligibilityResponse"]
    assert response["insurance"][0]["inforce"] is True
    assert (response["outcome"], response["disposition"]) == ("complete", "admitted: in_force")
    assert response["created"] == "2026-11-25T10:00:00+07:00"
    assert response["request"]["identifier"]["value"] == str(visit.attempt)


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_is_valid_and_what_is_not_certain_is_not_said(
    kiosk: Kiosk, reason: Reason
) -> None:
    visit = replace(recorded(kiosk), reason=reason, outcome=outcome_of(reason))

    found = exported(kiosk, visit)

    in_force = found["CoverageEligibilityResponse"]["insurance"][0].get("inforce")
    good = {Reason.IN_FORCE, Reason.NEW_CARD_IN_FORCE, Reason.VOUCHED}
    bad = {Reason.ENDED, Reason.NOT_BEGUN, Reason.WITHDRAWN, Reason.REVOKED}
    assert in_force is (True if reason in good else False if reason in bad else None)
    if reason not in good:
        assert found["Coverage"]["_status"]["extension"] == [
            {"url": ABSENT, "valueCode": "unknown"}
        ]
        assert "status" not in found["Coverage"]
    if reason is not Reason.IN_FORCE:
        assert reason.value in found["CoverageEligibilityResponse"]["disposition"]


def test_an_unknown_patient_has_a_code_and_nothing_else(kiosk: Kiosk) -> None:
    visit = recorded(kiosk, "", unknown=unknown_patient(40, "nam, áo xanh"))
    found = exported(kiosk, visit)

    assert found["Encounter"]["class"]["code"] == "EMER"
    assert set(found) == {"Encounter", "Patient", "Organization"}
    [identifier] = found["Patient"].pop("identifier")
    assert (identifier["use"], identifier["value"]) == ("temp", visit.person)
    assert set(found["Patient"]) == {"resourceType"}
    assert "áo xanh" not in json.dumps(found, ensure_ascii=False)


def test_a_patient_who_became_known_has_no_code_any_more(kiosk: Kiosk) -> None:
    visit = recorded(kiosk, "", unknown=unknown_patient(40, ""))
    change = IdentityChange("người nhà đến nhận", "desk 1")
    kiosk.identification.join_reading(visit.id, kiosk.scan(payload("an")), change)

    found = exported(kiosk, now_of(kiosk, visit))

    assert visit.person not in json.dumps(found)
    assert found["Encounter"]["meta"] == {"versionId": "2"}
    assert "Coverage" in found


def test_a_patient_without_insurance_has_no_coverage(kiosk: Kiosk) -> None:
    visit = recorded(kiosk, "", arrival="uninsured", holder="Nguyễn Văn Mẫu", born=Birth(1980, 2))
    found = exported(kiosk, visit)

    assert set(found) == {"Encounter", "Patient", "Organization"}
    assert found["Patient"]["birthDate"] == "1980-02"
    assert "gender" not in found["Patient"]


def test_a_newborn_has_the_hour_of_birth_and_a_temporary_number(kiosk: Kiosk) -> None:
    visit = recorded(kiosk)
    card = replace(visit.card, born=Birth(2026, 11, 25), number="", card_number="TE1010099999999")
    newborn = replace(
        visit,
        card=card,
        person="",
        birth_time=time(3, 5),
        temporary_code=TemporaryCode("TE1010099999999"),
        arrival=replace(visit.arrival, kind="newborn"),
    )

    patient = exported(kiosk, newborn)["Patient"]

    [number] = patient["identifier"]
    assert (number["use"], number["value"]) == ("temp", "TE1010099999999")
    [extension] = patient["_birthDate"]["extension"]
    assert extension["valueDateTime"] == "2026-11-25T03:05:00+07:00"
    assert patient["birthDate"] == "2026-11-25"


def test_a_referral_says_where_the_patient_came_from(kiosk: Kiosk) -> None:
    visit = recorded(kiosk)
    referral = Referral(date(2026, 11, 20), False, "01001", "12/GCT")
    referred = replace(visit, arrival=replace(visit.arrival, kind="referral", referral=referral))

    encounter = exported(kiosk, referred)["Encounter"]

    assert encounter["hospitalization"]["origin"]["identifier"]["value"] == "01001"
    assert encounter["basedOn"] == [{"type": "ServiceRequest", "identifier": {"value": "12/GCT"}}]


def test_an_admission_is_in_progress_and_a_later_day_is_not_known(kiosk: Kiosk) -> None:
    visit = recorded(kiosk)
    kiosk.clock.go(timedelta(hours=2))
    admission = Admission(kiosk.clock(), "03", "Viêm phổi")
    kiosk.admissions.admit(visit.id, admission, kiosk.clock(), "desk 1")

    encounter = exported(kiosk, now_of(kiosk, visit))["Encounter"]
    assert (encounter["status"], encounter["class"]["code"]) == ("in-progress", "IMP")
    [arrived] = encounter["statusHistory"]
    assert arrived["period"]["end"] == "2026-11-25T12:00:00+07:00"
    assert encounter["reasonCode"] == [{"text": "Viêm phổi"}]

    kiosk.clock.go(timedelta(days=1))
    encounter = exported(kiosk, now_of(kiosk, visit))["Encounter"]
    assert encounter["status"] == "unknown"
    assert [row["status"] for row in encounter["statusHistory"]] == ["arrived", "in-progress"]


def test_a_cancelled_visit_is_cancelled_with_its_answer(kiosk: Kiosk) -> None:
    visit = recorded(kiosk)
    kiosk.corrections.cancel(visit.id, "nhầm người", kiosk.clock())

    found = exported(kiosk, now_of(kiosk, visit))

    assert found["Encounter"]["status"] == "cancelled"
    assert found["CoverageEligibilityResponse"]["status"] == "cancelled"


def test_a_code_of_care_that_the_law_does_not_have_has_no_class(kiosk: Kiosk) -> None:
    visit = recorded(kiosk)
    other = replace(visit, service=replace(visit.service, care="77"))

    encounter = exported(kiosk, other)["Encounter"]

    assert encounter["class"] == {"extension": [{"url": ABSENT, "valueCode": "unknown"}]}
    assert encounter["type"][0]["coding"] == [{"code": "77"}]


def test_a_card_that_contradicts_itself_has_no_period(kiosk: Kiosk) -> None:
    visit = recorded(kiosk)
    card = replace(visit.card, valid_from=date(2027, 1, 1), valid_until=date(2026, 1, 1))

    assert "period" not in exported(kiosk, replace(visit, card=card))["Coverage"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_passes_through_as_text(kiosk: Kiosk, name: str) -> None:
    visit = recorded(kiosk)
    visit = replace(
        visit,
        card=replace(visit.card, holder=name),
        service=replace(visit.service, name=name, room=name),
    )

    found = exported(kiosk, visit)

    assert found["Patient"]["name"] == [{"text": fhir_text(name)}]
    assert found["Encounter"]["location"][0]["location"]["display"] == fhir_text(name)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
DAYS = st.none() | st.dates(date(1900, 1, 1), date(2100, 1, 1))
BIRTHS = st.none() | st.builds(Birth.from_date, st.dates(date(1880, 1, 1), date(2026, 11, 25)))
NUMBERS = st.sampled_from(["", "9999900020", "001099999901", "DN4019999900021", "7"])
CARDS = st.builds(
    CardOnVisit,
    number=NUMBERS,
    card_number=st.none() | NUMBERS,
    citizen_number=st.none() | NUMBERS,
    other_numbers=st.lists(
        st.builds(PersonNumber, st.sampled_from(NumberKind), TEXTS.filter(fhir_text), DAYS, DAYS),
        max_size=3,
    ).map(tuple),
    holder=st.none() | TEXTS,
    born=BIRTHS | st.builds(Birth, st.integers(1, 2026)),
    sex=st.none() | st.sampled_from(Sex),
    registered_at=st.none() | TEXTS,
    valid_from=DAYS,
    valid_until=DAYS,
)
REFERRALS = st.none() | st.builds(
    Referral,
    st.dates(date(2020, 1, 1), date(2026, 11, 25)),
    st.booleans(),
    st.none() | TEXTS,
    st.none() | TEXTS,
)
VISITS = st.builds(
    Visit,
    attempt=st.integers(1, 9),
    verdict_of=st.integers(1, 9),
    facility=st.just("01999"),
    arrived_at=st.just(NOW),
    outcome=st.sampled_from(Outcome),
    reason=st.sampled_from(Reason),
    person=NUMBERS,
    card=CARDS,
    service=st.builds(VisitService, TEXTS, TEXTS, TEXTS, st.sampled_from(["", "01", "03", "12"])),
    arrival=st.builds(
        Arrival, st.sampled_from(["self", "emergency", "uninsured", "newborn"]), REFERRALS
    ),
    admission=st.none() | st.builds(Admission, st.just(NOW), st.just("03"), TEXTS),
    unknown=st.none() | st.just(UnknownPatient("VD-KHM-TRX-CFG")),
    temporary_code=st.none() | st.just(TemporaryCode("TE1010099999999")),
    birth_time=st.none() | st.just(time(3, 5)),
    row=st.just(1),
    id=st.just("01999-20261125-0123456789abcdef"),
    ticket=st.just(1),
    ticket_label=st.just("1"),
    ticket_id=st.just(1),
    insurer_state=st.just("queued"),
    transaction_code=st.none(),
    message=st.none(),
    cancelled_at=st.none() | st.just(NOW),
)


@given(VISITS, st.none() | st.just(NOW), TEXTS)
def test_every_visit_is_valid(visit: Visit, judged_at: datetime | None, name: str) -> None:
    around = Surroundings("0" * 16, name, LAW, judged_at)

    text = visit_bundle(visit, around, NOW)

    bundle = Bundle.model_validate_json(text)
    check(bundle, json.loads(text))
    assert json.loads(bundle.model_dump_json()) == json.loads(text)


def test_the_same_visit_has_the_same_names_in_each_export_and_another_logbook_others(
    kiosk: Kiosk,
) -> None:
    visit = recorded(kiosk)
    around = kiosk.around(visit)
    texts = [
        visit_bundle(visit, instance, kiosk.clock())
        for instance in (around, around, replace(around, instance="0" * 16))
    ]

    assert texts[0] == texts[1] != texts[2]


def test_what_is_not_valid_is_not_given_away_and_its_error_has_no_values(kiosk: Kiosk) -> None:
    visit = replace(recorded(kiosk), id="no id of FHIR: Nguyễn")

    with pytest.raises(FhirInvalid) as raised:
        visit_bundle(visit, kiosk.around(visit), kiosk.clock())

    assert "entry.0" in str(raised.value)
    assert "Nguyễn" not in str(raised.value)


@pytest.fixture
def without_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    found = builtins.__import__

    def refuse(name: str, *args: Any, **more: Any) -> Any:
        if name.startswith("fhir"):
            raise ImportError(name)
        return found(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", refuse)


@pytest.mark.usefixtures("without_extra")
def test_without_the_extra_the_call_says_what_to_install(kiosk: Kiosk, client: FlaskClient) -> None:
    visit = recorded(kiosk)
    answer = client.get(f"/api/visits/{visit.id}/fhir")

    assert (answer.status_code, answer.json["title"]) == (501, "fhir_not_installed")  # type: ignore[index]
    assert 'pip install "tiepdon[fhir]"' in answer.json["detail"]  # type: ignore[index]
    with pytest.raises(FhirMissing):
        visit_bundle(visit, kiosk.around(visit), NOW)


def test_the_call_gives_the_bundle_and_writes_the_look_down(
    kiosk: Kiosk, client: FlaskClient
) -> None:
    visit = recorded(kiosk)
    answer = client.get(f"/api/visits/{visit.id}/fhir")

    assert (answer.status_code, answer.mimetype) == (200, "application/fhir+json")
    assert answer.headers["Cache-Control"] == "no-store"
    assert by_type(json.loads(answer.data))["Encounter"]["id"] == visit.id
    [access] = Accesses(kiosk.database).newest(visit=visit.id)
    assert access.what == "fhir.of_visit"


def test_an_unknown_visit_and_a_state_secret_are_not_exported(
    kiosk: Kiosk, client: FlaskClient
) -> None:
    secret = recorded(kiosk, secret=True)
    for visit_id, status in (("nothing", 404), (secret.id, 403)):
        answer = client.get(f"/api/visits/{visit_id}/fhir")
        assert answer.status_code == status
    assert Accesses(kiosk.database).newest(visit=secret.id) == []


def test_the_command_prints_a_bundle_and_writes_the_export_down(tmp_path: Path) -> None:
    words = site(tmp_path, "http://127.0.0.1:9")
    settings = load_settings(tmp_path / "kiosk.toml")
    (tmp_path / "data").mkdir()
    kiosk = Kiosk(settings, tmp_path / "data", False, lambda: datetime.now(UTC))
    visit = recorded(kiosk)
    secret = recorded(kiosk, "binh", secret=True)

    printed = call("fhir", visit.id, *words)

    assert printed.returncode == 0
    assert by_type(json.loads(printed.stdout))["Encounter"]["id"] == visit.id
    [export] = Exports(kiosk.database).of_visit(visit.id)
    assert export.kind == "fhir.json"
    [access] = Accesses(kiosk.database).newest(visit=visit.id)
    assert access.what == "fhir"
    assert call("fhir", "nothing", *words).returncode == 2
    assert call("fhir", secret.id, *words).returncode == 2
