"""Spellings of one name, and names that are almost the same, drawn by chance."""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Callable

from verify.syllables import ONSETS, RIMES, STOPS, is_syllable

TONE_MARKS = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
VOWELS = "aăâeêioôơuưy"
# People of the country's other peoples, and foreigners.  All are invented.
OTHER_NAMES = (
    "H'Nhung Niê", "Y Blưm Êban", "Kpă Klơng", "Rơ Châm Mút", "Siu Blê", "Ksor H'Lan",
    "K'Brêu Ya", "Đinh Hriêl", "Hồ Văn Lôi", "Giàng A Phô", "Sùng Thị Dở", "Vàng Seo Chứ",
    "Lò Thị Ún", "Quàng Văn Pản", "Tòng Thị Lả", "Cầm Bá Thức", "Bàn Tài Vảng", "Chíu A Sáng",
    "Tẩn Mỹ Dao", "Lồ Lử Phừ", "Thạch Sóc Kha", "Danh Út", "Kim Sà Rết", "Voòng Nhì Múi",
    "Pờ Sè Dờ", "A Lăng Thử", "Cơ Lâu Nâu", "Hʼư̆ Mlô", "Ra Lan Nhớ", "Nay H'Bơ̆ Mẫu",
    "José Muñoz", "Zoë Lefèvre", "Jürgen Müller", "Þórður Björnsson", "Łukasz Żółć",
    "Åse Ångström", "Seán O'Brien", "Nuñez-García Lucía", "Iñigo Sáenz", "Çelik Özgür",
    "Dvořák Antonín", "王小明", "김민수", "Иван Петров", "สมชาย ใจดี",
)  # fmt: skip


def syllable(chance: random.Random) -> str:
    """Return a Vietnamese syllable in small letters."""
    while True:
        rime = chance.choice(sorted(RIMES))
        letters = chance.choice(("", *ONSETS)) + rime
        tone = chance.choice(("\u0301", "\u0323") if rime.endswith(STOPS) else TONE_MARKS)
        places = [place for place, letter in enumerate(letters) if letter in VOWELS]
        place = chance.choice(places)
        word = unicodedata.normalize("NFC", letters[: place + 1] + tone + letters[place + 1 :])
        if is_syllable(word):
            return word


def name(chance: random.Random) -> str:
    """Return a name of two to five syllables, or one of other peoples."""
    if chance.random() < 0.2:
        return chance.choice(OTHER_NAMES)
    return " ".join(syllable(chance).capitalize() for _ in range(chance.randint(2, 5)))


def spelt_otherwise(text: str, chance: random.Random) -> str:
    """Return the same name in another spelling that people and programs use."""
    for change in chance.sample(CHANGES, chance.randint(1, 4)):
        text = change(text, chance)
    return text


def another(text: str, chance: random.Random) -> str:
    """Return a name that differs in one letter, in the mark of one vowel, or in one tone."""
    while True:
        letters = list(unicodedata.normalize("NFC", text))
        place = chance.choice([p for p, letter in enumerate(letters) if letter.isalpha()])
        letters[place] = _other_letter(letters[place], chance)
        changed = "".join(letters)
        if unicodedata.normalize("NFC", changed).casefold() != text.casefold():
            return changed


def _other_letter(letter: str, chance: random.Random) -> str:
    decomposed = unicodedata.normalize("NFD", letter)
    base, marks = decomposed[0], decomposed[1:]
    shape = "".join(mark for mark in marks if mark not in TONE_MARKS)
    tone = "".join(mark for mark in marks if mark in TONE_MARKS)
    kind = chance.choice(("letter", "vowel", "tone"))
    if base.lower() in "aeiouy" and kind == "tone":
        others = [mark for mark in TONE_MARKS if mark != tone]
        return unicodedata.normalize("NFC", base + shape + chance.choice(others))
    if base.lower() in "aeiouy" and kind == "vowel":
        other = chance.choice([vowel for vowel in VOWELS if vowel != (base.lower() + shape)])
        other = unicodedata.normalize("NFD", other)
        return unicodedata.normalize("NFC", (other.upper() if base.isupper() else other) + tone)
    return chance.choice([other for other in "bcdghklmnpqrstvx" if other != base.lower()])


