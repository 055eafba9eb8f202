"""Bring one file here: go on where the line was cut, and take nothing but what was signed."""

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

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
Came = Callable[[int], None]  # how many bytes of the file are here


def download(source: FeedSource, target: TargetFile, path: Path, came: Came) -> int:
    """Bring a file here as `path`; return how many bytes were sent for it.

    What comes before a cut is kept beside it as `….part`, for the next time.  FeedUnreachable
    and FeedTooSlow leave that; FeedNotWhole, where it is not what was signed, leaves nothing;
    so does DiskFull, where the disk is full.
    """
    part = path.with_name(path.name + ".part")
    try:
        with part.open("ab+") as file:
            goes_on = file.seek(0, os.SEEK_END) > 0
            sent = _fill(source, target, file, came)
            if goes_on and not is_whole(target, file):
                _empty(file)  # what lay here may have been the fault
                sent += _fill(source, target, file, came)
            if not is_whole(target, file):
                _empty(file)
                raise FeedNotWhole(f"{target.path}: not the file that was signed")
            file.flush()
            os.fsync(file.fileno())
        replace_while_read(part, path)
    except OSError as exc:
        if exc.errno not in FULL:
            raise DataError(f"{path.name} cannot be written: {exc.strerror}") from exc
        with contextlib.suppress(OSError):  # others need the room: patients are written down
            part.unlink(missing_ok=True)
        raise DiskFull(f"{path.name} cannot be written: {exc.strerror}") from exc
    return sent


def _fill(source: FeedSource, target: TargetFile, file: IO[bytes], came: Came) -> int:
    """Append what is missing."""
    have = file.seek(0, os.SEEK_END)
    if have > target.length:
        have = _empty(file)
    sent = 0
    if have < target.length:
        stream = source.read(f"targets/{target.get_prefixed_paths()[0]}", have)
        if stream.start != have:
            have = _empty(file)
        with contextlib.closing(stream.blocks):  # else the connection stays until it is collected
            for block in stream.blocks:
                sent += len(block)
                have += len(block)
                if have > target.length:
                    _empty(file)
                    raise FeedNotWhole(f"{target.path}: more than the {target.length} bytes signed")
                file.write(block)
                came(have)
    if have < target.length:
        raise FeedUnreachable(f"{target.path}: cut at {have} of {target.length} bytes")
    return sent


def is_whole(target: TargetFile, file: IO[bytes]) -> bool:
    """Tell whether a file is what was signed."""
    file.seek(0)
    try:
        target.verify_length_and_hashes(file)
    except LengthOrHashMismatchError:
        return False
    return True


def _empty(file: IO[bytes]) -> int:
    file.seek(0)
    file.truncate()
    return 0
