"""One person's data: found, handed over, and erased as far as the law lets it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from kiosk.desk import Confirmation
from kiosk.logbook import (
    SYSTEM,
    Accesses,
    ChangeMade,
    Ground,
    Looker,
    LookupKind,
    LookupPurpose,
    LookupResult,
    NewLookup,
)
from kiosk.logbook.consents import ConsentPurpose, HowGiven, NewConsent
from kiosk.privacy.erasure import ErasedKind, WhyStays
from kiosk.privacy.errors import NothingHeld
from kiosk.privacy.register import privacy_parts
from kiosk.proof.check import check_logbook
from kiosk.settings import Settings
from tests.cast import AGAIN, BHYT17, CCCD, NOW, make_coverage, payload
from tests.conftest import Kiosk

NAME, NUMBER, CARD = "Nguyễn Văn Mẫu", "9999900020", "9999900020"
PHONE = "0900000001"


@pytest.fixture
def held(kiosk: Kiosk) -> Kiosk:
    """A kiosk that keeps of everything about one person, and a visit of another one."""
    reading = kiosk.scan(BHYT17)
    visit = kiosk.desk.confirm(reading, Confirmation(phone=PHONE), "k")[0]
    kiosk.desk.confirm(kiosk.scan(payload("an")), Confirmation(phone="0911111111"), "other")
    kiosk.scan(BHYT17)
    kiosk.lookups.record(
        NewLookup(
            LookupKind.CARD, LookupPurpose.ENQUIRY, NOW, 1, SYSTEM, {"maThe": NUMBER},
            LookupResult.ANSWERED, answer=f'{{"hoTen": "{NAME}"}}',
        )
    )  # fmt: skip
    kiosk.cache.remember(make_coverage(NUMBER, holder=NAME), NOW)
    kiosk.consents.give(
        NewConsent(
            "c", ConsentPurpose.HELP_CALL, {"phone": "0900000002"}, HowGiven.SPOKEN, "w", "desk",
            NUMBER, visit.id,
        ),
        NOW,
    )  # fmt: skip
    looks = Accesses(kiosk.database)
    looks.record(Looker("desk"), "a", NOW, visits=[visit.id])
    looks.record(Looker("desk"), "b", NOW, person=NUMBER)
    with kiosk.database.transaction() as db:
        db.execute("update outbox set state = 'accepted'")
    return kiosk


def files(folder: Path) -> bytes:
    return b"".join(
        p.read_bytes() for name in ("logbook", "coverage") for p in folder.glob(f"{name}.db*")
    )


@pytest.mark.parametrize("text", [NUMBER, NAME, "nguyễn văn mẫu", f" {NUMBER[:4]} {NUMBER[4:]} "])
def test_a_person_is_found_by_number_and_by_name(held: Kiosk, text: str) -> None:
    found = held.privacy.persons.find(text)

    assert [visit.card.holder for visit in found] == [NAME]
    assert held.privacy.persons.find(found[0].id) == found
    assert held.privacy.persons.find("không có ai") == []


def test_all_that_is_held_is_handed_over_and_nothing_of_others(held: Kiosk) -> None:
    persons = held.privacy.persons
    found = persons.held(NUMBER)

    data = persons.gathered(found, NOW)

    assert NUMBER in data["numbers"]
    assert [each["visit"]["holder"] for each in data["visits"]] == [NAME]
    assert data["visits"][0]["visit"]["phone"] == PHONE
    assert len(data["readings_without_visit"]) == 1
    assert len(data["questions_without_visit"]) == 1
    assert len(data["insurer_answers"]) == 1
    assert json.loads(data["consents"][0]["data"]) == {"phone": "0900000002"}
    assert data["visits"][0]["looks"][0]["author"] == "desk"
    assert len(data["looks_without_visit"]) == 1
    assert "0911111111" not in json.dumps(data)
    assert NAME not in repr(found)


def test_a_stranger_is_not_held(held: Kiosk) -> None:
    with pytest.raises(NothingHeld):
        held.privacy.persons.held("9999900777")


def test_erasing_removes_what_only_we_need_and_says_what_stays(held: Kiosk, tmp_path: Path) -> None:
    privacy, now = held.privacy, NOW + timedelta(hours=1)
    found = privacy.persons.held(NUMBER)

    planned = privacy.erasure.preview(found, now)
    lines = {line.kind: line for line in privacy.erasure.erase(found, now, "desk", "đơn số 1", 1)}

    assert {line.kind: line for line in planned} == lines
    assert (lines[ErasedKind.VISITS].erased, lines[ErasedKind.VISITS].stays) == (0, 1)
    assert lines[ErasedKind.VISITS].why is WhyStays.MEDICAL
    for kind in ("phones", "readings", "questions", "answers", "consent_data"):
        assert lines[ErasedKind(kind)].erased == 1, kind
        assert lines[ErasedKind(kind)].stays == 0, kind
    assert lines[ErasedKind.CONSENTS].why is WhyStays.PROOF
    assert lines[ErasedKind.LOOKS].why is WhyStays.LOG
    assert held.privacy.persons.held(NUMBER).readings == []
    assert held.visits.with_number(NUMBER)[0].arrival.phone == ""
    assert held.cache.about({NUMBER}) == []
    assert held.database.rows("select person from consent")[0][0] is None
    [done] = privacy.erasure.newest()
    assert (done.request, done.erased["readings"], done.stays["visits"]) == (1, 1, 1)
    left = files(tmp_path)
    assert b"0900000002" not in left
    assert held.visits.with_number("0101999990002")[0:] == []


def test_the_erased_number_of_a_phone_is_gone_from_the_files(held: Kiosk, tmp_path: Path) -> None:
    with held.database.transaction() as db:
        db.execute("update outbox set body = '<xml/>'")  # what was sent stays, with its number
    found = held.privacy.persons.held(NUMBER)
    assert PHONE.encode() in files(tmp_path)

    held.privacy.erasure.erase(found, NOW, "desk", "x")

    assert PHONE.encode() not in files(tmp_path)
    assert b"0911111111" in files(tmp_path)


def test_a_visit_that_waits_keeps_its_phone_and_says_so(held: Kiosk) -> None:
    with held.database.transaction() as db:
        db.execute("update outbox set state = 'queued'")

    found = held.privacy.persons.held(NUMBER)
    lines = {line.kind: line for line in held.privacy.erasure.erase(found, NOW, "desk", "x")}

    assert lines[ErasedKind.PHONES].why is WhyStays.WAITS
    assert lines[ErasedKind.VISITS].why is WhyStays.WAITS
    assert held.visits.with_number(NUMBER)[0].arrival.phone == PHONE


def test_a_visit_past_the_site_s_period_goes_at_once(held: Kiosk) -> None:
    kept = held.settings.retention
    settings: Settings = replace(held.settings, retention=replace(kept, visits_years=10))
    privacy = privacy_parts(
        held.database, held.visits, held.corrections, held.cache, held.staff, settings,
        lambda: held.entitlements.law, lambda: None,
    )  # fmt: skip
    found = privacy.persons.held(NUMBER)
    now = NOW + timedelta(days=11 * 366)

    lines = {line.kind: line for line in privacy.erasure.erase(found, now, "desk", "x")}

    assert lines[ErasedKind.VISITS].erased == 1
    assert held.visits.with_number(NUMBER) == []


def test_what_is_suspected_stays(held: Kiosk) -> None:
    visit = held.visits.with_number(NUMBER)[0]
    attempt = held.attempts.get(visit.attempt)
    assert attempt is not None
    held.suspicions.add(attempt, Ground.OTHER, "x", NOW, "desk")

    found = held.privacy.persons.held(NUMBER)
    lines = {line.kind: line for line in held.privacy.erasure.preview(found, NOW)}

    assert lines[ErasedKind.VISITS].why is WhyStays.SUSPECTED


def test_numbers_lead_to_visits_under_other_numbers(kiosk: Kiosk) -> None:
    reading = kiosk.scan(CCCD)
    kiosk.desk.confirm(reading, Confirmation(), "a")
    kiosk.desk.confirm(kiosk.scan(CCCD), Confirmation(repeat_reason=AGAIN), "b")

    assert len(kiosk.privacy.persons.held("001099999901").visits) == 2


def change_elsewhere(kiosk: Kiosk) -> None:
    """Change a visit of another desk: this logbook has the person's data by that alone."""
    record = {"arrived_at": "2026-11-25T02:00:00.000000+00:00", "card_number": f"GD499{NUMBER}"}
    kiosk.changes_made.record(
        ChangeMade(
            visit="01999-20261125-0123456789abcdef",
            version=2,
            owner=3,
            parent="00",
            ticket="1",
            person=NUMBER,
            record=json.dumps(record),
            at=NOW,
            author="desk",
            why="sai",
        )
    )


