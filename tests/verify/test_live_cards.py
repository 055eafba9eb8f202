"""Cards that live in a phone: the phone itself is admitted, a picture of it is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import cbor2
import pytest

from kiosk.sandbox import DEMO, payload_of, person
from kiosk.sandbox.issuer import STRANGER
from kiosk.sandbox.phone import Phone
from kiosk.sandbox.signing import cose_sign1, es256_signature, hc1_from_parts, hc1_text
from tests.cast import NOW, demo_knowledge, payload
from verify import Knowledge, Note, Outcome, Reason, Verdict, inspect_payload, judge

PHONE, OTHER_PHONE = Phone("a test's phone"), Phone("another test's phone")
FIELDS: dict[int, object] = {1: "GD4019999900031", 2: "Nguyễn Văn Mẫu", 3: 3683}
SIGNED = NOW - timedelta(days=10)
CARD = DEMO.card(FIELDS, SIGNED, 200, PHONE)
SECOND = timedelta(seconds=1)


@pytest.fixture
def known(tmp_path: Path) -> Knowledge:
    return demo_knowledge(tmp_path)


def reason(text: str, known: Knowledge, now: datetime = NOW) -> Reason:
    return judge(text.encode(), now, known).reason


def test_the_phone_itself_is_admitted_and_the_verdict_says_when_it_signed(known: Knowledge) -> None:
    verdict = judge(PHONE.show(CARD, NOW).encode(), NOW, known)

    assert verdict.reason is Reason.VOUCHED
    assert verdict.card is not None
    assert verdict.card.vouched_by is not None
    assert verdict.card.vouched_by.shown_at == NOW


@pytest.mark.parametrize("off", [-91, -90, 90, 91])
def test_a_code_is_good_for_a_minute_and_a_half_either_way(known: Knowledge, off: int) -> None:
    found = reason(PHONE.show(CARD, NOW + off * SECOND), known)

    assert found is (Reason.VOUCHED if abs(off) <= 90 else Reason.NOT_LIVE)


def test_the_bound_card_without_its_phone_is_a_picture(known: Knowledge) -> None:
    verdict = judge(hc1_text(CARD).encode(), NOW, known)

    assert (verdict.reason, verdict.outcome) == (Reason.NOT_LIVE, Outcome.DESK)
    assert verdict.card is None


def test_a_card_on_paper_may_be_shown_again_and_again(known: Knowledge) -> None:
    paper = DEMO.sign_card(FIELDS, SIGNED)

    assert [reason(paper, known, NOW + n * timedelta(hours=1)) for n in (0, 0, 1)] == [
        Reason.VOUCHED
    ] * 3


def test_the_same_code_shown_again_is_refused_and_the_next_one_is_good(known: Knowledge) -> None:
    code, next_code = PHONE.show(CARD, NOW), PHONE.show(CARD, NOW + 30 * SECOND)

    assert reason(code, known) is Reason.VOUCHED
    assert reason(code, known, NOW + 6 * SECOND) is Reason.SHOWN_BEFORE
    assert reason(next_code, known, NOW + 31 * SECOND) is Reason.VOUCHED
    assert reason(code, known, NOW + 32 * SECOND) is Reason.SHOWN_BEFORE


def test_a_replay_with_another_signature_of_the_same_content_is_refused(known: Knowledge) -> None:
    first = PHONE.show(CARD, NOW)
    again = PHONE.show(CARD, NOW)

    assert first != again  # two signatures of one content
    assert reason(first, known) is Reason.VOUCHED
    assert reason(again, known, NOW + 6 * SECOND) is Reason.SHOWN_BEFORE


def test_a_phone_held_before_the_reader_may_be_read_twice(known: Knowledge) -> None:
    code = PHONE.show(CARD, NOW)

    assert [reason(code, known, NOW + n * SECOND) for n in (0, 1, 5)] == [Reason.VOUCHED] * 3


def test_a_phone_may_be_held_before_the_reader_for_half_a_minute(known: Knowledge) -> None:
    code = PHONE.show(CARD, NOW)
    held = [reason(code, known, NOW + n * SECOND) for n in range(0, 31, 4)]

    assert held == [Reason.VOUCHED] * 8
    assert reason(code, known, NOW + 32 * SECOND) is Reason.SHOWN_BEFORE


def test_a_presentation_noted_under_a_wrong_clock_does_not_block_the_card(known: Knowledge) -> None:
    in_doubt = replace(known, floor=NOW + timedelta(days=1))

    assert reason(PHONE.show(CARD, NOW + timedelta(days=2)), in_doubt) is Reason.CLOCK_IN_DOUBT
    assert reason(PHONE.show(CARD, NOW), known) is Reason.VOUCHED


def test_presenting_one_card_does_not_block_another(known: Knowledge) -> None:
    other = DEMO.card(FIELDS | {1: "GD4019999900032"}, SIGNED, 200, PHONE)
    reason(PHONE.show(CARD, NOW), known)

    assert reason(PHONE.show(other, NOW), known, NOW + 10 * SECOND) is Reason.VOUCHED


def test_another_phone_cannot_show_the_card(known: Knowledge) -> None:
    assert reason(OTHER_PHONE.show(CARD, NOW), known) is Reason.FORGED


def test_a_phone_cannot_show_a_card_that_is_not_bound_to_a_phone(known: Knowledge) -> None:
    paper = DEMO.card(FIELDS, SIGNED, 200, None)

    assert reason(PHONE.show(paper, NOW), known) is Reason.FORGED


def test_a_card_within_a_card_within_a_card_is_refused(known: Knowledge) -> None:
    content = cbor2.dumps([CARD, int(NOW.timestamp())])
    protected = cbor2.dumps({1: -7})
    once = cose_sign1(protected, content, es256_signature(PHONE.key, protected, content))

    assert reason(PHONE.show(once, NOW), known) is Reason.UNREADABLE


@pytest.mark.parametrize("at", [True, -1, 2**63, 1.5, "now", None, [1]])
def test_an_invalid_time_is_refused(known: Knowledge, at: Any) -> None:
    protected = cbor2.dumps({1: -7})
    content = cbor2.dumps([CARD, at])
    text = hc1_from_parts(protected, content, es256_signature(PHONE.key, protected, content))

    assert reason(text, known) is Reason.UNREADABLE


def confirmations() -> list[Any]:
    whole = PHONE.key.public_key().public_numbers()
    x, y = whole.x.to_bytes(32), whole.y.to_bytes(32)
    key = {1: 2, -1: 1, -2: x, -3: y}
    return [
        None,
        {},
        {1: None},
        {1: {}},
        {1: key | {1: 1}},
        {1: key | {-1: 2}},
        {1: key | {-2: x[:31]}},
        {1: key | {-2: 5}},
        {1: key | {-3: y[:31]}},
        {1: key | {-3: bytes(32)}},
        {1: key | {-3: 1}},
        {1: key | {-2: b"\xff" * 32, -3: True}},
        "key",
        7,
    ]


@pytest.mark.parametrize("confirmation", confirmations(), ids=lambda _: "cnf")
def test_an_invalid_phone_key_makes_the_card_unreadable(
    known: Knowledge, confirmation: Any
) -> None:
    claims = cbor2.loads(cbor2.loads(CARD).value[2]) | {8: confirmation}

    assert reason(DEMO.sign_payload(cbor2.dumps(claims)), known) is Reason.UNREADABLE


def test_a_key_may_be_given_with_both_coordinates(known: Knowledge) -> None:
    whole = PHONE.key.public_key().public_numbers()
    key = {1: 2, -1: 1, -2: whole.x.to_bytes(32), -3: whole.y.to_bytes(32)}
    claims = cbor2.loads(cbor2.loads(CARD).value[2]) | {8: {1: key}}
    protected = cbor2.dumps({1: -7, 4: DEMO.key_id})
    payload = cbor2.dumps(claims)
    card = cose_sign1(protected, payload, DEMO.signature(protected, payload))

    assert reason(PHONE.show(card, NOW), known) is Reason.VOUCHED


def test_a_clock_in_doubt_leaves_the_phone_unconfirmed_but_still_refuses_a_replay(
    known: Knowledge,
) -> None:
    known = replace(known, floor=NOW + timedelta(days=1))
    code = PHONE.show(CARD, NOW + timedelta(days=2))

    assert reason(code, known) is Reason.CLOCK_IN_DOUBT
    assert reason(code, known, NOW + 6 * SECOND) is Reason.SHOWN_BEFORE


def test_an_unknown_issuer_s_live_card_counts_as_an_unsigned_card(known: Knowledge) -> None:
    card = STRANGER.card(FIELDS, SIGNED, 200, PHONE)
    verdict = judge(PHONE.show(card, NOW).encode(), NOW, known)

    assert verdict.reason is Reason.NOT_YET_KNOWN
    assert Note.ISSUER_NOT_KNOWN in verdict.notes


def test_a_picture_of_an_unknown_issuer_s_live_card_is_refused_too(known: Knowledge) -> None:
    card = STRANGER.card(FIELDS, SIGNED, 200, PHONE)

    assert reason(hc1_text(card), known) is Reason.NOT_LIVE
    assert reason(OTHER_PHONE.show(card, NOW), known) is Reason.FORGED


def test_no_bit_of_what_the_phone_signed_can_be_flipped(known: Knowledge) -> None:
    protected = cbor2.dumps({1: -7})
    content = cbor2.dumps([CARD, int(NOW.timestamp())])
    whole = cose_sign1(protected, content, es256_signature(PHONE.key, protected, content))
    for place in range(len(whole)):
        for bit in range(8):
            flipped = bytearray(whole)
            flipped[place] ^= 1 << bit
            verdict: Verdict = judge(hc1_text(bytes(flipped)).encode(), NOW, known)
            assert verdict.outcome is not Outcome.ADMITTED, (place, bit)


def test_a_photo_of_the_pretend_phone_is_refused_after_a_while(known: Knowledge) -> None:
    patient = person("quynh")
    assert patient is not None
    photo, later = payload("quynh").decode(), NOW + timedelta(minutes=2)

    assert reason(photo, known, later) is Reason.NOT_LIVE
    assert reason(payload_of(patient, later), known, later) is Reason.VOUCHED


@pytest.mark.parametrize(
    ("text", "signature", "error"),
    [
        (PHONE.show(CARD, NOW), "good", None),
        (PHONE.show(CARD, NOW - timedelta(minutes=5)), "good", "not_live: signed by its phone 300"),
        (hc1_text(CARD), "good", "not_live: bound to a phone"),
        (OTHER_PHONE.show(CARD, NOW), "bad", "not signed by the phone"),
    ],
    ids=["live", "old", "picture", "other phone"],
)
def test_inspection_reports_whether_a_phone_showed_the_card(
    known: Knowledge, text: str, signature: str, error: str | None
) -> None:
    found = inspect_payload(text.encode(), known.issuers, NOW)

    assert found["signature"] == signature
    assert found["error"] is error or found["error"].startswith(error)
