"""Decide: from a card, the insurer's word on it and the time, to a reason.

A bad signature and a withdrawn key have decided before this is asked.  Then, in order:
the insurer's word while it is fresh enough; a good signature with its own dates; the
card's own dates; nothing.  Change the order, and docs/one-scan.md changes with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from verify.birth import age_on
from verify.card import KEPT_ELSEWHERE, Card, Vouch
from verify.citizen_number import unlike_number
from verify.clock import clinic_day, is_clock_in_doubt
from verify.coverage import Coverage, Standing
from verify.reason import Note, Reason
from verify.verdict import Proof, same_name

FUTURE_TOLERANCE = timedelta(days=1)  # that a publisher's clock may stand before ours
NEAR_END = timedelta(days=31)
CHILD = 14  # years: until then a representative shows the card (NĐ 69/2024; NĐ 188/2025 Đ37)

# Standings that decide by themselves, whatever the card says.
PLAIN_WORDS = {
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

# Reasons that hang on what day it is: a clock in doubt takes them back.
DATED = frozenset(
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
    """How old each set of data may be: shown as old after `soft`, not used after `hard`.

    `soft` and `hard` are the limits of a coverage, from the gateway or the registry.  The kiosk
    makes the limits in `kiosk/data/knowledge.py` (`limits`) and shows the ages by
    `kiosk/data/freshness.py`; the functions of this module apply them to a verdict.
    """

    soft: timedelta = timedelta(hours=24)
    hard: timedelta = timedelta(days=7)
    keys_soft: timedelta = timedelta(hours=24)
    keys_hard: timedelta = timedelta(days=30)
    revocations_soft: timedelta = timedelta(hours=24)
    revocations_hard: timedelta = timedelta(days=7)
    tables_soft: timedelta = timedelta(days=7)


class TrustAges(NamedTuple):
    """When the keys and the revocation lists in use were made (aware); None: never had any."""

    keys: datetime | None = None
    revocations: datetime | None = None

    def doubts(self, vouch: Vouch, now: datetime, freshness: Freshness) -> list[Note]:
        """Return why a good signature is not believed just now: what cannot be known."""
        doubts = []
        if _is_unusable(self.keys, now, freshness.keys_hard):
            doubts.append(Note.KEYS_OLD)
        stale = _is_unusable(self.revocations, now, freshness.revocations_hard)
        if stale or not vouch.revocation_known:
            doubts.append(Note.REVOCATION_NOT_KNOWN)
        return doubts

    def is_old(self, now: datetime, freshness: Freshness) -> bool:
        """Tell whether what a signature is believed on is old, though still good enough."""
        keys = _is_old(self.keys, now, freshness.keys_soft)
        return keys or _is_old(self.revocations, now, freshness.revocations_soft)


def _is_old(made: datetime | None, now: datetime, limit: timedelta) -> bool:
    return made is not None and now - made > limit


def _is_unusable(made: datetime | None, now: datetime, limit: timedelta) -> bool:
    """Tell whether data is too old, or from so far ahead that its age means nothing."""
    return made is not None and not -FUTURE_TOLERANCE <= now - made <= limit


class Decision(NamedTuple):
    """The reason, whose word it rests on, and what stands beside it."""

    reason: Reason
    proof: Proof
    notes: tuple[Note, ...] = ()
    word: Coverage | None = None  # the insurer's, where it is fresh enough to be used


def decide(
    card: Card,
    word: Coverage | None,
    now: datetime,
    floor: datetime,
    freshness: Freshness,
    trust: TrustAges,
) -> Decision:
    """Return the decision on a card at `now` (aware); `floor` is a moment known to be past."""
    today, vouch = clinic_day(now), card.vouched_by
    usable = word if word is not None and now - word.as_of <= freshness.hard else None
    born_later = card.born is not None and card.born.is_after(today)
    if born_later and not is_clock_in_doubt(now, floor):
        reason, proof = Reason.SELF_CHECK_FAILED, Proof.NONE
    elif usable is not None:
        reason, proof = _by_word(card, usable, today), Proof.INSURER
    else:
        reason, proof = _by_card(card, now, today)
    doubts = trust.doubts(vouch, now, freshness) if vouch else []
    if doubts and reason is Reason.VOUCHED:
        reason, proof = Reason.NOT_YET_KNOWN, Proof.NONE
    # A good signature, or a word, from the future shows that it is the clock that is behind.
    heard = usable.as_of if usable else floor
    signed = vouch.signed_at if vouch else floor
    if reason in DATED and is_clock_in_doubt(now, max(floor, heard, signed)):
        reason = Reason.CLOCK_IN_DOUBT
    if usable is not None and now - usable.as_of > freshness.soft:
        doubts.append(Note.DATA_OLD)
    if reason is Reason.VOUCHED and trust.is_old(now, freshness):
        doubts.append(Note.TRUST_OLD)
    return Decision(reason, proof, (*doubts, *_notes(card, usable, reason, today)), usable)


def _by_word(card: Card, word: Coverage, today: date) -> Reason:
    if word.standing in PLAIN_WORDS:
        return PLAIN_WORDS[word.standing]
    if card.holder and word.holder and not same_name(card.holder, word.holder):
        return Reason.NAME_DIFFERS
    if card.born and word.born and not card.born.agrees_with(word.born):
        return Reason.BIRTH_DIFFERS
    if word.has_new_card and word.new_card and word.new_card.in_force_on(today):
        return Reason.NEW_CARD_IN_FORCE
    if word.standing is Standing.REPLACED_OLD_OVER:
        return Reason.REPLACED
    if word.valid_from and today < word.valid_from:
        return Reason.NOT_BEGUN
    if word.valid_until and today > word.valid_until:
        return Reason.ENDED
    return Reason.IN_FORCE


def _by_card(card: Card, now: datetime, today: date) -> tuple[Reason, Proof]:
    if card.object_code in KEPT_ELSEWHERE:
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


def _notes(card: Card, word: Coverage | None, reason: Reason, today: date) -> list[Note]:
    notes = []
    if card.holder is None:
        notes.append(Note.HOLDER_NOT_GIVEN)
    born = card.born or (word.born if word else None)
    if born is not None and today.year - born.year <= CHILD and age_on(born, today) < CHILD:
        notes.append(Note.HOLDER_IS_A_CHILD)
    if word is not None and word.has_new_card and reason is Reason.IN_FORCE:
        notes.append(Note.NEW_CARD_ISSUED)
    until = _in_force_until(card, word, reason)
    if until is not None and today <= until <= today + NEAR_END:
        notes.append(Note.ENDS_WITHIN_MONTH)
    five_years_on = (word.five_years_on if word else None) or card.five_years_on
    if five_years_on is not None and five_years_on <= today:
        notes.append(Note.FIVE_YEARS_REACHED)
    return notes + unlike_number(card)


def _in_force_until(card: Card, word: Coverage | None, reason: Reason) -> date | None:
    if reason is Reason.NEW_CARD_IN_FORCE and word and word.new_card:
        return word.new_card.valid_until
    if reason is Reason.IN_FORCE and word:
        return word.valid_until
    return card.valid_until if reason is Reason.VOUCHED else None
