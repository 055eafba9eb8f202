"""What templates read of the logbook themselves: a damaged part is named, the page still shows.

What a page reads before its template is drawn it reads by `ReadableParts` of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import g

from kiosk.logbook import ReadableParts

T = TypeVar("T")
U = TypeVar("U")


def readable_part(name: str, reading: Callable[..., T], otherwise: U) -> Callable[..., T | U]:
    """Return a function for templates that reads as `reading` does.

    If it finds damage, it returns `otherwise`, and `damaged_here` has the name.
    """

    def read(*values: Any) -> T | U:
        return _parts_here().read(name, lambda: reading(*values), otherwise)

    return read


def damaged_here() -> list[str]:
    """Return the names of the parts that the template of this request found damaged so far."""
    return _parts_here().damaged


def _parts_here() -> ReadableParts:
    parts: ReadableParts = g.setdefault("readable_parts", ReadableParts())
    return parts
