"""What support staff see of the inside of a payload."""

from __future__ import annotations

import base64
import json
import re
from datetime import datetime, timedelta

import cbor2
import pytest

from kiosk.sandbox import DEMO
from kiosk.sandbox.issuer import STRANGER, WITHDRAWN
from tests.cast import BHYT17, NOW, payload
from verify import CLINIC_ZONE, BadKeys, Issuers, inspect_payload, read_jwks

KEYS = read_jwks(json.dumps({"keys": [DEMO.jwk(), WITHDRAWN.jwk()]}))


@pytest.mark.parametrize(
    ("scanned", "signature", "error"),
    [
        (payload("binh"), "good", None),
        (payload("oanh"), "bad", "none signed this"),
        (payload("phuc"), "good", "withdrawn"),
        (STRANGER.sign_card({1: "GD4019999900031"}, NOW).encode(), "unknown_key", None),
        (BHYT17.encode(), "absent", None),
        (b"HC1:6BF", "absent", "truncated"),
    ],
)
def test_the_signature_is_reported_apart_from_the_card(
    scanned: bytes, signature: str, error: str | None
) -> None:
    found = inspect_payload(scanned, KEYS, NOW)

    assert found["signature"] == signature
    assert (found["error"] is None) if error is None else error in found["error"]


def test_claims_and_key_are_shown_as_json() -> None:
    found = inspect_payload(payload("binh"), KEYS, NOW)

    assert found["format"] == "hc1"
    assert found["key_id"] == DEMO.key_id.hex()
    assert found["claims"]["-260"]["-84"]["1"] == "GD4019999900002"
    assert json.loads(json.dumps(found)) == found


def test_expiry_is_judged_at_the_given_time() -> None:
    assert inspect_payload(payload("binh"), KEYS, NOW)["expired"] is False
    assert inspect_payload(payload("binh"), KEYS, NOW + timedelta(days=300))["expired"] is True


GOOD = DEMO.jwk()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"keys": {}}',
        '{"keys": [5]}',
        json.dumps({"keys": [GOOD | {"crv": "P-384"}]}),
        json.dumps({"keys": [GOOD | {"x": "AA"}]}),
        json.dumps({"keys": [GOOD | {"x": "*"}]}),
        json.dumps({"keys": [GOOD | {"kid": 7}]}),
        json.dumps({"keys": [GOOD | {"state": "gone"}]}),
        json.dumps({"keys": [GOOD | {"iss": 1}]}),
        json.dumps({"keys": [GOOD | {"notAfter": "soon"}]}),
        json.dumps({"keys": [], "issued": 5}),
    ],
)
def test_a_malformed_key_file_is_refused(text: str) -> None:
    with pytest.raises(BadKeys):
        read_jwks(text)


@pytest.mark.parametrize(
    "kid",
    [
        DEMO.key_id.hex(),
        DEMO.key_id.hex().upper(),
        base64.b64encode(DEMO.key_id).decode(),
        base64.urlsafe_b64encode(DEMO.key_id).rstrip(b"=").decode(),
    ],
)
def test_a_key_id_may_be_written_in_hexadecimal_or_base64(kid: str) -> None:
    issuers = read_jwks(json.dumps({"keys": [GOOD | {"kid": kid}]}))

    assert len(issuers.find("VN", DEMO.key_id, demo=True)) == 1


def test_a_key_without_an_issuer_serves_any_issuer() -> None:
    entry = {name: value for name, value in GOOD.items() if name != "iss"}

    assert isinstance(issuers := read_jwks(json.dumps({"keys": [entry]})), Issuers)
    assert issuers.find("DE", DEMO.key_id, demo=True)


def test_claims_of_every_shape_can_be_shown() -> None:
    cyclic: list[object] = []
    cyclic.append(cyclic)
    odd = {1: "VN", 4: float("nan"), 9: 10**5000, 10: cyclic, 11: re.compile("x"), 12: [[[[1]]]]}
    encoded = cbor2.dumps(odd, value_sharing=True)

    for claims in (encoded, cbor2.dumps(5), cbor2.dumps({4: float("inf")})):
        found = inspect_payload(DEMO.sign_payload(claims).encode(), KEYS, NOW)
        assert found["format"] == "hc1"
        json.dumps(found, allow_nan=False)


def test_a_card_expires_at_the_end_of_its_last_day_at_the_clinic() -> None:
    card = BHYT17.replace("01/01/2024|-|05", "01/01/2024|25/11/2026|05").encode()
    one_in_the_morning = datetime(2026, 11, 26, 1, tzinfo=CLINIC_ZONE)

    assert inspect_payload(card, KEYS, NOW)["expired"] is False
    assert inspect_payload(card, KEYS, one_in_the_morning)["expired"] is True
