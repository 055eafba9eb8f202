"""Who did a thing. Until people sign in, that is a desk or the system itself."""

from __future__ import annotations

SYSTEM = "system"  # the program, without a person: the nightly job, the outbox, a timer
DESK = "desk"  # whoever sits at a desk that has no name


def desk_author(desk: str) -> str:
    """Return who acts at a desk. `desk` is its name in the settings; empty if it has none."""
    return f"{DESK} {desk}" if desk else DESK
