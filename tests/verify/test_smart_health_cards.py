"""SMART Health Cards that hold an insurance card, signed in the test and read strictly."""

from __future__ import annotations

import base64
import json
import zlib
from datetime import date, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from kiosk.sandbox import DEMO
from tests.cast import NOW
from verify import Birth, Issuers, Knowledge, Note, Outcome, Reason, Sex, judge, read_jwks

ISSUER = "https://issuer.example/shc"
COVERAGE = {
    "resourceType": "Coverage",
    "status": "active",
    "subscriberId": "GD4019999900051",
    "period": {"start": "2026-01-01", "end": "2026-12-31"},
}
PATIENT = {
    "resourceType": "Patient",
    "name": [{"family": "Nguyễn", "given": ["Văn", "Mẫu"]}],
    "birthDate": "1980-02",
    "gender": "female",
}
KEYS = read_jwks(json.dumps({"keys": [DEMO.jwk() | {"iss": ISSUER, "use": "shc", "env": "prod"}]}))


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def deflate(data: bytes) -> bytes:
    squeeze = zlib.compressobj(9, wbits=-15)
    return squeeze.compress(data) + squeeze.flush()


def claims(*resources: dict[str, Any], **more: Any) -> dict[str, Any]:
    entries = [{"resource": resource} for resource in resources]
    subject = {"fhirBundle": {"resourceType": "Bundle", "entry": entries}}
    return {"iss": ISSUER, "nbf": NOW.timestamp() - 60, "vc": {"credentialSubject": subject}} | more


def card(body: object, header: dict[str, object] | None = None, raw: bytes | None = None) -> str:
    head = {"alg": "ES256", "zip": "DEF", "kid": DEMO.key_id.hex()} | (header or {})
    payload = raw if raw is not None else deflate(json.dumps(body).encode())
    signed = f"{b64(json.dumps(head).encode())}.{b64(payload)}"
    r, s = decode_dss_signature(DEMO.key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return as_digits(f"{signed}.{b64(r.to_bytes(32) + s.to_bytes(32))}")


def as_digits(jws: str) -> str:
    return "shc:/" + "".join(f"{ord(letter) - 45:02d}" for letter in jws)


def reason(text: str, keys: Issuers = KEYS) -> Reason:
    return judge(text.encode(), NOW, Knowledge(keys)).reason


def test_a_signed_coverage_is_vouched_for() -> None:
    verdict = judge(card(claims(PATIENT, COVERAGE)).encode(), NOW, Knowledge(KEYS))

    assert (verdict.reason, verdict.format) == (Reason.VOUCHED, "shc")
    assert verdict.card is not None
    assert (verdict.card.number, verdict.card.holder) == ("GD4019999900051", "Nguyễn Văn Mẫu")
    assert (verdict.card.born, verdict.card.sex) == (Birth(1980, 2), Sex.FEMALE)
    assert verdict.card.valid_until == date(2026, 12, 31)
    assert verdict.card.vouched_by is not None
    assert verdict.card.vouched_by.issuer == ISSUER


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (card(claims(PATIENT, COVERAGE, exp=NOW.timestamp() + 9)), Reason.VOUCHED),
        (card(claims(PATIENT, COVERAGE, exp=NOW.timestamp() - 9)), Reason.PRINTED_DATES_OVER),
        (card(claims(PATIENT, COVERAGE, nbf=NOW.timestamp() + 999)), Reason.CLOCK_IN_DOUBT),
        (card(claims(PATIENT, COVERAGE, nbf="soon")), Reason.UNREADABLE),
        (card(claims(PATIENT, COVERAGE, exp=True)), Reason.UNREADABLE),
        (card(claims(PATIENT, COVERAGE, nbf=10**30)), Reason.UNREADABLE),
        (card(claims(PATIENT)), Reason.NOT_A_BHYT_CARD),
        (card(claims(COVERAGE | {"subscriberId": "ABC-1"})), Reason.NOT_A_BHYT_CARD),
        (card(claims(COVERAGE | {"subscriberId": 7})), Reason.NOT_A_BHYT_CARD),
        (card(claims(COVERAGE | {"period": {"end": "soon"}})), Reason.UNREADABLE),
        (card(claims(PATIENT | {"birthDate": 5}, COVERAGE)), Reason.UNREADABLE),
        (card(claims(PATIENT | {"name": [{"text": "\x00"}]}, COVERAGE)), Reason.UNREADABLE),
        (card(claims(COVERAGE | {"status": "cancelled"})), Reason.NOT_A_BHYT_CARD),
        (card(claims(COVERAGE | {"period": [{"end": "2020-01-01"}]})), Reason.UNREADABLE),
        (card(claims(PATIENT, PATIENT, COVERAGE)), Reason.UNREADABLE),
        (card(claims(PATIENT, COVERAGE, COVERAGE)), Reason.UNREADABLE),
        (card(claims(PATIENT, COVERAGE), {"kid": "\ud800"}), Reason.UNREADABLE),
        (card(claims(PATIENT, COVERAGE, iss="\ud800")), Reason.UNREADABLE),
        (card([1, 2]), Reason.UNREADABLE),
        (card(claims(PATIENT, COVERAGE), {"zip": None}), Reason.UNREADABLE),
        (card(claims(PATIENT, COVERAGE), {"alg": "none"}), Reason.FORGED),
        (card(claims(PATIENT, COVERAGE), {"alg": "HS256"}), Reason.FORGED),
        (card(claims(PATIENT, COVERAGE), {"kid": "other"}), Reason.NOT_YET_KNOWN),
        (card(claims(PATIENT, COVERAGE, iss="http://issuer.example/shc")), Reason.NOT_YET_KNOWN),
        (card(claims(PATIENT, COVERAGE, iss=ISSUER + "/")), Reason.NOT_YET_KNOWN),
        (card(None, raw=deflate(bytes(200_000))), Reason.UNREADABLE),
        (card(None, raw=deflate(b"{}") + b"x"), Reason.UNREADABLE),
        (card(None, raw=b"\xff\xff"), Reason.UNREADABLE),
        (card(None, raw=deflate(b"[" * 50_000)), Reason.UNREADABLE),
        ("shc:/1/3/5676290952432060", Reason.CHUNKED_CARD),
        ("shc:/", Reason.TRUNCATED),
        ("shc:/567", Reason.TRUNCATED),
        ("shc:/567A", Reason.TRUNCATED),
        ("shc:/5678", Reason.UNREADABLE),
        ("shc:/56762909", Reason.TRUNCATED),
    ],
)
def test_each_smart_health_card_gets_its_reason(text: str, expected: Reason) -> None:
    assert reason(text) is expected


