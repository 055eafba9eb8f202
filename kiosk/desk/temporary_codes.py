"""Temporary card numbers of newborns, children under six and donors who have no card yet.

- The insurer's portal gives them (NĐ 188/2025 Điều 50 khoản 1).  No public call asks for one, so a
  person types the number.  One that the program builds is a guess (`[visit]
  build_temporary_codes`).
- What goes with the number is in the appendix of QĐ 4750/QĐ-BYT, fields 9 to 11: the facility is
  the province and 000; the first day is that of the visit, and the last that of the discharge.
"""

from __future__ import annotations

from dataclasses import replace

from kiosk.desk.errors import NoTemporaryCode
from kiosk.insurer import NOT_REPORTED
from kiosk.logbook import NewVisit, TemporaryCode, is_temporary_code, new_temporary_code
from verify import age_on, clinic_day

CHILD_UNTIL_YEARS = 6
UNKNOWN_FACILITY = "000"  # behind the province


def with_temporary_code(visit: NewVisit, code: str) -> NewVisit:
    """Return a visit with a temporary card number; an empty `code`: with one that is built.

    The facility is the province of the number and 000, and the day of the visit is the first and,
    until the patient is discharged, the last day (appendix of QĐ 4750/QĐ-BYT, fields 9 to 11).

    Raises NoTemporaryCode if the patient cannot have such a number, or has a card.
    """
    if not may_have_temporary_code(visit):
        raise NoTemporaryCode("not a newborn, a child under six or a donor without a card")
    number = code or new_temporary_code(_is_donor(visit), visit.facility[:2])
    if not is_temporary_code(number):
        raise NoTemporaryCode("the number has not the form of a temporary one")
    day = clinic_day(visit.arrived_at)
    card = replace(
        visit.card,
        card_number=number,
        registered_at=number[3:5] + UNKNOWN_FACILITY,
        valid_from=day,
        valid_until=day,
    )
    return replace(visit, card=card, temporary_code=TemporaryCode(number, is_built=not code))


def may_have_temporary_code(visit: NewVisit) -> bool:
    """Return whether a visit's patient may have a temporary number, or another one.

    These are newborns, children under six and donors (NĐ 188/2025 Điều 37, Điều 50 khoản 1)
    without a card, whose visit is reported.
    """
    has_card = visit.card.number or (visit.card.card_number and not visit.temporary_code)
    if has_card or visit.arrival.kind in NOT_REPORTED:
        return False
    born = visit.card.born
    day = clinic_day(visit.arrived_at)
    is_child = born is not None and not born.is_after(day) and age_on(born, day) < CHILD_UNTIL_YEARS
    return is_child or visit.arrival.kind == "newborn" or _is_donor(visit)


def _is_donor(visit: NewVisit) -> bool:
    return visit.arrival.kind == "donor"
