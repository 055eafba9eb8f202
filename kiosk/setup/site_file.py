"""The settings file of the site: read, and replaced in one step by one that was checked before.

1. What is to be written is read by `load_settings` first, as the next start will.
2. A file that was changed meanwhile on disk is not replaced: the person looked at another one.
3. The earlier file stays beside the new one as NAME.DATE-TIME; the newest MAX_EARLIER are kept.
4. A power cut leaves the old file or the new one.  Rights and owner's mode stay as they were.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import stat
import tempfile
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from kiosk.errors import SettingsError, WrongSetting
from kiosk.runtime.files import folder_to_disk, replace_while_read
from kiosk.runtime.ordinary_file import read_ordinary
from kiosk.settings import Settings, load_settings
from kiosk.setup.errors import SettingsChanged, SettingsNotWritten

STAMP = "%Y%m%d-%H%M%S"
MAX_EARLIER = 30
NEW_MODE = 0o600

Edit = Callable[[str], str]  # from the text of the file to another one; raises SettingsError


class SiteText(NamedTuple):
    """The text of the settings file, empty without a file, and what tells it from others."""

    text: str
    version: str


class SiteFile:
    """The settings file. Any thread may call.

    `now` returns the time (aware, or the clinic's), which names the earlier files.
    """

    def __init__(self, path: Path, now: Callable[[], datetime]) -> None:
        self.path = path.resolve()  # a link is not replaced by a file
        self._now = now
        self._lock = threading.Lock()

    def read(self) -> SiteText:
        """Return the file as it is now. Raises SettingsError if it cannot be read."""
        try:
            content = read_ordinary(self.path)  # a larger one would be parsed for minutes
            return SiteText(content.decode("utf-8-sig"), _version(content))
        except FileNotFoundError:
            return SiteText("", "")
        except OSError as exc:
            raise SettingsError(f"{self.path}: cannot be read ({exc.strerror})") from exc
        except UnicodeDecodeError as exc:
            raise SettingsError(f"{self.path}: is not UTF-8; save it again as UTF-8") from exc

    def settings(self) -> Settings:
        """Return the settings that the file has now. Raises SettingsError if they are wrong."""
        own = self.path if self.path.is_file() else None
        return load_settings(own, may_lack_code=True)

    def save(self, edit: Edit, version: str) -> Settings:
        """Change the file, and return the settings that it has then.

        `version` is that of the file that the person looked at.  Raises SettingsChanged if it is
        another one by now, SettingsError if the result cannot be used, and SettingsNotWritten if it
        cannot be written: then the file stays as it was.
        """
        with self._lock:
            before = self.read()
            if before.version != version:
                raise SettingsChanged(f"{self.path}: was changed meanwhile")
            text = edit(before.text)
            try:
                return self._replace(text)
            except OSError as exc:
                why = exc.strerror or type(exc).__name__
                raise SettingsNotWritten(self.path, why, text) from exc

    def _replace(self, text: str) -> Settings:
        """Check a text, and put it in the place of the file. Raises OSError and SettingsError."""
        folder = self.path.parent
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor, name = tempfile.mkstemp(dir=folder, prefix=".settings-")
        except OSError:
            self._check_elsewhere(text)  # so that the text that is shown is a right one
            raise
        part = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
            settings = self._checked(part)
            if self.path.exists():
                self._require_writable()
                self._keep_earlier()
                shutil.copymode(self.path, part)
            replace_while_read(part, self.path)
        finally:
            part.unlink(missing_ok=True)
        folder_to_disk(folder)
        return settings

    def _require_writable(self) -> None:
        """Raise PermissionError for a file that was made read-only: that is meant."""
        if not self.path.stat().st_mode & stat.S_IWUSR:
            raise PermissionError(13, "the file is read-only")

    def _check_elsewhere(self, text: str) -> None:
        with tempfile.TemporaryDirectory() as folder:
            part = Path(folder) / self.path.name
            part.write_text(text, "utf-8")
            self._checked(part)

    def _checked(self, part: Path) -> Settings:
        """Return the settings in a file; an error names the file that it is to become."""
        try:
            return load_settings(part, may_lack_code=True)
        except WrongSetting as exc:
            raise WrongSetting(str(self.path), exc.key, exc.seen, exc.expected) from exc
        except SettingsError as exc:
            raise SettingsError(str(exc).replace(str(part), str(self.path))) from exc

    def _keep_earlier(self) -> None:
        """Copy the file beside itself, under the time of now, and delete the oldest copies."""
        stamp = self._now().strftime(STAMP)
        earlier = self.path.with_name(f"{self.path.name}.{stamp}")
        number = 1
        while earlier.exists():
            number += 1
            earlier = self.path.with_name(f"{self.path.name}.{stamp}-{number}")
        shutil.copy2(self.path, earlier)
        for old in self.earlier()[:-MAX_EARLIER]:
            with contextlib.suppress(OSError):
                old.unlink()

    def earlier(self) -> list[Path]:
        """Return the earlier files that were kept, the oldest first."""
        pattern = f"{self.path.name}.[0-9]*-[0-9]*"
        return sorted(self.path.parent.glob(pattern))


def _version(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
