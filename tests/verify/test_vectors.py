"""The payloads that reception desks meet, one row each, with their verdicts.

All are synthetic.
"""

from __future__ import annotations

import unicodedata
from datetime import date
from typing import Any, NamedTuple

import pytest

from tests.cast import BHYT15, BHYT17, CCCD, NOW
from verify import Birth, Knowledge, Note, Outcome, Reason, Verdict, judge, verdict_json
from verify.contract import card_json

NAME = "Nguyễn Văn Mẫu"
HEX = NAME.encode().hex()
CHILD = BHYT15.replace("DN4", "TE1").replace("01/02/1980", "01/02/2024")
# What a decoder that takes UTF-8 for Big5 makes of the name.
MANGLED = NAME.encode().decode("big5", errors="replace").replace("\ufffd", "?")
TELEX = BHYT17.replace(HEX, HEX.replace("aa", "â"))
READ = Reason.NOT_YET_KNOWN


class Vector(NamedTuple):
    """One payload. `says` is what the card must say. None: no card may be read."""

    what: str
    payload: str | bytes
    reason: Reason
    format: str | None
    says: dict[str, Any] | None = None
    note: Note | None = None


def cut(card: str, fields: int) -> str:
    """Return a card that was cut behind a number of fields."""
    return "|".join(card.split("|")[:fields])