def _capitals(text: str, _chance: random.Random) -> str:
    return text.upper() if "ʼ" not in text else text


def _small_letters(text: str, _chance: random.Random) -> str:
    return text.lower()


def _decomposed(text: str, _chance: random.Random) -> str:
    return unicodedata.normalize("NFD", text)


def _half_composed(text: str, chance: random.Random) -> str:
    """Compose each letter with its shape only, or with its tone only where the order allows."""
    words = []
    for letter in unicodedata.normalize("NFC", text):
        decomposed = unicodedata.normalize("NFD", letter)
        is_marked = unicodedata.combining(decomposed[-1]) > 0
        if len(decomposed) == 3 and is_marked and chance.random() < 0.7:
            shape = next((mark for mark in decomposed[1:] if mark not in TONE_MARKS), "")
            tone = next((mark for mark in decomposed[1:] if mark in TONE_MARKS), "")
            letter = unicodedata.normalize("NFC", decomposed[0] + shape) + tone
        words.append(letter)
    return "".join(words)


def _tone_before_shape(text: str, _chance: random.Random) -> str:
    """Put a tone before the mark of its letter, as some keyboards send it."""
    letters = []
    for letter in unicodedata.normalize("NFC", text):
        decomposed = unicodedata.normalize("NFD", letter)
        base, marks = decomposed[0], decomposed[1:]
        letters.append(base + "".join(sorted(marks, key=lambda mark: mark not in TONE_MARKS)))
    return "".join(letters)


def _tone_elsewhere(text: str, chance: random.Random) -> str:
    """Move the tone to another vowel of the same group: the old and the new way to place it."""
    words = []
    for word in unicodedata.normalize("NFC", text).split(" "):
        letters = list(unicodedata.normalize("NFD", word))
        bases: list[list[str]] = []
        for letter in letters:
            if unicodedata.combining(letter) and bases:
                bases[-1].append(letter)
            else:
                bases.append([letter])
        for place, (base, *marks) in enumerate(bases):
            tones = [mark for mark in marks if mark in TONE_MARKS]
            near = [
                other
                for other in (place - 1, place + 1)
                if 0 <= other < len(bases)
                and bases[other][0].lower() in "aeiouy"
                and not any(mark in TONE_MARKS for mark in bases[other][1:])
            ]
            if base.lower() in "aeiouy" and len(tones) == 1 and near:
                bases[place].remove(tones[0])
                bases[chance.choice(near)].append(tones[0])
                break
        words.append(unicodedata.normalize("NFC", "".join(map("".join, bases))))
    return " ".join(words)


def _eth(text: str, _chance: random.Random) -> str:
    return unicodedata.normalize("NFC", text).replace("Đ", "\u00d0").replace("đ", "\u00f0")


def _apostrophe(text: str, chance: random.Random) -> str:
    other = chance.choice("'\u2019\u2018`\u00b4\u02bc")
    return "".join(other if letter in "'\u2019ʼ" else letter for letter in text)


def _hyphens(text: str, chance: random.Random) -> str:
    return text.replace(" ", chance.choice(("-", "\u2013", "\u2011", " - ")))


def _blanks(text: str, chance: random.Random) -> str:
    return text.replace(" ", chance.choice(("  ", "\u00a0", " \u200b", "\t", "\u3000")))


def _full_stop(text: str, chance: random.Random) -> str:
    return text + "." if chance.random() < 0.5 else text.replace(" ", ". ", 1)


def _around(text: str, _chance: random.Random) -> str:
    return f" \ufeff{text}\u00a0 "


CHANGES: list[Callable[[str, random.Random], str]] = [
    _capitals, _small_letters, _decomposed, _half_composed, _tone_before_shape, _tone_elsewhere,
    _eth, _apostrophe, _hyphens, _blanks, _full_stop, _around,
]  # fmt: skip
