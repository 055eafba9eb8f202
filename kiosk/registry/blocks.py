"""Cut a file of card records into blocks of whole lines, so that several can be read at once."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from typing import IO, NamedTuple

BLOCK = 1 << 17  # bytes read at once; no line is longer


class Block(NamedTuple):
    """Whole lines as they stand in the file, the number of the first, and which share of the file
    has come by their end."""

    data: bytes
    first_line: int
    come: float = 0.0

    @property
    def is_endless(self) -> bool:
        """Tell whether this is a line that is too long, or the beginning of one."""
        return len(self.data) > BLOCK and b"\n" not in self.data

    def one_by_one(self) -> Iterator[Block]:
        """Yield its lines, each as a block."""
        for line, data in enumerate(io.BytesIO(self.data), self.first_line):
            yield Block(data, line)


def cut(file: IO[bytes], line: int) -> Iterator[Block]:
    """Yield the rest of an open file; `line` is the number of its next line.

    An endless line is the last: who reads the blocks must stop there.
    """
    rest, size = b"", max(os.fstat(file.fileno()).st_size, 1)
    while more := file.read(BLOCK):
        data = rest + more
        end = data.rfind(b"\n") + 1
        if end:
            yield Block(data[:end], line, file.tell() / size)
            line += data.count(b"\n", 0, end)
        elif len(data) > BLOCK:
            yield Block(data, line)
            return
        rest = data[end:]
    if rest:
        yield Block(rest, line, 1.0)
