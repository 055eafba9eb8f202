"""What a reader sent for one code, unchanged."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ReaderSample:
    """The bytes of a port or a camera, or what a keyboard-type reader wrote into a field."""

    raw: bytes = field(repr=False)
    places: str = field(default="", repr=False)  # what its keys write on a US keyboard, if known
    gap_ms: float | None = None  # the median time between two keys
    sends_end_mark: bool = True  # a camera does not
    alt_codes: bool = False  # letters came as Alt and digits of the number pad
