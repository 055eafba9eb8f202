"""The telephone number and the e-mail address that a person types.

- A number of a mobile telephone in Vietnam has ten digits and begins with 03, 05, 07, 08 or 09.
  Blanks, dots, hyphens and brackets do not count, and `+84` stands for the first 0.
- Whether an address or a number exists, or belongs to somebody else, nobody here can know.
"""

from __future__ import annotations

import re

from kiosk.help.answers import AnswerFault, AnswerFaultKind

PHONE_DIGITS = 10
_PHONE = re.compile(r"0[35789]\d{8}\Z", re.ASCII)
_PHONE_SIGNS = re.compile(r"[ .()-]+")
_COUNTRY = re.compile(r"\+840?")
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)+\Z")


def phone_number(typed: str) -> str:
    """Return a typed telephone number without its signs, and with 0 in place of `+84`."""
    return _COUNTRY.sub("0", _PHONE_SIGNS.sub("", typed), count=1)


def phone_fault(phone: str) -> AnswerFault | None:
    """Return what is wrong with a number of `phone_number`. None if nothing is."""
    kind = AnswerFaultKind
    if _PHONE.match(phone):
        return None
    if phone.isascii() and phone.isdigit() and len(phone) != PHONE_DIGITS:
        is_short = len(phone) < PHONE_DIGITS
        wrong = kind.PHONE_TOO_SHORT if is_short else kind.PHONE_TOO_LONG
        return AnswerFault(wrong, str(len(phone)))
    return AnswerFault(kind.BAD_PHONE)


def email_fault(address: str) -> AnswerFault | None:
    """Return what is wrong with an e-mail address. None if nothing is, or if it is empty."""
    if not address or _EMAIL.match(address):
        return None
    return AnswerFault(AnswerFaultKind.BAD_EMAIL)