def test_a_key_for_other_cards_cannot_sign_these() -> None:
    entry = DEMO.jwk() | {"iss": ISSUER, "use": "bhyt", "env": "prod"}

    text = card(claims(PATIENT, COVERAGE))

    assert reason(text, read_jwks(json.dumps({"keys": [entry]}))) is Reason.FORGED


def test_no_digit_can_be_changed_and_no_truncated_card_is_admitted() -> None:
    text = card(claims(PATIENT, COVERAGE))
    for place in range(5, len(text)):
        for step in (1, 5, 9):
            digit = str((int(text[place]) + step) % 10)
            changed = text[:place] + digit + text[place + 1 :]
            assert judge(changed.encode(), NOW, Knowledge(KEYS)).outcome is not Outcome.ADMITTED
        assert judge(text[:place].encode(), NOW, Knowledge(KEYS)).outcome is Outcome.DESK


def test_a_signature_has_one_spelling_only() -> None:
    jws = "".join(
        chr(int(pair) + 45)
        for pair in map("".join, zip(*[iter(card(claims(COVERAGE))[5:])] * 2, strict=True))
    )
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    loose = letters[letters.index(jws[-1]) ^ 1]  # bits that base64 ignores

    assert reason(as_digits(jws)) is Reason.VOUCHED
    assert reason(as_digits(jws[:-1] + loose)) is Reason.UNREADABLE


def test_the_date_of_a_time_is_taken_without_converting_its_zone() -> None:
    period = {"end": (NOW.date() - timedelta(days=1)).isoformat() + "T00:00:00+07:00"}

    assert reason(card(claims(COVERAGE | {"period": period}))) is Reason.PRINTED_DATES_OVER


OFFICIAL = {"use": "official", "family": "Nguyễn", "given": ["Văn", "Mẫu"]}
OVER, NOT_BEGUN, GOOD = {"end": "2010-01-01"}, {"start": "2030-01"}, {"end": "2030"}


