"""What a reader sent for one code, as it came."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ReaderSample:
    """Bytes of a port or a camera, or what a keyboard-type reader wrote into a field."""

    raw: bytes = field(repr=False)
    places: str = field(default="", repr=False)  # what its keys write on a US keyboard; "": none
    gap_ms: float | None = None  # between two keys, the median
    may_end: bool = True  # a camera has no end mark
    alt_codes: bool = False  # letters came as Alt and digits of the number pad
