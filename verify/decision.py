"""Decide: from a card, the insurer's coverage of it and the time, to a reason.

A bad signature, a withdrawn key, a revoked card and a picture of a phone never come here: `judge`
has decided them before.  The order of evidence, the first that applies decides:

1. A birth after today: the card contradicts itself.  Not if the clock is in doubt.
2. The insurer's coverage, if it is no older than `Freshness.hard`.  In it:
   a. a standing that decides by itself (`REASONS_BY_STANDING`);
   b. a name or a birth other than the card's;
   c. a new card that is in force today, or the end of a card that was replaced;
   d. the dates that the insurer gives.  A last day that cannot be read leaves it open.
3. The card itself:
   a. an object code that is kept in a register of its own;
   b. the card's own dates;
   c. a good signature that has not expired.  Without one nothing is known yet.

Two checks may replace the reason afterwards:

4. A good signature admits nobody while keys or revocation lists are too old to rely on.
5. A reason that depends on today's date is not relied on while the clock is in doubt.

Notes never change a reason.  docs/architecture.md describes this order too: change them together.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from verify.birth import Birth, age_on
from verify.card import SEPARATE_REGISTER_CODES, Card, Vouch
from verify.citizen_number import notes_on_number
from verify.clock import clinic_day, is_clock_in_doubt
from verify.coverage import Coverage, Standing
from verify.names import NameMatch, compare_names, is_unusual
from verify.reason import Note, Reason
from verify.verdict import Proof

FUTURE_TOLERANCE = timedelta(days=1)  # by which a publisher's clock may be ahead of ours
ENDS_SOON = timedelta(days=31)
# Until this age a representative shows the child's card (NĐ 69/2024; NĐ 188/2025 Điều 37).
CHILD_UNTIL_YEARS = 14

# Standings that decide by themselves, whatever the card says.
REASONS_BY_STANDING = {
    Standing.ENDED: Reason.ENDED,
    Standing.WITHDRAWN: Reason.WITHDRAWN,
    Standing.REPORTED_DOWN: Reason.REPORTED_DOWN,
    Standing.KEPT_ELSEWHERE: Reason.KEPT_ELSEWHERE,
    Standing.NAME_DIFFERS: Reason.NAME_DIFFERS,
    Standing.BIRTH_DIFFERS: Reason.BIRTH_DIFFERS,
    Standing.SEX_DIFFERS: Reason.SEX_DIFFERS,
    Standing.FACILITY_DIFFERS: Reason.FACILITY_DIFFERS,
    Standing.NO_RECORD: Reason.NO_RECORD,
    Standing.NUMBER_WRONG: Reason.NUMBER_WRONG,
    Standing.CHILD_WITHOUT_CARD: Reason.CHILD_WITHOUT_CARD,
}

# Reasons that depend on today's date: a clock in doubt takes them back.
DATE_DEPENDENT = frozenset(
    {
        Reason.IN_FORCE,
        Reason.NEW_CARD_IN_FORCE,
        Reason.VOUCHED,
        Reason.ENDED,
        Reason.NOT_BEGUN,
        Reason.REPLACED,
        Reason.PRINTED_DATES_OVER,
    }
)


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old each set of data may be.

    After a soft limit the data is used but noted as old.  After a hard limit it is not used.
    `soft` and `hard` without a prefix are the limits of the insurer's coverage, from the gateway
    or the registry.  The kiosk makes the limits in `kiosk/data/knowledge.py` (`limits`) and shows
    the ages by `kiosk/data/freshness.py`; the functions of this module apply them to a verdict.
    """

    soft: timedelta = timedelta(hours=24)
    hard: timedelta = timedelta(days=7)
    keys_soft: timedelta = timedelta(hours=24)
    keys_hard: timedelta = timedelta(days=30)
    revocations_soft: timedelta = timedelta(hours=24)
    revocations_hard: timedelta = timedelta(days=7)
    tables_soft: timedelta = timedelta(days=7)


