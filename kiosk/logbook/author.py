"""Who did a thing: a member of staff, a desk where nobody signs in, or the system itself.

The stored text holds the name as it was then: a member is never deleted, but may get another name.
"""

from __future__ import annotations

import re

SYSTEM = "system"  # the program, without a person: the nightly job, the outbox, a timer
SELF_SERVICE = "self-service"  # the patient, at a screen for self-service
DESK = "desk"  # whoever sits at a desk that has no name
STAFF = "staff"  # a person who is signed in
PROGRAM = "program"  # another program, with an API token

_STAFF = re.compile(rf"{STAFF} (\d+) (.+)", re.DOTALL)


def desk_author(desk: str) -> str:
    """Return who acts at a desk. `desk` is its name in the settings; empty if it has none."""
    return f"{DESK} {desk}" if desk else DESK


def staff_author(number: int, name: str) -> str:
    """Return the author of what a member of staff does."""
    return f"{STAFF} {number} {name}"


def program_author(name: str) -> str:
    """Return the author of what another program does; `name` is that of its API token."""
    return f"{PROGRAM} {name}"


def owned_key(system: str, key: str) -> str:
    """Return an idempotency key as it is stored: it belongs to the program that sent it.

    So no program finds, closes or blocks what another recorded under the same key.  `system` is
    the name of the API token; empty for our own pages, and where calls need no token.  A name and
    a key have no line ends, so two pairs are never stored alike.
    """
    return f"{system}\n{key}" if system else key


def staff_in(author: str) -> tuple[int, str] | None:
    """Return the number and the name of the member who is an author; None if it is no member."""
    found = _STAFF.fullmatch(author)
    return (int(found[1]), found[2]) if found else None
