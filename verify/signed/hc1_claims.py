"""Read the claims of a signed BHYT card (HC1).

The claims are a CWT (RFC 8392).  Its labels:

- 1 issuer, 4 expiry, 6 time of signing;
- 8 the key of the phone that the card is bound to, if it is bound to one;
- -260 the health certificate.  Its entry -84 is the card (negative entries are free to use):
  0 status list and index, 1 number, 2 name, 3 birth (days since 1970, or as text if only the
  month or the year is known),
  4 sex, 5 facility, 6 first day, 7 last day, 8 level, 9 day on which five years are reached.

Days are counted from 1970-01-01.  An entry that is null is not given.
Source: docs/decisions/0004-signed-card.md.
"""

from __future__ import annotations

import re
from datetime import date, datetime

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from verify.birth import Birth
from verify.card import Card, Sex, is_number
from verify.dates import read_date
from verify.errors import BadCard
from verify.formats.classify import Format, plain_number
from verify.names import read_name
from verify.reason import Note, Reason
from verify.signed.claims import Claims, read_numeric_date
from verify.signed.holder_key import holder_key
from verify.text import clean_line, has_controls

ISSUER, EXPIRES, SIGNED, CONFIRMATION, CERTIFICATE = 1, 4, 6, 8, -260
BHYT_CARD, DCC = -84, 1
BHYT_USE = "bhyt"  # in a key's `use`
PASS_KINDS = ("dcc:v", "dcc:t", "dcc:r")  # of a vaccination, a test, a recovery
STATUS, NUMBER, HOLDER, BORN, SEX, FACILITY, FROM, UNTIL, LEVEL, FIVE_YEARS = range(10)

SEXES = {1: Sex.MALE, 2: Sex.FEMALE}
UNIX_EPOCH_DAY = date(1970, 1, 1).toordinal()
MAX_DAYS = 80_000  # days since 1970: the year 2189
MAX_INDEX = 2**32
MAX_NAME = 255  # characters, as the insurer's HO_TEN

_FACILITY = re.compile(r"[0-9A-Z]{5}\Z", re.ASCII)


Fields = dict[object, object]


def read_claims(claims: object, _now: datetime) -> Claims:
    """Return the claims with every type checked. The card comes back unvouched.

    Raises BadCard if the claims are malformed or not those of a BHYT card.
    """
    certificate = claims.get(CERTIFICATE) if isinstance(claims, dict) else None
    fields = certificate.get(BHYT_CARD) if isinstance(certificate, dict) else None
    if not isinstance(claims, dict) or not isinstance(fields, dict):
        kind = kind_of(claims)
        found = Format.HEALTH_PASS if kind in PASS_KINDS else None
        raise BadCard(Reason.NOT_A_BHYT_CARD, f"a certificate of kind {kind}", found=found)
    issuer = claims.get(ISSUER)
    if issuer is not None and not isinstance(issuer, str):
        raise BadCard(Reason.UNREADABLE, "claim 1: expected text")
    signed_at = read_numeric_date(claims.get(SIGNED))
    expires_at = read_numeric_date(claims.get(EXPIRES))
    if signed_at is None or expires_at is None:
        raise BadCard(Reason.UNREADABLE, "claims 4 and 6: expected times")
    card, notes = _card(fields)
    key = holder_key_of(claims)
    return Claims(card, issuer, signed_at, expires_at, _status(fields), key, notes)


def holder_key_of(claims: object) -> EllipticCurvePublicKey | None:
    """Return the key of the phone that a card is bound to. None if it is not bound to one.

    Raises BadCard if claim 8 holds no usable key.
    """
    if not isinstance(claims, dict) or CONFIRMATION not in claims:
        return None
    return holder_key(claims[CONFIRMATION])


def kind_of(claims: object) -> str:
    """Return the kind of certificate: `bhyt`, `dcc:v`, `dcc:t`, `dcc:r` or `other`.

    Raises BadCard if the claims hold no health certificate.
    """
    certificate = claims.get(CERTIFICATE) if isinstance(claims, dict) else None
    if not isinstance(certificate, dict):
        raise BadCard(Reason.UNREADABLE, "claims hold no health certificate")
    if isinstance(certificate.get(BHYT_CARD), dict):
        return BHYT_USE
    entry = certificate.get(DCC)
    if DCC in certificate and not isinstance(entry, dict):
        raise BadCard(Reason.UNREADABLE, "the health certificate is not a map")
    kinds = [f"dcc:{kind}" for kind in "vtr" if isinstance(entry, dict) and entry.get(kind)]
    return kinds[0] if kinds else "other"


def _card(fields: Fields) -> tuple[Card, tuple[Note, ...]]:
    number = plain_number(_text(fields, NUMBER) or "")
    if not is_number(number):
        raise BadCard(Reason.UNREADABLE, f"entry {NUMBER} is not a card number")
    facility = _text(fields, FACILITY)
    if facility is not None and not _FACILITY.match(facility):
        raise BadCard(Reason.UNREADABLE, f"entry {FACILITY} is not a facility code")
    first, last = _day(fields, FROM), _day(fields, UNTIL)
    if first and last and last < first:
        raise BadCard(Reason.SELF_CHECK_FAILED, "its last day is before its first")
    holder = read_name(_text(fields, HOLDER) or "")
    sex = _whole(fields, SEX, 3)
    card = Card(
        number,
        holder.name,
        _birth(fields),
        None if sex is None else SEXES.get(sex),
        facility,
        first,
        last,
        five_years_on=_day(fields, FIVE_YEARS),
        level=_whole(fields, LEVEL, 7),
        repaired_holder=holder.repaired,
    )
    return card, (Note.NAME_GARBLED,) if holder.is_garbled else ()


def _status(fields: Fields) -> tuple[int, int] | None:
    value = fields.get(STATUS)
    if value is None:
        return None
    if isinstance(value, list | tuple) and [type(part) for part in value] == [int, int]:
        number, index = value
        if 0 <= number < MAX_INDEX and 0 <= index < MAX_INDEX:
            return number, index
    raise BadCard(Reason.UNREADABLE, f"entry {STATUS}: expected a status list and an index")


def _text(fields: Fields, label: int) -> str | None:
    value = fields.get(label)
    if value is None:
        return None
    if isinstance(value, str) and value.isalnum() and value.isascii() and len(value) <= MAX_NAME:
        return value  # as nearly every number and code: there is nothing to clean
    text = clean_line(value) if isinstance(value, str) else ""
    if not 0 < len(text) <= MAX_NAME or has_controls(text):
        raise BadCard(Reason.UNREADABLE, f"entry {label}: expected text of 1 to {MAX_NAME} letters")
    return text


def _whole(fields: Fields, label: int, maximum: int, minimum: int = 0) -> int | None:
    value = fields.get(label)
    if value is None:
        return None
    if type(value) is not int or not minimum <= value <= maximum:  # True is an int to isinstance
        raise BadCard(Reason.UNREADABLE, f"entry {label}: expected a whole number up to {maximum}")
    return value


def _day(fields: Fields, label: int) -> date | None:
    days = _whole(fields, label, MAX_DAYS, -MAX_DAYS)
    return None if days is None else date.fromordinal(UNIX_EPOCH_DAY + days)


def _birth(fields: Fields) -> Birth | None:
    value = fields.get(BORN)
    if not isinstance(value, str):
        day = _day(fields, BORN)
        return None if day is None else Birth.from_date(day)
    try:
        return read_date(value)
    except ValueError as exc:
        raise BadCard(Reason.UNREADABLE, f"entry {BORN}: {exc}") from None