class TrustAges(NamedTuple):
    """When the keys and the revocation lists in use were made (aware); None without any."""

    keys: datetime | None = None
    revocations: datetime | None = None

    def doubts(self, vouch: Vouch, now: datetime, freshness: Freshness) -> list[Note]:
        """Return why a good signature cannot be relied on now. Empty if it can."""
        doubts = []
        if _is_unusable(self.keys, now, freshness.keys_hard):
            doubts.append(Note.KEYS_OLD)
        stale = _is_unusable(self.revocations, now, freshness.revocations_hard)
        if stale or not vouch.revocation_known:
            doubts.append(Note.REVOCATION_NOT_KNOWN)
        return doubts

    def is_old(self, now: datetime, freshness: Freshness) -> bool:
        """Return whether keys or lists are past their soft limits."""
        keys = _is_old(self.keys, now, freshness.keys_soft)
        return keys or _is_old(self.revocations, now, freshness.revocations_soft)


def _is_old(made: datetime | None, now: datetime, limit: timedelta) -> bool:
    return made is not None and now - made > limit


def _is_unusable(made: datetime | None, now: datetime, limit: timedelta) -> bool:
    """Return whether data is too old, or from so far in the future that its age means nothing."""
    return made is not None and not -FUTURE_TOLERANCE <= now - made <= limit


class Decision(NamedTuple):
    """The reason, whose statement it rests on, and the notes beside it."""

    reason: Reason
    proof: Proof
    notes: tuple[Note, ...] = ()
    coverage: Coverage | None = None  # None: nothing is fresh enough to be used


def decide(
    card: Card,
    coverage: Coverage | None,
    now: datetime,
    floor: datetime,
    freshness: Freshness,
    trust: TrustAges,
) -> Decision:
    """Return the decision on a card at `now`, by the order of evidence above.

    `coverage` is the newest that is held here, of any age. `floor` is a moment that has certainly
    passed. All times are aware.
    """
    today, vouch = clinic_day(now), card.vouched_by
    is_usable = coverage is not None and now - coverage.as_of <= freshness.hard
    usable = coverage if is_usable else None
    match = _name_match(card, usable)
    born_later = card.born is not None and card.born.is_after(today)
    if born_later and not is_clock_in_doubt(now, floor):  # (1)
        reason, proof = Reason.SELF_CHECK_FAILED, Proof.NONE
    elif usable is not None:  # (2)
        reason = _by_coverage(card, usable, match, today)
        proof = Proof.NONE if reason is Reason.NOT_YET_KNOWN else Proof.INSURER
    else:
        reason, proof = _by_card(card, now, today)  # (3)
    notes = trust.doubts(vouch, now, freshness) if vouch else []
    if notes and reason is Reason.VOUCHED:  # (4)
        reason, proof = Reason.NOT_YET_KNOWN, Proof.NONE
    # Coverage or a good signature from the future shows that our clock is behind.
    answered_at = usable.as_of if usable else floor
    signed_at = vouch.signed_at if vouch else floor
    latest_known = max(floor, answered_at, signed_at)
    if reason in DATE_DEPENDENT and is_clock_in_doubt(now, latest_known):  # (5)
        reason = Reason.CLOCK_IN_DOUBT
    if usable is not None and now - usable.as_of > freshness.soft:
        notes.append(Note.DATA_OLD)
    if reason is Reason.VOUCHED and trust.is_old(now, freshness):
        notes.append(Note.TRUST_OLD)
    notes += _notes(card, usable, match, reason, today)
    return Decision(reason, proof, tuple(notes), usable)


def reason_by_coverage(card: Card, coverage: Coverage, day: date) -> Reason:
    """Return what an answer about a card means on a day: step 2 of the order of evidence alone."""
    return _by_coverage(card, coverage, _name_match(card, coverage), day)


