"""Read the gateway's answer about a card into a Coverage.

- All values of an answer are text or null.  A field that cannot be read counts as not known.
- If the question did not match the card (MISMATCH_STANDINGS), only the standing is kept.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime
from typing import Any

from verify import MISMATCH_STANDINGS, Birth, Coverage, NewCard, Sex, Standing

SEX_OF_TEXT = {"nam": Sex.MALE, "nữ": Sex.FEMALE}
LIVING_AREAS = ("K1", "K2", "K3")
MAX_TEXT_CHARS = 255

_DATE = re.compile(r"(?:(?:(\d{1,2})/)?(\d{1,2})/)?(\d{4})\Z", re.ASCII)


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
    new_number = _text(answer, "maTheMoi")
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
        valid_from=_day(_text(answer, "gtTheTu")),
        valid_until=_day(_text(answer, "gtTheDen")),
        living_area=area if area in LIVING_AREAS else None,
        five_years_on=_day(_text(answer, "ngayDu5Nam")),
        new_card=NewCard(
            new_number,
            _day(_text(answer, "gtTheTuMoi")),
            _day(_text(answer, "gtTheDenMoi")),
            _text(answer, "maDKBDMoi"),
        )
        if new_number
        else None,
    )


def _text(answer: dict[str, Any], name: str) -> str | None:
    """Return a field's text in NFC with single spaces. None if it is empty or unusable."""
    value = answer.get(name)
    if not isinstance(value, str):
        return None
    text = " ".join(unicodedata.normalize("NFC", value).split())
    return text if text and len(text) <= MAX_TEXT_CHARS and text.isprintable() else None


def _birth(text: str | None) -> Birth | None:
    match = _DATE.match(text or "")
    try:
        return match and Birth(*(int(part) if part else None for part in match.group(3, 2, 1)))  # type: ignore[arg-type]  # the year group is never empty
    except ValueError:
        return None


def _day(text: str | None) -> date | None:
    born = _birth(text)
    return date(born.year, born.month, born.day) if born and born.month and born.day else None
