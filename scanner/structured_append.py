"""Join the QR codes of one message that was divided (structured append, ISO/IEC 18004, 8).

1.  Each code of a divided message begins with a header of 20 bits: the mode 0011, its index, the
    index of the last one, and the parity of the whole message.
2.  Codes belong together if their parity and their number agree.  Whether the parity is right
    is not checked: common encoders compute it over other bytes.
3.  A message is joined only if each of its codes is there, once.  A part of a card never passes
    for a card.

The decoder joins nothing and does not return the header, but it returns the symbol.  The header
is read from there, before error correction: a message whose header is damaged is not joined.
"""

from __future__ import annotations

import functools
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

# The mask patterns (ISO/IEC 18004, 7.8.2): whether the module in row i and column j is inverted.
MASKS: tuple[Callable[[int, int], bool], ...] = (
    lambda i, j: (i + j) % 2 == 0,
    lambda i, _j: i % 2 == 0,
    lambda _i, j: j % 3 == 0,
    lambda i, j: (i + j) % 3 == 0,
    lambda i, j: (i // 2 + j // 3) % 2 == 0,
    lambda i, j: i * j % 2 + i * j % 3 == 0,
    lambda i, j: (i * j % 2 + i * j % 3) % 2 == 0,
    lambda i, j: ((i + j) % 2 + i * j % 3) % 2 == 0,
)
STRUCTURED_APPEND = 0b0011  # the mode of the header
MODES = frozenset({1, 2, 4, 5, 7, 8, 9})  # that a segment behind the header can have
CODEWORD_BITS = 8
TIMING_COLUMN = 6
HEADER_WORDS = 3  # codewords that hold the header and the mode of the segment behind it


@dataclass(frozen=True, slots=True)
class Part:
    """Where a code belongs in a divided message: its index of `size` codes, and the parity."""

    index: int
    size: int
    parity: int


def part_of(code: Any) -> Part | None:
    """Return where a code that zxing has read belongs in a divided message; None if it is whole."""
    version, mask, level = map((code.extra or {}).get, ("Version", "DataMask", "ECLevel"))
    if not (str(version).isdigit() and mask in range(len(MASKS)) and level):
        return None  # a micro QR code, which has no such header
    import numpy as np

    symbol = np.array(code.to_image(scale=1, add_quiet_zones=False)) == 0  # whether it is dark
    is_inverted = MASKS[mask]

    def codeword(number: int) -> Iterator[bool]:
        """Yield the bits of one codeword of the symbol."""
        start = number * CODEWORD_BITS
        for i, j in places[start : start + CODEWORD_BITS]:
            yield bool(symbol[i, j]) != is_inverted(i, j)

    side = len(symbol)
    places: Sequence[tuple[int, int]] = _first_places(side)
    if _number(itertools.islice(codeword(0), 4)) != STRUCTURED_APPEND:
        return None  # the answer for nearly all codes
    blocks, places = _block_count(int(version), level), _data_places(int(version))
    # The codewords of all blocks take turns, and the header is at the start of the first block.
    header = [bit for word in range(HEADER_WORDS) for bit in codeword(word * blocks)]
    index, last, parity = _number(header[4:8]), _number(header[8:12]), _number(header[12:20])
    if not 0 < last >= index or _number(header[20:]) not in MODES:
        return None
    return Part(index, last + 1, parity)


def _number(bits: Iterable[bool]) -> int:
    return functools.reduce(lambda number, bit: 2 * number + bit, bits, 0)


def _first_places(side: int) -> list[tuple[int, int]]:
    """Return the row and column of each module of a symbol's first codeword, in order."""
    return [(side - 1 - k // 2, side - 1 - k % 2) for k in range(CODEWORD_BITS)]


def _block_count(version: int, level: str) -> int:
    """Return how many blocks of error correction a symbol has."""
    from segno import consts

    kinds: Any = consts.ECC
    return sum(kind.num_blocks for kind in kinds[version][consts.ERROR_MAPPING[level]])


@functools.cache
def _data_places(version: int) -> list[tuple[int, int]]:
    """Return the row and column of each module that holds data, in order (7.7.3).

    The order runs up and down through pairs of columns, from the right to the left.
    """
    import segno
    from segno import consts

    example = segno.make("0", version=version, mask=0, micro=False)
    kinds: Any = list(example.matrix_iter(border=0, verbose=True))
    data = (consts.TYPE_DATA_DARK, consts.TYPE_DATA_LIGHT)
    rows = range(len(kinds))
    # The vertical timing pattern takes a column of its own, which belongs to no pair.
    rights = [right if right > TIMING_COLUMN else right - 1 for right in range(rows[-1], 0, -2)]
    return [
        (i, j)
        for number, right in enumerate(rights)
        for i in (rows if number % 2 else reversed(rows))
        for j in (right, right - 1)
        if kinds[i][j] in data
    ]


def join_parts(parts: Iterable[tuple[Part, bytes]]) -> tuple[list[bytes], bool]:
    """Return the messages whose parts are all there, and whether a message lacks a part."""
    groups: dict[tuple[int, int], dict[int, set[bytes]]] = defaultdict(lambda: defaultdict(set))
    for part, payload in parts:
        groups[part.size, part.parity][part.index].add(payload)
    joined = []
    for (size, _parity), by_index in groups.items():
        if all(len(by_index[index]) == 1 for index in range(size)):
            joined.append(b"".join(payload for index in range(size) for payload in by_index[index]))
    return joined, len(joined) < len(groups)
