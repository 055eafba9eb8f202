"""Compares what a reader sent with the code on the sheet, and names what was done to it.  Pure.

1.  The code is recognised by its likeness to one of the sheet's, however it was damaged.
2.  What is like none of them may be a patient's card: nothing of it is repeated.
3.  What stands around the code (a prefix, a suffix, an Enter, a second copy) is taken off step by
    step, each with its finding.  What is still different then is the damage to the letters.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from difflib import SequenceMatcher

from kiosk.readers.encodings import read_text, without_length
from kiosk.readers.finding import FAULTS, Finding, Found
from kiosk.readers.sample import ReaderSample
from kiosk.readers.sheet import BY_NUMBER, END, SHEET, START, SheetCode

MIN_LIKENESS = 0.5  # of a text to its code; a code that came twice has two thirds
MAX_SAMPLE_BYTES = 2_400  # that are looked at: six times the longest code
MAX_COPIES = 6  # of one code that a reader may send at once
MAX_AFFIX_LENGTH = 12  # characters of a prefix or a suffix
MAX_DIGITS_SHOWN = 4  # of a prefix or a suffix: more may be a patient's number
MAX_PAIRS_SHOWN = 6  # keys of another layout
MIN_SLOW_GAP_MS = 50  # between two keys: slower readers are taken for a person

_AIM = re.compile(r"\][A-Za-z][0-9A-Za-z]\Z", re.ASCII)
_ECI = re.compile(r"\\{1,2}\d{6}", re.ASCII)
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")  # not those that end a scan
_CONTROL_NAMES = {"\x01": "SOH", "\x02": "STX", "\x03": "ETX", "\x04": "EOT"}
_END_MARKS = {"\r": "CR (Enter)", "\n": "LF (Enter)", "\r\n": "CR LF", "\t": "TAB"}
_LINE_ENDS_AT_END = re.compile(r"[\r\n\t]+\Z")
_LINE_ENDS = re.compile(r"[\r\n\t]+")
_CODE_NUMBER = re.compile(rf"{START}[^0-9]?([1-9])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Which code of the sheet it was, by its key, and what was found, faults first.

    `code` is None if the text is not one of the sheet's codes.
    """

    code: str | None
    found: tuple[Found, ...]

    @property
    def is_good(self) -> bool:
        """Whether no fault was found."""
        return not any(finding in FAULTS for finding, _ in self.found)


def diagnose(sample: ReaderSample) -> Diagnosis:
    """Return what a reader did to the code that it was shown."""
    raw, has_length = without_length(sample.raw[:MAX_SAMPLE_BYTES])
    text, encoding = read_text(raw)
    end = _LINE_ENDS_AT_END.search(text)
    body = text[: end.start()] if end else text
    code = _most_similar_code(body, sample.places)
    if code is None:
        return Diagnosis(None, (Found(Finding.NOT_ON_SHEET),))
    found = [Found(Finding.ENCODING, encoding)] if encoding else []
    if has_length:
        found.append(Found(Finding.LENGTH_PROTOCOL))
    body = _without_marks_of_encoding(body, found)
    body = _without_copies(body, found)
    body = _without_affixes(_without_controls(body, found), found)
    body = _without_line_ends(body, found)
    if body != code.text and not encoding:
        found.append(_damage(body, code.text, sample))
    found += _typing_findings(sample)
    if not any(finding in FAULTS for finding, _ in found):
        found.insert(0, Found(Finding.AS_PRINTED))
    if sample.sends_end_mark:
        found.append(_end_mark(end.group() if end else ""))
    return Diagnosis(code.key, tuple(found))


def not_read(code: str) -> Diagnosis:
    """Return the diagnosis of a reader that does not read a code at all, as its user says."""
    return Diagnosis(code, (Found(Finding.NOT_READ),))


def _most_similar_code(text: str, places: str) -> SheetCode | None:
    """Return the code that a text is like, whatever letters were lost, doubled or changed."""
    number = _CODE_NUMBER.search(places) or _CODE_NUMBER.search(text)
    if number and int(number[1]) <= len(SHEET):
        return BY_NUMBER[number[1]]
    folded = _LINE_ENDS.sub("", text).casefold()

    def likeness(code: SheetCode) -> float:
        return SequenceMatcher(None, code.text.casefold(), folded, autojunk=False).ratio()

    best = max(SHEET, key=likeness)
    return best if likeness(best) >= MIN_LIKENESS else None


