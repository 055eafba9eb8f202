"""What one reader is known to do to every code: a site writes it down once for each.

Nothing here is guessed: a prefix, a suffix or an encoding is taken off only where the settings
name it, and the page that checks readers says what to write.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Encoding = Literal["utf-8", "gb18030"]  # GB 18030 holds every letter; its forerunner GBK does not


@dataclass(frozen=True, slots=True)
class ReaderProfile:
    """How a reader ends a scan, and what it puts around one."""

    baud: int = 115_200
    framing: Literal["marks", "silence"] = "marks"  # whether CR, LF and TAB end a scan
    silence_s: float | None = None  # that ends a scan; None: what suits the port
    prefix: str = ""
    suffix: str = ""
    encoding: Encoding = "utf-8"

    def strip_affixes(self, payload: bytes) -> bytes:
        """Return a payload without what the reader added, in UTF-8.

        What is not of the encoding that was named stays as it came: nothing is guessed.
        """
        try:
            text = payload.decode(self.encoding)
        except UnicodeDecodeError:
            return payload
        return text.removeprefix(self.prefix).removesuffix(self.suffix).encode()


DEFAULT_PROFILE = ReaderProfile()
