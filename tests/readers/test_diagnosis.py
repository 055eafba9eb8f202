"""The damage that readers are known to do is named, whichever code it was."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.readers import FAULTS, SHEET, Finding, ReaderSample, SheetCode
from kiosk.readers.diagnosis import diagnose
from kiosk.readers.encodings import read_text
from kiosk.readers.sheet import LONG, NAMES, SIGNS
from kiosk.sandbox import PEOPLE, payload_of
from tests.cast import BHYT15, BHYT17, CCCD, NOW

ASCII_NAMES = "".join(letter for letter in NAMES if letter.isascii())
UNMARKED_NAMES = "".join(
    letter
    for letter in unicodedata.normalize("NFD", NAMES.replace("đ", "d").replace("Đ", "D"))
    if not unicodedata.combining(letter)
)
DECOMPOSED = unicodedata.normalize("NFD", NAMES)
LONG_WITH_GAPS = "".join(letter for position, letter in enumerate(LONG) if position % 40)

DAMAGED = [
    (NAMES.encode("gb18030"), Finding.ENCODING, "GBK / GB 18030"),
    (NAMES.encode("utf-16-le") + b"\r\0", Finding.ENCODING, "UTF-16"),
    (NAMES.encode("utf-16-be"), Finding.ENCODING, "UTF-16"),
    (DECOMPOSED.encode("utf-16-le"), Finding.ENCODING, "UTF-16"),
    (NAMES.encode("utf-16"), Finding.ENCODING, "UTF-16"),
    (b"\x03" + bytes([len(SIGNS)]) + SIGNS.encode(), Finding.LENGTH_PROTOCOL, ""),
    (b"\x03" + len(LONG).to_bytes(2) + LONG.encode() + b"\xab\xcd", Finding.LENGTH_PROTOCOL, ""),
    (b"\x02" + len(NAMES.encode()).to_bytes(2, "little") + NAMES.encode() + b"\r",
     Finding.LENGTH_PROTOCOL, ""),
    (NAMES.replace("|", "¦"), Finding.LAYOUT, "| → ¦"),
    (SIGNS.replace("|", "¦"), Finding.LAYOUT, "| → ¦"),
    (DECOMPOSED.encode("cp1258", "replace"), Finding.ENCODING, "Windows-1258"),
    (NAMES.encode("cp1252", "replace"), Finding.ENCODING, "Windows-1252"),
    (NAMES[:20].encode() + b"\xff" + NAMES[20:].encode(), Finding.ENCODING, "?"),
    (NAMES.encode().decode("big5", "ignore"), Finding.NAMES_GARBLED, ""),
    (NAMES.encode().decode("cp1252", "replace"), Finding.NAMES_GARBLED, ""),
    (ASCII_NAMES, Finding.LETTERS_MISSING, ""),
    (NAMES.encode("ascii", "replace"), Finding.LETTERS_MISSING, ""),
    (UNMARKED_NAMES, Finding.MARKS_MISSING, ""),
    ("QR:" + SIGNS, Finding.PREFIX, "QR:"),
    (SIGNS + "!!", Finding.SUFFIX, "!!"),
    (SIGNS + "\r" + SIGNS + "\r", Finding.TWICE, ""),
    (LONG * 2, Finding.TWICE, ""),
    (LONG[:200] + "\r" + LONG[200:] + "\r", Finding.ENTER_INSIDE, ""),
    (LONG[:256], Finding.CUT_SHORT, f"256 / {len(LONG)}"),
    (LONG_WITH_GAPS, Finding.LETTERS_LOST, f"10 / {len(LONG)}"),
    (SIGNS.swapcase(), Finding.CAPS_LOCK, ""),
    (SIGNS.upper(), Finding.CASE_LOST, ""),
    (SIGNS.replace("-", "'").replace("|", "~"), Finding.LAYOUT, "- → ', | → ~"),
    (SIGNS.translate(str.maketrans("YZyz", "ZYzy")), Finding.LAYOUT, "Y → Z, Z → Y, y → z, z → y"),
    (SIGNS.replace("dd aa af as ee ow", "đ â à á ê ơ"), Finding.INPUT_METHOD, "Telex"),
    (SIGNS.replace("a1 e6 o7 d9", "á ê ơ đ"), Finding.INPUT_METHOD, "VNI"),
    (SIGNS.replace("0123456789", "9876543210"), Finding.DAMAGED, ""),
]  # fmt: skip


def raw(sent: str | bytes) -> bytes:
    return sent if isinstance(sent, bytes) else sent.encode()


@pytest.mark.parametrize("code", SHEET, ids=lambda code: code.key)
@pytest.mark.parametrize(
    ("end", "seen"),
    [("\r", "CR (Enter)"), ("\n", "LF (Enter)"), ("\r\n", "CR LF"), ("\t", "TAB"), ("", None)],
)
def test_a_good_reader_has_no_fault_whatever_ends_its_scans(
    code: object, end: str, seen: str | None
) -> None:
    diagnosis = diagnose(ReaderSample((code.text + end).encode()))  # type: ignore[attr-defined]  # of SHEET

    assert diagnosis.code == code.key  # type: ignore[attr-defined]  # of SHEET
    assert diagnosis.is_good
    kind = Finding.ENDS_WITH if seen else Finding.NO_END
    assert list(diagnosis.found) == [(Finding.AS_PRINTED, ""), (kind, seen or "")]


@pytest.mark.parametrize(("sent", "finding", "detail"), DAMAGED, ids=lambda value: str(value)[:24])
def test_the_damage_to_a_code_is_named(sent: str | bytes, finding: Finding, detail: str) -> None:
    diagnosis = diagnose(ReaderSample(raw(sent)))

    assert [found for found in diagnosis.found if found.finding in FAULTS] == [(finding, detail)]


def test_several_faults_are_all_named() -> None:
    sent = "QR:" + NAMES + "\r" + "QR:" + NAMES + "\r"

    found = {finding for finding, _ in diagnose(ReaderSample(sent.encode("gb18030"))).found}

    assert found >= {Finding.ENCODING, Finding.TWICE, Finding.PREFIX, Finding.ENDS_WITH}


def test_an_aim_prefix_and_decomposed_letters_are_not_faults() -> None:
    diagnosis = diagnose(ReaderSample(("]Q1" + DECOMPOSED).encode()))

    assert diagnosis.is_good
    assert (Finding.AIM_PREFIX, "]Q1") in diagnosis.found


@pytest.mark.parametrize("code", SHEET, ids=lambda code: code.key)
@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ("]Q2\\000026{}", {(Finding.AIM_PREFIX, "]Q2"), (Finding.ECI, "\\000026")}),
        ("\\000026{}", {(Finding.ECI, "\\000026")}),
        ("\x02{}\x03", {(Finding.CONTROL_CHARACTERS, "STX, ETX")}),
        ("\x01\x02{}\x04", {(Finding.CONTROL_CHARACTERS, "SOH, STX, EOT")}),
        ("\0\0{}", set()),
    ],
)
def test_what_the_program_removes_from_every_scan_is_named_and_no_fault(
    code: SheetCode, sent: str, found: set[object]
) -> None:
    diagnosis = diagnose(ReaderSample((sent.format(code.text) + "\r").encode()))

    assert diagnosis.code == code.key
    assert diagnosis.is_good
    assert set(diagnosis.found) >= found


def test_the_names_of_utf_16_are_composed() -> None:
    text, encoding = read_text(DECOMPOSED.encode("utf-16-be"))

    assert (text, encoding) == (NAMES, "UTF-16")


def test_keys_in_the_right_places_mean_another_layout_and_not_an_input_method() -> None:
    azerty = SIGNS.translate(str.maketrans("0123456789", "àé&'(-è_ç\""))

    diagnosis = diagnose(ReaderSample(azerty.encode(), places=SIGNS, gap_ms=12))

    assert diagnosis.found[0].finding is Finding.LAYOUT
    assert (Finding.SPEED, "12 ms") in diagnosis.found


@pytest.mark.parametrize(
    ("gap_ms", "finding"), [(5, Finding.SPEED), (50, Finding.SPEED), (51, Finding.SLOW)]
)
def test_a_reader_that_types_as_slowly_as_a_person_is_reported(
    gap_ms: float, finding: Finding
) -> None:
    found = diagnose(ReaderSample(SIGNS.encode(), gap_ms=gap_ms)).found

    assert (finding, f"{gap_ms} ms") in found


@pytest.mark.parametrize("around", ["079199912345", "9999900021|", "079199912345\t", "A" * 13])
def test_text_that_may_be_a_patients_number_is_never_repeated(around: str) -> None:
    for sent in (around + SIGNS, around + "\n" + SIGNS, SIGNS + around, SIGNS + "\r" + around):
        found = diagnose(ReaderSample(sent.encode())).found
        assert not any(around.strip()[:8] in detail for _, detail in found)


@pytest.mark.parametrize("times", [2, 3, 4])
@pytest.mark.parametrize("between", ["", "\r"])
@pytest.mark.parametrize("code", SHEET, ids=lambda code: code.key)
def test_a_code_that_is_sent_several_times_is_reported(
    code: object, between: str, times: int
) -> None:
    text = code.text  # type: ignore[attr-defined]  # of SHEET

    diagnosis = diagnose(ReaderSample(((text + between) * times).encode()))

    assert [found.finding for found in diagnosis.found if found.finding in FAULTS] == [
        Finding.TWICE
    ]
    assert diagnosis.code == code.key  # type: ignore[attr-defined]  # of SHEET


def test_an_azerty_keyboard_is_recognised_as_another_layout() -> None:
    american = "1234567890-qwertyuiop[]asdfghjkl;'zxcvbnm,./QWERTYUIOPASDFGHJKL:ZXCVBNM<>?|"
    french = "&é\"'(-è_çà)azertyuiop^$qsdfghjklmùwxcvbn,;:!AZERTYUIOPQSDFGHJKLMWXCVBN?./§µ"
    azerty = dict(zip(american, french, strict=True))
    for text in (SIGNS, LONG):
        sent = "".join(azerty.get(letter, letter) for letter in text)
        diagnosis = diagnose(ReaderSample(sent.encode(), places=text, gap_ms=10))
        assert diagnosis.code in ("signs", "long")
        assert not diagnosis.is_good


def test_an_input_method_is_recognised_although_the_keys_are_in_the_right_places() -> None:
    sent = SIGNS.replace("dd aa af as ee ow", "đ â à á ê ơ")

    diagnosis = diagnose(ReaderSample(sent.encode(), places=SIGNS))

    assert diagnosis.found[0] == (Finding.INPUT_METHOD, "Telex")


def test_alt_codes_are_reported() -> None:
    diagnosis = diagnose(ReaderSample(NAMES.encode(), alt_codes=True))

    assert diagnosis.found[0] == (Finding.ALT_CODES, "")


@pytest.mark.parametrize(
    "payload", [BHYT17, BHYT15, CCCD, "", "DN4019999900021", *(payload_of(p, NOW) for p in PEOPLE)]
)
@pytest.mark.parametrize("sent", ["{}", "]Q1{}\r", "{}\r{}\r"])
def test_nothing_of_a_card_is_repeated(payload: str, sent: str) -> None:
    diagnosis = diagnose(ReaderSample(sent.replace("{}", payload).encode()))

    assert diagnosis.code is None
    assert diagnosis.found == ((Finding.NOT_ON_SHEET, ""),)


@given(st.binary(max_size=3000))
def test_any_bytes_have_a_diagnosis(sent: bytes) -> None:
    assert diagnose(ReaderSample(sent)).found


@given(st.sampled_from(SHEET), st.binary(max_size=40), st.integers(0, 400))
def test_noise_within_a_code_has_a_diagnosis(code: object, noise: bytes, at: int) -> None:
    text = code.text.encode()  # type: ignore[attr-defined]  # of SHEET

    assert diagnose(ReaderSample(text[:at] + noise + text[at:])).found