def _without_copies(body: str, found: list[Found]) -> str:
    parts = [part for part in _LINE_ENDS.split(body) if part]
    single = parts[0] if len(parts) > 1 and len(set(parts)) == 1 else ""
    for copies in range(MAX_COPIES, 1, -1):
        part = body[: len(body) // copies]
        single = single or (part if part * copies == body else "")
    if not single:
        return body
    found.append(Found(Finding.TWICE))
    return single


def _without_marks_of_encoding(body: str, found: list[Found]) -> str:
    marks = _ECI.findall(body)
    if marks:
        is_known = marks[0].lstrip("\\").startswith("000")  # other digits may be a patient's
        found.append(Found(Finding.ECI, marks[0] if is_known else ""))
    return _ECI.sub("", body)


def _without_controls(body: str, found: list[Found]) -> str:
    """Take off the control characters around a code."""
    start, end = body.casefold().find(START.casefold()), body.casefold().rfind(END.casefold())
    if start < 0 or end < 0:
        return body
    parts = body[:start], body[start : end + len(END)], body[end + len(END) :]
    controls = dict.fromkeys(_CONTROLS.findall(parts[0] + parts[2]))
    if controls:
        names = [_CONTROL_NAMES.get(letter, f"{ord(letter):02X}") for letter in controls]
        found.append(Found(Finding.CONTROL_CHARACTERS, ", ".join(names[:MAX_PAIRS_SHOWN])))
    return _CONTROLS.sub("", parts[0]) + parts[1] + _CONTROLS.sub("", parts[2])


def _without_affixes(body: str, found: list[Found]) -> str:
    """Take off what stands before and behind the code."""
    start = body.casefold().find(START.casefold())
    if start > 0:
        prefix = body[:start]
        finding = Finding.AIM_PREFIX if _AIM.match(prefix) else Finding.PREFIX
        found.append(Found(finding, _shown(prefix)))
        body = body[start:]
    end = body.casefold().rfind(END.casefold())
    suffix = body[end + len(END) :] if end >= 0 else ""
    if suffix and len(suffix) <= MAX_AFFIX_LENGTH:
        found.append(Found(Finding.SUFFIX, _shown(suffix)))
        body = body[: end + len(END)]
    return body


def _shown(affix: str) -> str:
    """Return a prefix or a suffix; "" if it may be a part of a patient's card."""
    digits = sum(letter.isdigit() for letter in affix)
    is_safe = len(affix) <= MAX_AFFIX_LENGTH and digits <= MAX_DIGITS_SHOWN and "|" not in affix
    return affix if is_safe and affix.isprintable() else ""


def _without_line_ends(body: str, found: list[Found]) -> str:
    joined = _LINE_ENDS.sub("", body)
    if joined != body:
        found.append(Found(Finding.ENTER_INSIDE))
    return joined


def _damage(got: str, expected: str, sample: ReaderSample) -> Found:
    """Name what was done to the letters."""
    if got == expected.swapcase():
        return Found(Finding.CAPS_LOCK)
    if got in (expected.upper(), expected.lower()):
        return Found(Finding.CASE_LOST)
    if expected.startswith(got):
        return Found(Finding.CUT_SHORT, f"{len(got)} / {len(expected)}")
    is_ascii = expected.isascii()
    is_layout = len(got) == len(expected) and _is_substitution(expected, got)
    # Keys that are right on a US keyboard write other letters, or only other signs than letters:
    # the layout is another one.
    is_key = is_ascii and expected in sample.places
    if is_layout and (is_key or _are_only_signs_different(expected, got)):
        return Found(Finding.LAYOUT, _different_pairs(expected, got))
    if is_ascii and not got.isascii():
        return Found(Finding.INPUT_METHOD, _input_method(got))
    if not is_ascii:
        finding = _damage_to_vietnamese(got, expected)
        if finding is not None:
            return Found(finding)
    if is_layout:
        return Found(Finding.LAYOUT, _different_pairs(expected, got))
    if len(got) < len(expected) and _is_subsequence(got, expected):
        return Found(Finding.LETTERS_LOST, f"{len(expected) - len(got)} / {len(expected)}")
    return Found(Finding.DAMAGED)


def _damage_to_vietnamese(got: str, expected: str) -> Finding | None:
    """Name what was done to the letters that are not ASCII; None if they are not the problem."""
    if got.replace("?", "") == _ascii_letters(expected):
        return Finding.LETTERS_MISSING
    if got == _without_marks(expected):
        return Finding.MARKS_MISSING
    return None if got.isascii() else Finding.NAMES_GARBLED


def _typing_findings(sample: ReaderSample) -> list[Found]:
    found = []
    if sample.alt_codes:
        found.append(Found(Finding.ALT_CODES))
    if sample.gap_ms is not None:
        is_slow = sample.gap_ms > MIN_SLOW_GAP_MS
        finding = Finding.SLOW if is_slow else Finding.SPEED
        found.append(Found(finding, f"{sample.gap_ms:.0f} ms"))
    return found


def _end_mark(mark: str) -> Found:
    if not mark:
        return Found(Finding.NO_END)
    return Found(Finding.ENDS_WITH, _END_MARKS.get(mark, f"{len(mark)} × CR, LF, TAB"))


def _input_method(got: str) -> str:
    """Name the input method by which of the code's two fields for it has changed."""
    fields = (got + "||").split("|")
    telex, vni = not fields[1].isascii(), not fields[2].isascii()
    return "Telex" if telex and not vni else "VNI" if vni and not telex else ""


def _different_pairs(expected: str, got: str) -> str:
    """Return letters and what became of them; both texts have the same length."""
    pairs = [f"{old} → {new}" for old, new in zip(expected, got, strict=True) if old != new]
    return ", ".join(list(dict.fromkeys(pairs))[:MAX_PAIRS_SHOWN])


def _is_substitution(expected: str, got: str) -> bool:
    """Return whether each letter became another letter, always the same one."""
    return len(set(zip(expected, got, strict=True))) == len(set(expected))


def _are_only_signs_different(expected: str, got: str) -> bool:
    pairs = zip(expected, got, strict=True)
    return not any(old.isalnum() or new.isalnum() for old, new in pairs if old != new)


def _is_subsequence(part: str, whole: str) -> bool:
    letters = iter(whole)
    return all(letter in letters for letter in part)


def _ascii_letters(text: str) -> str:
    return "".join(letter for letter in text if letter.isascii())


def _without_marks(text: str) -> str:
    decomposed = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
