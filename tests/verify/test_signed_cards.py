"""Signed cards: an altered, truncated or unsigned card is not admitted."""

from __future__ import annotations

import random
import re
import zlib
from pathlib import Path

import base45
import cbor2
import pytest

from kiosk.sandbox import DEMO, PEOPLE, payload_of
from kiosk.sandbox.signing import hc1_from_parts
from tests.cast import NOW, demo_knowledge, payload
from verify import Birth, Knowledge, Outcome, Reason, judge, read_jwks

CARD = payload("binh")
ORDER_OF_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@pytest.fixture
def known(tmp_path: Path) -> Knowledge:
    return demo_knowledge(tmp_path)


def outcome(text: bytes, known: Knowledge) -> Outcome:
    return judge(text, NOW, known).outcome


def cose_of(card: bytes) -> bytes:
    return zlib.decompress(base45.b45decode(card.decode().removeprefix("HC1:")))


def as_card(cose: bytes) -> bytes:
    return f"HC1:{base45.b45encode(zlib.compress(cose, 9)).decode()}".encode()


def test_the_card_itself_is_admitted(known: Knowledge) -> None:
    assert outcome(CARD, known) is Outcome.ADMITTED
    assert outcome(as_card(cose_of(CARD)), known) is Outcome.ADMITTED


@pytest.mark.parametrize("before", ["", " ", "\x10", "\ufeff", "]Q1", "\r\n "])
@pytest.mark.parametrize("after", ["", " ", "\r\n", "\t", "\0junk", "\x04"])
def test_characters_that_readers_add_change_nothing(
    before: str, after: str, known: Knowledge
) -> None:
    assert outcome(f"{before}{CARD.decode()}{after}".encode(), known) is Outcome.ADMITTED


def test_no_bit_of_the_text_can_be_flipped(known: Knowledge) -> None:
    for place in range(len(CARD)):
        for bit in range(8):
            flipped = bytearray(CARD)
            flipped[place] ^= 1 << bit
            assert outcome(bytes(flipped), known) is not Outcome.ADMITTED, (place, bit)


def test_no_bit_inside_the_zlib_stream_can_be_flipped(known: Knowledge) -> None:
    cose = cose_of(CARD)
    for place in range(len(cose)):
        for bit in range(8):
            flipped = bytearray(cose)
            flipped[place] ^= 1 << bit
            assert outcome(as_card(bytes(flipped)), known) is not Outcome.ADMITTED, (place, bit)


def test_a_card_cut_at_any_length_is_not_admitted(known: Knowledge) -> None:
    for length in range(len(CARD)):
        assert outcome(CARD[:length], known) is Outcome.DESK, length
    cose = cose_of(CARD)
    for length in range(len(cose)):
        assert outcome(as_card(cose[:length]), known) is not Outcome.ADMITTED, length


def test_single_characters_cannot_be_changed(known: Knowledge) -> None:
    chance = random.Random(1)
    letters = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
    for _ in range(600):
        changed = bytearray(CARD)
        place = chance.randrange(len(CARD))
        changed[place] = chance.choice(letters.replace(bytes([CARD[place]]), b""))
        assert outcome(bytes(changed), known) is not Outcome.ADMITTED


@pytest.mark.parametrize("tail", [b"A", b"AB", b"ABC", b"\n|", b"HC1:"])
def test_a_card_with_something_behind_it_is_refused(tail: bytes, known: Knowledge) -> None:
    assert outcome(CARD + tail, known) is Outcome.DESK
    assert outcome(as_card(cose_of(CARD) + tail), known) is Outcome.DESK


