"""The codes of the sheet: each shows something that readers are known to get wrong."""

from __future__ import annotations

from dataclasses import dataclass, field

START, END = "TIEPDON", "END"  # letters that stand in the same place on all Latin keyboards


@dataclass(frozen=True, slots=True)
class SheetCode:
    """One code: its text, and whether it is printed white on black."""

    key: str
    text: str = field(repr=False)
    inverted: bool = False


# Telex turns "dd", "aa", "as" … into letters, VNI "a1", "e6" ….  The signs that cards have, and
# letters in both cases, show another keyboard layout and Caps Lock.
SIGNS = f"{START}-1|dd aa af as ee ow|a1 e6 o7 d9|ABCDQWXYZ abcdqwxyz|0123456789|$#:/.*+%-_|{END}"
NAMES = f"{START}-2|Nguyễn Thị Ngọc Ánh|Đặng Hữu Đức|Phường Bến Nghé, Quận Gò Vấp|{END}"
INVERTED = f"{START}-3|dark mode|{END}"
# As long as a signed card, and of its letters.  It shows cuts, an Enter in the middle, and keys
# that are lost because the reader types too fast.
LONG = f"{START}-4:" + "".join(f"{n * 7919 % 100_000:05} %*+/{n:X}-" for n in range(30)) + END

SHEET = (
    SheetCode("signs", SIGNS),
    SheetCode("names", NAMES),
    SheetCode("long", LONG),
    SheetCode("inverted", INVERTED, inverted=True),
)

BY_NUMBER = {code.text[len(START) + 1]: code for code in SHEET}  # the digit behind START
