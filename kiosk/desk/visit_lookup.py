"""Look-ups about a recorded visit: asked again by a person, and what follows from the answers.

1.  A person or the hospital's system asks, while the patient is treated and before the visit ends
    (TT 12/2026/TT-BTC Điều 4, NĐ 188/2025 Điều 21).  The question counts in the hourly limit and
    stops at its pauses, as every other.
2.  The answer is compared with the last one that this visit has.
3.  If it brings what the visit lacked (card number, facility, and with it how the patient came),
    that is proposed, or added at once if the settings say so.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from kiosk.desk.copayments import Copayments
from kiosk.desk.coverage_changes import CoverageChange, coverage_changes
from kiosk.desk.query_policy import QueryPolicy
from kiosk.desk.question_log import QuestionLog
from kiosk.errors import KioskError
from kiosk.insurer import (
    SELF_REFERRED,
    CardAnswer,
    copaid_in_lookup,
    coverage_in_lookup,
)
from kiosk.logbook import (
    SYSTEM,
    Attempts,
    ChangedMeanwhile,
    Correction,
    Corrections,
    LogbookUnavailable,
    LookupPurpose,
    Lookups,
    NewVisit,
    NoSuchVisit,
    NothingToChange,
    Proposals,
    ReadableParts,
    StillSending,
    StoredLookup,
    Visit,
    Visits,
    corrected_by_people,
    lacking_fields,
)
from verify import (
    CLINIC_ZONE,
    FACILITY_CODE,
    Card,
    Coverage,
    CoverageRecord,
    CoverageUnreadable,
    Knowledge,
    Standing,
    Verdict,
    clinic_day,
    is_number,
    judge_card,
)

log = logging.getLogger(__name__)

REGISTERED = "registered"  # a value of ARRIVALS
CARD_NUMBER_LENGTH = 15


class CannotAskWhy(StrEnum):
    """Why a question about a visit cannot be asked; the values are part of the HTTP contract."""

    NO_GATEWAY = "no_gateway"
    CANCELLED = "cancelled"
    NO_CARD = "no_card"  # no number is known
    NO_HOLDER = "no_holder"  # the name or the birth date is not known
    SECRET = "secret"  # the visit is a state secret


class CannotAsk(KioskError):
    """A question about a visit cannot be asked. `why` says what is missing."""

    def __init__(self, why: CannotAskWhy) -> None:
        super().__init__(f"the insurer cannot be asked: {why}")
        self.why = why


class NotAnswered(KioskError):
    """The insurer gave no answer, or questions are paused. That is kept with the visit."""

    def __init__(self, paused: str | None) -> None:
        super().__init__("no answer")
        self.paused = paused  # a PauseReason; None: the question was asked


@dataclass(frozen=True, slots=True)
class VisitAnswer:
    """The insurer's answer about a visit's card, beside the last one that the visit had."""

    coverage: Coverage
    verdict: Verdict  # on the card now, by this answer
    before: Coverage | None  # None: the visit had no answer
    changes: tuple[CoverageChange, ...] = field(repr=False)
    copaid: int | None = None  # this year, in dong; None: not asked, or not known


class VisitLookup:
    """Asks about the cards of recorded visits.  Any thread may call; `look_up` waits."""

    def __init__(
        self,
        visits: Visits,
        attempts: Attempts,
        corrections: Corrections,
        lookups: Lookups,
        proposals: Proposals,
        query_policy: QueryPolicy,
        check_card: Callable[[Card], CardAnswer] | None,
        copayments: Copayments,
        question_log: QuestionLog,
        remember: Callable[[Coverage, datetime], None],
        knowledge: Callable[[], Knowledge],
        clock: Callable[[], datetime],
        corrects_by_itself: bool,
    ) -> None:
        """`check_card` asks the gateway and waits; it is None if there is no gateway."""
        self._visits = visits
        self._attempts = attempts
        self._corrections = corrections
        self._lookups = lookups
        self._proposals = proposals
        self._query_policy = query_policy
        self._check_card = check_card
        self._copayments = copayments
        self._question_log = question_log
        self._remember = remember
        self._knowledge = knowledge
        self._clock = clock
        self._corrects_by_itself = corrects_by_itself

    def look_up(
        self, visit_id: str, purpose: LookupPurpose, author: str, asks_copayments: bool = False
    ) -> VisitAnswer:
        """Ask the insurer about a visit's card now; return its answer and what it changed.

        With `asks_copayments` a second question asks what the patient has paid this year.

        Raises NoSuchVisit, CannotAsk, NotAnswered, and LogbookUnavailable.
        """
        visit = self._visits.by_id(visit_id)
        if visit is None:
            raise NoSuchVisit(visit_id)
        card = self._askable_card(visit)
        before = self.last_coverage(visit)
        with self._question_log.asking(purpose, author, visit=visit_id) as asking:
            now = self._clock()
            assert self._check_card is not None  # `_askable_card` raised otherwise
            answer = self._query_policy.ask_about(card, self._check_card, now)
            was_asked = bool(asking.questions) or answer is not None
            if not was_asked:
                asking.not_asked(self._query_policy.pause(), now)
        if answer is None:
            raise NotAnswered(None if was_asked else self._query_policy.why)
        coverage = answer.coverage
        try:
            self._remember(coverage, self._clock())
        except CoverageUnreadable as exc:
            log.error("the insurer's answer on visit %s cannot be kept: %s", visit_id, exc)
        self.note_answer(visit, coverage)
        changes = coverage_changes(before, coverage) if before is not None else []
        copaid = self._ask_copaid(visit, card, coverage, author, purpose, changes, asks_copayments)
        verdict = self._verdict(card, coverage)
        return VisitAnswer(coverage, verdict, before, tuple(changes), copaid)

    def _verdict(self, card: Card, coverage: Coverage) -> Verdict:
        """Return the verdict on a card now, by an answer about it and by no other."""
        record = CoverageRecord(coverage, coverage.as_of)
        known = replace(self._knowledge(), recall=lambda _card: record)
        return judge_card(card, None, (), self._clock(), known)

    def _ask_copaid(
        self,
        visit: Visit,
        card: Card,
        coverage: Coverage,
        author: str,
        purpose: LookupPurpose,
        changes: list[CoverageChange],
        is_asked: bool,
    ) -> int | None:
        """Return this year's sum, asked now or known; add it to the changes if it is another."""
        sums = [copaid_in_lookup(lookup) for lookup in self._lookups.of_visit(visit.id)]
        before = next((known for known in reversed(sums) if known is not None), None)
        if is_asked:
            self._copayments.ask(card, coverage, author, purpose, visit=visit.id)
        after = self._copayments.known_sum(card, coverage)
        if before is not None and after is not None and before != after:
            changes.append(CoverageChange("copaid_this_year_vnd", str(before), str(after)))
        return after

    def _askable_card(self, visit: Visit) -> Card:
        if self._check_card is None:
            raise CannotAsk(CannotAskWhy.NO_GATEWAY)
        if visit.cancelled_at is not None:
            raise CannotAsk(CannotAskWhy.CANCELLED)
        if visit.secret:
            raise CannotAsk(CannotAskWhy.SECRET)
        by_people = corrected_by_people(
            visit, self._corrections.versions(visit.id, ReadableParts())
        )
        card = card_of_visit(visit, self._attempts, "card_number" in by_people)
        if card is None:
            raise CannotAsk(CannotAskWhy.NO_CARD)
        if card.holder is None or card.born is None:
            raise CannotAsk(CannotAskWhy.NO_HOLDER)
        return card

    def last_coverage(self, visit: Visit) -> Coverage | None:
        """Return the last answer about a visit's card: of a look-up, else of the verdict."""
        answers = coverages_of(self._lookups.of_visit(visit.id))
        if answers:
            return answers[-1][1]
        try:
            newest = self._attempts.newest_verdict_on(visit.attempt)
        except LogbookUnavailable:
            return None
        return newest.verdict.coverage if newest is not None else None

    def note_answer(self, visit: Visit, coverage: Coverage) -> None:
        """Propose what an answer adds to a visit, or add it if the settings say so."""
        additions = additions_to(visit, coverage)
        self._proposals.propose(visit.id, coverage.as_of, additions)
        if additions and self._corrects_by_itself:
            self.accept(visit.id, SYSTEM)

    def accept(self, visit_id: str, author: str) -> bool:
        """Correct a visit as proposed; return whether that was possible now.

        It is not if the visit is being sent, or if somebody has just changed it.
        """
        now = self._clock()
        at = f"{now.astimezone(CLINIC_ZONE):%H:%M %d/%m/%Y}"
        try:
            self._proposals.accept(visit_id, f"theo trả lời của cổng BHXH, {at}", now, author)
        except (ChangedMeanwhile, NothingToChange, StillSending):
            return False
        return True

    def accept_all(self) -> None:
        """Correct all visits as proposed, if the settings say that the program does so."""
        if self._corrects_by_itself:
            for proposal in self._proposals.open():
                self.accept(proposal.visit, SYSTEM)


