"""The worked example of docs/cards.md, byte by byte."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import cbor2

from kiosk.sandbox import DEMO
from kiosk.sandbox.issuer import days
from kiosk.sandbox.signing import hc1_from_parts
from tests.cast import NOW, demo_knowledge
from verify import Reason, judge

PAGE = (Path(__file__).parents[2] / "docs" / "cards.md").read_text("utf-8")
FIELDS = {
    1: "GD4019999900071",
    2: "Nguyễn Văn Mẫu",
    3: days(date(1980, 2, 1)),
    4: 1,
    5: "01999",
    6: days(date(2026, 1, 1)),
    7: days(date(2026, 12, 31)),
    8: 4,
}
CLAIMS = {1: "VN", 4: 1798761600, 6: 1767225600, -260: {-84: FIELDS}}


def hex_of(data: bytes) -> str:
    return data.hex()


def test_the_page_shows_the_bytes_of_each_step() -> None:
    plain = PAGE.replace(" ", "")
    protected, claims = cbor2.dumps({1: -7, 4: DEMO.key_id}), cbor2.dumps(CLAIMS)

    assert hex_of(protected) in plain
    assert hex_of(claims)[:48] in plain
    for label, value in FIELDS.items():
        assert f"`{hex_of(cbor2.dumps(label) + cbor2.dumps(value))}`" in plain, label


def test_the_card_of_the_page_is_admitted(tmp_path: Path) -> None:
    protected, claims = cbor2.dumps({1: -7, 4: DEMO.key_id}), cbor2.dumps(CLAIMS)
    text = hc1_from_parts(protected, claims, DEMO.signature(protected, claims))

    assert judge(text.encode(), NOW, demo_knowledge(tmp_path)).reason is Reason.VOUCHED
