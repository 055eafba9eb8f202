"""Split a file of card records into blocks of whole lines, so that several can be read at once."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from typing import IO, NamedTuple

BLOCK_BYTES = 1 << 17  # read at once; no line may be longer


class Block(NamedTuple):
    """Some whole lines, as they are in the file, and the number of the first of them.

    `read_share` is the share of the file, 0 to 1, that has been read up to their end.
    """

    data: bytes
    first_line: int
    read_share: float = 0.0

    @property
    def is_too_long(self) -> bool:
        """Return whether this is one line that is too long, or the beginning of one."""
        return len(self.data) > BLOCK_BYTES and b"\n" not in self.data

    def lines(self) -> Iterator[Block]:
        """Yield each line as a block of its own."""
        for line, data in enumerate(io.BytesIO(self.data), self.first_line):
            yield Block(data, line)


def split_into_blocks(file: IO[bytes], line: int) -> Iterator[Block]:
    """Yield the rest of an open file in blocks; `line` is the number of its next line.

    If a line is too long, its beginning is the last block: the reader of the blocks must refuse
    it.  Raises OSError if the file cannot be read.
    """
    rest, size = b"", max(os.fstat(file.fileno()).st_size, 1)
    while more := file.read(BLOCK_BYTES):
        data = rest + more
        end = data.rfind(b"\n") + 1
        if end:
            yield Block(data[:end], line, file.tell() / size)
            line += data.count(b"\n", 0, end)
        elif len(data) > BLOCK_BYTES:
            yield Block(data, line)
            return
        rest = data[end:]
    if rest:
        yield Block(rest, line, 1.0)
