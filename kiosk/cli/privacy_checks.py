"""The checks of `doctor` about privacy: what is too old, what persons wait for, the review."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from kiosk.privacy import PrivacyParts


def privacy_checks(privacy: PrivacyParts, now: datetime) -> Iterator[dict[str, Any]]:
    """Yield the checks as JSON at `now` (aware), as those of `kiosk.cli.checks`.

    Raises LogbookUnavailable if the logbook cannot be read.
    """
    states = privacy.purge.states(now)
    due = {str(state.period.kind): state.due for state in states if state.due}
    waits = {str(state.period.kind): state.waits for state in states if state.waits}
    kept = [str(state.period.kind) for state in states if not state.period.count]
    seen = [f"past their period: {_counted(due) or 'nothing'}"]
    if waits:
        seen.append(f"past it, but still needed: {_counted(waits)}")
    if kept:
        seen.append(f"no period set: {', '.join(kept)}")
    do = "Run `sync` each night, or `privacy purge`." if due else ""
    yield _check("kept data", "; ".join(seen), do)
    late = privacy.requests.count_late(now)
    do = "Answer them on the page Requests of persons: the law gives two working days."
    yield _check("requests of persons", f"{late} late", do if late else "")
    late = privacy.breaches.count_late(now)
    do = "Inform the authority, and record it on the page Breaches."
    yield _check("breaches", f"{late} not reported in time", do if late else "")
    due_at = privacy.reviews.due_at()
    if due_at is not None:
        do = "Look through the accounts on the page Who may do what, and sign it off."
        is_due = privacy.reviews.is_due(now)
        yield _check("review of access", f"due {due_at.date()}", do if is_due else "")


def _check(what: str, seen: str, do: str) -> dict[str, Any]:
    return {"good": not do, "what": what, "seen": seen, "do": do}


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{kind} {count}" for kind, count in counts.items())
