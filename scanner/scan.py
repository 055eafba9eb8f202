"""A Scan: one reading of one card."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Scan:
    """The bytes as they came, which are not trusted yet; the reader; and the time (aware)."""

    payload: bytes = field(repr=False)  # it holds a name and a number: never write it to a log
    reader: str
    read_at: datetime
