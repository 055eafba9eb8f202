"""Names that a wrong code page garbled are set aside, and repaired where that is certain."""

from __future__ import annotations

import unicodedata

import pytest

from tests.cast import BHYT17, CCCD, NOW
from verify import Knowledge, Note, Outcome, Reason, judge
from verify.code_pages import find_garbled
from verify.names import read_name

NAMES = (
    "Nguyễn Văn Mẫu",
    "Nguyễn Thị Lệ",
    "Trần Quốc Thắng",
    "Đặng Thùy Dương",
    "Hồ Ngọc Ánh",
    "Ngô Bảo Yến",
    "NGUYỄN THỊ LỆ",
)
# The first name of NAMES as fonts of the code page show it, letter by letter from their tables.
GARBLED = {
    "Nguyeãn Vaên Maãu": "Nguyễn Văn Mẫu",  # VNI
    "NGUYEÃN VAÊN MAÃU": "NGUYỄN VĂN MẪU",
    "Traàn Thò Höôùng": "Trần Thị Hướng",
    "Ñoã Höõu Ñöùc": "Đỗ Hữu Đức",
    "NguyÔn V¨n MÉu": "Nguyễn Văn Mẫu",  # TCVN3
    "NguyÔn ThÞ LÖ": "Nguyễn Thị Lệ",
    "NGUYÔN THÞ LÖ": "NGUYỄN THỊ LỆ",
    "§Æng Thïy D­¬ng": "Đặng Thùy Dương",
    "Hå Ngäc ¸nh": "Hồ Ngọc Ánh",
    "NguyÍn Væn MÅu": "Nguyễn Văn Mẫu",  # VPS
    "Nguy\u00adn Vån Mçu": "Nguyễn Văn Mẫu",  # VISCII
    "Nguyn Vån Mçu": None,  # the same, of which a letter was lost
    "Nguyá»…n VÄƒn Máº«u": "Nguyễn Văn Mẫu",  # UTF-8 as Windows-1252
    "Nguy峄卬 V膬n M岷玼": "Nguyễn Văn Mẫu",  # UTF-8 as GBK
    "Nguy&#7877;n V&#259;n M&#x1EAB;u": "Nguyễn Văn Mẫu",  # as a web page escapes it
    "Nguy\\u1ec5n V\\u0103n M\\u1eabu": "Nguyễn Văn Mẫu",
    "Nguy%E1%BB%85n%20V%C4%83n M%E1%BA%ABu": "Nguyễn Văn Mẫu",
    "Nguy%E1%BBn": None,
    "Nguy?n V?n M?u": None,
    "Nguy\ufffdn V\ufffdn": None,
    "Nguyễn Vаn": None,  # with a Cyrillic letter
    "\ue000\ue001": None,
}
SOUND = (
    "Nguyễn Văn Mẫu", "Lê Anh", "Lý Thúy", "Võ Minh Trí", "Nguyen Van A", "Trẻ sơ sinh (mẹ Hoa)",
    "Nguyễn Thị 1", "Lò Thị Ún / Hà", "王小明", "O´Neil Sean", "José Muñoz", "Müller Jürgen",
    "Zoë Noël", "Raphaël Anaïs", "Chloé Lê", "Þórður Björnsson", "Łukasz Żółć", "김민수",
    "Иван Петров", "Hʼư̆ Niê", "Siu Blê", "Lê Vâ", "Y Blưm Niê", "Con bà Nguyễn Thị …",
)  # fmt: skip


@pytest.mark.parametrize(("text", "name"), GARBLED.items())
def test_a_garbled_name_is_repaired_only_if_the_repair_is_certain(
    text: str, name: str | None
) -> None:
    reading = read_name(text)

    assert (reading.name, reading.is_garbled) == (None, True)
    if name is not None:
        assert reading.repaired == name
    else:
        assert reading.repaired is None or find_garbled(reading.repaired) is None


@pytest.mark.parametrize("name", SOUND)
def test_a_name_that_is_only_rare_is_not_garbled(name: str) -> None:
    for form in ("NFC", "NFD"):
        assert find_garbled(unicodedata.normalize(form, name)) is None


