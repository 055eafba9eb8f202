"""Health certificates and SMART Health Cards that others published, with the results they expect.

The data is expected beside the project (`../shared/data`); without it these tests are skipped.
The loader deals with irregularities of the data; the data itself is left unchanged.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kiosk.cli.batch import parse_moment
from tests.cast import NOW
from verify import Issuers, Knowledge, Reason, inspect_payload, judge, read_certificates, read_jwks

DATA = Path(__file__).parents[3] / "shared" / "data"
FILES = sorted((DATA / "hc1").glob("*.json"))
NO_DATA = pytest.param(None, marks=pytest.mark.skip(reason="no published data beside the project"))

# Vectors from which we differ on purpose, or which the publisher's own errata call wrong.
DEVIATIONS = {
    "common-CO20": "the algorithm is only in the unsigned header: refused",
}
FORM = ("UNPREFIX", "B45DECODE", "COMPRESSION", "DECODE")


def expected(vector: dict[str, Any]) -> dict[str, bool]:
    """Return the expected results, with one spelling for each."""
    found = vector["EXPECTEDRESULTS"]
    found = found.get("EXPECTEDRESULTS", found) | found  # nested in some files
    return {name.removeprefix("EXPECTED"): value for name, value in found.items()}


@pytest.mark.parametrize("path", FILES or [NO_DATA], ids=lambda path: path.stem if path else "none")
def test_a_published_health_certificate_is_judged_as_its_publisher_expects(path: Path) -> None:
    vector = json.loads(path.read_text("utf-8-sig"))
    context, results = vector["TESTCTX"], expected(vector)
    clock = context.get("VALIDATIONCLOCK")
    found = inspect_payload(
        vector["PREFIX"].encode(),
        read_certificates([context["CERTIFICATE"]]) if context.get("CERTIFICATE") else Issuers(),
        parse_moment(clock) if clock else NOW,
    )
    if path.stem in DEVIATIONS:
        assert found["signature"] == "bad"
        return
    if any(results.get(name) is False for name in FORM):
        assert found["error"] is not None
        assert found["signature"] != "good" or results.get("DECODE") is False
    if "VERIFY" in results:
        assert (found["signature"] == "good") is results["VERIFY"], found["error"]
    if "EXPIRATIONCHECK" in results:
        assert found["expired"] is not results["EXPIRATIONCHECK"]
    if "KEYUSAGE" in results:
        assert ("may not sign" in (found["error"] or "")) is not results["KEYUSAGE"]


SHC = sorted((DATA / "shc").glob("*-f-qr-code-numeric-value-0.txt"))


@pytest.mark.parametrize("path", SHC or [NO_DATA], ids=lambda path: path.stem if path else "none")
def test_a_published_smart_health_card_is_read(path: Path) -> None:
    keys = read_jwks((DATA / "shc" / "issuer-jwks.json").read_text("utf-8"))
    text = path.read_text("utf-8").strip()
    plain = path.with_name(path.name.split("-f-")[0] + "-c-jws-payload-minified.json")

    found = inspect_payload(text.encode(), keys, NOW)

    assert (found["format"], found["signature"], found["error"]) == ("shc", "good", None)
    assert found["claims"]["iss"] == json.loads(plain.read_text("utf-8"))["iss"]
    assert judge(text.encode(), NOW, Knowledge(keys)).reason is Reason.NOT_A_BHYT_CARD
    for place in range(5, len(text)):
        digit = str((int(text[place]) + 1) % 10)
        changed = inspect_payload((text[:place] + digit + text[place + 1 :]).encode(), keys, NOW)
        assert changed["signature"] != "good", place
