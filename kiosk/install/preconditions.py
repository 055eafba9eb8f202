"""What must hold before anything is changed; each fault is one line."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import sys
from pathlib import Path

from kiosk.install.errors import InstallFailed
from kiosk.install.layout import InstallLayout
from kiosk.install.services import served_at
from kiosk.install.wheels import ProgramWheel

MB = 1_000_000
UNPACKED = 5  # times the wheels: their content, compiled, and while pip unpacks them
FROM_INDEX_MB = 600
LOGBOOKS = 4.8  # times the logbook: two backups and the copy of a rehearsal, each with 1.2 times


def require_rights(layout: InstallLayout) -> None:
    """Raise InstallFailed if this account may not install."""
    if layout.is_windows:
        import ctypes

        if not getattr(ctypes, "windll").shell32.IsUserAnAdmin():  # noqa: B009
            raise InstallFailed("needs the rights of an administrator: open PowerShell as one")
        return
    if layout.account and os.geteuid() != 0:
        raise InstallFailed("needs the rights of root: run the same command with sudo")


def require_python(wheel: ProgramWheel, layout: InstallLayout) -> None:
    """Raise InstallFailed if this Python cannot carry the program."""
    if sys.version_info[:2] < wheel.needs_python:
        found, needed = sys.version.split()[0], ".".join(map(str, wheel.needs_python))
        raise InstallFailed(f"Python {found} runs this; expected {needed} or newer")
    if not importlib.util.find_spec("ensurepip") or not importlib.util.find_spec("venv"):
        raise InstallFailed(
            "Python's venv is missing: on Debian and Ubuntu, apt install python3-venv"
        )
    python = Path(base_python()).resolve()
    if layout.is_windows and "users" in [part.lower() for part in python.parts]:
        raise InstallFailed(
            f"{python}: this Python belongs to one person, so the service cannot run it; install"
            " Python for all users"
        )
    if layout.account and any(not place.stat().st_mode & 0o001 for place in python.parents):
        raise InstallFailed(
            f"{python}: other accounts cannot run this Python; use the system's:"
            " PYTHON=/usr/bin/python3 in front of the command"
        )


def base_python() -> str:
    """Return the Python of which virtual environments are made, even if this runs in one."""
    return str(getattr(sys, "_base_executable", sys.executable))


def require_space(layout: InstallLayout, wheels: Path | None, is_there: bool) -> None:
    """Raise InstallFailed if a disk lacks the space for a release, or for copies of the logbook.

    `wheels` is their folder; None: they come from the index.  `is_there`: the release is made.
    """
    needed: dict[Path, int] = {}
    if not is_there:
        size = sum(file.stat().st_size for file in wheels.glob("*.whl")) if wheels else 0
        needed[layout.programs] = size * UNPACKED if wheels else FROM_INDEX_MB * MB
    if layout.logbook.is_file():
        needed[layout.data] = int(layout.logbook.stat().st_size * LOGBOOKS)
    by_disk: dict[int, int] = {}
    for place, size in needed.items():
        there = _existing(place)
        disk = there.stat().st_dev
        by_disk[disk] = by_disk.get(disk, 0) + size
        free = shutil.disk_usage(there).free
        if free < by_disk[disk]:
            raise InstallFailed(
                f"{place}: {free // MB} MB are free; expected {by_disk[disk] // MB + 1} MB."
                " Free some space, then run the same command again; nothing was changed"
            )


def require_port(layout: InstallLayout, is_running: bool, asked: int) -> None:
    """Raise InstallFailed if another program has the port of the pages.

    `asked` is the port for settings that do not exist yet; 0: the usual one.
    """
    if is_running:
        return
    host, port = served_at(layout.config)
    is_new = not layout.config.exists()
    port = asked if is_new and asked else port
    how = "with --port" if is_new else f"in {layout.config}: [web] port"
    if not port:
        return
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        if os.name == "posix":  # as the program does: a port that was just left is free
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as exc:
            raise InstallFailed(
                f"{host}:{port}: another program has this port ({exc.strerror}); stop it, or name"
                f" another port {how}"
            ) from exc


def _existing(place: Path) -> Path:
    while not place.exists():
        place = place.parent
    return place
