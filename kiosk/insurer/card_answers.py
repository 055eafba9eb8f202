"""Read the gateway's answer about a card into a Coverage.

- All values of an answer are text or null.  A field that cannot be read counts as not known.
- Dates are read in every spelling that gateways use.  A last day that cannot be read is no
  "without end": the coverage says so.
- If the question did not match the card (MISMATCH_STANDINGS), only the standing is kept.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from verify import (
    MISMATCH_STANDINGS,
    Birth,
    Coverage,
    NewCard,
    Sex,
    Standing,
    clean_line,
    read_date,
    read_first_day,
    read_last_day,
)

SEX_OF_TEXT = {"nam": Sex.MALE, "nữ": Sex.FEMALE}
LIVING_AREAS = ("K1", "K2", "K3")
MAX_TEXT_CHARS = 255


def coverage_in(
    answer: dict[str, Any], code: str, standing: Standing, number: str, as_of: datetime
) -> Coverage:
    """Return what an answer says about the card `number`.

    `standing` is what the answer's `code` means, `as_of` (aware) when the answer came.
    """
    if standing in MISMATCH_STANDINGS:
        # Some gateways name the true holder even if the question was wrong: it must not be shown.
        return Coverage(number=number, standing=standing, code=code, as_of=as_of)
    area = _text(answer, "maKV")
    last_day, end_not_read = _end(answer, "gtTheDen")
    return Coverage(
        number=number,
        standing=standing,
        code=code,
        as_of=as_of,
        card_number=_text(answer, "maThe"),
        insurance_number=_text(answer, "maSoBHXH"),
        holder=_text(answer, "hoTen"),
        born=_birth(_text(answer, "ngaySinh")),
        sex=SEX_OF_TEXT.get((_text(answer, "gioiTinh") or "").casefold()),
        facility=_text(answer, "maDKBD"),
        valid_from=_start(answer, "gtTheTu"),
        valid_until=last_day,
        living_area=area if area in LIVING_AREAS else None,
        five_years_on=_start(answer, "ngayDu5Nam"),
        new_card=_new_card(answer),
        end_not_read=end_not_read,
    )


def _new_card(answer: dict[str, Any]) -> NewCard | None:
    number = _text(answer, "maTheMoi")
    if number is None:
        return None
    first_day, (last_day, end_not_read) = _start(answer, "gtTheTuMoi"), _end(answer, "gtTheDenMoi")
    # Without a first day a card is never in force.
    return NewCard(
        number, None if end_not_read else first_day, last_day, _text(answer, "maDKBDMoi")
    )


def _text(answer: dict[str, Any], name: str) -> str | None:
    """Return a field's text in NFC with single spaces. None if it is empty or unusable."""
    value = answer.get(name)
    if not isinstance(value, str):
        return None
    text = clean_line(value)
    return text if text and len(text) <= MAX_TEXT_CHARS and text.isprintable() else None


def _birth(text: str | None) -> Birth | None:
    try:
        return read_date(text or "")
    except ValueError:
        return None


def _start(answer: dict[str, Any], name: str) -> date | None:
    try:
        return read_first_day(_text(answer, name) or "")
    except ValueError:
        return None


def _end(answer: dict[str, Any], name: str) -> tuple[date | None, bool]:
    """Return the last day in a field, and whether there is one that cannot be read.

    Only nothing and a dash say that there is no end.  What databases write for nothing, such as
    00/00/0000, may also stand for a date that was lost.
    """
    value = answer.get(name)
    if value is None or (isinstance(value, str) and clean_line(value) in ("", "-")):
        return None, False
    try:
        last_day = read_last_day(value)
    except (ValueError, AttributeError, TypeError):
        last_day = None
    return last_day, last_day is None
