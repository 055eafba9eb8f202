"""Hold what a reader sent against the code on the sheet, and say what was done to it.

Pure.  A code is known by its likeness, since what is sought is how it was spoilt; what is like
none of them may be a patient's card, and nothing of it is repeated.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from difflib import SequenceMatcher

from kiosk.readers.encodings import read_text
from kiosk.readers.finding import FAULTS, Finding, Found
from kiosk.readers.sample import ReaderSample
from kiosk.readers.sheet import BY_NUMBER, END, SHEET, START, SheetCode

LIKENESS = 0.5  # of a text to the code that it was; one that came twice is two thirds like it
MOST = 2_400  # bytes that are looked at: the longest code six times over
MOST_AROUND = 12  # characters of a prefix or a suffix
MOST_DIGITS = 4  # of them that are shown: more may be a patient's number
MOST_PAIRS = 6  # keys of another layout that are shown
SLOW_MS = 50  # between two keys: slower ones are taken for a person's

_AIM = re.compile(r"\][A-Za-z][0-9A-Za-z]\Z", re.ASCII)
_ENDS = {"\r": "CR (Enter)", "\n": "LF (Enter)", "\r\n": "CR LF", "\t": "TAB"}
_ENDING = re.compile(r"[\r\n\t]+\Z")
_MARKS = re.compile(r"[\r\n\t]+")
_NAMED = re.compile(rf"{START}[^0-9]?([1-9])", re.IGNORECASE)
MOST_TIMES = 6  # that a reader may send a code at once


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Which code it was (None: none of the sheet), and what was found, faults first."""

    code: str | None
    found: tuple[Found, ...]

    @property
    def is_good(self) -> bool:
        """Whether no fault was found."""
        return not any(finding in FAULTS for finding, _ in self.found)


def diagnose(heard: ReaderSample) -> Diagnosis:
    """Return what a reader did to the code that it was shown."""
    text, encoding = read_text(heard.raw[:MOST])
    ending = _ENDING.search(text)
    body = text[: ending.start()] if ending else text
    code = _likest(body, heard.places)
    if code is None:
        return Diagnosis(None, (Found(Finding.NOT_ON_SHEET),))
    found = [Found(Finding.ENCODING, encoding)] if encoding else []
    body = _unrepeated(body, found)
    body = _undressed(body, found)
    body = _unbroken(body, found)
    if body != code.text and not encoding:
        found.append(_damage(body, code.text, heard))
    found += _manner(heard)
    if not any(one.finding in FAULTS for one in found):
        found.insert(0, Found(Finding.AS_PRINTED))
    if heard.may_end:
        found.append(_end(ending.group() if ending else ""))
    return Diagnosis(code.key, tuple(found))


def not_read(code: str) -> Diagnosis:
    """Return the diagnosis of a reader that does not read a code at all, as its user says."""
    return Diagnosis(code, (Found(Finding.NOT_READ),))


def _likest(text: str, places: str) -> SheetCode | None:
    """Return the code that a text is like, whatever letters were lost, doubled or changed."""
    named = _NAMED.search(places) or _NAMED.search(text)
    if named and int(named[1]) <= len(SHEET):
        return BY_NUMBER[named[1]]
    folded = _MARKS.sub("", text).casefold()

    def likeness(code: SheetCode) -> float:
        return SequenceMatcher(None, code.text.casefold(), folded, autojunk=False).ratio()

    best = max(SHEET, key=likeness)
    return best if likeness(best) >= LIKENESS else None


