"""The versions of a visit side by side: what each correction changed, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from flask import Flask

from kiosk.logbook import NewVisit, VisitVersion
from kiosk.web.language import author_text, masked, moment_text
from kiosk.web.pages.correction_form import MASKED, field_values

ROOM, PERSON, ARRIVED, SECRET, ADMISSION = "room", "person", "arrived_at", "secret", "admission"


@dataclass(frozen=True, slots=True)
class VersionChange:
    """A change of a visit: when (aware), by whom and why, and each field before and after."""

    version: int  # that began with it
    at: datetime
    author: str
    why: str = field(repr=False)
    fields: Sequence[tuple[str, str, str]] = field(repr=False)


def install_versions(app: Flask) -> None:
    """Let the templates show the versions of a visit."""
    app.add_template_global(version_changes)


def version_changes(visit: NewVisit, versions: Sequence[VisitVersion]) -> list[VersionChange]:
    """Return the changes that led to a visit, newest first; `versions` are the earlier ones.

    A cancellation changes no field.
    """
    states = [version.visit for version in versions] + [visit]
    changes = [
        VersionChange(
            version.version + 1,
            version.replaced_at,
            version.author and author_text(version.author),
            version.why,
            changed_fields(before, after),
        )
        for version, before, after in zip(versions, states, states[1:], strict=False)
    ]
    return changes[::-1]


def changed_fields(before: NewVisit, after: NewVisit) -> list[tuple[str, str, str]]:
    """Return the fields in which two versions of a visit differ, each before and after, masked."""
    first, last = _values(before), _values(after)
    return [
        (name, _shown(name, first[name]), _shown(name, last[name]))
        for name in first
        if first[name] != last[name]
    ]


def _shown(name: str, value: str) -> str:
    return masked(value) if name in MASKED or name == PERSON else value


def _values(visit: NewVisit) -> Mapping[str, str]:
    admission = visit.admission
    return field_values(visit) | {
        ROOM: visit.service.room,
        PERSON: visit.person,
        ARRIVED: moment_text(visit.arrived_at),
        SECRET: "✓" if visit.secret else "",
        ADMISSION: moment_text(admission.at) if admission else "",
    }
