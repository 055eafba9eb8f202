"""Where files are: those shipped with the program, and the data of a site."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import platformdirs

from kiosk.errors import SettingsError


def shipped_folder(name: str) -> Path:
    """Return the shipped folder `name`: `templates`, `config` or `static`.

    In a checkout `templates` and `config` are at its top; in an installed package they are inside
    kiosk/.  `static` is in kiosk/web/ in both.  Raises FileNotFoundError if there is no such
    folder.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / name, package / "web" / name, package.parent / name):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"{name}: neither inside {package} nor beside it")


@contextlib.contextmanager
def data_directory(data: Path | None, demo: bool) -> Iterator[Path]:
    """Yield the data directory, and create it if it does not exist.

    `data` is the directory that the command names; None: the user's data directory of the system,
    or, with `demo`, a temporary one that is removed at the end.  Raises SettingsError if the
    directory cannot be created.
    """
    if demo and data is None:
        with tempfile.TemporaryDirectory(prefix="tiepdon-", ignore_cleanup_errors=True) as name:
            yield Path(name)
        return
    folder = data or Path(platformdirs.user_data_dir("tiepdon", appauthor=False))
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as exc:
        raise SettingsError(f"--data {folder}: cannot be made ({exc.strerror})") from exc
    yield folder


def synced_folder(data: Path) -> Path:
    """Return the folder of the synced data in the data directory `data`, and create it if needed.

    Raises SettingsError if it cannot be created.
    """
    folder = data / "feed"
    try:
        folder.mkdir(exist_ok=True, mode=0o700)
    except OSError as exc:
        raise SettingsError(f"{folder}: cannot be made ({exc.strerror})") from exc
    return folder


def settings_file(config: Path | None, folder: Path) -> Path | None:
    """Return the settings file of the site; None if it has none.

    `config` is the file that the command names; without it, kiosk.toml in the data directory
    `folder` is used if it is there.
    """
    default = folder / "kiosk.toml"
    return config or (default if default.is_file() else None)


def rooms_file(config: Path | None, folder: Path) -> Path:
    """Return the file of the rooms: beside the settings file, else in the data directory."""
    settings = settings_file(config, folder)
    return (settings.parent if settings else folder) / "rooms.json"


def secret_file(named: str, folder: Path) -> Path:
    """Return the file with the key of the PINs; `named` is what the settings name, or empty.

    Without a setting it lies in a folder of its own in the data directory, which no backup of the
    logbook holds.
    """
    return Path(named) if named else folder / "secrets" / "staff.key"
