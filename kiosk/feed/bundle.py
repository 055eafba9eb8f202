"""Several small files as one target: the law's tables as a zip, and a folder again."""

from __future__ import annotations

import os
import re
import shutil
import zipfile
from pathlib import Path

from kiosk.errors import FeedUnusable, NoRoom

MOST_FILES = 64
MOST_BYTES = 16 * 1024 * 1024  # unpacked: the shipped tables have a hundredth of it
NAME = re.compile(r"[a-z][a-z0-9_]*\.csv\Z", re.ASCII)
FIRST_DAY = (2000, 1, 1, 0, 0, 0)  # the same files make the same bundle


def pack_tables(folder: Path, path: Path) -> None:
    """Write the tables of a folder as one file; the same tables give the same bytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        for table in sorted(folder.glob("*.csv")):
            bundle.writestr(zipfile.ZipInfo(table.name, FIRST_DAY), table.read_bytes(),
                            zipfile.ZIP_DEFLATED)  # fmt: skip


def unpack_tables(path: Path, folder: Path) -> None:
    """Write the tables of a bundle into a folder, which is there only when all are on disk.

    FeedUnusable where it is no bundle of tables, or too big; NoRoom where the disk is full.
    """
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        with zipfile.ZipFile(path) as bundle:
            tables = bundle.infolist()
            odd = [one for one in tables if not NAME.match(one.filename)]
            size = sum(one.file_size for one in tables)
            if odd or len(tables) > MOST_FILES or size > MOST_BYTES:
                found = f"{len(tables)} files, {len(odd)} of them odd, {size} bytes"
                raise FeedUnusable(f"{path.name}: {found}; wanted a few tables")
            part.mkdir()
            for one in tables:
                _write(part / one.filename, bundle.read(one))
        os.replace(part, folder)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as exc:
        raise FeedUnusable(f"{path.name}: {type(exc).__name__}") from exc
    except OSError as exc:
        raise NoRoom(f"{path.name} cannot be unpacked: {exc.strerror}") from exc
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