def test_unsigned_claims_are_not_trusted_in_any_wrapping(known: Knowledge) -> None:
    protected, unprotected, claims, _ = cbor2.loads(cose_of(CARD)).value
    bare = cbor2.loads(claims)
    unsigned = [
        bare,
        cbor2.CBORTag(61, bare),
        cbor2.CBORTag(18, bare),
        cbor2.CBORTag(61, cbor2.CBORTag(61, bare)),
        cbor2.CBORTag(61, cbor2.CBORTag(18, [protected, {}, claims, b""])),
        cbor2.CBORTag(18, [protected, {}, claims, bytes(64)]),
        cbor2.CBORTag(18, [b"", {1: -7, 4: DEMO.key_id}, claims, bytes(64)]),
        cbor2.CBORTag(17, [protected, dict(unprotected), claims, bytes(64)]),
    ]
    for wrapping in unsigned:
        assert outcome(as_card(cbor2.dumps(wrapping)), known) is Outcome.DESK


def test_the_algorithm_is_taken_from_the_signed_header(known: Knowledge) -> None:
    claims = cbor2.loads(cose_of(CARD)).value[2]
    for header in ({4: DEMO.key_id}, {1: -37, 4: DEMO.key_id}, {1: None, 4: DEMO.key_id}):
        protected = cbor2.dumps(header)
        card = hc1_from_parts(protected, claims, DEMO.signature(protected, claims))
        assert judge(card.encode(), NOW, known).reason is Reason.FORGED


def test_a_signature_turned_into_its_twin_is_the_same_card(known: Knowledge) -> None:
    protected, _, claims, signature = cbor2.loads(cose_of(CARD)).value
    twin = ORDER_OF_P256 - int.from_bytes(signature[32:])
    card = hc1_from_parts(protected, claims, signature[:32] + twin.to_bytes(32)).encode()

    verdict, original = judge(card, NOW, known), judge(CARD, NOW, known)

    assert (verdict.reason, verdict.card) == (original.reason, original.card)


WRONG_CLAIMS = [
    {1: "DN401999990000"},
    {1: 9999900031},
    {1: b"DN4019999900031"},
    {2: ""},
    {2: "A\x00B"},
    {2: "Ă" * 300},
    {2: 5},
    {3: "19x1"},
    {3: 10**12},
    {3: 1.5},
    {3: True},
    {4: 7},
    {5: "1999"},
    {6: -(10**9)},
    {7: "2027-01-01"},
    {8: 9},
    {9: [1]},
]


@pytest.mark.parametrize("wrong", WRONG_CLAIMS, ids=str)
def test_a_signed_claim_of_the_wrong_kind_is_refused(
    wrong: dict[int, object], known: Knowledge
) -> None:
    fields: dict[int, object] = {1: "GD4019999900031", 2: "Nguyễn Văn Mẫu", 3: 3683}

    verdict = judge(DEMO.sign_card(fields | wrong, NOW).encode(), NOW, known)

    assert verdict.reason is Reason.UNREADABLE


def test_a_health_certificate_of_another_kind_is_not_a_bhyt_card(known: Knowledge) -> None:
    claims = {1: "VN", 4: int(NOW.timestamp()) + 9, 6: int(NOW.timestamp()), -260: {1: {"v": []}}}

    verdict = judge(DEMO.sign_payload(cbor2.dumps(claims)).encode(), NOW, known)

    assert verdict.reason is Reason.NOT_A_BHYT_CARD


def test_a_decompression_bomb_is_refused(known: Knowledge) -> None:
    bomb = f"HC1:{base45.b45encode(zlib.compress(bytes(1_000_000), 9)).decode()}".encode()

    assert len(bomb) < 4_000
    assert judge(bomb, NOW, known).reason is Reason.TOO_LONG


def test_a_card_bigger_than_a_byte_can_count_is_read(known: Knowledge) -> None:
    fields: dict[int, object] = {1: "GD4019999900031", 2: "Nguyễn " * 35, 3: 3683}

    verdict = judge(DEMO.sign_card(fields, NOW).encode(), NOW, known)

    assert verdict.reason is Reason.VOUCHED


def test_several_keys_may_share_an_id_and_all_are_tried() -> None:
    other = {**DEMO.jwk(), "x": PERSON_KEY["x"], "y": PERSON_KEY["y"]}
    issuers = read_jwks(_jwks(other, DEMO.jwk()))

    assert judge(CARD, NOW, Knowledge(issuers=issuers, demo=True)).reason is Reason.VOUCHED


