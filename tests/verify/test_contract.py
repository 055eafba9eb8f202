"""Verdicts as JSON and back: they are read back as they were written, older records too."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.runtime.paths import shipped_folder
from kiosk.sandbox import PEOPLE, payload_of, trusted_keys
from tests.cast import BHYT15, BHYT17, CCCD, NOW, TODAY
from verify import (
    Birth,
    Card,
    Coverage,
    CoverageRecord,
    FacilityProfile,
    Knowledge,
    LocalizedText,
    NewCard,
    Note,
    NumberKind,
    PersonNumber,
    Proof,
    Reason,
    Sex,
    Situation,
    Standing,
    Verdict,
    entitle,
    judge,
    judge_again,
    read_jwks,
    read_law,
    verdict_from_json,
    verdict_json,
)
from verify.card import Vouch
from verify.verdict import DataState

LAW = read_law(shipped_folder("config") / "tables")
KNOWN = Knowledge(read_jwks(trusted_keys(NOW)), demo=True)
CARDS = [payload_of(patient, NOW) for patient in PEOPLE] + [
    BHYT15, BHYT17, CCCD, "9999900020", "001099999902", "999900035", "not a card", "",
]  # fmt: skip
HERE = FacilityProfile("01999", "co_ban", 60, "tinh")

texts = st.text(max_size=20)
days = st.dates(date(1900, 1, 1), date(2199, 12, 31))
moments = st.datetimes(
    datetime(1970, 1, 1), datetime(2199, 1, 1),
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=7))]),
)  # fmt: skip
births = days.flatmap(
    lambda day: st.sampled_from([Birth.from_date(day), Birth(day.year, day.month), Birth(day.year)])
)
numbers = st.sampled_from(["DN4019999900021", "DN40199999A0021", "9999900020", "001099999901"])


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


vouches = st.builds(Vouch, texts, texts, moments, maybe(moments), st.just(True), maybe(moments))
person_numbers = st.builds(
    PersonNumber, st.sampled_from(NumberKind), texts, maybe(days), maybe(days)
)
cards = st.builds(
    Card, numbers, maybe(texts), maybe(births), maybe(st.sampled_from(Sex)),
    maybe(texts), maybe(days), maybe(days), maybe(days), maybe(days),
    maybe(st.integers(1, 7)), maybe(texts), maybe(st.just("9999900077")),
    maybe(st.just("001099999977")), st.lists(person_numbers, max_size=2).map(tuple),
    maybe(vouches),
)  # fmt: skip
new_cards = st.builds(NewCard, texts, maybe(days), maybe(days), maybe(texts))
coverages = st.builds(
    Coverage, texts, st.sampled_from(Standing), texts, moments, maybe(texts), maybe(texts),
    maybe(texts), maybe(births), maybe(st.sampled_from(Sex)), maybe(texts), maybe(days),
    maybe(days), maybe(texts), maybe(days), maybe(new_cards),
)  # fmt: skip
situations = st.builds(
    Situation, days, st.sampled_from([HERE, FacilityProfile()]),
    st.sampled_from(["self", "referral", "emergency", "uninsured"]),
    st.sampled_from(["outpatient", "inpatient"]), st.sampled_from([(), ("DN",), ("HT", "TE")]),
    maybe(st.integers(1, 5)), cost_vnd=maybe(st.integers(0, 10**9)),
)  # fmt: skip
verdicts = st.builds(
    Verdict, st.sampled_from(Reason), maybe(texts), st.sampled_from(Proof),
    st.lists(st.sampled_from(Note), max_size=4).map(tuple), maybe(cards), maybe(coverages),
    maybe(cards), maybe(cards), maybe(situations.map(lambda situation: entitle(situation, LAW))),
    st.lists(st.builds(LocalizedText, texts, texts, texts, st.none()), max_size=2).map(tuple),
    st.builds(DataState, *[maybe(moments)] * 4),
)  # fmt: skip


def written(verdict: Verdict) -> str:
    """Return a verdict as the logbook stores it."""
    return json.dumps(verdict_json(verdict), ensure_ascii=False)


def read(text: str) -> Verdict:
    return verdict_from_json(json.loads(text))


def complete_verdict(payload: str, coverage: Coverage | None) -> Verdict:
    """Return the verdict on a card with everything that the desk adds to it."""
    verdict = judge(payload.encode(), NOW, KNOWN)
    if coverage is not None:
        known = Knowledge(
            KNOWN.issuers, recall=lambda _card: CoverageRecord(coverage, coverage.as_of)
        )
        verdict = judge_again(verdict, NOW, known)
    situation = Situation(TODAY, HERE, object_codes=("DN",))
    caution = LAW.phrases.text("caution.id_on_several", n=2)
    return verdict._replace(
        entitlement=entitle(situation, LAW), cautions=(caution,), beside=verdict.card
    )


@pytest.mark.parametrize("payload", CARDS)
@pytest.mark.parametrize("has_coverage", [False, True])
def test_the_verdict_on_a_test_card_is_read_back_unchanged(
    payload: str, has_coverage: bool
) -> None:
    coverage = Coverage("9999900020", Standing.IN_FORCE, "000", NOW) if has_coverage else None
    verdict = complete_verdict(payload, coverage)
    again = read(written(verdict))

    assert written(again) == written(verdict)
    assert again.outcome == verdict.outcome
    assert again._replace(entitlement=None, cautions=()) == verdict._replace(
        entitlement=None, cautions=()
    )


@given(verdicts)
def test_any_verdict_is_written_again_unchanged(verdict: Verdict) -> None:
    text = written(verdict)

    assert written(read(text)) == text


@given(cards)
def test_the_derived_numbers_of_a_card_survive_being_read_back(card: Card) -> None:
    again = read(written(Verdict(Reason.IN_FORCE, card=card))).card

    assert again is not None
    assert again.vouched_by == card.vouched_by
    assert (again.insurance_number, again.personal_id, again.object_code) == (
        card.insurance_number,
        card.personal_id,
        card.object_code,
    )


def test_a_record_from_before_a_key_was_added_is_read_without_it() -> None:
    record = json.loads(written(complete_verdict(payload_of(PEOPLE[1], NOW), None)))
    for key in ("identity", "beside", "cautions"):
        del record[key]
    del record["card"]["citizen_number"]
    del record["card"]["vouched_by"]["shown_at"]
    record["entitlement"] = None
    verdict = verdict_from_json(record)

    assert verdict.card is not None
    assert verdict.card.vouched_by is not None
    assert verdict.card.vouched_by.shown_at is None
    assert verdict.card.citizen_number is None
    assert (verdict.identity, verdict.beside, verdict.cautions) == (None, None, ())


def test_a_note_of_a_newer_version_is_left_out() -> None:
    verdict = Verdict(Reason.NOT_YET_KNOWN, notes=(Note.JOINED_WITH_ID_CARD,))
    record = verdict_json(verdict)
    record["notes"].append("a_note_of_the_future")

    assert verdict_from_json(record) == verdict
