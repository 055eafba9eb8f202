"""The form of a correction when somebody else has corrected the visit meanwhile.

Each field is compared with what the page of this person showed:

1. A field that nobody here touched holds what the logbook has now: sending it again reverts
   nothing.
2. A field that only this person touched holds what was typed.
3. A field that both changed holds what was typed, beside what the logbook has now.  The person
   decides for each, and without that nothing is recorded.

If the version that the page showed cannot be read, each field that differs counts as one of both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from flask import request

from kiosk.logbook import NewVisit, Visit, VisitVersion
from kiosk.web.pages.correction_form import FIELDS, field_values, shown_values, typed_fields

BOTH = "both"  # the names of fields that need a decision
MINE, THEIRS = "mine", "theirs"


@dataclass(frozen=True, slots=True)
class TwoCorrections:
    """What the form holds, with whole or masked numbers as the page shows them."""

    values: Mapping[str, str] = field(repr=False)
    theirs: Mapping[str, str] = field(repr=False)  # of fields that both changed: in the logbook now
    earlier: Mapping[str, str] = field(repr=False)  # of fields that only others changed: before it
    decided: Mapping[str, str]  # MINE or THEIRS, by field


def two_corrections(
    visit: Visit, versions: Sequence[VisitVersion], shows_numbers: bool
) -> TwoCorrections:
    """Return the form that was sent, joined with the visit as it is now.

    `versions` are the earlier ones of the visit.
    """
    typed, now = typed_fields(), shown_values(visit, shows_numbers)
    decided = {name: decision for name in asked() if (decision := decision_on(name))}
    if request.form.get("version", "") == str(visit.version):
        theirs = {name: now[name] for name in asked()}
        return TwoCorrections(now | typed, theirs, {}, decided)
    seen = {str(version.version): version.visit for version in versions}
    base = seen.get(request.form.get("version", ""))
    values, both, earlier = dict(now), {}, {}
    for name, text in typed.items():
        is_mine, is_theirs = _changed(name, text, base, visit)
        is_mine = is_mine and decided.get(name) != THEIRS  # somebody changed the visit once more
        if is_mine:
            values[name] = text
        if is_mine and is_theirs:
            both[name] = now[name]
        elif is_theirs and base is not None:
            earlier[name] = shown_values(base, shows_numbers)[name]
    return TwoCorrections(values, both, earlier, {})


def _changed(name: str, text: str, base: NewVisit | None, visit: Visit) -> tuple[bool, bool]:
    """Return whether a field was changed here, to another value than now, and whether by others."""
    now, text = field_values(visit)[name], text.strip()
    if base is None:
        is_other = text not in (now, shown_values(visit, False)[name])
        return is_other, is_other
    was = field_values(base)[name]
    is_mine = text not in (was, shown_values(base, False)[name], now)
    return is_mine, was != now


def asked() -> list[str]:
    """Return the fields for which the form that was sent asks for a decision."""
    return [name for name in request.form.getlist(BOTH) if name in FIELDS]


def decision_on(name: str) -> str:
    """Return MINE or THEIRS as it was decided for a field; empty: it was not."""
    decision = request.form.get(f"keep-{name}", "")
    return decision if decision in (MINE, THEIRS) else ""


def undecided() -> list[str]:
    """Return the fields on which the form that was sent has no decision yet."""
    return [name for name in asked() if not decision_on(name)]