def _by_coverage(card: Card, coverage: Coverage, match: NameMatch | None, today: date) -> Reason:
    """Return the reason that follows from coverage: steps 2a to 2d."""
    if coverage.standing in REASONS_BY_STANDING:
        return REASONS_BY_STANDING[coverage.standing]
    if match and match is NameMatch.DIFFERENT:
        return Reason.NAME_DIFFERS
    if card.born and coverage.born and not card.born.agrees_with(coverage.born):
        return Reason.BIRTH_DIFFERS
    if coverage.has_new_card and coverage.new_card and coverage.new_card.in_force_on(today):
        return Reason.NEW_CARD_IN_FORCE
    if coverage.standing is Standing.REPLACED_OLD_OVER:
        return Reason.REPLACED
    if coverage.valid_from and today < coverage.valid_from:
        return Reason.NOT_BEGUN
    if coverage.valid_until and today > coverage.valid_until:
        return Reason.ENDED
    return Reason.NOT_YET_KNOWN if coverage.end_not_read else Reason.IN_FORCE


def _name_match(card: Card, coverage: Coverage | None) -> NameMatch | None:
    """Compare the card's name with the insurer's. None if one of them is not given."""
    if coverage is None or not card.holder or not coverage.holder:
        return None
    return compare_names(card.holder, coverage.holder)


def _by_card(card: Card, now: datetime, today: date) -> tuple[Reason, Proof]:
    """Return the reason that follows from the card alone: steps 3a to 3c."""
    if card.object_code in SEPARATE_REGISTER_CODES:
        return Reason.KEPT_ELSEWHERE, Proof.NONE
    proof = Proof.ISSUER if card.vouched_by else Proof.NONE
    if card.valid_from and today < card.valid_from:
        return Reason.NOT_BEGUN, proof
    if card.valid_until and today > card.valid_until:
        return Reason.PRINTED_DATES_OVER, proof
    if card.vouched_by is None:
        return Reason.NOT_YET_KNOWN, proof
    expires_at = card.vouched_by.expires_at
    if expires_at is not None and now > expires_at:
        return Reason.PRINTED_DATES_OVER, proof
    return Reason.VOUCHED, proof


def _notes(
    card: Card, coverage: Coverage | None, match: NameMatch | None, reason: Reason, today: date
) -> list[Note]:
    """Return the notes on the holder and on the dates of a card."""
    notes = []
    if card.holder is None:
        notes.append(Note.HOLDER_NOT_GIVEN)
    elif is_unusual(card.holder):
        notes.append(Note.NAME_UNUSUAL)
    if match and match is NameMatch.SAME_BUT_FOR_MARKS:
        notes.append(Note.NAME_WITHOUT_MARKS)
    if coverage is not None and coverage.end_not_read:
        notes.append(Note.INSURER_END_NOT_READ)
    born = card.born or (coverage.born if coverage else None)
    if born is not None and _is_child(born, today):
        notes.append(Note.HOLDER_IS_A_CHILD)
    if coverage is not None and coverage.has_new_card and reason is Reason.IN_FORCE:
        notes.append(Note.NEW_CARD_ISSUED)
    until = _in_force_until(card, coverage, reason)
    if until is not None and today <= until <= today + ENDS_SOON:
        notes.append(Note.ENDS_WITHIN_MONTH)
    five_years_on = (coverage.five_years_on if coverage else None) or card.five_years_on
    if five_years_on is not None and five_years_on <= today:
        notes.append(Note.FIVE_YEARS_REACHED)
    return notes + notes_on_number(card)


def _is_child(born: Birth, today: date) -> bool:
    # The years alone tell it for most people, without the exact age.
    return today.year - born.year <= CHILD_UNTIL_YEARS and age_on(born, today) < CHILD_UNTIL_YEARS


def _in_force_until(card: Card, coverage: Coverage | None, reason: Reason) -> date | None:
    """Return the last day of the card that a verdict admits. None if it has none."""
    if coverage is None:
        return card.valid_until if reason is Reason.VOUCHED else None
    if reason is Reason.IN_FORCE:
        return coverage.valid_until
    new_card = coverage.new_card
    return new_card.valid_until if new_card and reason is Reason.NEW_CARD_IN_FORCE else None
