"""Builds the readers that the settings name, and reports their state."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from kiosk.readers.scans import extent_of
from kiosk.settings import ReaderPort
from scanner import Camera, Reader, ReaderProfile, SerialReader
from verify import may_hold_card


def build_reader(port: ReaderPort, clock: Callable[[], datetime]) -> Reader:
    """Return the reader of one `[[readers]]` block; `clock` returns an aware time."""
    if port.kind == "camera":
        return Camera(port.name, port.port, clock, may_hold_card)
    return SerialReader(port.name, port.port, clock, profile_of(port), extent_of)


def profile_of(port: ReaderPort) -> ReaderProfile:
    """Return how a serial reader sends, as one block of the settings describes it."""
    silence_s = port.silence_ms / 1000 or None
    return ReaderProfile(
        port.baud, port.framing, silence_s, port.prefix, port.suffix, port.encoding
    )


def reader_states(
    readers: Iterable[Reader], is_checked: Callable[[str], bool]
) -> list[dict[str, Any]]:
    """Return the state of each reader as JSON for the pages; times are ISO 8601.

    `is_checked` returns whether a reader, by its name, is in a reader check just now.
    """
    return [
        {
            "name": state.name,
            "up": state.up,
            "being_checked": is_checked(state.name),
            "since": state.since.isoformat(),
            "why": state.why,
            "last_scan": state.last_scan and state.last_scan.isoformat(),
        }
        for state in (reader.state for reader in readers)
    ]
