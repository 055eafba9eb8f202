"""Codes that stand in for what is not known yet: who a patient is, or the number of a card.

- An unknown patient gets a code of this clinic (Luật Khám bệnh, chữa bệnh 2023 Điều 2 khoản 10).
  It has letters only, none of which is ever typed for a digit, so that no reader can take it for a
  number of a person or a card.  Without vowels no input method turns its letters into others.
- A newborn, a child under six or a donor without a card gets a temporary card number from the
  insurer's portal (NĐ 188/2025 Điều 37 khoản 2 and 4, Điều 50 khoản 1).  Its forms are TE1 or HG4,
  two digits of the province, and ten more characters.  They are known from software in use, not
  from a document.
- Both are replaced by what they stand for in a later version of the visit; see `joinings`.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

UNKNOWN_PREFIX = "VD"  # vô danh
# Without vowels, without D and W (which Telex changes), and without the letters that are read as
# digits (`verify.formats.numbers`).
LETTERS = "CFGHJKMNPQRTVXZ"
GROUPS, GROUP_LENGTH = 3, 3
TEMPORARY_CODE = re.compile(r"(?:TE1|HG4)\d{2}[0-9A-Z]{10}\Z", re.ASCII)
CHILD_FORM, DONOR_FORM = "TE1", "HG4"
BUILT_DIGITS = 8  # behind "00", with which no number of social insurance is known to begin


@dataclass(frozen=True, slots=True)
class UnknownPatient:
    """A patient of whom nobody knows who it is."""

    code: str
    estimated_age: int | None = None  # in years
    description: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class TemporaryCode:
    """A temporary card number that a visit was recorded with."""

    code: str = field(repr=False)
    is_built: bool = False  # by this program; otherwise a person typed it


def new_unknown_code() -> str:
    """Return a code for an unknown patient, such as VD-KHM-TRX-CFG, drawn at random.

    The logbook refuses a code that another patient has now.
    """
    groups = ("".join(secrets.choice(LETTERS) for _ in range(GROUP_LENGTH)) for _ in range(GROUPS))
    return "-".join((UNKNOWN_PREFIX, *groups))


def new_temporary_code(is_donor: bool, province: str) -> str:
    """Return a temporary card number in the known form, for a province (two digits).

    It is a guess at the form: nobody has said how the ten last digits are chosen.
    """
    form = DONOR_FORM if is_donor else CHILD_FORM
    return f"{form}{province}00{secrets.randbelow(10**BUILT_DIGITS):0{BUILT_DIGITS}d}"


def is_temporary_code(text: str) -> bool:
    """Return whether a text (without blanks, upper case) has the form of a temporary number."""
    return TEMPORARY_CODE.match(text) is not None


def stand_in_records(
    unknown: UnknownPatient | None, temporary: TemporaryCode | None
) -> dict[str, object]:
    """Return what the record of a visit holds of its codes; empty if it has none."""
    record: dict[str, object] = {}
    if unknown is not None:
        record["unknown"] = {
            "code": unknown.code,
            "estimated_age": unknown.estimated_age,
            "description": unknown.description,
        }
    if temporary is not None:
        record["temporary_code"] = {"code": temporary.code, "built": temporary.is_built}
    return record


def unknown_from(record: Mapping[str, Any]) -> UnknownPatient | None:
    """Return the unknown patient of a visit's record. None if it has none."""
    found = record.get("unknown")
    return found and UnknownPatient(found["code"], found["estimated_age"], found["description"])


def temporary_code_from(record: Mapping[str, Any]) -> TemporaryCode | None:
    """Return the temporary card number of a visit's record. None if it has none."""
    found = record.get("temporary_code")
    return found and TemporaryCode(found["code"], found["built"])
