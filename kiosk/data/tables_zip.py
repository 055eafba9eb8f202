"""The law's tables as one file of the feed: a folder packed into a ZIP file, and unpacked again.

What is unpacked is signed, but is still checked: only a few small files, named as tables are and
packed as ours are.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import struct
import zipfile
import zlib
from pathlib import Path

from kiosk.data.errors import DataUnusable, DiskFull
from kiosk.runtime.files import folder_to_disk

MAX_TABLES = 64
MAX_UNPACKED_BYTES = 16 * 1024 * 1024  # the shipped tables have a hundredth of it
TABLE_NAME = re.compile(r"[a-z][a-z0-9_]*\.csv\Z", re.ASCII)
ACCEPTED_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
BAD_ZIP_ERRORS = (
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    EOFError,
    zlib.error,
    struct.error,
    OSError,
    ValueError,
)
FILE_DATE = (2000, 1, 1, 0, 0, 0)  # always the same, so that the same tables give the same bytes


def pack_tables(folder: Path, path: Path) -> None:
    """Write the tables in `folder` to the ZIP file `path`; the same tables give the same bytes.

    Raises OSError if a file cannot be read or written.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for table in sorted(folder.glob("*.csv")):
            entry = zipfile.ZipInfo(table.name, FILE_DATE)
            archive.writestr(entry, table.read_bytes(), zipfile.ZIP_DEFLATED)


def unpack_tables(path: Path, folder: Path) -> None:
    """Write the tables in the ZIP file `path` to `folder`, which appears when all are on disk.

    Raises DataUnusable if the file is not a ZIP file of tables, or is too big; DiskFull if the
    disk is full or fails.
    """
    tables = _read(path)
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir()
        for name, content in tables.items():
            _write(part / name, content)
        folder_to_disk(part)
        os.replace(part, folder)
    except OSError as exc:
        raise DiskFull(f"{path.name} cannot be unpacked: {exc.strerror}") from exc
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _read(path: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            unknown = sum(not _is_table(entry) for entry in entries)
            size = sum(entry.file_size for entry in entries)
            duplicates = len(entries) - len({entry.filename for entry in entries})
            too_much = len(entries) > MAX_TABLES or size > MAX_UNPACKED_BYTES
            if unknown or duplicates or too_much:
                raise DataUnusable(
                    f"{path.name}: {len(entries)} files, {unknown} of them not tables, "
                    f"{duplicates} duplicates, {size} bytes; expected a few tables"
                )
            return {entry.filename: archive.read(entry) for entry in entries}
    except BAD_ZIP_ERRORS as exc:
        raise DataUnusable(f"{path.name}: {type(exc).__name__}") from exc


def _is_table(entry: zipfile.ZipInfo) -> bool:
    """Return whether an entry is a table, packed as ours are.

    Other methods of packing are refused because they unpack without a limit.
    """
    is_link = stat.S_ISLNK(entry.external_attr >> 16)
    is_named = TABLE_NAME.match(entry.filename) is not None
    return is_named and entry.compress_type in ACCEPTED_METHODS and not is_link


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
