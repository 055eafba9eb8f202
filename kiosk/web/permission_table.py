"""The table of permissions as people read it, for docs/security.md and for the auditor."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask

from kiosk.staff import Role
from kiosk.web.callers import LOCAL, LOCKED, PUBLIC
from kiosk.web.permissions import permission_rows

ROLES = [role.value for role in Role]


def permission_table(app: Flask) -> str:
    """Return the table of an application in Markdown: a line for each method and path."""
    return "\n".join(_lines(app)) + "\n"


def _lines(app: Flask) -> Iterator[str]:
    yield "| method | path | anybody | " + " | ".join(ROLES) + " | API token |"
    yield "|---" * (4 + len(ROLES)) + "|"
    for method, path, who, action in permission_rows(app):
        scopes = " ".join(sorted(power.partition(":")[2] for power in who if ":" in power))
        cells = [_cell(role, who, action) for role in ROLES]
        anybody = "✓" if PUBLIC in who else "locked" if LOCKED in who else ""
        anybody = "this PC" if LOCAL in who else anybody
        yield f"| {method} | `{path}` | {anybody} | {' | '.join(cells)} | {scopes} |"


def _cell(role: str, who: frozenset[str], action: str) -> str:
    if PUBLIC in who:
        return "✓"
    if role not in who:
        return ""
    return f"approval: {action}" if action and role == Role.CLERK else "✓"
