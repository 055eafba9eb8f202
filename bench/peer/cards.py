"""Verify HC1 texts with a library of others, as its users would write it.

    python cards.py cwt|pycose < REQUEST

The request is JSON: `texts`, a list of HC1 texts; the public key as `x` and `y` in hexadecimal; and
`rounds`.  Calls take turns with a bare ES256 verification by cryptography.  Prints a JSON line: the
medians of both in microseconds, and the claims of the first text, to be compared.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
import zlib
from collections.abc import Callable
from typing import Any

import base45
import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

SIGN1 = 18  # the tag of COSE_Sign1
PREFIX = "HC1:"
KEY_ID = 4  # the label of a COSE header


def unpacked(text: str) -> bytes:
    """Return the COSE message of an HC1 text."""
    return zlib.decompress(base45.b45decode(text.removeprefix(PREFIX)))


def with_cwt(x: bytes, y: bytes, key_id: bytes) -> Callable[[str], dict[int, Any]]:
    """Return a verification by python-cwt."""
    import cwt

    key = cwt.COSEKey.new({1: 2, 2: key_id, 3: -7, -1: 1, -2: x, -3: y})
    return lambda text: cwt.decode(unpacked(text), keys=key)


def with_pycose(x: bytes, y: bytes, _key_id: bytes) -> Callable[[str], dict[int, Any]]:
    """Return a verification by pycose, and the reading of the claims."""
    from pycose.keys import EC2Key
    from pycose.keys.curves import P256
    from pycose.messages import Sign1Message

    key = EC2Key(crv=P256, x=x, y=y)

    def verify(text: str) -> dict[int, Any]:
        message = Sign1Message.decode(unpacked(text))
        message.key = key
        if not message.verify_signature():
            raise ValueError("a wrong signature")
        claims: dict[int, Any] = cbor2.loads(message.payload)
        return claims

    return verify


def bare(text: str, x: bytes, y: bytes) -> Callable[[], None]:
    """Return a verification of the signature of a text alone, all else prepared."""
    loaded = cbor2.loads(unpacked(text))
    protected, _, payload, signature = loaded.value if hasattr(loaded, "value") else loaded
    signed = cbor2.dumps(["Signature1", protected, b"", payload])
    half = len(signature) // 2
    numbers = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
    der, how = utils.encode_dss_signature(*numbers), ec.ECDSA(hashes.SHA256())
    point = ec.EllipticCurvePublicNumbers(
        int.from_bytes(x, "big"), int.from_bytes(y, "big"), ec.SECP256R1()
    )
    key = point.public_key()
    return lambda: key.verify(der, signed, how)


def main() -> None:
    """Measure and print."""
    wanted = json.load(sys.stdin)
    x, y, key_id = (bytes.fromhex(wanted[name]) for name in ("x", "y", "key_id"))
    texts = wanted["texts"]
    verify = {"cwt": with_cwt, "pycose": with_pycose}[sys.argv[1]](x, y, key_id)
    floors = [bare(text, x, y) for text in texts]
    times: dict[str, list[float]] = {"floor": [], "peer": []}
    for _ in range(wanted["rounds"]):
        for text, floor in zip(texts, floors, strict=True):
            for name, call in (("floor", floor), ("peer", lambda text=text: verify(text))):
                begun = time.perf_counter_ns()
                call()
                times[name].append((time.perf_counter_ns() - begun) / 1000)
    line = {name: statistics.median(took) for name, took in times.items()}
    print(json.dumps(line | {"number": verify(texts[0])[-260][-84][1]}))


if __name__ == "__main__":
    main()