@pytest.mark.parametrize(
    ("name", "garbled"),
    [
        (name, name.encode().decode(encoding, "ignore"))
        for name in NAMES
        for encoding in ("cp1252", "latin-1", "cp1258", "gb18030", "big5", "shift_jis", "mac_roman")
        if name.encode().decode(encoding, "ignore").encode(encoding) == name.encode()
    ],
)
def test_utf_8_that_was_read_as_another_encoding_is_repaired(name: str, garbled: str) -> None:
    reading = read_name(garbled)

    assert (reading.name, reading.is_garbled, reading.repaired) == (None, True, name)


def test_a_soft_hyphen_in_a_name_is_no_damage() -> None:
    assert read_name("Nguyễn\u00ad Văn Mẫu").name == "Nguyễn Văn Mẫu"
    assert read_name("Lê \u00adAnh").name == "Lê Anh"


@pytest.mark.parametrize("garbled", ["Nguyeãn Vaên Maãu", "NguyÔn V¨n MÉu", "Nguy?n V?n M?u"])
def test_a_garbled_name_costs_the_patient_neither_number_nor_dates(garbled: str) -> None:
    for line in (
        BHYT17.replace("4e677579e1bb856e2056c4836e204de1baab75", garbled.encode().hex()),
        CCCD.replace("Nguyễn Văn Mẫu", garbled),
    ):
        verdict = judge(line.encode(), NOW, Knowledge())

        assert (verdict.outcome, verdict.reason) == (Outcome.UNCONFIRMED, Reason.NOT_YET_KNOWN)
        assert verdict.card is not None
        assert verdict.card.holder is None
        assert str(verdict.card.born) == "1980-02-01"
        assert Note.NAME_GARBLED in verdict.notes
        assert Note.HOLDER_NOT_GIVEN not in verdict.notes
        expected = None if "?" in garbled else "Nguyễn Văn Mẫu"
        assert verdict.card.repaired_holder == expected


@pytest.mark.parametrize("name", ["Trẻ sơ sinh (con mẹ Hoa)", "Nguyễn Thị 1", "王小明", "Ún / Hà"])
def test_a_rare_name_is_read_as_it_is_and_noted(name: str) -> None:
    line = BHYT17.replace("4e677579e1bb856e2056c4836e204de1baab75", name.encode().hex())
    for payload in (line, CCCD.replace("Nguyễn Văn Mẫu", name)):
        verdict = judge(payload.encode(), NOW, Knowledge())

        assert verdict.card is not None
        assert verdict.card.holder == name
        assert Note.NAME_UNUSUAL in verdict.notes


def test_a_name_that_is_not_written_in_hexadecimal_is_read() -> None:
    line = BHYT17.replace("4e677579e1bb856e2056c4836e204de1baab75", "Nguyễn Văn Mẫu")

    verdict = judge(line.encode(), NOW, Knowledge())

    assert verdict.card is not None
    assert verdict.card.holder == "Nguyễn Văn Mẫu"
    assert Note.REPAIRED_FROM_INPUT_METHOD not in verdict.notes


@pytest.mark.parametrize(
    ("name", "holder", "repaired"),
    [
        ("Nguyễn Văn Mẫu\0\0".encode(), "Nguyễn Văn Mẫu", None),
        (b"Nguy\xd4n V\xa8n M\xc9u", None, "Nguyễn Văn Mẫu"),  # TCVN3
        (b"\xffg", None, None),
        ("Nguyễn Văn Mẫ".encode()[:-1], None, None),
    ],
)
def test_a_name_of_other_bytes_costs_nothing_but_itself(
    name: bytes, holder: str | None, repaired: str | None
) -> None:
    line = BHYT17.replace("4e677579e1bb856e2056c4836e204de1baab75", name.hex())

    verdict = judge(line.encode(), NOW, Knowledge())

    assert verdict.card is not None
    assert (verdict.card.number, verdict.card.holder) == ("9999900020", holder)
    assert verdict.card.repaired_holder == repaired
    assert (Note.NAME_GARBLED in verdict.notes) is (holder is None)


def test_a_name_in_hexadecimal_utf_16_is_read() -> None:
    name = "Nguyễn Văn Mẫu"
    line = BHYT17.replace(name.encode().hex(), name.encode("utf-16-le").hex())

    verdict = judge(line.encode(), NOW, Knowledge())

    assert verdict.card is not None
    assert verdict.card.holder == name
