"""Where things rest: shipped files in a checkout or an installed package, and a site's data."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import platformdirs

from kiosk.errors import SettingsError


def shipped_folder(name: str) -> Path:
    """Return the shipped folder `name`: `templates`, `config` or `static`.

    In a checkout `templates` and `config` stand at its top; in an installed package inside
    kiosk/.  `static` stands in kiosk/web/ in both.  Raises FileNotFoundError if there is none.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / name, package / "web" / name, package.parent / name):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"{name}: neither inside {package} nor beside it")


@contextlib.contextmanager
def data_directory(data: Path | None, demo: bool) -> Iterator[Path]:
    """Lend the data directory: a throw-away one in demo mode unless one is named."""
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
    """Return where in a data directory the synced data rest."""
    folder = data / "feed"
    try:
        folder.mkdir(exist_ok=True, mode=0o700)
    except OSError as exc:
        raise SettingsError(f"{folder}: cannot be made ({exc.strerror})") from exc
    return folder


def settings_file(config: Path | None, folder: Path) -> Path | None:
    """Return the site's settings file: the one named, or kiosk.toml in the data directory."""
    beside = folder / "kiosk.toml"
    return config or (beside if beside.is_file() else None)