@pytest.mark.parametrize(
    ("names", "holder"),
    [
        ([{"use": use, "family": "Trần", "given": ["Cũ"]}, OFFICIAL], "Nguyễn Văn Mẫu")
        for use in ("usual", "old", "maiden", "nickname", "anonymous", "temp", None)
    ]
    + [
        ([{"use": "old", "family": "Trần"}], None),
        ([{"use": "nickname", "text": "Tí"}, {"use": "usual", "text": "Lê Mẫu"}], "Lê Mẫu"),
        ([{"text": "Lê Mẫu"}, {"use": "temp", "text": "Trẻ sơ sinh"}], "Lê Mẫu"),
        ([OFFICIAL | {"period": OVER}, {"use": "usual", "text": "Lê Mẫu"}], "Lê Mẫu"),
        ([OFFICIAL | {"period": NOT_BEGUN}, {"text": "Lê Mẫu"}], "Lê Mẫu"),
        ([{"text": "Lê Mẫu"}, OFFICIAL | {"period": GOOD}], "Nguyễn Văn Mẫu"),
        ([{"text": "Nguyễn Văn\u200b\u00a0Mẫu"}], "Nguyễn Văn Mẫu"),
        ([], None),
    ],
)
def test_the_name_by_which_the_patient_goes_today_is_taken(
    names: list[dict[str, object]], holder: str | None
) -> None:
    text = card(claims(PATIENT | {"name": names}, COVERAGE))

    verdict = judge(text.encode(), NOW, Knowledge(KEYS))

    assert verdict.reason is Reason.VOUCHED
    assert verdict.card is not None
    assert verdict.card.holder == holder


@pytest.mark.parametrize(
    "names",
    [
        [{"family": ["Nguyễn"], "given": ["Văn"]}],
        [{"family": "Nguyễn", "given": "Văn"}],
        [{"family": "Nguyễn", "given": ["Văn", 7]}],
        [{"family": "Nguyễn", "given": ["Văn", None, "Mẫu"]}],
        [{"text": {"vi": "Mẫu"}}],
        [OFFICIAL | {"period": "2020"}],
        [OFFICIAL | {"period": {"end": "soon"}}],
        ["Nguyễn Văn Mẫu"],
        OFFICIAL,
    ],
)
def test_a_part_of_a_name_of_the_wrong_type_is_never_left_out(names: object) -> None:
    assert reason(card(claims(PATIENT | {"name": names}, COVERAGE))) is Reason.UNREADABLE


@pytest.mark.parametrize(
    ("period", "first", "last"),
    [
        ({"start": "2026", "end": "2026"}, date(2026, 1, 1), date(2026, 12, 31)),
        ({"start": "2026-02", "end": "2028-02"}, date(2026, 2, 1), date(2028, 2, 29)),
        ({"start": "2026-11-24T17:00:00Z"}, date(2026, 11, 25), None),
        ({"end": "2026-12-31T16:59:59Z"}, None, date(2026, 12, 31)),
        ({"end": "2026-12-31T17:00:00.000Z"}, None, date(2027, 1, 1)),
        ({"end": "2026-12-31T23:59:59+07:00"}, None, date(2026, 12, 31)),
        ({"start": None, "end": None}, None, None),
    ],
)
def test_a_period_is_read_in_days_of_the_clinic(
    period: dict[str, str], first: date | None, last: date | None
) -> None:
    text = card(claims(PATIENT, COVERAGE | {"period": period}))

    found = judge(text.encode(), NOW, Knowledge(KEYS)).card

    assert found is not None
    assert (found.valid_from, found.valid_until) == (first, last)


@pytest.mark.parametrize(
    ("name", "repaired"), [("Nguyeãn Vaên Maãu", "Nguyễn Văn Mẫu"), ("Nguy\ufffdn", None)]
)
def test_a_garbled_name_does_not_cost_a_signed_card(name: str, repaired: str | None) -> None:
    text = card(claims(PATIENT | {"name": [{"text": name}]}, COVERAGE))

    verdict = judge(text.encode(), NOW, Knowledge(KEYS))

    assert verdict.reason is Reason.VOUCHED
    assert verdict.card is not None
    assert (verdict.card.holder, verdict.card.repaired_holder) == (None, repaired)
    assert Note.NAME_GARBLED in verdict.notes


def test_an_invisible_sign_in_a_signed_number_does_not_count() -> None:
    text = card(claims(PATIENT, COVERAGE | {"subscriberId": "GD4019999900051\u200b"}))

    assert reason(text) is Reason.VOUCHED
