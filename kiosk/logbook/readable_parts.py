"""A page of several parts, each read for itself: one that is damaged is named, the others show.

Only damage is passed over.  A logbook that is busy or whose disk fails ends the page as ever: a
minute later all of it can be read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from kiosk.logbook.errors import LogbookDamaged, VisitUnreadable

T = TypeVar("T")
U = TypeVar("U")


class ReadableParts:
    """What could be read of a page; `damaged` are the names of the parts that could not."""

    def __init__(self) -> None:
        self.damaged: list[str] = []

    def read(self, name: str, reading: Callable[[], T], otherwise: U) -> T | U:
        """Return what `reading` returns; if it finds damage, note the name and take `otherwise`.

        What stands in must not be shown as if it had been read: nothing known is not nothing.
        """
        try:
            return reading()
        except (LogbookDamaged, VisitUnreadable):
            if name not in self.damaged:
                self.damaged.append(name)
            return otherwise
