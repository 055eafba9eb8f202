"""The releases of the program that lie side by side, and which of them is in use.

- A release is a virtual environment at its final place, since one cannot be moved.  It is whole
  once it has `release.json`, which is written last; whatever lacks it is the remains of an
  interrupted run, and is removed by the next one.
- Which one is in use is changed in one step: a link (Windows: a small file) is replaced.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from kiosk.install.errors import InstallFailed
from kiosk.install.layout import InstallLayout
from kiosk.runtime.files import folder_to_disk, replace_while_read

WHOLE = "release.json"


@dataclass(slots=True)
class InstallState:
    """What is known beside the releases themselves; the file `state.json`."""

    extras: list[str] = field(default_factory=list)
    previous: str = ""  # the release to go back to; empty: none
    backup: str = ""  # the logbook as it was when that one was left; empty: there was none
    moving_from: str = ""  # an upgrade under way: not known yet to be healthy
    moving_to: str = ""
    moving_backup: str = ""
    set_aside: str = ""  # a roll-back under way: where the newer logbook was put


class Releases:
    """The releases below the folder of the program."""

    def __init__(self, layout: InstallLayout) -> None:
        """`layout` says where they are."""
        self._layout = layout
        self._file = layout.programs / "state.json"
        self.state = self._read()

    def _read(self) -> InstallState:
        try:
            known = json.loads(self._file.read_text("utf-8"))
        except FileNotFoundError:
            return InstallState()
        except (OSError, ValueError) as exc:
            raise InstallFailed(
                f"{self._file}: cannot be read; move it away and run the same command again"
            ) from exc
        names = {one.name for one in fields(InstallState)}
        return InstallState(**{name: value for name, value in known.items() if name in names})

    def save(self) -> None:
        """Write the state; it is on disk afterwards. Raises OSError."""
        write_whole(self._file, json.dumps(asdict(self.state), indent=1) + "\n")

    def current(self) -> str:
        """Return the name of the release in use. Empty without one."""
        place = self._layout.current
        try:
            if self._layout.is_windows:
                name = place.read_text("utf-8").strip()
            else:
                name = Path(os.readlink(place)).name
        except OSError:
            return ""
        return name if self.is_whole(name) else ""

    def is_whole(self, name: str) -> bool:
        """Return whether a release is complete."""
        return bool(name) and (self._layout.releases / name / WHOLE).is_file()

    def complete(self, name: str, facts: dict[str, object]) -> None:
        """Mark a release as whole. Raises OSError."""
        write_whole(self._layout.releases / name / WHOLE, json.dumps(facts, indent=1) + "\n")

    def point_to(self, name: str) -> None:
        """Make a release the one in use, in one step. Raises OSError."""
        place = self._layout.current
        if self._layout.is_windows:
            write_whole(place, f"{name}\n")
            return
        part = place.with_name("current.part")
        part.unlink(missing_ok=True)
        part.symlink_to(Path("releases") / name)
        os.replace(part, place)
        folder_to_disk(place.parent)

    def remove_remains(self) -> list[str]:
        """Remove releases that an interrupted run left; return their names. Raises OSError."""
        return self._remove(lambda name: not self.is_whole(name))

    def prune(self) -> list[str]:
        """Remove releases that are neither in use nor the one to go back to. Raises OSError."""
        kept = {self.current(), self.state.previous, self.state.moving_to, self.state.moving_from}
        return self._remove(lambda name: name not in kept)

    def _remove(self, is_to_go: object) -> list[str]:
        assert callable(is_to_go)
        if not self._layout.releases.is_dir():
            return []
        gone = [place for place in self._layout.releases.iterdir() if is_to_go(place.name)]
        for place in gone:
            (place / WHOLE).unlink(missing_ok=True)  # from here on it is remains
            shutil.rmtree(place)
        return sorted(place.name for place in gone)


def write_whole(file: Path, text: str, mode: int = 0o644) -> None:
    """Write a file so that it is either the old or the new one, and on disk. Raises OSError.

    Other accounts may write in its folder: a link in the place of the part is not followed.
    """
    part = file.with_name(f"{file.name}.part")
    part.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    descriptor = os.open(part, flags, mode & 0o700)
    with open(descriptor, "w", encoding="utf-8", newline="\n") as opened:
        opened.write(text)
        opened.flush()
        if hasattr(os, "fchmod"):
            os.fchmod(descriptor, mode)
        os.fsync(descriptor)
    replace_while_read(part, file)
    folder_to_disk(file.parent)
