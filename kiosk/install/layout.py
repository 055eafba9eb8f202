"""Where an installed program lies: its releases, its settings, its data, and what starts it.

Below the folder of the program:

    releases/NAME/       one virtual environment for each release; whole if it has `release.json`
    current              a link to the release in use (Windows: the file current.txt with its name)
    nightly.py           what the nightly timer runs
    state.json           which release was in use before, and the move under way
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

ACCOUNT = "tiepdon"
DEVICE_GROUPS = ("dialout", "video", "lp")  # serial readers, cameras, printers
SERVICE = "tiepdon.service"
TIMER = "tiepdon-nightly.timer"
BEFORE_UPGRADES = "before-upgrade"  # in the data directory: backups, one folder for each release
UNITS = (SERVICE, "tiepdon-nightly.service", TIMER)


@dataclass(frozen=True, slots=True)
class InstallLayout:
    """The places of one installation; `root` is in front of each, and is empty but in tests."""

    programs: Path
    settings: Path  # the folder of kiosk.toml
    data: Path
    units: Path
    command: Path  # what people type
    account: str  # that the program runs as; empty: the account that installs
    is_windows: bool = False

    @property
    def releases(self) -> Path:
        """The folder of the releases."""
        return self.programs / "releases"

    @property
    def current(self) -> Path:
        """The link to the release in use, or the file with its name."""
        return self.programs / ("current.txt" if self.is_windows else "current")

    @property
    def config(self) -> Path:
        """The settings file."""
        return self.settings / "kiosk.toml"

    @property
    def logbook(self) -> Path:
        """The logbook's file."""
        return self.data / "logbook.db"

    def left_by(self, release: str) -> Path:
        """Return the folder of the backups that a release makes before it is left."""
        return self.data / BEFORE_UPGRADES / release

    def bin(self, release: str) -> Path:
        """Return the folder of the commands of a release."""
        return self.releases / release / ("Scripts" if self.is_windows else "bin")


def layout_of(root: Path | None = None, platform: str = sys.platform) -> InstallLayout:
    """Return the places on this system.

    With `root`, as in tests, all places are below it, and no other account is used.
    """
    if platform == "win32":
        disk = root or Path(os.environ.get("SYSTEMDRIVE", "C:") + "\\")
        programs, data = disk / "Program Files" / "TiepDon", disk / "ProgramData" / "TiepDon"
        return InstallLayout(
            programs, data / "settings", data / "data", programs, programs / "tiepdon.cmd", "", True
        )
    top = root or Path("/")
    return InstallLayout(
        top / "opt/tiepdon",
        top / "etc/tiepdon",
        top / "var/lib/tiepdon",
        top / "etc/systemd/system",
        top / "usr/local/bin/tiepdon",
        ACCOUNT if root is None else "",
    )
