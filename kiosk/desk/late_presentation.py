"""A card that is presented after the visit was recorded: the visit becomes an insured one.

Before a card is presented the fund pays nothing, emergencies aside (NĐ 188/2025 Điều 38 khoản 1,
Điều 50 khoản 6), so the moment is kept.  The rules:

1.  Only a visit without a card takes one: without insurance, as an emergency, or by another
    document.  A second card is a correction.
2.  The card is one that was read or typed, and its verdict counts as for a new visit.
3.  It must be of the same person, as far as names, births and numbers tell.
4.  The moment is not in the future, and not before the arrival.  The record of an emergency may
    begin after the care: there it may lie up to `EMERGENCY_LEAD` before.
5.  An emergency stays one unless a person says how else the patient came.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from kiosk.desk.confirmation import Confirmation, card_on_visit, person_number
from kiosk.desk.errors import (
    AnotherPersonsCard,
    CardPresentedBefore,
    NothingToConfirm,
    PresentationTimeWrong,
    ReasonRequired,
)
from kiosk.desk.notifier import Notifier
from kiosk.desk.presentation import PresentationEntry, better_identification, how_presented
from kiosk.insurer import EMERGENCY, NOT_REPORTED, SELF_REFERRED
from kiosk.logbook import (
    DESK,
    Attempt,
    Attempts,
    CardOnVisit,
    Corrections,
    HowPresented,
    IdentifiedBy,
    NewVisit,
    NoSuchAttempt,
    NoSuchVisit,
    PresentedAs,
    Visit,
    Visits,
    known_numbers,
)
from verify import NameMatch, Outcome, compare_names

EMERGENCY_LEAD = timedelta(days=1)
WITHOUT_CARD = frozenset({PresentedAs.BIRTH_RECORD, PresentedAs.RECEIPT, PresentedAs.DONOR_RECORD})
SHOWN_BY_A_DOCUMENT = frozenset({IdentifiedBy.QR, IdentifiedBy.CHIP, IdentifiedBy.VNEID})
LATE_CARD = "card presented later"  # the reason in the history of the visit


@dataclass(frozen=True, slots=True)
class LatePresentation:
    """A card that was presented later; empty or None where nothing was said."""

    attempt: int  # a verdict on the reading of the card
    presented_at: datetime | None = None  # aware; None: now
    entry: PresentationEntry = field(default_factory=PresentationEntry)
    arrival: str = ""  # one of `kiosk.insurer.ARRIVALS`
    clerk_reason: str = field(default="", repr=False)
    author: str = DESK


class LatePresentations:
    """Records cards that are presented after their visits.  Any thread may call."""

    def __init__(
        self,
        attempts: Attempts,
        visits: Visits,
        corrections: Corrections,
        notifier: Notifier,
        clock: Callable[[], datetime],
    ) -> None:
        """`clock` returns an aware time."""
        self._attempts = attempts
        self._visits = visits
        self._corrections = corrections
        self._notifier = notifier
        self._clock = clock

    def record(self, visit_id: str, late: LatePresentation, version: int | None = None) -> Visit:
        """Record that a card was presented for a visit; return the new version of the visit.

        `version` is the one that the person looked at; None skips the check.

        Raises:
        - NoSuchVisit or NoSuchAttempt if there is no such visit or reading;
        - CardPresentedBefore if the visit has a card already;
        - PresentationTimeWrong if the moment breaks rule 4;
        - NothingToConfirm if the reading holds no card;
        - ReasonRequired if its verdict was `desk`, and no reason was given;
        - AnotherPersonsCard if the card is of somebody else;
        - ReadingUsedBefore if the reading belongs to another visit;
        - what `Corrections.change` raises.
        """
        attempt = self._attempts.get(late.attempt)
        newest = attempt and self._attempts.newest_verdict_on(attempt.reading)
        if newest is None:
            raise NoSuchAttempt(f"no attempt {late.attempt}")
        now = self._clock()

        def with_card(visit: NewVisit) -> NewVisit:
            self._visits.require_unused(newest.reading, visit_id)
            return with_late_card(visit, newest, late, now)

        self._corrections.change(visit_id, with_card, LATE_CARD, now, version, late.author)
        self._visits.note_correction()
        self._notifier.notify()
        visit = self._visits.by_id(visit_id)
        if visit is None:
            raise NoSuchVisit(visit_id)
        return visit


def takes_a_card(visit: NewVisit) -> bool:
    """Return whether a card may still be presented for a visit (rule 1).

    Not for a state secret: reading the card would ask the insurer about it.
    """
    if visit.secret or visit.joined_by is not None:
        return False
    how = visit.how
    is_without_insurance = visit.arrival.kind in NOT_REPORTED and how.presented_at is None
    return how.reading is None and (is_without_insurance or how.presented_as in WITHOUT_CARD)


def with_late_card(
    visit: NewVisit, newest: Attempt, late: LatePresentation, now: datetime
) -> NewVisit:
    """Return the visit with the card of the newest verdict on a reading.

    Raises what `LatePresentations.record` raises for the rules above.
    """
    if not takes_a_card(visit):
        raise CardPresentedBefore("the visit has a card already")
    verdict = newest.verdict
    if verdict.card is None:
        raise NothingToConfirm("the reading holds no card")
    if verdict.outcome is Outcome.DESK and not late.clerk_reason:
        raise ReasonRequired("the verdict was desk, and no reason was given")
    presented_at = _presented_at(visit, late, now)
    card = card_on_visit(verdict.card, verdict.coverage, newest.reason, _known_of(visit))
    if _is_another_person(visit, card):
        raise AnotherPersonsCard("name, birth or number differ from those of the visit")
    arrival = late.arrival or _usual_arrival(visit, card)
    how = how_presented(verdict, late.entry, arrival, presented_at)
    was_reported = visit.arrival.kind not in NOT_REPORTED  # then MA_BN stays as it was sent
    person = visit.person if was_reported else person_number(verdict.card, verdict.coverage)
    return replace(
        visit,
        person=person,
        card=_joined(visit, card),
        arrival=replace(visit.arrival, kind=arrival),
        clerk_reason=late.clerk_reason or visit.clerk_reason,
        how=HowPresented(
            how.presented_as, better_identification(visit.how, how), presented_at, newest.reading
        ),
    )


def _known_of(visit: NewVisit) -> Confirmation:
    """Return what the visit knows of its patient, for what the card does not say."""
    card = visit.card
    return Confirmation(holder=card.holder or "", born=card.born, sex=card.sex)


def _usual_arrival(visit: NewVisit, card: CardOnVisit) -> str:
    if visit.arrival.kind == EMERGENCY or visit.arrival.kind not in NOT_REPORTED:
        return visit.arrival.kind
    return "registered" if card.registered_at == visit.facility else SELF_REFERRED


def _presented_at(visit: NewVisit, late: LatePresentation, now: datetime) -> datetime:
    """Return the moment of presentation.  Raises PresentationTimeWrong if it breaks rule 4.

    A person gives it to the minute: the minute of the arrival is the arrival.
    """
    at = late.presented_at or max(now, visit.arrived_at)
    arrival_minute = visit.arrived_at.replace(second=0, microsecond=0)
    if late.presented_at is not None and at > now:
        raise PresentationTimeWrong("the moment is in the future")
    if visit.arrival.kind == EMERGENCY:
        if at < arrival_minute - EMERGENCY_LEAD:
            raise PresentationTimeWrong("the moment is more than a day before the arrival")
        return at
    if at < arrival_minute:
        raise PresentationTimeWrong("the moment is before the arrival")
    return max(at, visit.arrived_at)


def _is_another_person(visit: NewVisit, card: CardOnVisit) -> bool:
    """Return whether name, birth or citizen number show that a card is not the patient's."""
    known = visit.card
    has_names = known.holder and card.holder
    if has_names and compare_names(known.holder or "", card.holder or "") is NameMatch.DIFFERENT:
        return True
    if known.born and card.born and not known.born.agrees_with(card.born):
        return True
    has_numbers = known.citizen_number and card.citizen_number
    return bool(has_numbers) and card.citizen_number not in known_numbers(visit)


def _joined(visit: NewVisit, card: CardOnVisit) -> CardOnVisit:
    """Return the card on the visit, with what the visit knows of the patient from an ID card.

    The electronic identity wins where they differ (NĐ 70/2024 Điều 12).
    """
    known = visit.card
    numbers = dict.fromkeys((*known.other_numbers, *card.other_numbers))
    card = replace(
        card,
        citizen_number=card.citizen_number or known.citizen_number,
        other_numbers=tuple(numbers),
    )
    if known.citizen_number and visit.how.identified_by in SHOWN_BY_A_DOCUMENT:
        card = replace(
            card,
            holder=known.holder or card.holder,
            born=known.born or card.born,
            sex=known.sex or card.sex,
        )
    return card