def test_a_change_of_another_desks_visit_is_handed_over_and_stays_as_long_as_visits(
    kiosk: Kiosk,
) -> None:
    change_elsewhere(kiosk)
    found = kiosk.privacy.persons.held(NUMBER)
    [change] = kiosk.privacy.persons.gathered(found, NOW)["changes_elsewhere"]
    assert (change["version"], change["owner"], change["why"]) == (2, 3, "sai")
    lines = {line.kind: line for line in kiosk.privacy.erasure.erase(found, NOW, "desk", "x")}
    assert lines[ErasedKind.CHANGES].why is WhyStays.MEDICAL

    kept = kiosk.settings.retention
    settings: Settings = replace(kiosk.settings, retention=replace(kept, visits_years=10))
    privacy = privacy_parts(
        kiosk.database, kiosk.visits, kiosk.corrections, kiosk.cache, kiosk.staff, settings,
        lambda: kiosk.entitlements.law, lambda: NOW + timedelta(days=11 * 366),
    )  # fmt: skip
    later = NOW + timedelta(days=11 * 366)
    lines = {line.kind: line for line in privacy.erasure.erase(found, later, "desk", "x")}
    assert (lines[ErasedKind.CHANGES].erased, lines[ErasedKind.CHANGES].stays) == (1, 0)
    change_elsewhere(kiosk)
    assert privacy.purge.run(later, "desk").deleted == {"changes_elsewhere": 1}
    assert check_logbook(kiosk.database).is_good
    with pytest.raises(NothingHeld):
        privacy.persons.held(NUMBER)
