"""The id of the request that a thread answers: in its log lines, its answer and its error page.

It is short and without signs that sound or look alike, so that a clerk can read it out.
"""

from __future__ import annotations

import re
import secrets
from contextvars import ContextVar

SIGNS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 8  # 39 bits: two of a clinic's requests of a year rarely share one
WELL_FORMED = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{7,63}", re.ASCII)

current_request: ContextVar[str] = ContextVar("current_request", default="")


def new_request_id() -> str:
    """Return a new id, such as 7K3M-Q9TX."""
    text = "".join(secrets.choice(SIGNS) for _ in range(LENGTH))
    return f"{text[:4]}-{text[4:]}"


def is_request_id(text: str) -> bool:
    """Return whether a proxy's id may stand in our log: 8 to 64 letters, digits, `.`, `_`, `-`."""
    return WELL_FORMED.fullmatch(text) is not None
