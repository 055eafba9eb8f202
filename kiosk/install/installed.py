"""The installed program, asked by its own commands as the account that it runs as.

Each release answers for itself, so that an older and a newer one can be asked about one logbook.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kiosk.install.errors import InstallFailed
from kiosk.install.layout import DEVICE_GROUPS, InstallLayout

ERROR = "tiepdon: "  # in front of the line with which a command refuses its work
STARTS = "program_run"  # what a release writes without anybody's doing
NO_HASH = "0" * 64  # of a logbook without links


@dataclass(frozen=True, slots=True)
class SavedLogbook:
    """A verified backup: what it holds, by which a later logbook is compared."""

    file: str
    schema: str
    link: int
    hash: str
    visits: int
    readings: int


class InstalledProgram:
    """One release, on the settings and the data of this installation."""

    def __init__(self, layout: InstallLayout, release: str) -> None:
        """`release` is whole."""
        self.release = release
        self._layout = layout

    def command(self, *words: str) -> list[str]:
        """Return a command line of this release, without the options of its data."""
        name = "tiepdon.exe" if self._layout.is_windows else "tiepdon"
        return [str(self._layout.bin(self.release) / name), *words]

    def back_up(self) -> SavedLogbook:
        """Make a verified backup, in the folder of what this release leaves.

        Raises InstallFailed with the program's own words.
        """
        return saved_logbook(self._json("backup", "--to", str(self._layout.left_by(self.release))))

    def recorded_since(self, saved: SavedLogbook) -> dict[str, int] | None:
        """Return what was recorded since a backup, as counts by tables, but for starts.

        None if the logbook does not go on from that backup.  Raises InstallFailed.
        """
        place = f"{saved.link}:{saved.hash or NO_HASH}"
        answer = self._json("logbook", "since", place, may_differ=True)
        rows = {str(name): int(count) for name, count in answer["recorded"].items()}
        is_same = bool(answer["has_link"])
        return {name: rows[name] for name in sorted(rows) if name != STARTS} if is_same else None

    def rehearse(self, backup: str) -> None:
        """Open a backup as this release would, on a copy. Raises InstallFailed if it cannot."""
        self._json("restore", "--rehearse", backup)

    def restore(self, backup: str, why: str) -> None:
        """Put a backup in the logbook's place. Raises InstallFailed."""
        self._json("restore", backup, "--why", why)

    def settings_trouble(self) -> str:
        """Return the line with which this release refuses the settings. Empty if it does not.

        It looks at a copy of them with an empty data directory: the logbook is not touched.
        """
        options = account_options(self._layout)
        with tempfile.TemporaryDirectory(prefix="tiepdon-") as name:
            copy, data = Path(name) / "kiosk.toml", Path(name) / "data"
            _copy_settings(self._layout, copy)
            if options:
                shutil.chown(name, options["user"], options["group"])
                shutil.chown(copy, options["user"], options["group"])
            done = self._run("doctor", options=["--config", str(copy), "--data", str(data)])
        said = _last_line(done.stderr).replace(str(copy), str(self._layout.config))
        # It also ends so if a device is missing; a setting that is wrong is an error of its own.
        is_refused = any(line.startswith(ERROR) for line in done.stderr.splitlines())
        return said if done.returncode == 2 and is_refused else ""

    def _json(self, *words: str, may_differ: bool = False) -> dict[str, Any]:
        done = self._run(*words)
        if done.returncode and not (may_differ and done.returncode == 1 and done.stdout):
            raise InstallFailed(f"release {self.release}: {words[0]}: {_last_line(done.stderr)}")
        answer = json.loads(done.stdout.splitlines()[-1])
        assert isinstance(answer, dict)
        return answer

    def _run(self, *words: str, options: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
        places = ["--config", str(self._layout.config), "--data", str(self._layout.data)]
        try:
            return subprocess.run(
                [*self.command(*words), *(options or places)],
                capture_output=True,
                encoding="utf-8",
                check=False,
                cwd="/" if os.name == "posix" else None,
                env=_clean(os.environ),
                **account_options(self._layout),
            )
        except OSError as exc:
            raise InstallFailed(f"{words[0]}: cannot be run ({exc.strerror})") from exc


def _copy_settings(layout: InstallLayout, copy: Path) -> None:
    """Copy the settings. Raises InstallFailed for a link that the program's account has made.

    This runs as root, and the account reads the copy: its link could lead to anybody's file.
    """
    about = layout.config.lstat()
    if stat.S_ISLNK(about.st_mode) and about.st_uid != os.geteuid():
        raise InstallFailed(f"{layout.config}: is a link that is not root's; expected the file")
    flags = os.O_RDONLY | (0 if stat.S_ISLNK(about.st_mode) else getattr(os, "O_NOFOLLOW", 0))
    with open(os.open(layout.config, flags | getattr(os, "O_NONBLOCK", 0)), "rb") as source:
        kind = os.fstat(source.fileno())
        if not stat.S_ISREG(kind.st_mode) or kind.st_nlink != 1:
            raise InstallFailed(f"{layout.config}: expected an ordinary file with one name")
        copy.write_bytes(source.read())


def saved_logbook(answer: Mapping[str, Any]) -> SavedLogbook:
    """Return what the command `backup` tells of a backup."""
    numbers = (int(answer[name]) for name in ("visits", "readings"))
    schema, link, digest = str(answer["schema"]), int(answer["link"]), str(answer["hash"])
    return SavedLogbook(str(answer["backup"]), schema, link, digest, *numbers)


def read_saved(file: str) -> SavedLogbook | None:
    """Return what the description beside a backup says. None if one of the two is gone."""
    try:
        answer = json.loads(Path(file).with_suffix(".json").read_text("utf-8"))
        return saved_logbook({"backup": file, **answer}) if Path(file).is_file() else None
    except (OSError, ValueError, KeyError):
        return None


def account_options(layout: InstallLayout) -> dict[str, Any]:
    """Return the options of `subprocess` that run a command as the program's account."""
    if not layout.account or os.name != "posix":
        return {}
    import grp
    import pwd

    known = {group.gr_name for group in grp.getgrall()}
    groups = [name for name in DEVICE_GROUPS if name in known]
    entry = pwd.getpwnam(layout.account)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": groups, "umask": 0o077}


def _clean(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without what would lead a release to other modules or data."""
    away = ("PYTHONPATH", "PYTHONHOME", "TIEPDON_DATA", "TIEPDON_CONFIG", "HOME")
    return {name: value for name, value in environment.items() if name not in away}


def _last_line(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line]
    return lines[-1].removeprefix(ERROR) if lines else "ended without a word"