VECTORS = [
    # BHYT shapes
    Vector("old, 15 parts", BHYT15, READ, "bhyt15", {"number": "DN4019999900021", "level": 4}),
    Vector("new, 17 parts, address -", BHYT17, READ, "bhyt17", {"number": "9999900020"}),
    Vector("new, 17 parts, address in hex", BHYT17.replace("|1|-|", f"|1|{'Phố'.encode().hex()}|"),
           READ, "bhyt17", {"holder": NAME, "facility": "01999"}),
    Vector("check string that ends 7102", BHYT17.replace("-1202", "-7102"), READ, "bhyt17",
           {"level": 4}),
    Vector("check string that ends 1202", BHYT15.replace("-7102", "-1202"), READ, "bhyt15",
           {"level": 4}),
    Vector("field 12 with a blank before it", BHYT17, READ, "bhyt17",
           {"five_years_on": "2029-01-01"}),
    Vector("letters in the facility", BHYT17.replace("01 - 999", "01 - C01"), READ, "bhyt17",
           {"facility": "01C01"}),
    Vector("a year of birth alone", BHYT17.replace("01/02/1980", "1980"), READ, "bhyt17",
           {"born": "1980"}),
    Vector("a child's, parent's name raw and lossy", CHILD.replace("|-|4|", "|Nguy?n V?n M?u|4|"),
           READ, "bhyt15", {"number": "TE1019999900021", "born": "2024-02-01", "level": 1}),
    Vector("an old serial with letters", BHYT15.replace("DN4019999900021", "DN401AA99990021"), READ,
           "bhyt15", {"number": "DN401AA99990021", "insurance_number": "9999900021"}),
    Vector("12 digits first", "001099999901" + BHYT17[10:], READ, "bhyt17",
           {"number": "001099999901", "insurance_number": "9999900020"}),
    Vector("short, 9 parts", cut(BHYT17.replace("|1|-|", "|1|"), 8) + "|$", READ, "bhyt9",
           {"issued": "2024-01-05", "facility": "01999"}),
    Vector("a count of parts that no card has", BHYT17.replace("|-|4|", "|-|-|4|"),
           Reason.UNREADABLE, None),
    # Endings
    Vector("# for $", BHYT17.removesuffix("$") + "#", READ, "bhyt17", {"level": 4}),
    Vector("no $", BHYT17.removesuffix("|$"), READ, "bhyt17", {"level": 4}),
    Vector("NUL and junk behind", BHYT17 + "\0\0\0x|y", READ, "bhyt17", {"level": 4}),
    Vector("CR LF", BHYT17 + "\r\n", READ, "bhyt17", {"level": 4}),
    # What readers do
    Vector("AIM identifier", "]Q1" + BHYT17, READ, "bhyt17", {"number": "9999900020"}),
    Vector("an Enter between two fields", BHYT17.replace("|1|", "|1\r\n|"), READ, "bhyt17",
           {"sex": "male", "holder": NAME}),
    Vector("an Enter within the name", BHYT17.replace(HEX, f"{HEX[:9]}\r{HEX[9:]}"), READ, "bhyt17",
           {"holder": NAME}),
    Vector("an Enter within a date", BHYT17.replace("01/02/1980", "01/0\n2/1980"), READ, "bhyt17",
           {"born": "1980-02-01"}),
    Vector("an Enter within a citizen's name", CCCD.replace("Văn", "V\r\năn"), READ, "cccd",
           {"holder": NAME}),
    Vector("two cards glued together", BHYT17 + BHYT15, Reason.UNREADABLE, None),
    Vector("two citizen cards glued together", CCCD + "\r\n" + CCCD, Reason.UNREADABLE, "cccd"),
    Vector("two numbers glued together", "99999000019999900002", Reason.NUMBER_WRONG, "number15"),
    Vector("the line in capitals", BHYT17.upper(), READ, "bhyt17", {"holder": NAME}),
    Vector("full-width digits and bars", BHYT17.translate(str.maketrans("0123456789|",
           "０１２３４５６７８９｜")), READ, "bhyt17", {"number": "9999900020", "holder": NAME}),
    *[Vector(f"17 parts, cut behind field {n}", cut(BHYT17, n), Reason.TRUNCATED, None)
      for n in range(2, 16)],
    *[Vector(f"15 parts, cut behind field {n}", cut(BHYT15, n), Reason.TRUNCATED, None)
      for n in range(2, 14)],
    *[Vector(f"citizen's, cut behind field {n}", cut(CCCD, n), Reason.TRUNCATED, "cccd")
      for n in (5, 6)],
    # Input methods and encodings
    Vector("Telex in the name", TELEX, READ, "bhyt17", {"holder": NAME},
           Note.REPAIRED_FROM_INPUT_METHOD),
    Vector("Telex in the prefix", BHYT15.replace("DN4", "ĐN4", 1), Reason.DAMAGED_BY_INPUT_METHOD,
           "bhyt15"),
    Vector("a name apart (NFD)", BHYT17.replace(HEX, unicodedata.normalize("NFD", NAME).encode()
           .hex()), READ, "bhyt17", {"holder": NAME}),
    Vector("a citizen's name apart (NFD)", unicodedata.normalize("NFD", CCCD), READ, "cccd",
           {"holder": NAME}),
    Vector("a name that was taken for Big5", CCCD.replace(NAME, MANGLED), READ, "cccd",
           {"number": "001099999901", "holder": None}, Note.NAME_GARBLED),
    Vector("a card's name that was taken for Big5", BHYT17.replace(HEX, MANGLED.encode().hex()),
           READ, "bhyt17", {"number": "9999900020", "holder": None}, Note.NAME_GARBLED),
    Vector("a name in Shift-JIS letters", CCCD.replace(NAME, "Nguyﾃｪn V蛻n"), READ, "cccd",
           {"born": "1980-02-01", "holder": None}, Note.NAME_GARBLED),
    Vector("an 11-part name that was taken for Big5", (CCCD + "||||").replace(NAME, MANGLED),
           READ, "cccd", {"holder": None}, Note.NAME_GARBLED),
    Vector("bytes of another encoding", CCCD.encode("utf-16-le").replace(b"\0", b"\xa1"),
           Reason.BAD_ENCODING, None),
    Vector("half a letter at the end", CCCD.replace("Mẫu", "M").encode() + b"\xe1\xba",
           Reason.TRUNCATED, None),
    # Citizen cards
    Vector("citizen's, 7 parts", CCCD, READ, "cccd", {"citizen_number": "001099999901"}),
    Vector("citizen's, 11 parts", CCCD + "||||", READ, "cccd", {"holder": NAME}),
    Vector("citizen's, no old number", CCCD, READ, "cccd", {"born": "1980-02-01"}),
    Vector("citizen's, an old number", CCCD.replace("||", "|099999999|"), READ, "cccd",
           {"born": "1980-02-01"}),
    Vector("citizen's, 11 parts, all filled", CCCD + "|001099999902|Nguyễn Văn Cha|Lê Thị Mẹ|x",
           READ, "cccd", {"number": "001099999901", "holder": NAME, "sex": "male"}),
    # Numbers
    Vector("15 characters", "DN4019999900001", READ, "number15", {"level": 4}),
    Vector("20 characters, the facility behind", "DN401999990000101999", READ, "number15",
           {"number": "DN4019999900001"}),
    Vector("10 digits", "9999900001", READ, "number10", {"holder": None}),
    Vector("12 digits", "001099999901", READ, "number12", {"citizen_number": "001099999901"}),
    Vector("O and I for digits", "DN4O1999990000I", READ, "number15",
           {"number": "DN4019999900001"}, Note.TYPING_CORRECTED),
    Vector("dashes, blanks and the mask's lines", "DN4-01 99999_00001", READ, "number15",
           {"number": "DN4019999900001"}),
    Vector("9 digits", "999990001", Reason.LEADING_ZERO_LOST, "number9", {"number": "0999990001"}),
    Vector("11 digits", "01099999901", Reason.LEADING_ZERO_LOST, "number12",
           {"number": "001099999901"}),
    # Other codes
    Vector("a payment code", "00020101021138540010A00000072701240006970000", Reason.NOT_A_BHYT_CARD,
           "vietqr"),
    Vector("a web address", "https://example.org/the", Reason.NOT_A_BHYT_CARD, "url"),
    Vector("the lines of an ID card", "IDVNM0990999010001099999901<<8", Reason.NOT_A_BHYT_CARD,
           "mrz"),
    Vector("a health link", "shlink:/eyJ1cmwi", Reason.NOT_A_BHYT_CARD, "smart_health_link"),
    Vector("anything else", "xin chào", Reason.NOT_A_BHYT_CARD, None),
]  # fmt: skip


def verdict_on(payload: str | bytes) -> Verdict:
    data = payload.encode() if isinstance(payload, str) else payload
    return judge(data, NOW, Knowledge())


@pytest.mark.parametrize("row", VECTORS, ids=lambda row: row.what)
def test_each_payload_gets_its_reason_and_format(row: Vector) -> None:
    verdict = verdict_on(row.payload)

    assert (verdict.reason, verdict.format) == (row.reason, row.format)
    assert verdict.outcome is not Outcome.ADMITTED
    assert (verdict.card is None) is (row.says is None)
    if verdict.card is not None:
        found = card_json(verdict.card)
        assert {name: found[name] for name in row.says or {}} == row.says
    assert row.note is None or row.note in verdict.notes


def test_the_check_string_is_nowhere_in_a_verdict() -> None:
    for card in (BHYT15, BHYT17):
        string = card.split("|")[13]
        assert string not in str(verdict_json(verdict_on(card)))
        assert string.partition("-")[0] not in repr(verdict_on(card))


def test_a_child_s_code_gives_no_last_day() -> None:
    card = verdict_on(CHILD).card

    assert card is not None
    assert (card.valid_until, card.born) == (None, Birth(2024, 2, 1))
    assert card.valid_from == date(2024, 1, 1)
