"""Tickets as pictures: whole letters, black and white, nothing that others may not read."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
import zxingcpp
from PIL import Image

from kiosk.tickets.drawing import BOLD, LACKING, PLAIN, _font, draw_ticket, drawable
from kiosk.tickets.ticket import Payment, short_name
from kiosk.tickets.ticket_code import read_ticket_code, ticket_code
from kiosk.tickets.wording import Language, ticket_text
from tests.kiosk.printing import AT, ticket

MARKED = "aăâeêioôơuưy"
TONES = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
LETTERS = [
    "đ",
    "Đ",
    *(
        unicodedata.normalize("NFC", vowel + tone)
        for vowel in (*MARKED, *MARKED.upper())
        for tone in TONES
    ),
]


def dots(picture: Image.Image) -> np.ndarray:
    """Return which dots of a picture are black."""
    return np.asarray(picture.convert("L")) < 128


def words(ticket_: object) -> str:
    return " ".join(str(getattr(ticket_, name)) for name in type(ticket_).__slots__)  # type: ignore[attr-defined]


@pytest.mark.parametrize("cut", [PLAIN, BOLD])
def test_every_vietnamese_letter_has_a_shape_of_its_own(cut: str) -> None:
    font = _font(cut, 28)
    tofu = bytes(font.getmask("\uffff"))
    shapes = {letter: (font.getbbox(letter), bytes(font.getmask(letter))) for letter in LETTERS}

    assert len(LETTERS) == 146  # 134 with marks, and the 12 vowels without, twice each, less 12
    assert not [letter for letter, (_box, shape) in shapes.items() if shape == tofu]
    assert len(set(shapes.values())) == len(set(LETTERS))


def test_a_letter_in_two_parts_is_drawn_as_one() -> None:
    whole, parts = (
        ticket(room=unicodedata.normalize(form, "Phẫu thuật")) for form in ("NFC", "NFD")
    )

    assert draw_ticket(whole).tobytes() == draw_ticket(parts).tobytes()


def test_letters_of_other_scripts_are_shown_as_lacking() -> None:
    assert drawable("Lý 李") == f"Lý {LACKING}"


@pytest.mark.parametrize("width", [576, 512, 384])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_ticket_has_the_printer_s_width_and_a_code_that_can_be_read(
    width: int, language: Language
) -> None:
    picture = draw_ticket(ticket(), language, width)

    assert (picture.mode, picture.width) == ("1", width)
    (code,) = zxingcpp.read_barcodes(np.asarray(picture.convert("L")))
    assert code.text == ticket().code


def test_nothing_of_a_long_name_or_room_is_cut_off() -> None:
    long = ticket(
        label="Q 1284",
        room="Phòng khám Răng Hàm Mặt và Phẫu thuật Tạo hình Thẩm mỹ số 12",
        person=short_name("Nguyễn " * 12 + "Nghiêng" * 8),
    )

    black = dots(draw_ticket(long))

    assert black.shape[0] > dots(draw_ticket(ticket())).shape[0]
    # Only the frame reaches both sides: a letter that did would be cut.
    ends = np.flatnonzero(black[:, -1])
    assert ends.size == ends[-1] - ends[0] + 1


def test_the_number_is_as_high_as_the_design_says() -> None:
    black = dots(draw_ticket(ticket(label="8", room="")))
    rows = black.any(axis=1)
    edges = np.flatnonzero(np.diff(rows.astype(int)))
    heights = np.diff(edges)[::2]

    # 92 pt are 259 dots to the em; the digits of the font are seven tenths of it.
    assert 170 <= heights.max() <= 200


@pytest.mark.parametrize(
    ("payment", "percent", "expected"),
    [
        (Payment.SHARE, 80.0, "BHYT trả 80 % … người bệnh trả 20 %."),
        (Payment.SHARE, 100.0, "BHYT trả 100 % … ."),
        (Payment.SHARE, 47.5, "BHYT trả 47,5 % … người bệnh trả 52,5 %."),
        (Payment.LOOKED_UP, None, "Thẻ BHYT đang được tra."),
        (Payment.ASK, None, "Mức hưởng BHYT: hỏi bàn tiếp đón trước khi thanh toán."),
        (Payment.UNINSURED, None, "Không BHYT."),
        (Payment.NOTHING, None, ""),
    ],
)  # fmt: skip
def test_what_a_ticket_says_of_the_payment(
    payment: Payment, percent: float | None, expected: str
) -> None:
    text = ticket_text(ticket(payment=payment, share_percent=percent), "vi")

    said = f"{text.payment} {text.payment_more}".replace("chi phí trong phạm vi được hưởng", "…")
    assert said.replace("…,", "…").replace("….", "… .").strip().startswith(expected)
    assert "%" not in words(text) or payment is Payment.SHARE


def test_a_reprint_says_so_and_keeps_its_number() -> None:
    first = ticket_text(ticket(), "vi")
    again = ticket_text(ticket(printed_again_at=AT + timedelta(minutes=8)), "vi")

    assert (first.again, again.again) == ("", "In lại, 07:50")
    assert replace(again, again="") == first


def test_the_time_is_the_clinic_s() -> None:
    late = ticket(at=datetime(2026, 11, 27, 17, 5, tzinfo=UTC))

    assert ticket_text(late, "vi").at == "00:05, thứ bảy 28/11/2026"
    assert ticket_text(late, "en").at == "00:05, Saturday 28/11/2026"


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("Nguyễn Văn An", "N. V. AN"),
        ("đỗ  nam", "Đ. NAM"),
        ("Ánh", "ÁNH"),
        (unicodedata.normalize("NFD", "Ứng Thị Ổn"), "Ứ. T. ỔN"),
        ("", ""),
        (None, ""),
    ],
)
def test_a_person_is_named_by_initials_and_given_name(name: str | None, short: str) -> None:
    assert short_name(name) == short


KEY = bytes(range(32))


def test_the_code_of_a_ticket_leads_back_to_it() -> None:
    text = ticket_code(KEY, "01999", date(2026, 11, 28), "Q 7", 4711)

    read = read_ticket_code(text.lower())

    assert read is not None
    assert (read.facility, read.day, read.label, read.ticket) == (
        "01999", date(2026, 11, 28), "Q7", 4711,
    )  # fmt: skip
    assert read.is_made_with(KEY)


def test_a_changed_code_and_one_of_another_logbook_are_not_ours() -> None:
    text = ticket_code(KEY, "01999", date(2026, 11, 28), "12", 4711)

    for other in (text.replace("4711", "4712"), text.replace("-12-", "-13-")):
        read = read_ticket_code(other)
        assert read is not None
        assert not read.is_made_with(KEY)
    ours = read_ticket_code(text)
    assert ours is not None
    assert not ours.is_made_with(KEY[::-1])


@pytest.mark.parametrize(
    "text", ["", "TD1-", "TD1-01999-20261340-12-4711-0123456789", "TD1-01999-20261128-12-4711-012"]
)
def test_a_code_that_is_cut_or_impossible_is_none(text: str) -> None:
    assert read_ticket_code(text) is None


def test_the_code_holds_only_digits_capitals_and_dashes() -> None:
    text = ticket_code(KEY, "79A01", date(2026, 11, 28), "Q 7", 4711)

    assert set(text) <= set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-")
