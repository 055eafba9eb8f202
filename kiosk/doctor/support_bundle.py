"""A support bundle: a zip for whoever looks after the program, without a person's data or a secret.

It holds what the doctor says, versions, the settings as far as they may be shown, how large the
files are, the schema and the number of rows of each table, the last part of the log, and the
metrics if there are any.  Every text goes through `Mask`.  Nothing of a row leaves the logbook.
"""

from __future__ import annotations

import io
import json
import platform
import sys
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from kiosk.doctor.check import Check
from kiosk.doctor.masking import Mask, shown_settings
from kiosk.doctor.speech import english_outside
from kiosk.logbook import Database, LogbookUnavailable
from kiosk.runtime.program import program_version
from kiosk.settings import Settings

LOG_FOLDER = "logs"
MAX_LOG_BYTES = 500_000  # of each file, from its end
MAX_LOG_FILES = 5
KNOWN_NAMES = ("logbook.", "coverage.", "doctor.", "alerts.", "rooms.", "kiosk.", "refused-pin.")
KNOWN_FOLDERS = ("feed", "backups", "aside", "stand-in", "secrets", "tables", "reports", LOG_FOLDER)
ABOUT = (
    "A support bundle of Tiep Don. It holds no person's data and no secret: names, numbers,\n"
    "addresses and paths are replaced by words in <angle brackets>. Look through it before you\n"
    "send it; docs/doctor.md lists what is in it.\n"
)


def write_bundle(
    settings: Settings,
    folder: Path,
    checks: Sequence[Check],
    database: Database | None,
    now: datetime,
    others: Mapping[str, str] | None = None,
) -> bytes:
    """Return the zip. `folder` is the data directory, and `now` is aware.

    `database` is the logbook, None if it cannot be opened. `others` are further texts by the name
    of their file, such as metrics.
    """
    mask = Mask(settings, folder)
    files: dict[str, str] = {
        "about.txt": ABOUT,
        "doctor.json": _json([_check(check) for check in checks], mask),
        "versions.json": _json(_versions(now), mask),
        "settings.json": _json(shown_settings(settings), mask),
        "files.json": _json(_files(folder), mask),
        "logbook.json": _json(_logbook(database), mask),
    }
    for path in _logs(Path(settings.log.folder) if settings.log.folder else folder / LOG_FOLDER):
        files[f"{LOG_FOLDER}/{len(files):02}.txt"] = mask.text(_end_of(path))
    files |= {name: mask.text(text) for name, text in (others or {}).items()}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


def _check(check: Check) -> dict[str, Any]:
    speech = english_outside()
    said = {"what": check.what, "seen": check.seen, "do": check.do}
    return check.as_json() | {key: speech.say(words) for key, words in said.items()}


def _json(value: Any, mask: Mask) -> str:
    return json.dumps(mask.value(value), ensure_ascii=False, indent=1) + "\n"


def _versions(now: datetime) -> dict[str, Any]:
    return {
        "made_at": now.astimezone(UTC).isoformat(timespec="seconds"),
        "program": program_version(),
        "python": sys.version.split()[0],
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "libraries": {
            str(found.metadata["Name"]): found.version.replace(" ", "")
            for found in sorted(distributions(), key=lambda found: str(found.metadata["Name"]))
        },
    }


def _files(folder: Path) -> dict[str, Any]:
    """Return how large the known files are, and how many files are in each known folder."""
    sizes: dict[str, Any] = {}
    others = 0
    for path in sorted(folder.iterdir()):
        if path.is_dir() and path.name in KNOWN_FOLDERS:
            inner = [file.stat().st_size for file in path.rglob("*") if file.is_file()]
            sizes[f"{path.name}/"] = {"files": len(inner), "bytes": sum(inner)}
        elif path.is_file() and path.name.startswith(KNOWN_NAMES):
            sizes[path.name] = path.stat().st_size
        else:
            others += 1
    return sizes | {"others": others}


def _logbook(database: Database | None) -> dict[str, Any]:
    """Return the steps of the schema and the number of rows of each table."""
    if database is None:
        return {"trouble": "it cannot be opened"}
    counts: dict[str, int | str] = {}
    try:
        names = database.rows(
            "select name from sqlite_schema where type = 'table' and name not like 'sqlite%'"
            " and sql not like 'create virtual%' order by name"
        )
        for (name,) in names:
            try:
                [[count]] = database.rows(f'select count(*) from "{name}"')
                counts[str(name)] = int(count)
            except LogbookUnavailable as exc:
                counts[str(name)] = type(exc).__name__
        return {"instance": database.instance, "rows": counts}
    except LogbookUnavailable as exc:
        return {"trouble": type(exc).__name__}


def _logs(home: Path) -> list[Path]:
    """Return the newest files of the log, the newest first; none if the log goes elsewhere."""
    files = [path for path in home.iterdir() if path.is_file()] if home.is_dir() else []
    return sorted(files, key=lambda path: path.stat().st_mtime, reverse=True)[:MAX_LOG_FILES]


def _end_of(path: Path) -> str:
    """Return the last part of a file, in whole lines."""
    with path.open("rb") as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(max(0, size - MAX_LOG_BYTES))
        text = file.read().decode("utf-8", "replace")
    return text if size <= MAX_LOG_BYTES else text.partition("\n")[2]
