"""Reading a small file whose path somebody typed: it may be anything.

A pipe would hold the thread until somebody writes into it, a device has no end, and a file that
grew would fill the memory.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

MAX_BYTES = 1_000_000  # of a key, a certificate or a password


def read_ordinary(path: Path, most: int = MAX_BYTES) -> bytes:
    """Return the content of a file.

    Raises OSError if it cannot be read, is no ordinary file, or has more than `most` bytes.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is no ordinary file", str(path))
        content = b""
        while piece := os.read(descriptor, most + 1 - len(content)):
            content += piece
            if len(content) > most:
                raise OSError(errno.EFBIG, f"it has more than {most} bytes", str(path))
        return content
    finally:
        os.close(descriptor)


def read_ordinary_text(path: Path) -> str:
    """Return the content of a file of UTF-8, without blanks around it and without its mark.

    Raises OSError as `read_ordinary`, and UnicodeDecodeError (a ValueError) if it is no UTF-8.
    """
    return read_ordinary(path).decode("utf-8-sig").strip()
