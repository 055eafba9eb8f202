"""The usual reasons for which a clerk admits a patient against the program's advice."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from verify import Reason

_DIFFERS = frozenset(
    {Reason.NAME_DIFFERS, Reason.BIRTH_DIFFERS, Reason.SEX_DIFFERS, Reason.FACILITY_DIFFERS}
)
# What the clerk compared, if two sources say different things of the patient.
_COMPARED = (
    _l("the ID card agrees with the card"),
    _l("the ID card agrees with the insurer"),
    _l("the birth certificate was seen"),
    _l("the person in charge agreed"),
)
_SEEN = (
    _l("the ID card shows the same person"),
    _l("the paper card was seen"),
    _l("the insurer’s office confirmed it by telephone"),
    _l("the papers were seen"),
)


def stock_reasons(reason: Reason) -> tuple[Any, ...]:
    """Return the usual reasons, as lazy texts, for a verdict's reason; four at most."""
    return _COMPARED if reason in _DIFFERS else _SEEN
