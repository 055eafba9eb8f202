"""How a code that stood in for a patient or a card was replaced by what it stood for.

Nothing is written for this: the versions of a visit are append-only and say who changed it, when
and why.  A code that is in one version and not in the next was joined; one that comes back was
joined by mistake.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from kiosk.logbook.corrections import VisitVersion, how_with_arrival
from kiosk.logbook.visit import NewVisit


@dataclass(frozen=True, slots=True)
class Joining:
    """A change by which a code was replaced, or, if `is_undone`, came back."""

    at: datetime  # aware
    author: str  # see `kiosk.logbook.author`
    why: str
    before: NewVisit = field(repr=False)
    after: NewVisit = field(repr=False)
    is_undone: bool = False

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes that were replaced, or that came back."""
        first, last = (self.after, self.before) if self.is_undone else (self.before, self.after)
        return tuple(sorted(_codes(first) - _codes(last)))


def joinings(versions: Sequence[VisitVersion], visit: NewVisit) -> list[Joining]:
    """Return the joinings in the history of a visit, oldest first.

    `versions` are its earlier versions, oldest first, and `visit` is what it is now.
    """
    found: list[Joining] = []
    seen: set[str] = set()
    states = [version.visit for version in versions] + [visit]
    for version, before, after in zip(versions, states, states[1:], strict=False):
        gone, come = _codes(before) - _codes(after), _codes(after) - _codes(before)
        if gone or come & seen:
            undone = not gone
            found.append(
                Joining(version.replaced_at, version.author, version.why, before, after, undone)
            )
        seen |= gone
    return found


def last_to_undo(versions: Sequence[VisitVersion], visit: NewVisit) -> Joining | None:
    """Return the last joining of a visit that was not undone. None if none is left."""
    found = joinings(versions, visit)
    return found[-1] if found and not found[-1].is_undone else None


def undone(visit: NewVisit, joining: Joining) -> NewVisit:
    """Return a visit as it was before a joining, with all that was not part of it.

    A time of arrival that was corrected since stays corrected.
    """
    before = joining.before
    return replace(
        visit,
        person=before.person,
        card=before.card,
        arrival=replace(visit.arrival, kind=before.arrival.kind),
        unknown=before.unknown,
        temporary_code=before.temporary_code,
        how=how_with_arrival(before, visit.arrived_at),
        joined_by=before.joined_by,
    )


def _codes(visit: NewVisit) -> set[str]:
    unknown, temporary = visit.unknown, visit.temporary_code
    codes = (unknown.code if unknown else "", temporary.code if temporary else "")
    return set(filter(None, codes))
