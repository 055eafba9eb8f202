"""Names that a wrong code page garbled, and what they most likely were.

Old hospital software keeps Vietnamese in the code pages VNI, TCVN3 (ABC), VPS or VISCII.  Whoever
exports it as if it were Windows-1252 gets `Nguyeãn Vaên Maãu` or `NguyÔn V¨n MÉu`.  UTF-8 that is
taken for another encoding becomes `Nguyá»…n`, or, in East Asia, words of two scripts.

1. A name is garbled if it has signs that no name has, a word of two scripts, or if reading it by
   another code page turns words that are not Vietnamese into Vietnamese syllables.
2. The repair is only offered if it is certain: if just one code page gives a Vietnamese name.

Sources: TCVN 5712:1993 (VN3), RFC 1456 (VISCII); VNI and VPS as their fonts have them.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote

from verify.syllables import ACUTE, DOT, GRAVE, HOOK, TILDE, is_syllable
from verify.text import clean_text

CIRCUMFLEX, BREVE = "\u0302", "\u0306"

# What no name has, but garbled ones do: the sign for what could not be read, and the signs that
# Windows-1252 has where the code pages have letters.
_GARBAGE = re.compile(
    "[?\ufffd\u00a1-\u00a9\u00ab\u00ac\u00ae-\u00b3\u00b5\u00b6\u00b8\u00b9\u00bb-\u00bf×÷ƒˆ˜†‡•‰‹›€™]"
)
_LETTER_CATEGORIES = ("Lu", "Ll", "Lt", "Lo")
_ESCAPES = re.compile(r"[?]|&#?\w+;|%[0-9a-f]{2}|\\u[0-9a-f]{4}", re.IGNORECASE)
_UNICODE_ESCAPE = re.compile(r"\\u([0-9a-f]{4})", re.IGNORECASE)
_GARBAGE_CATEGORIES = frozenset({"Cc", "Co", "Cn", "Cs"})
# Vietnamese letters that no wrong encoding gives: a name with one of them is as it was written.
_LATIN = "[A-Za-zÀ-ÖØ-öø-ɏ\u0300-\u036fḀ-ỿ '’.-]*"
_SOUND = re.compile(f"{_LATIN}[Ạ-ỹ]{_LATIN}\\Z")
_WORD = re.compile(r"[^\W\d_]+")
_SURNAMES = frozenset(
    """
    Nguyễn Trần Lê Phạm Hoàng Huỳnh Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý Đào Đinh Đoàn Trịnh
    Trương Lâm Mai Tô Hà Tạ Cao Châu Chu Tống Thái Triệu Lương Lưu Vương Phùng Quách Thạch Kiều
    Nghiêm La Từ Đàm Tăng Đồng Giang Khổng Lại Mạc Ninh Ông Tôn Văn Viên Bạch Cù Diệp Doãn Hứa
    """.split()
)


class Garbled(NamedTuple):
    """A garbled name: what it most likely was. None if that is not certain."""

    repaired: str | None = None


def find_garbled(text: str) -> Garbled | None:
    """Return what became of a name that a wrong encoding garbled. None if it is not garbled."""
    text = text.replace("\t", " ")
    if text.isascii() and text.isprintable() and not _ESCAPES.search(text):
        return None
    if _SOUND.match(clean_text(text)) or all(map(is_syllable, _words(text))):
        return None
    certain = _from_escapes(text) or _from_utf8(text)
    if certain is not None:
        return Garbled(certain)
    readings = _vietnamese_readings(text)
    if readings:
        return Garbled(readings.pop() if len(readings) == 1 else None)
    has_signs = _has_garbage(text) or _mixes_scripts(text) or _ESCAPES.search(text)
    return Garbled() if has_signs else None


def is_garbled(text: str) -> bool:
    """Return whether a wrong encoding garbled a name."""
    return find_garbled(text) is not None


def _from_escapes(text: str) -> str | None:
    """Return the name in which letters were written as web pages and programs escape them."""
    name = _UNICODE_ESCAPE.sub(lambda code: chr(int(code[1], 16)), html.unescape(text))
    if "%" in name:
        name = unquote(name, errors="replace")
    return unicodedata.normalize("NFC", name) if name != text and _is_latin(name) else None


def _from_utf8(text: str) -> str | None:
    """Return the name whose UTF-8 was read as another encoding. None if it was not."""
    for encoding in ("cp1252", "cp1258", "mac_roman", "gb18030", "big5", "shift_jis", "cp949"):
        name = text
        for _ in range(2):  # it may have happened twice
            try:
                name = _bytes(name, encoding).decode("utf-8")
            except ValueError:
                break
        if name != text and _is_latin(name):
            return unicodedata.normalize("NFC", name)
    return None


def _bytes(text: str, encoding: str) -> bytes:
    """Return the bytes of a text. In Windows-1252 five bytes are no letters, but pass unchanged."""
    if encoding != "cp1252":
        return text.encode(encoding)
    return b"".join(
        letter.encode("latin-1") if "\x80" <= letter < "\xa0" else letter.encode(encoding)
        for letter in text
    )


def _is_latin(name: str) -> bool:
    """Return whether a name has marked Latin letters, and nothing that a garbled name has."""
    words = _WORD.findall(name)
    is_plausible = bool(words) and not name.isascii() and not _has_garbage(name)
    return is_plausible and all(_scripts(word) <= {"LATIN"} for word in words)


def _vietnamese_readings(text: str) -> set[str]:
    """Return the Vietnamese names that code pages make of a text that is not one itself."""
    marked = [word for word in _words(text) if not word.isascii()]
    wrong = [word for word in marked if not is_syllable(word)]
    found = {
        name
        for name in _readings(text)
        if name is not None and name != text and all(map(_is_written_syllable, _words(name)))
    }
    with_surname = {name for name in found if _words(name)[0].capitalize() in _SURNAMES}
    if not wrong:
        return set()
    # In a garbled name each marked letter is wrong; a few words of it may look right by chance.
    return with_surname or (found if 2 * len(wrong) > len(marked) else set())


def _is_written_syllable(word: str) -> bool:
    """Return whether a word is a syllable without a capital behind a small letter."""
    return is_syllable(word) and (word.isupper() or word[1:].islower() or len(word) == 1)


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[\s.'’-]+", text) if word]


def _readings(text: str) -> Iterator[str | None]:
    yield _from_vni(text)
    for page in (_TCVN3, _VPS, _VISCII):
        yield _read_by(page, text)
    try:
        yield unicodedata.normalize("NFC", _bytes(text, "cp1252").decode("cp1258"))
    except ValueError:
        yield None


def _read_by(page: dict[str, str], text: str) -> str | None:
    """Return a text read by a code page of single letters. None if a letter is not in it."""
    if any(letter not in page for letter in text if not letter.isascii()):
        return None
    return _with_capitals(text, "".join(page.get(letter, letter) for letter in text))


def _with_capitals(text: str, name: str) -> str:
    """Return a name with capitals where its text must have had them.

    Fonts of TCVN3 show small marked letters as capitals; the plain letters tell that.
    """
    if "".join(letter for letter in text if letter.isascii()).isupper():
        return name.upper()
    return re.sub(r"(?<![^ -])\w", lambda first: first[0].upper(), name)


def _page(*rows: tuple[int, str]) -> dict[str, str]:
    """Return a code page: what each letter of Windows-1252, or its bare byte, stands for."""
    page = {}
    for first, letters in rows:
        for code, letter in enumerate(letters, first):
            if letter != " ":
                page[bytes([code]).decode("cp1252", "ignore") or chr(code)] = letter
                page[chr(code)] = letter
    return page


_TCVN3 = _page(
    (0xA1, "ĂÂÊÔƠƯĐăâêôơưđ"),
    (0xB5, "àảãáạ ằẳẵắ"),
    (0xC6, "ặầẩẫấậè ẻẽéẹềểễếệìỉ"),
    (0xDC, "ĩíịò ỏõóọồổỗốộờởỡớợù ủũúụừửữứựỳỷỹýỵ"),
)
_VISCII = _page(
    (0x80, "ẠẮẰẶẤẦẨẬẼẸẾỀỂỄỆỐỒỔỖỘỢỚỜỞỊỎỌỈỦŨỤỲÕắằặấầẩậẽẹếềểễệốồổỗỠƠộờởịỰỨỪỬơớƯ"),
    (0xC0, "ÀÁÂÃẢĂẳẵÈÉÊẺÌÍĨỳĐứÒÓÔạỷừửÙÚỹỵÝỡưàáâãảăữẫèéêẻìíĩỉđựòóôõỏọụùúũủýợỮ"),
)
_VPS = _page(
    (0x80, "ÀẢÃẤẦẨọỗĂếềểệẮẰẲẾ  ỀỂỄỐỒỔỖýỷỵỚỜỞ"),
    (0xA1, "ắằẳẵặỠớÙờởỡŨỨợỪổỬỲỸÍÌộỈĨÓửữÒỎÕựầÁÂấẩẫậđẻÉÊẹỉễịỹ"),
    (0xD0, "ƯỦồốÔỏơÈừứÚũưÝẺ àáâãảạă èéêẽìí ĩ"),
    (0xF1, "Đòóôõ Ơụùúủ ỶẼỳ"),
)

_VNI_LETTERS = {"ô": "ơ", "ö": "ư", "ñ": "đ", "æ": "ỉ", "ó": "ĩ", "ò": "ị", "î": "ỵ"}
# The letter behind a vowel that sets its marks; "ô" and "ö" are vowels themselves.
_VNI_MARKS = {
    "ø": GRAVE, "ù": ACUTE, "û": HOOK, "õ": TILDE, "ï": DOT,
    "â": CIRCUMFLEX, "à": CIRCUMFLEX + GRAVE, "á": CIRCUMFLEX + ACUTE, "å": CIRCUMFLEX + HOOK,
    "ã": CIRCUMFLEX + TILDE, "ä": CIRCUMFLEX + DOT,
    "ê": BREVE, "è": BREVE + GRAVE, "é": BREVE + ACUTE, "ú": BREVE + HOOK, "ü": BREVE + TILDE,
    "ë": BREVE + DOT,
}  # fmt: skip
_VNI_PAIR = re.compile(f"([aeouyôö])([{''.join(_VNI_MARKS)}])", re.IGNORECASE)


def _from_vni(text: str) -> str | None:
    """Return a text read by VNI, in which most marks are a letter of their own."""

    def read_letter(letter: str) -> str:
        read = _VNI_LETTERS.get(letter.lower(), letter.lower())
        return read.upper() if letter.isupper() else read

    parts = _VNI_PAIR.split(text)  # between two texts always a vowel and its mark
    plain, vowels, marks = parts[::3], parts[1::3], parts[2::3]
    read = ["".join(map(read_letter, plain[0]))]
    for vowel, mark, rest in zip(vowels, marks, plain[1:], strict=True):
        read.append(read_letter(vowel) + _VNI_MARKS[mark.lower()])
        read.append("".join(map(read_letter, rest)))
    return unicodedata.normalize("NFC", "".join(read))


def _has_garbage(text: str) -> bool:
    return _GARBAGE.search(text) is not None or any(
        unicodedata.category(letter) in _GARBAGE_CATEGORIES for letter in text
    )


def _mixes_scripts(text: str) -> bool:
    """Return whether a word has letters of Latin and of another script."""
    return any(
        "LATIN" in scripts and len(scripts) > 1 for scripts in map(_scripts, _WORD.findall(text))
    )


def _scripts(word: str) -> set[str]:
    """Return the first words of the letters' Unicode names, which name their scripts."""
    return {
        unicodedata.name(letter, "?").partition(" ")[0]
        for letter in word
        if unicodedata.category(letter) in _LETTER_CATEGORIES
    }