def coverages_of(lookups: Sequence[StoredLookup]) -> list[tuple[StoredLookup, Coverage]]:
    """Return the look-ups that say something about the card, each with what it says."""
    found = [(lookup, coverage_in_lookup(lookup)) for lookup in lookups]
    return [(lookup, coverage) for lookup, coverage in found if coverage is not None]


def card_of_visit(
    visit: NewVisit, attempts: Attempts, uses_corrected_number: bool = False
) -> Card | None:
    """Return the card to ask about for a visit; None if no number is known.

    Name and birth are those of the visit, where a person confirmed or corrected them, else those of
    the card; they may be missing.  The number is the one that was shown, unless a person has
    corrected it.
    """
    try:
        newest = attempts.newest_verdict_on(visit.attempt)
    except LogbookUnavailable as exc:  # one row that cannot be read stops no other
        log.error("the card of attempt %d cannot be read: %s", visit.attempt, exc)
        return None
    shown = newest.verdict.card if newest is not None else None
    on_visit = visit.card
    number = shown.number if shown is not None and not uses_corrected_number else None
    number = number or on_visit.card_number or on_visit.number or on_visit.citizen_number
    if not number or not is_number(number):
        return None
    card = shown.unvouched if shown is not None else Card(number)
    return card._replace(
        number=number, holder=on_visit.holder or card.holder, born=on_visit.born or card.born
    )


