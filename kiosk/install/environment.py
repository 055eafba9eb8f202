"""The virtual environment of a release: made, filled from the lock, compiled, and tried."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kiosk.install.errors import InstallFailed
from kiosk.install.layout import InstallLayout
from kiosk.install.preconditions import base_python
from kiosk.install.releases import Releases
from kiosk.install.wheels import ProgramWheel, own_environment, run_pip


@dataclass(frozen=True, slots=True)
class PackageSource:
    """Where the packages come from: a folder of wheels, or the index that pip knows."""

    folder: Path | None = None  # None: the index
    proxy: str = ""  # for the index; empty: what the environment says (PIP_PROXY, HTTPS_PROXY)

    def options(self) -> list[str]:
        """Return the options of pip."""
        if self.folder is not None:
            return ["--no-index", "--find-links", str(self.folder)]
        return ["--proxy", self.proxy] if self.proxy else []


def build_release(
    layout: InstallLayout,
    releases: Releases,
    wheel: ProgramWheel,
    extras: Sequence[str],
    source: PackageSource,
) -> str:
    """Make the release of a wheel if it is not whole yet; return its name.

    The packages of the lock are installed with their hashes.  Raises InstallFailed; then what was
    made of it is removed.
    """
    name = wheel.release(extras)
    if releases.is_whole(name):
        return name
    place = layout.releases / name
    python = layout.bin(name) / ("python.exe" if layout.is_windows else "python")
    lock = place / "requirements.lock"
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        _run([base_python(), "-m", "venv", str(place)], "the virtual environment was not made")
        lock.write_bytes(wheel.lock)
        only = [*source.options(), "--only-binary", ":all:", "--no-compile"]
        run_pip([str(python)], ["install", "--require-hashes", "-r", str(lock), *only])
        whole = f"{wheel.file}[{','.join(extras)}]" if extras else str(wheel.file)
        run_pip([str(python)], ["install", whole, *only])
        # Nobody but the installer writes here, so compiled modules are made now and for all.
        folders = [str(found) for found in place.glob("[Ll]ib*/**/site-packages")]
        subprocess.run(
            [str(python), "-m", "compileall", "-q", "-j", "0", *folders],
            capture_output=True,
            check=False,  # files of test suites that are no Python of this version
            env=own_environment(os.environ),
        )
        tried = layout.bin(name) / ("tiepdon.exe" if layout.is_windows else "tiepdon")
        _run([str(tried), "--help"], "the new program does not run")
    except BaseException as exc:
        shutil.rmtree(place, ignore_errors=True)
        if isinstance(exc, OSError):
            raise InstallFailed(
                f"{place}: cannot be written ({exc.strerror}); look at the disk and its rights"
            ) from exc
        raise
    facts = {"version": wheel.version, "wheel": wheel.file.name, "sha256": wheel.sha256}
    releases.complete(name, {**facts, "extras": sorted(extras), "python": sys.version.split()[0]})
    return name


def _run(words: list[str], otherwise: str) -> None:
    try:
        done = subprocess.run(
            words,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env=own_environment(os.environ),
        )
    except OSError as exc:
        raise InstallFailed(f"{words[0]}: cannot be run ({exc.strerror})") from exc
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines() or ["no message"]
        raise InstallFailed(f"{otherwise}: {last[-1]}")
