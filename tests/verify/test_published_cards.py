"""Health certificates and SMART Health Cards that others published, with what they expect.

The data lies beside the project where there is any (`../shared/data`); without it these tests
are skipped.  Its irregularities are met by the loader, not mended in the data.
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
NONE = pytest.param(None, marks=pytest.mark.skip(reason="no published data beside the project"))

# Where we differ on purpose, or the publisher's own list of errata says that the vector is wrong.
DEVIATIONS = {
    "common-CO20": "the algorithm stands only in the header that nobody signed: refused",
}
FORM = ("UNPREFIX", "B45DECODE", "COMPRESSION", "DECODE")


def expected(vector: dict[str, Any]) -> dict[str, bool]:
    """Return what is expected, under one spelling for each thing."""
    found = vector["EXPECTEDRESULTS"]
    found = found.get("EXPECTEDRESULTS", found) | found  # nested in some
    return {name.removeprefix("EXPECTED"): value for name, value in found.items()}


@pytest.mark.parametrize("path", FILES or [NONE], ids=lambda path: path.stem if path else "none")
def test_a_published_health_certificate_is_judged_as_its_publisher_expects(path: Path) -> None:
    vector = json.loads(path.read_text("utf-8-sig"))
    context, wanted = vector["TESTCTX"], expected(vector)
    clock = context.get("VALIDATIONCLOCK")
    found = inspect_payload(
        vector["PREFIX"].encode(),
        read_certificates([context["CERTIFICATE"]]) if context.get("CERTIFICATE") else Issuers(),
        parse_moment(clock) if clock else NOW,
    )
    if path.stem in DEVIATIONS:
        assert found["signature"] == "bad"
        return
    if any(wanted.get(name) is False for name in FORM):
        assert found["error"] is not None
        assert found["signature"] != "good" or wanted.get("DECODE") is False
    if "VERIFY" in wanted:
        assert (found["signature"] == "good") is wanted["VERIFY"], found["error"]
    if "EXPIRATIONCHECK" in wanted:
        assert found["expired"] is not wanted["EXPIRATIONCHECK"]
    if "KEYUSAGE" in wanted:
        assert ("may not sign" in (found["error"] or "")) is not wanted["KEYUSAGE"]


SHC = sorted((DATA / "shc").glob("*-f-qr-code-numeric-value-0.txt"))


@pytest.mark.parametrize("path", SHC or [NONE], ids=lambda path: path.stem if path else "none")
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