def additions_to(visit: NewVisit, coverage: Coverage) -> Mapping[str, Correction]:
    """Return what an answer of the insurer adds to a visit, as `Corrections.correct` takes it.

    The card is the one that counted on the day of arrival.  What people have corrected is left out
    when the proposal is read (`Proposals`).
    """
    number, facility = coverage.card_number, coverage.facility
    first, last = coverage.valid_from, coverage.valid_until
    new_card = coverage.new_card if coverage.has_new_card else None
    is_replaced = coverage.standing is Standing.REPLACED_OLD_OVER
    if is_replaced and new_card is not None and new_card.in_force_on(clinic_day(visit.arrived_at)):
        number, facility = new_card.number, new_card.facility or facility
        first, last = new_card.valid_from, new_card.valid_until
    is_here = facility == visit.facility and visit.arrival.kind == SELF_REFERRED
    found: dict[str, Correction] = {
        "card_number": number if _is_card_number(number) else None,
        "registered_at": facility if facility and FACILITY_CODE.match(facility) else None,
        "valid_from": first,
        "valid_until": last,
        "arrival": REGISTERED if is_here else None,
    }
    wanted = lacking_fields(visit)
    return {name: value for name, value in found.items() if value is not None and name in wanted}


def _is_card_number(number: str | None) -> bool:
    return number is not None and len(number) == CARD_NUMBER_LENGTH and is_number(number)
