"""Replace what stands in for a patient or a card: by a card that was read, or by what was typed.

1. An unknown patient becomes known by name, and a temporary card number is replaced by the card.
2. The visit gets a new version under the same id; the insurer gets it if the visit is reported and
   its message has changed.  A visit that was not reported as an emergency's may become reported.
3. What the card does not say stays as it was; but of a temporary number nothing stays.
4. The card of an unknown patient was presented when it was read.  A temporary number stands for
   papers that were presented before: their form and their moment stay.
5. A joining can be undone: the code comes back, with all that the joining had changed.
6. A card that was misused (`MISUSE_REASONS`) identifies nobody.
7. A reading belongs to one visit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from kiosk.desk.confirmation import MISUSE_REASONS, Confirmation, card_on_visit, person_number
from kiosk.desk.errors import NothingToConfirm
from kiosk.desk.presentation import PresentationEntry, better_identification, how_presented
from kiosk.desk.temporary_codes import with_temporary_code
from kiosk.insurer import EMERGENCY
from kiosk.logbook import (
    Attempt,
    Attempts,
    CardOnVisit,
    Corrections,
    HowPresented,
    IdentifiedBy,
    NewVisit,
    NoSuchVisit,
    NothingToChange,
    ReadableParts,
    UnknownPatient,
    Visits,
    last_to_undo,
    new_unknown_code,
    undone,
)
from verify import Birth, Card, Reason, Sex


@dataclass(frozen=True, slots=True)
class TypedIdentity:
    """Who a patient is, as it was typed; None or empty for what was not."""

    holder: str = field(default="", repr=False)
    born: Birth | None = field(default=None, repr=False)
    sex: Sex | None = None
    number: str = field(default="", repr=False)  # 10, 12 or 15 characters
    registered_at: str = ""
    valid_from: date | None = None
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class IdentityChange:
    """Who changes a visit and why. `version` is the one that was looked at; None: not checked."""

    why: str
    author: str
    version: int | None = None
    arrival: str = ""  # how the patient came, if that changes: one of `kiosk.insurer.ARRIVALS`


class Identification:
    """The joinings of visits, and the temporary numbers of recorded visits.

    Every method raises NoSuchVisit, ChangedMeanwhile, StillSending, NothingToChange or NotRecorded
    as `Corrections.correct` does.
    """

    def __init__(
        self,
        attempts: Attempts,
        visits: Visits,
        corrections: Corrections,
        clock: Callable[[], datetime],
    ) -> None:
        """`clock` returns an aware time."""
        self._attempts = attempts
        self._visits = visits
        self._corrections = corrections
        self._clock = clock

    def join_reading(self, visit_id: str, attempt_id: int, change: IdentityChange) -> None:
        """Replace the codes of a visit by the card of a reading.

        Raises NothingToConfirm if the reading holds no card that can be used, or if nobody's name
        is known then, and ReadingUsedBefore if the reading belongs to another visit.
        """
        attempt = self._attempts.get(attempt_id)
        newest = attempt and self._attempts.newest_verdict_on(attempt.reading)
        first = newest and self._attempts.get(newest.reading)
        card = newest.verdict.card if newest else None
        if newest is None or first is None or card is None or not may_identify(newest):
            raise NothingToConfirm("the reading holds no card that identifies anybody")
        coverage, read_at = newest.verdict.coverage, min(first.at, self._clock())
        shown = card_on_visit(card, coverage, newest.reason, Confirmation())

        def joined(visit: NewVisit) -> NewVisit:
            self._visits.require_unused(newest.reading, visit_id)
            after = _joined(visit, shown, person_number(card, coverage), change)
            return replace(after, how=_how_read(after, newest, read_at), joined_by=newest.reading)

        self._replace(visit_id, joined, change)

    def join_typed(self, visit_id: str, identity: TypedIdentity, change: IdentityChange) -> None:
        """Replace the codes of a visit by what was typed.

        Raises NothingToConfirm if nobody's name is known then, or if a temporary number is to be
        replaced and no number was typed.
        """
        number = identity.number
        card = Card(number)
        shown = CardOnVisit(
            number=number,
            card_number=number if len(number) == 15 else None,
            citizen_number=card.personal_id if number else None,
            holder=identity.holder or None,
            born=identity.born,
            sex=identity.sex,
            registered_at=identity.registered_at or None,
            valid_from=identity.valid_from,
            valid_until=identity.valid_until,
        )
        person = person_number(card, None) if number else ""

        def joined(visit: NewVisit) -> NewVisit:
            after = _joined(visit, shown, person, change)
            typed = HowPresented(identified_by=IdentifiedBy.TYPED)
            how = replace(after.how, identified_by=better_identification(after.how, typed))
            return replace(after, how=how)

        self._replace(visit_id, joined, change)

    def undo(self, visit_id: str, change: IdentityChange) -> None:
        """Undo the last joining of a visit.

        Raises NothingToChange if none is left.
        """
        visit = self._visits.by_id(visit_id)
        if visit is None:
            raise NoSuchVisit(visit_id)
        joining = last_to_undo(self._corrections.versions(visit_id, ReadableParts()), visit)
        if joining is None:
            raise NothingToChange("no joining is left that could be undone")
        seen = replace(change, version=change.version or visit.version)
        self._replace(visit_id, lambda current: undone(current, joining), seen)

    def set_temporary_code(self, visit_id: str, code: str, change: IdentityChange) -> None:
        """Record the temporary number of a visit. An empty `code`: build one.

        Raises NoTemporaryCode if the patient cannot have one.
        """
        self._replace(visit_id, lambda visit: with_temporary_code(visit, code), change)

    def _replace(
        self, visit_id: str, make: Callable[[NewVisit], NewVisit], change: IdentityChange
    ) -> None:
        self._corrections.change(
            visit_id, make, change.why, self._clock(), change.version, change.author
        )
        self._visits.note_correction()


def unknown_patient(estimated_age: int | None, description: str) -> UnknownPatient:
    """Return an unknown patient with a new code; `estimated_age` is in years."""
    return UnknownPatient(new_unknown_code(), estimated_age, description)


def may_identify(attempt: Attempt) -> bool:
    """Return whether a verdict has a card that says who a patient is."""
    wrong = MISUSE_REASONS | {Reason.LEADING_ZERO_LOST}
    return attempt.verdict.card is not None and attempt.reason not in wrong


def _joined(visit: NewVisit, shown: CardOnVisit, person: str, change: IdentityChange) -> NewVisit:
    """Return a visit with a card in place of its codes; `person` is empty if no number is known.

    Raises NothingToChange or NothingToConfirm as `Identification.join_typed` does.
    """
    if visit.unknown is None and visit.temporary_code is None:
        raise NothingToChange("no code stands in for anything of this visit")
    card = _merged(visit, shown)
    if not card.holder or (visit.temporary_code and not shown.number):
        raise NothingToConfirm("the name or the card's number is missing")
    return replace(
        visit,
        person=person or visit.person,
        card=card,
        arrival=replace(visit.arrival, kind=change.arrival or visit.arrival.kind),
        unknown=None,
        temporary_code=None,
    )


def _how_read(visit: NewVisit, newest: Attempt, read_at: datetime) -> HowPresented:
    """Return how insurance was presented for a visit that a card was joined with (rule 4).

    `read_at` (aware) is when the card was read.  Emergencies aside, that is not before the arrival.
    """
    before, kind = visit.how, visit.arrival.kind
    presented_at = read_at if kind == EMERGENCY else max(read_at, visit.arrived_at)
    how = how_presented(newest.verdict, PresentationEntry(), kind, presented_at)
    identified_by = better_identification(before, how)
    if before.presented_at is not None:
        return replace(before, identified_by=identified_by)
    return replace(how, identified_by=identified_by, reading=newest.reading)


def _merged(visit: NewVisit, shown: CardOnVisit) -> CardOnVisit:
    """Return the card of a visit after a joining: what was shown, and what was known before."""
    before = visit.card
    if visit.temporary_code is not None:  # its facility and its days belong to the temporary number
        before = replace(
            before, card_number=None, registered_at=None, valid_from=None, valid_until=None
        )
    return replace(
        before,
        number=shown.number or before.number,
        card_number=shown.card_number or before.card_number,
        citizen_number=shown.citizen_number or before.citizen_number,
        holder=shown.holder or before.holder,
        born=shown.born or before.born,
        sex=shown.sex or before.sex,
        registered_at=shown.registered_at or before.registered_at,
        valid_from=shown.valid_from or before.valid_from,
        valid_until=shown.valid_until or before.valid_until,
    )
