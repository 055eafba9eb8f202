"""The decision table: one row for each case."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.sandbox import DEMO, PEOPLE, payload_of
from kiosk.sandbox.issuer import STRANGER, WITHDRAWN
from kiosk.sandbox.people import NOT_A_CARD, PretendPerson
from tests.cast import BHYT15, BHYT17, CCCD, NOW, TODAY, demo_knowledge, make_coverage, payload
from verify import (
    Card,
    Coverage,
    CoverageRecord,
    CoverageUnreadable,
    Issuers,
    Knowledge,
    NewCard,
    Note,
    Outcome,
    Proof,
    Reason,
    Standing,
    judge,
    judge_again,
)

CARD_FIELDS: dict[int, object] = {1: "GD4019999900031", 2: "Nguyễn Văn Mẫu", 3: 3683}


def knowing(*answers: Coverage, **more: Any) -> Knowledge:
    table = {coverage.number: coverage for coverage in answers}
    return Knowledge(recall=lambda card: CoverageRecord(table.get(card.number)), **more)


@pytest.mark.parametrize("patient", PEOPLE, ids=lambda patient: patient.key)
def test_each_pretend_patient_gets_the_intended_outcome(
    patient: PretendPerson, tmp_path: Path
) -> None:
    verdict = judge(payload_of(patient, NOW).encode(), NOW, demo_knowledge(tmp_path))

    assert (verdict.outcome, verdict.reason) == (patient.outcome, patient.reason)


def test_the_pretend_patients_cover_every_outcome() -> None:
    assert {patient.outcome for patient in PEOPLE} == set(Outcome)
    assert len(PEOPLE) == 14


def new_card(begins_in: int, number: str = "HT3019999900020") -> NewCard:
    first = TODAY + timedelta(days=begins_in)
    return NewCard(number, first, first + timedelta(days=365))


COVERAGES = [
    ({}, Reason.IN_FORCE),
    ({"valid_until": TODAY}, Reason.IN_FORCE),  # valid through its last day
    ({"valid_until": TODAY - timedelta(days=1)}, Reason.ENDED),
    ({"valid_from": TODAY + timedelta(days=1)}, Reason.NOT_BEGUN),
    ({"holder": "nguyễn  văn MẪU"}, Reason.IN_FORCE),  # as people compare names
    ({"holder": "Nguyễn Văn Mẩu"}, Reason.NAME_DIFFERS),  # a mark is a letter
    ({"holder": "Nguyễn-Văn Mâũ."}, Reason.IN_FORCE),  # the tone in another place
    ({"holder": "NGUYEN VAN MAU"}, Reason.IN_FORCE),  # as people write without a keyboard
    ({"holder": "NGUYEN VAN MAI"}, Reason.NAME_DIFFERS),
    ({"standing": Standing.ENDED}, Reason.ENDED),
    ({"standing": Standing.WITHDRAWN}, Reason.WITHDRAWN),
    ({"standing": Standing.REPORTED_DOWN}, Reason.REPORTED_DOWN),
    ({"standing": Standing.KEPT_ELSEWHERE}, Reason.KEPT_ELSEWHERE),
    ({"standing": Standing.NAME_DIFFERS}, Reason.NAME_DIFFERS),
    ({"standing": Standing.BIRTH_DIFFERS}, Reason.BIRTH_DIFFERS),
    ({"standing": Standing.NO_RECORD}, Reason.NO_RECORD),
    ({"standing": Standing.NUMBER_WRONG}, Reason.NUMBER_WRONG),
    ({"standing": Standing.CHILD_WITHOUT_CARD}, Reason.CHILD_WITHOUT_CARD),
    ({"standing": Standing.REPLACED_OLD_OVER, "new_card": new_card(0)}, Reason.NEW_CARD_IN_FORCE),
    ({"standing": Standing.REPLACED_OLD_OVER, "new_card": new_card(1)}, Reason.REPLACED),
    ({"standing": Standing.REPLACED_OLD_OVER}, Reason.REPLACED),
    ({"standing": Standing.REPLACED_OLD_GOOD, "new_card": new_card(1)}, Reason.IN_FORCE),
    ({"standing": Standing.REPLACED_OLD_GOOD, "new_card": new_card(-1)}, Reason.NEW_CARD_IN_FORCE),
    # The insurer repeats an unchanged card as its own "new" one: that is not a new card.
    (
        {"standing": Standing.REPLACED_OLD_OVER, "new_card": new_card(-1, "9999900020")},
        Reason.REPLACED,
    ),
]


@pytest.mark.parametrize(("stated", "reason"), COVERAGES)
def test_fresh_coverage_decides(stated: dict[str, Any], reason: Reason) -> None:
    verdict = judge(BHYT17.encode(), NOW, knowing(make_coverage("9999900020", **stated)))

    assert (verdict.reason, verdict.proof) == (reason, Proof.INSURER)


def test_a_name_without_marks_is_admitted_with_a_note() -> None:
    plain = knowing(make_coverage("9999900020", holder="NGUYEN VAN MAU"))
    marked = knowing(make_coverage("9999900020", holder="NGUYỄN VĂN MẪU"))

    assert Note.NAME_WITHOUT_MARKS in judge(BHYT17.encode(), NOW, plain).notes
    assert Note.NAME_WITHOUT_MARKS not in judge(BHYT17.encode(), NOW, marked).notes


def test_a_last_day_of_the_insurer_that_cannot_be_read_is_not_without_end() -> None:
    known = knowing(make_coverage("9999900020", end_not_read=True))
    verdict = judge(BHYT17.encode(), NOW, known)

    assert (verdict.outcome, verdict.reason) == (Outcome.UNCONFIRMED, Reason.NOT_YET_KNOWN)
    assert verdict.proof is Proof.NONE
    assert Note.INSURER_END_NOT_READ in verdict.notes
    ended = knowing(make_coverage("9999900020", Standing.ENDED, end_not_read=True))
    assert judge(BHYT17.encode(), NOW, ended).reason is Reason.ENDED


@pytest.mark.parametrize(
    ("age", "reason", "notes"),
    [
        (timedelta(hours=24), Reason.IN_FORCE, set()),
        (timedelta(hours=25), Reason.IN_FORCE, {Note.DATA_OLD}),
        (timedelta(days=7), Reason.IN_FORCE, {Note.DATA_OLD}),
        (timedelta(days=7, seconds=1), Reason.NOT_YET_KNOWN, set()),
    ],
)
def test_old_coverage_is_noted_and_very_old_coverage_is_not_used(
    age: timedelta, reason: Reason, notes: set[Note]
) -> None:
    verdict = judge(BHYT17.encode(), NOW, knowing(make_coverage("9999900020", as_of=NOW - age)))

    assert (verdict.reason, set(verdict.notes)) == (reason, notes)


def signed(fields: dict[int, object], issuer: Any = DEMO) -> bytes:
    text: str = issuer.sign_card(CARD_FIELDS | fields, NOW - timedelta(days=1))
    return text.encode()


def days(day: date) -> int:
    return (day - date(1970, 1, 1)).days


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, Reason.VOUCHED),
        ({7: days(TODAY)}, Reason.VOUCHED),
        ({7: days(TODAY) - 1}, Reason.PRINTED_DATES_OVER),
        ({6: days(TODAY)}, Reason.VOUCHED),
        ({6: days(TODAY) + 1}, Reason.NOT_BEGUN),
        ({1: "QN5019999900031"}, Reason.KEPT_ELSEWHERE),
    ],
)
def test_without_coverage_a_good_signature_decides(
    fields: dict[int, object], reason: Reason, tmp_path: Path
) -> None:
    assert judge(signed(fields), NOW, demo_knowledge(tmp_path)).reason is reason


def test_newer_coverage_overrides_the_end_date_on_the_card(tmp_path: Path) -> None:
    known = demo_knowledge(tmp_path)
    renewed = knowing(make_coverage("GD4019999900031"), issuers=known.issuers, demo=True)

    verdict = judge(signed({7: days(TODAY) - 1}), NOW, renewed)

    assert verdict.reason is Reason.IN_FORCE


def test_a_withdrawn_key_and_a_bad_signature_decide_before_the_insurer(tmp_path: Path) -> None:
    known = demo_knowledge(tmp_path)
    with_coverage = knowing(make_coverage("GD4019999900031"), issuers=known.issuers, demo=True)

    assert judge(signed({}, WITHDRAWN), NOW, with_coverage).reason is Reason.REVOKED
    assert judge(payload("oanh"), NOW, with_coverage).reason is Reason.FORGED


def test_an_unknown_issuer_s_card_counts_as_an_unsigned_card(tmp_path: Path) -> None:
    known = demo_knowledge(tmp_path)

    unknown = judge(signed({}, STRANGER), NOW, known)
    answered = judge(
        signed({}, STRANGER), NOW, knowing(make_coverage("GD4019999900031"), issuers=known.issuers)
    )

    assert (unknown.reason, unknown.notes) == (Reason.NOT_YET_KNOWN, (Note.ISSUER_NOT_KNOWN,))
    assert (answered.reason, answered.proof) == (Reason.IN_FORCE, Proof.INSURER)
    assert answered.card is not None
    assert answered.card.vouched_by is None


def test_demo_keys_are_trusted_in_demo_mode_only(tmp_path: Path) -> None:
    issuers = demo_knowledge(tmp_path).issuers

    assert judge(signed({}), NOW, Knowledge(issuers=issuers)).reason is Reason.NOT_YET_KNOWN


DAY_AHEAD = NOW + timedelta(days=1)


@pytest.mark.parametrize(
    ("scanned", "stated", "reason"),
    [
        (payload("binh"), None, Reason.CLOCK_IN_DOUBT),
        (payload("an"), {"valid_until": TODAY + timedelta(days=9)}, Reason.CLOCK_IN_DOUBT),
        (payload("an"), {"standing": Standing.ENDED}, Reason.CLOCK_IN_DOUBT),
        (payload("an"), {"standing": Standing.WITHDRAWN}, Reason.WITHDRAWN),
        (payload("an"), {"holder": "Người Khác"}, Reason.NAME_DIFFERS),
        (payload("an"), None, Reason.NOT_YET_KNOWN),
        (payload("oanh"), None, Reason.FORGED),
        (b"xin chao", None, Reason.NOT_A_BHYT_CARD),
    ],
)
def test_a_clock_behind_its_floor_affects_only_verdicts_that_depend_on_the_date(
    scanned: bytes, stated: dict[str, Any] | None, reason: Reason, tmp_path: Path
) -> None:
    issuers = demo_knowledge(tmp_path).issuers
    answers = [] if stated is None else [make_coverage("9999900001", **stated)]

    verdict = judge(scanned, NOW, knowing(*answers, issuers=issuers, demo=True, floor=DAY_AHEAD))

    assert verdict.reason is reason


@pytest.mark.parametrize(
    ("after", "reason"), [(-1, Reason.VOUCHED), (1, Reason.PRINTED_DATES_OVER)]
)
def test_a_signature_expires_at_its_second_not_at_the_end_of_the_day(
    after: int, reason: Reason, tmp_path: Path
) -> None:
    card = DEMO.sign_card(CARD_FIELDS, NOW - timedelta(days=1), days=1).encode()

    moment = NOW + timedelta(seconds=after)

    assert judge(card, moment, demo_knowledge(tmp_path)).reason is reason


def test_a_card_signed_in_the_future_shows_that_the_clock_is_behind(tmp_path: Path) -> None:
    card = DEMO.sign_card(CARD_FIELDS, NOW + timedelta(hours=1)).encode()

    verdict = judge(card, NOW, demo_knowledge(tmp_path))

    assert verdict.reason is Reason.CLOCK_IN_DOUBT


BAD_PAYLOADS = [
    (b"", Reason.UNREADABLE),
    (b"\x00\x00", Reason.UNREADABLE),
    (b"   \r\n", Reason.UNREADABLE),
    (b"\xff\xfe|", Reason.BAD_ENCODING),
    ("Mãu|ê|".encode("latin-1"), Reason.BAD_ENCODING),
    (b"A" * 5000, Reason.TOO_LONG),
    (b"HC1:" + b"0" * 4090, Reason.TOO_LONG),
    (b"HC1:", Reason.TRUNCATED),
    (b"HC1:no base45 at all!", Reason.UNREADABLE),
    (payload("binh")[:100], Reason.TRUNCATED),
    (BHYT17.encode()[:200], Reason.TRUNCATED),
    (BHYT15.encode()[:60], Reason.TRUNCATED),
    (BHYT17.replace("01019999900020", "01019999900029").encode(), Reason.SELF_CHECK_FAILED),
    (BHYT17.replace("01/02/1980", "31/02/1980").encode(), Reason.UNREADABLE),
    (BHYT17.replace("4e6775", "4e677").encode(), Reason.UNREADABLE),
    (CCCD.encode()[:60], Reason.TRUNCATED),
    (NOT_A_CARD.encode(), Reason.NOT_A_BHYT_CARD),
    (b"https://example.org/x?id=1", Reason.NOT_A_BHYT_CARD),
    (b"a|b|c", Reason.NOT_A_BHYT_CARD),
    (b"99999000", Reason.NUMBER_WRONG),
    (b"DN40199999000", Reason.NUMBER_WRONG),
    (b"DN9019999900001", Reason.NUMBER_WRONG),
]


@pytest.mark.parametrize(("scanned", "reason"), BAD_PAYLOADS)
def test_an_unreadable_payload_goes_to_the_desk_with_its_own_reason(
    scanned: bytes, reason: Reason, tmp_path: Path
) -> None:
    verdict = judge(scanned, NOW, demo_knowledge(tmp_path))

    assert (verdict.outcome, verdict.reason) == (Outcome.DESK, reason)
    assert verdict.card is None


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_payload_makes_judge_raise_or_admit(scanned: bytes) -> None:
    assert judge(scanned, NOW, Knowledge()).outcome is not Outcome.ADMITTED


@given(st.sampled_from([BHYT17, BHYT15, CCCD]), st.data())
def test_no_damage_to_a_plain_card_makes_judge_raise_or_admit(card: str, data: Any) -> None:
    place = data.draw(st.integers(0, len(card)))
    middle = data.draw(st.text(max_size=5))
    gone = data.draw(st.integers(0, 5))

    scanned = (card[:place] + middle + card[place + gone :]).encode()

    assert judge(scanned, NOW, Knowledge()).outcome is not Outcome.ADMITTED


def test_an_unreadable_cache_is_noted_and_decides_nothing() -> None:
    def broken(_card: Card) -> CoverageRecord:
        raise CoverageUnreadable("DatabaseError")

    verdict = judge(BHYT17.encode(), NOW, Knowledge(recall=broken))

    assert verdict.reason is Reason.NOT_YET_KNOWN
    assert Note.CACHE_UNREADABLE in verdict.notes


def test_newer_coverage_is_applied_to_the_card_that_was_read(tmp_path: Path) -> None:
    issuers = demo_knowledge(tmp_path).issuers
    first = judge(signed({}, STRANGER), NOW, Knowledge(issuers=issuers))

    newer = judge_again(first, NOW, knowing(make_coverage("GD4019999900031"), issuers=issuers))

    assert newer.reason is Reason.IN_FORCE
    assert Note.ISSUER_NOT_KNOWN in newer.notes


def test_the_repr_of_a_verdict_names_nobody(tmp_path: Path) -> None:
    for patient in PEOPLE:
        shown = repr(judge(payload_of(patient, NOW).encode(), NOW, demo_knowledge(tmp_path)))
        assert patient.holder not in shown
        assert patient.insurance_number not in shown
        assert str(patient.born.year) not in shown.replace(str(TODAY.year), "")


def test_an_empty_set_of_keys_finds_none() -> None:
    assert Issuers().find("VN", b"12345678") == []
