"""Who is called before others (Luật Khám bệnh, chữa bệnh 15/2023/QH15 Điều 3 khoản 2).

The law names emergencies, children under six, pregnant women, people with a severe disability,
people aged 75 and over, and people with merit to the revolution.  The program proposes what it can
see in data that somebody vouched for; the rest a clerk sees.
"""

from __future__ import annotations

from datetime import date

from kiosk.logbook import Priority
from verify import Proof, Verdict, age_on

UNDER_YEARS = 6
FROM_YEARS = 75
# CC and CK are people with merit themselves, not their relatives (NĐ 146/2018 Điều 3, repealed; the
# codes on the cards have stayed).
MERIT_GROUPS = ("CC", "CK")


def proposed_priority(verdict: Verdict, arrival: str, today: date) -> Priority | None:
    """Return the priority that a verdict speaks for; None if it speaks for none.

    `arrival` is how the patient came (one of `kiosk.insurer.ARRIVALS`; empty: not known yet), and
    `today` the day at the clinic.  Nothing is proposed from a card that nobody vouched for.
    """
    if arrival == "emergency":
        return Priority.EMERGENCY
    card, coverage = verdict.card, verdict.coverage
    if card is None or verdict.proof is Proof.NONE:
        return None
    born = (coverage.born if coverage else None) or card.born
    if born is not None and not born.is_after(today):
        age = age_on(born, today)
        if age < UNDER_YEARS:
            return Priority.UNDER_6
        if age >= FROM_YEARS:
            return Priority.FROM_75
    number = (coverage.card_number if coverage else None) or card.number
    return Priority.MERIT if len(number) == 15 and number.startswith(MERIT_GROUPS) else None