def _unrepeated(body: str, found: list[Found]) -> str:
    parts = [part for part in _MARKS.split(body) if part]
    once = parts[0] if len(parts) > 1 and len(set(parts)) == 1 else ""
    for times in range(MOST_TIMES, 1, -1):
        piece = body[: len(body) // times]
        once = once or (piece if piece * times == body else "")
    if not once:
        return body
    found.append(Found(Finding.TWICE))
    return once


def _undressed(body: str, found: list[Found]) -> str:
    """Take off what stands before and behind the code."""
    start = body.casefold().find(START.casefold())
    if start > 0:
        prefix = body[:start]
        kind = Finding.AIM_PREFIX if _AIM.match(prefix) else Finding.PREFIX
        found.append(Found(kind, _shown(prefix)))
        body = body[start:]
    end = body.casefold().rfind(END.casefold())
    behind = body[end + len(END) :] if end >= 0 else ""
    if behind and len(behind) <= MOST_AROUND:
        found.append(Found(Finding.SUFFIX, _shown(behind)))
        body = body[: end + len(END)]
    return body


def _shown(around: str) -> str:
    """Return what stands around a code, unless it may be a part of somebody's card."""
    digits = sum(letter.isdigit() for letter in around)
    is_safe = len(around) <= MOST_AROUND and digits <= MOST_DIGITS and "|" not in around
    return around if is_safe and around.isprintable() else ""


def _unbroken(body: str, found: list[Found]) -> str:
    whole = _MARKS.sub("", body)
    if whole != body:
        found.append(Found(Finding.ENTER_INSIDE))
    return whole


def _damage(got: str, wanted: str, heard: ReaderSample) -> Found:
    """Name what was done to the letters."""
    if got == wanted.swapcase():
        return Found(Finding.CAPS_LOCK)
    if got in (wanted.upper(), wanted.lower()):
        return Found(Finding.CASE_LOST)
    if wanted.startswith(got):
        return Found(Finding.CUT_SHORT, f"{len(got)} / {len(wanted)}")
    plain = wanted.isascii()
    is_layout = len(got) == len(wanted) and _is_substitution(wanted, got)
    if plain and is_layout and wanted in heard.places:
        return Found(Finding.LAYOUT, _pairs(wanted, got))
    if plain and not got.isascii():
        return Found(Finding.INPUT_METHOD, _method(got))
    if not plain:
        kind = _harm_to_letters(got, wanted)
        if kind is not None:
            return Found(kind)
    if is_layout:
        return Found(Finding.LAYOUT, _pairs(wanted, got))
    if len(got) < len(wanted) and _is_within(got, wanted):
        return Found(Finding.LETTERS_LOST, f"{len(wanted) - len(got)} / {len(wanted)}")
    return Found(Finding.DAMAGED)


def _harm_to_letters(got: str, wanted: str) -> Finding | None:
    """Tell how letters that are not ASCII came to harm, where that is what happened."""
    if got.replace("?", "") == _ascii(wanted):
        return Finding.LETTERS_MISSING
    if got == _without_marks(wanted):
        return Finding.MARKS_MISSING
    return None if got.isascii() else Finding.NAMES_GARBLED


def _manner(heard: ReaderSample) -> list[Found]:
    found = []
    if heard.alt_codes:
        found.append(Found(Finding.ALT_CODES))
    if heard.gap_ms is not None:
        slow = heard.gap_ms > SLOW_MS
        found.append(Found(Finding.SLOW if slow else Finding.SPEED, f"{heard.gap_ms:.0f} ms"))
    return found


def _end(ending: str) -> Found:
    if not ending:
        return Found(Finding.NO_END)
    return Found(Finding.ENDS_WITH, _ENDS.get(ending, f"{len(ending)} × CR, LF, TAB"))


def _method(got: str) -> str:
    """Name the input method by which of the two fields for them it spoilt."""
    fields = (got + "||").split("|")
    telex, vni = not fields[1].isascii(), not fields[2].isascii()
    return "Telex" if telex and not vni else "VNI" if vni and not telex else ""


def _pairs(wanted: str, got: str) -> str:
    pairs = [f"{one} → {other}" for one, other in zip(wanted, got, strict=False) if one != other]
    return ", ".join(list(dict.fromkeys(pairs))[:MOST_PAIRS]) if len(wanted) == len(got) else ""


def _is_substitution(wanted: str, got: str) -> bool:
    """Tell whether each letter became one other, always the same."""
    return len(set(zip(wanted, got, strict=True))) == len(set(wanted))


def _is_within(part: str, whole: str) -> bool:
    letters = iter(whole)
    return all(letter in letters for letter in part)


def _ascii(text: str) -> str:
    return "".join(letter for letter in text if letter.isascii())


def _without_marks(text: str) -> str:
    apart = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))