@pytest.mark.parametrize(
    ("bounds", "reason"),
    [
        ({"notBefore": "2026-01-01T00:00:00Z", "notAfter": "2027-01-01"}, Reason.VOUCHED),
        ({"notBefore": "2026-11-24T00:00:00Z"}, Reason.FORGED),
        ({"notAfter": "2026-01-01T00:00:00Z"}, Reason.FORGED),
        ({"iss": "XX"}, Reason.NOT_YET_KNOWN),
        ({"env": "prod"}, Reason.VOUCHED),
        ({"state": "withdrawn"}, Reason.REVOKED),
    ],
)
def test_a_key_is_trusted_for_its_issuer_and_in_its_time_only(
    bounds: dict[str, str], reason: Reason
) -> None:
    issuers = read_jwks(_jwks({**DEMO.jwk(), **bounds}))

    assert judge(CARD, NOW, Knowledge(issuers=issuers, demo=True)).reason is reason


def test_only_the_signature_module_sets_who_vouches() -> None:
    sources = Path(__file__).parents[2]
    setting = {
        path.name
        for folder in ("verify", "kiosk", "scanner")
        for path in (sources / folder).rglob("*.py")
        if re.search(r"vouched_by=(?!None)", path.read_text("utf-8"))
    }

    # A stored verdict says who vouched for its card; it is judged again as `Card.unvouched`.
    assert setting == {"signature.py", "contract.py"}


PERSON_KEY = {
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",  # the example key of RFC 7515, A.3
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}


def _jwks(*keys: object) -> str:
    import json

    return json.dumps({"keys": list(keys)})


def test_the_signed_demo_cards_get_the_intended_reasons() -> None:
    signed = [patient for patient in PEOPLE if payload_of(patient, NOW).startswith("HC1:")]

    assert {patient.reason for patient in signed} == {"vouched", "forged", "revoked"}


@pytest.mark.parametrize("entry", [{"v": [{}]}, {"t": [{}]}, {"r": [{}]}])
def test_a_vaccination_pass_is_named(entry: dict[str, object], known: Knowledge) -> None:
    times = {4: int(NOW.timestamp()) + 999, 6: int(NOW.timestamp()) - 999}
    verdict = judge(
        DEMO.sign_payload(cbor2.dumps({-260: {1: entry}, **times})).encode(), NOW, known
    )

    assert (verdict.reason, verdict.format) == (Reason.NOT_A_BHYT_CARD, "health_pass")


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        (dict.fromkeys(range(2, 10)), {"holder": None, "born": None, "valid_until": None}),
        ({2: "Nguyễn\u00a0Văn\u200b Mẫu"}, {"holder": "Nguyễn Văn Mẫu"}),
        ({2: "王小明"}, {"holder": "王小明"}),
        ({1: "GD4\u00a001\u00a099999\u200b00031"}, {"number": "GD4019999900031"}),
        ({2: "Nguyeãn Vaên Maãu"}, {"holder": None, "repaired_holder": "Nguyễn Văn Mẫu"}),
        ({3: "1980"}, {"born": Birth(1980)}),
        ({3: "1980-02"}, {"born": Birth(1980, 2)}),
        ({3: "02/1980"}, {"born": Birth(1980, 2)}),
        ({3: "1980-02-01"}, {"born": Birth(1980, 2, 1)}),
    ],
)
def test_a_signed_card_is_read_as_its_issuer_wrote_it(
    fields: dict[int, object], says: dict[str, object], known: Knowledge
) -> None:
    text = DEMO.sign_card({1: "GD4019999900031"} | fields, NOW)

    verdict = judge(text.encode(), NOW, known)

    assert verdict.reason is Reason.VOUCHED
    assert verdict.card is not None
    assert {name: getattr(verdict.card, name) for name in says} == says
