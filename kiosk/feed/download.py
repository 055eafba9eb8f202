"""Download one file: continue after an interruption, and accept only the file that was signed."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO

from tuf.api.exceptions import LengthOrHashMismatchError
from tuf.api.metadata import TargetFile

from kiosk.data import DiskFull
from kiosk.errors import DataError
from kiosk.feed.errors import FeedNotWhole, FeedUnreachable
from kiosk.feed.sources import FeedSource
from kiosk.runtime.files import replace_while_read

NO_SPACE_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
BytesReceived = Callable[[int], None]  # gets how many bytes of the file are on disk


def download(source: FeedSource, target: TargetFile, path: Path, received: BytesReceived) -> int:
    """Download a file to `path`, and return how many bytes were transferred for it.

    What arrives is kept in `path` with `.part` added, and the next call continues there.

    Raises FeedUnreachable or FeedTooSlow if the transfer is interrupted; the part is kept.  Raises
    FeedNotThere if the source has no such file, FeedNotWhole if it is not the file that was signed,
    DiskFull if the disk is full, and DataError if the file cannot be written; of these, only
    FeedNotThere and DataError keep the part.
    """
    part = path.with_name(path.name + ".part")
    try:
        with part.open("ab+") as file:
            continues = file.seek(0, os.SEEK_END) > 0
            transferred = _append_missing(source, target, file, received)
            if continues and not is_as_signed(target, file):
                _empty(file)  # the part on disk may have been wrong, so all of it is fetched again
                transferred += _append_missing(source, target, file, received)
            if not is_as_signed(target, file):
                _empty(file)
                raise FeedNotWhole(f"{target.path}: not the file that was signed")
            file.flush()
            os.fsync(file.fileno())
        replace_while_read(part, path)
    except OSError as exc:
        if exc.errno not in NO_SPACE_ERRORS:
            raise DataError(f"{path.name} cannot be written: {exc.strerror}") from exc
        with contextlib.suppress(OSError):  # the logbook needs the space more
            part.unlink(missing_ok=True)
        raise DiskFull(f"{path.name} cannot be written: {exc.strerror}") from exc
    return transferred


def _append_missing(
    source: FeedSource, target: TargetFile, file: IO[bytes], received: BytesReceived
) -> int:
    """Append what is missing of the file, and return how many bytes were transferred."""
    size = file.seek(0, os.SEEK_END)
    if size > target.length:
        size = _empty(file)
    transferred = 0
    if size < target.length:
        stream = source.read(f"targets/{target.get_prefixed_paths()[0]}", size)
        if stream.start != size:
            size = _empty(file)
        # Without closing, the connection would stay open until it is collected as garbage.
        with contextlib.closing(stream.blocks):
            for block in stream.blocks:
                transferred += len(block)
                size += len(block)
                if size > target.length:
                    _empty(file)
                    raise FeedNotWhole(f"{target.path}: more than the {target.length} bytes signed")
                file.write(block)
                received(size)
    if size < target.length:
        raise FeedUnreachable(f"{target.path}: cut at {size} of {target.length} bytes")
    return transferred


def is_as_signed(target: TargetFile, file: IO[bytes]) -> bool:
    """Return whether an open file has the length and the hashes that were signed."""
    file.seek(0)
    try:
        target.verify_length_and_hashes(file)
    except LengthOrHashMismatchError:
        return False
    return True


def _empty(file: IO[bytes]) -> int:
    """Remove the content of a file, and return its size: 0."""
    file.seek(0)
    file.truncate()
    return 0
