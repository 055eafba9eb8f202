"""What readers add to a card's text is taken off if that is certain; nothing is guessed."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.sandbox import trusted_keys
from tests.cast import BHYT15, BHYT17, CCCD, NOW, payload
from tests.verify.test_smart_health_cards import COVERAGE, KEYS, PATIENT, card, claims
from verify import Card, Knowledge, Note, Reason, Sex, judge, read_jwks
from verify.formats.classify import normalise

SIGNED = Knowledge(read_jwks(trusted_keys(NOW)), demo=True)
SMART = Knowledge(KEYS)
HC1 = payload("binh").decode()
SHC = card(claims(PATIENT, COVERAGE))
NUMBER = "DN4019999900051"
SHORT = (
    "9999900020|4e677579e1bb856e2056c4836e204de1baab75|01/02/1980|1|01 - 999|01/01/2024|-|"
    "05/01/2024|$"
)
LINES = [BHYT15, BHYT17, CCCD, SHORT]
ALL = [*LINES, HC1, SHC, NUMBER, "9999900051", "001080000051"]


def read(data: bytes | str) -> Card | None:
    """Return the card in a payload, with whichever keys it needs."""
    raw = data.encode() if isinstance(data, str) else data
    return judge(raw, NOW, SIGNED).card or judge(raw, NOW, SMART).card


def with_length(text: str, marker: bytes, size: int, order: str, behind: bytes) -> bytes:
    raw = text.encode()
    length = len(raw).to_bytes(size, order)  # type: ignore[arg-type]  # "big" or "little"
    return marker + length + raw + behind


@pytest.mark.parametrize("text", ALL)
@pytest.mark.parametrize(
    "before",
    ["]Q1", "]Q2\\000026", "]Q3", "]Q4\\000003", "]Q5", "]Q6", "]d2", "]C0", "\\000026",
     "\\\\000026", "\\000000\\000026", "\0", "\0" * 4_095, "\x02", "\x03\x01", " \r\n",
     "\ufeff", "QR-Code:", "QR:", "QRCODE ", "QR Code: ", "[QR]", "qr_code=", "Barcode: ",
     "CODE128:", "Mã QR: ", "scan:", "QR|", "\x02QR:", "\u200b", "\u00a0"],
)  # fmt: skip
def test_what_stands_in_front_of_a_card_does_not_change_it(text: str, before: str) -> None:
    assert read(before + text) == read(text) is not None


@pytest.mark.parametrize("text", ALL)
@pytest.mark.parametrize("quoted", ['"{}"', "'{}'", "<{}>", "[{}]", "“{}”", "'{}"])
def test_quotes_around_a_card_do_not_change_it(text: str, quoted: str) -> None:
    assert read(quoted.replace("{}", text)) == read(text) is not None


@pytest.mark.parametrize("quoted", ["{};", '{}"', "({}", "{},"])
def test_quotes_and_commas_beside_a_number_do_not_change_it(quoted: str) -> None:
    assert read(quoted.replace("{}", NUMBER)) == read(NUMBER) is not None


@pytest.mark.parametrize("text", ALL)
@pytest.mark.parametrize(
    "behind", ["\0", "\0\0noise", "\x03", "\x03\r", "\x03N", "\x04", " \r", "\u200b"]
)
def test_what_stands_behind_a_card_does_not_change_it(text: str, behind: str) -> None:
    assert read(text + behind) == read(text) is not None


@pytest.mark.parametrize("text", [*LINES, HC1, SHC])
@pytest.mark.parametrize("place", [0, 5, 20, 40, 60])
def test_a_mark_of_the_encoding_within_a_card_is_taken_out(text: str, place: int) -> None:
    assert read(text[:place] + "\\000026" + text[place:]) == read(text) is not None


@pytest.mark.parametrize("text", ALL)
@pytest.mark.parametrize("marker", [b"\x03", b"\x02", b"\x01", b""])
@pytest.mark.parametrize(("size", "order"), [(1, "big"), (2, "big"), (2, "little")])
@pytest.mark.parametrize("behind", [b"", b"\xab\xcd", b"4E", b"\x03"])
def test_the_length_that_an_engine_sends_is_taken_off(
    text: str, marker: bytes, size: int, order: str, behind: bytes
) -> None:
    is_letter = not marker and chr(len(text.encode()) % 256).isalnum()
    is_digit = text.isalnum() and behind.isalnum()
    if len(text.encode()) >= 256**size or is_letter or is_digit:
        return  # it does not fit, or may be a letter of the code

    assert read(with_length(text, marker, size, order, behind)) == read(text) is not None


@pytest.mark.parametrize("noise", ["\n", "\x03\x0a", "\x02\x00\x0a", " \r\n"])
def test_noise_that_looks_like_a_length_cuts_no_number(noise: str) -> None:
    card = judge(f"{noise}001080000051".encode(), NOW, Knowledge()).card

    assert card is not None
    assert card.number == "001080000051"


@pytest.mark.parametrize("text", ALL)
def test_a_length_in_digits_is_taken_off(text: str) -> None:
    for length in (f"{len(text.encode())}", f"{len(text.encode()):04}"):
        assert read(f"\x02{length}{text}\x03") == read(text) is not None


def test_a_length_that_came_as_a_letter_of_utf_8_is_taken_off() -> None:
    assert read(f"\x03{chr(len(BHYT15))}{BHYT15}") == read(BHYT15)


@pytest.mark.parametrize("text", ALL)
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-16"])
@pytest.mark.parametrize("before", [b"", b"\0"])
def test_utf_16_is_read(text: str, encoding: str, before: bytes) -> None:
    assert read(before + text.encode(encoding)) == read(text) is not None


@pytest.mark.parametrize("letter", ["ề", "ế", "à", "ă", "Đ", "ư", "ự"])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("before", [b"", b"\0", b"\0\0", b"\0\0\0"])
def test_a_name_in_utf_16_is_right_or_not_read(letter: str, encoding: str, before: bytes) -> None:
    text = CCCD.replace("Mẫu", "M" + letter)
    found = read(before + text.encode(encoding))

    assert found is not None
    assert found.holder == f"Nguyễn Văn M{letter}"


@pytest.mark.parametrize("bar", "¦│ǀ∣｜￨~§'`°^*!@\\")
@pytest.mark.parametrize("text", LINES)
def test_another_sign_in_place_of_the_bar_is_put_right(text: str, bar: str) -> None:
    assert read(text.replace("|", bar)) == read(text) is not None


@pytest.mark.parametrize("text", [BHYT15, CCCD])
def test_another_sign_that_is_not_certain_is_named_as_unreadable(text: str) -> None:
    damaged = text.replace("|", "~").replace("-", "~").replace("Nam", "Nam~")

    assert judge(damaged.encode(), NOW, Knowledge()).reason is Reason.UNREADABLE


@pytest.mark.parametrize("bar", "/- .")
@pytest.mark.parametrize("text", [BHYT15, BHYT17, SHORT])
def test_a_sign_that_fields_have_too_is_not_taken_for_a_bar(text: str, bar: str) -> None:
    assert read(text.replace("|", bar)) is None


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        (HC1.lower(), HC1),
        ("Hc1:" + HC1[4:].lower(), HC1),
        ("]q1" + HC1.lower(), HC1),
        (SHC.upper(), SHC),
        (SHC.swapcase(), SHC),
        (BHYT15.swapcase(), BHYT15),
        (BHYT17.upper(), BHYT17),
        (CCCD.swapcase(), CCCD),
        (CCCD.replace("Nam", "Nữ").swapcase(), CCCD.replace("Nam", "Nữ")),
        (NUMBER.lower(), NUMBER),
    ],
)
def test_caps_lock_is_put_right(changed: str, text: str) -> None:
    assert read(changed) == read(text) is not None


@pytest.mark.parametrize(
    "number",
    ["DN 4 01 99999 00021", "DN4-01-99999-00021", "DN4.01.9999900021", " dn4 019999900021"],
)
def test_blanks_in_the_number_that_begins_a_card_are_left_out(number: str) -> None:
    assert read(BHYT15.replace("DN4019999900021", number)) == read(BHYT15)
    assert read(CCCD.replace("001099999901", "001 099 999 901")) == read(CCCD)


@pytest.mark.parametrize(
    "text", [BHYT15, BHYT17, CCCD.replace("001099", "001080"), HC1, SHC], ids=lambda text: text[:9]
)
@pytest.mark.parametrize("before", ["s", "Q", "P01", "XYZ:", "(QR) ", "Thẻ BHYT: ", "7-", "AB12"])
def test_any_prefix_is_taken_off_if_the_card_proves_where_it_begins(text: str, before: str) -> None:
    assert read(before + text) == read(text) is not None


@pytest.mark.parametrize("before", ["s", "P01", "7"])
def test_a_prefix_is_not_guessed_if_the_card_does_not_prove_it(before: str) -> None:
    assert read(before + SHORT) is None
    assert read(before + CCCD) is None  # the number is not of the year of birth


def test_a_label_that_is_not_a_readers_does_not_make_a_number_a_card() -> None:
    assert read("SĐT: 0912345678") is None
    assert read("QR: 8934567890123") is None


@pytest.mark.parametrize("behind", ["!!", "\\", "QR", "<END>", "$$", "#7"])
def test_a_suffix_behind_the_end_mark_is_taken_off(behind: str) -> None:
    assert read(BHYT17 + behind) == read(BHYT17) is not None


def test_a_field_that_begins_with_a_number_sign_is_not_an_end_mark() -> None:
    assert normalise(CCCD.replace("Số 1", "#1").encode()) == CCCD.replace("Số 1", "#1")
    assert normalise("001099999901||Mẫu|01021980|Nam|#5 Phố".encode()).endswith("|#5 Phố")


@pytest.mark.parametrize("sex", ["Nam", "Nữ"])
def test_a_citizen_card_in_decomposed_letters_is_read(sex: str) -> None:
    text = unicodedata.normalize("NFD", CCCD.replace("Nam", sex))
    found = read(text)

    assert found is not None
    assert found.holder == "Nguyễn Văn Mẫu"
    assert found.sex is (Sex.MALE if sex == "Nam" else Sex.FEMALE)


def test_a_number_behind_noise_is_read_by_the_verdict() -> None:
    verdict = judge(b"\0" + NUMBER.encode(), NOW, Knowledge())

    assert verdict.card is not None
    assert (verdict.card.number, verdict.notes) == (NUMBER, (Note.HOLDER_NOT_GIVEN,))


@pytest.mark.parametrize("damaged", ["hC1:" + HC1[4:], HC1[:9] + HC1[9:].lower()])
def test_a_signed_card_of_both_cases_is_not_put_right(damaged: str) -> None:
    assert judge(damaged.encode(), NOW, SIGNED).card is None


def test_a_text_that_is_not_utf_8_still_says_so() -> None:
    assert judge(b"\x03\xe6" + b"x" * 40, NOW, Knowledge()).reason is Reason.BAD_ENCODING


@given(st.binary(max_size=60))
def test_any_bytes_in_front_of_any_bytes_have_a_verdict(noise: bytes) -> None:
    for text in (BHYT15, CCCD, NUMBER, ""):
        assert judge(noise + text.encode(), NOW, Knowledge()).reason


@given(st.sampled_from(LINES), st.text("0123456789DNQR:\\]|¦ \x02\x03", max_size=8))
def test_a_prefix_never_makes_another_number(text: str, before: str) -> None:
    found, genuine = read(before + text), read(text)

    assert genuine is not None
    if found is not None and found.holder is not None:
        assert found.number[-10:] == genuine.number[-10:]


@pytest.mark.parametrize("text", [SHC, BHYT17, BHYT15], ids=["shc", "bhyt17", "bhyt15"])
def test_hc1_as_the_label_of_another_card_is_taken_off(text: str) -> None:
    assert normalise(f"HC1:{text}".encode()) == normalise(text.encode())


@pytest.mark.parametrize("fields", [8, 14, 16])
def test_a_citizen_card_with_the_end_mark_and_the_length_of_a_bhyt_card_stays_one(
    fields: int,
) -> None:
    parts = CCCD.split("|")
    line = "|".join([*parts, *[""] * (fields - len(parts)), "$"])

    assert judge(line.encode(), NOW, SIGNED).format == "cccd"
