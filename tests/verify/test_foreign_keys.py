"""Cards signed with Ed25519 and RSA-PSS: each kind of key works with its own algorithm only."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

from kiosk.sandbox import DEMO
from kiosk.sandbox.signing import hc1_from_parts
from tests.cast import NOW
from verify import BadKeys, Knowledge, Reason, judge, read_jwks

ED25519 = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
KID = b"foreign1"
CLAIMS = cbor2.dumps(
    {
        1: "VN",
        4: int((NOW + timedelta(days=9)).timestamp()),
        6: int((NOW - timedelta(days=9)).timestamp()),
        -260: {-84: {1: "GD4019999900031", 2: "Nguyễn Văn Mẫu", 3: 3683}},
    }
)


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jwk(key: Any) -> dict[str, object]:
    common: dict[str, object] = {"kid": KID.hex(), "iss": "VN", "use": "bhyt"}
    if isinstance(key, ed25519.Ed25519PrivateKey):
        x = key.public_key().public_bytes_raw()
        return common | {"kty": "OKP", "crv": "Ed25519", "x": b64(x)}
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.public_key().public_numbers()
        return common | {
            "kty": "RSA",
            "n": b64(numbers.n.to_bytes(256)),
            "e": b64(numbers.e.to_bytes(3)),
        }
    return DEMO.jwk() | common | {"env": "prod"}


def signed(key: Any, algorithm: int, change: int = 0) -> bytes:
    protected = cbor2.dumps({1: algorithm, 4: KID})
    structure = cbor2.dumps(["Signature1", protected, b"", CLAIMS])
    if isinstance(key, ed25519.Ed25519PrivateKey):
        signature = key.sign(structure)
    elif isinstance(key, rsa.RSAPrivateKey):
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
        signature = key.sign(structure, pss, hashes.SHA256())
    else:
        signature = DEMO.signature(protected, CLAIMS)
    altered = bytes([signature[0] ^ change]) + signature[1:]
    return hc1_from_parts(protected, CLAIMS, altered).encode()


def reason(card: bytes, *keys: object) -> Reason:
    issuers = read_jwks(json.dumps({"keys": [jwk(key) for key in keys]}))
    return judge(card, NOW, Knowledge(issuers)).reason


PAIRS = [(ED25519, -8), (RSA, -37), (DEMO, -7)]


@pytest.mark.parametrize(("key", "algorithm"), PAIRS, ids=["EdDSA", "PS256", "ES256"])
def test_each_kind_of_key_signs_with_its_own_algorithm(key: Any, algorithm: int) -> None:
    assert reason(signed(key, algorithm), key) is Reason.VOUCHED
    assert reason(signed(key, algorithm), ED25519, RSA, DEMO) is Reason.VOUCHED
    assert reason(signed(key, algorithm, change=1), key) is Reason.FORGED


@pytest.mark.parametrize(("key", "algorithm"), PAIRS, ids=["EdDSA", "PS256", "ES256"])
@pytest.mark.parametrize("named", [-7, -8, -37, -257, -35, 0, 5])
def test_a_key_with_the_algorithm_of_another_kind_is_not_trusted(
    key: Any, algorithm: int, named: int
) -> None:
    if named != algorithm:
        assert reason(signed(key, named), ED25519, RSA, DEMO) is Reason.FORGED


@pytest.mark.parametrize(
    "wrong",
    [
        {"kty": "OKP", "crv": "Ed448"},
        {"kty": "OKP", "crv": "Ed25519", "x": b64(bytes(31))},
        {"kty": "RSA", "n": b64(b"\x03"), "e": b64(b"\x02")},
        {"kty": "oct", "k": b64(bytes(32))},
        {"use": 5},
        {"use": [5]},
    ],
)
def test_an_unsupported_key_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(BadKeys):
        read_jwks(json.dumps({"keys": [jwk(DEMO) | wrong]}))
