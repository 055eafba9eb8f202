"""What one reader does to every code: a site writes this in the settings, once for each reader.

Nothing is guessed: a prefix, a suffix or an encoding is removed only if the settings name it.  The
page that checks readers says what to write.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from scanner.framing import NO_SIGNS

Encoding = Literal["utf-8", "gb18030"]  # GB 18030 has every letter; its predecessor GBK does not

NOISE = "".join(map(chr, sorted(NO_SIGNS)))  # control characters and the blank


@dataclass(frozen=True, slots=True)
class ReaderProfile:
    """How a reader ends a scan, and what it adds around it."""

    baud: int = 115_200
    framing: Literal["marks", "silence"] = "marks"  # whether CR, LF and TAB end a scan
    silence_s: float | None = None  # the silence that ends a scan; None: what suits the port
    prefix: str = ""
    suffix: str = ""
    encoding: Encoding = "utf-8"

    def strip_affixes(self, payload: bytes) -> bytes:
        """Return a payload in UTF-8, without what the reader added.

        Noise around an affix is removed with it.  A payload that is not in the encoding of the
        settings is returned as it came.
        """
        try:
            text = payload.decode(self.encoding)
        except UnicodeDecodeError:
            return payload
        body = text.lstrip(NOISE)
        if self.prefix and not text.startswith(self.prefix) and body.startswith(self.prefix):
            text = body
        body = text.rstrip(NOISE)
        if self.suffix and not text.endswith(self.suffix) and body.endswith(self.suffix):
            text = body
        return text.removeprefix(self.prefix).removesuffix(self.suffix).encode()


DEFAULT_PROFILE = ReaderProfile()
