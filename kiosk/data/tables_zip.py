"""Several small files as one target: the law's tables as a zip, and a folder again."""

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

MOST_FILES = 64
MOST_BYTES = 16 * 1024 * 1024  # unpacked: the shipped tables have a hundredth of it
NAME = re.compile(r"[a-z][a-z0-9_]*\.csv\Z", re.ASCII)
PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
BROKEN = (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error, struct.error)
FIRST_DAY = (2000, 1, 1, 0, 0, 0)  # the same files make the same bundle


def pack_tables(folder: Path, path: Path) -> None:
    """Write the tables of a folder as one file; the same tables give the same bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        for table in sorted(folder.glob("*.csv")):
            bundle.writestr(zipfile.ZipInfo(table.name, FIRST_DAY), table.read_bytes(),
                            zipfile.ZIP_DEFLATED)  # fmt: skip


def unpack_tables(path: Path, folder: Path) -> None:
    """Write the tables of a bundle into a folder, which is there only when all are on disk.

    DataUnusable where it is no bundle of tables, or too big; DiskFull where the disk is full.
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
        with zipfile.ZipFile(path) as bundle:
            tables = bundle.infolist()
            odd = [one for one in tables if not _is_table(one)]
            size = sum(one.file_size for one in tables)
            twice = len(tables) - len({one.filename for one in tables})
            if odd or twice or len(tables) > MOST_FILES or size > MOST_BYTES:
                found = f"{len(tables)} files, {len(odd)} of them odd, {twice} twice, {size} bytes"
                raise DataUnusable(f"{path.name}: {found}; wanted a few tables")
            return {one.filename: bundle.read(one) for one in tables}
    except (*BROKEN, OSError, ValueError) as exc:
        raise DataUnusable(f"{path.name}: {type(exc).__name__}") from exc


def _is_table(one: zipfile.ZipInfo) -> bool:
    """Tell whether it is a table, packed as ours are: the other ways unpack without a limit."""
    is_link = stat.S_ISLNK(one.external_attr >> 16)
    return bool(NAME.match(one.filename)) and one.compress_type in PACKED and not is_link


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
