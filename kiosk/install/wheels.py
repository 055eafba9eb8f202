"""The wheel of a release, and folders of wheels for machines without a network.

A folder of wheels holds the program's wheel, the wheel of each package in its lock, the install
scripts, and `SHA256SUMS` over all of them.  The packages are also held to the hashes of the lock,
which is in the program's wheel; the sums cover the rest, such as packages of extras.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.parser import Parser
from pathlib import Path, PurePosixPath

from kiosk.install.errors import InstallFailed

SUMS = "SHA256SUMS"
LOCK = "kiosk/config/requirements.lock"
SCRIPTS = ("kiosk/config/install/linux/install.sh", "kiosk/config/install/windows/install.ps1")
INSTALLER = "kiosk/install/__main__.py"  # in the wheels that can install themselves
NEWEST_LAST = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class ProgramWheel:
    """The wheel of the program."""

    file: Path
    version: str
    needs_python: tuple[int, ...]  # the oldest version
    sha256: str
    lock: bytes
    can_install: bool  # it brings an installer of its own

    def release(self, extras: Sequence[str]) -> str:
        """Return the name of the release that this wheel becomes with these extras here.

        Another wheel of the same version, another Python and other extras make another release.
        """
        python = ".".join(map(str, sys.version_info[:2]))
        parts = "\0".join([self.sha256, python, *sorted(extras)])
        return f"{self.version}-{hashlib.sha256(parts.encode()).hexdigest()[:8]}"


def find_wheel(named: Path) -> ProgramWheel:
    """Return the wheel that `named` is, or the newest one in that folder.

    Raises InstallFailed if it is missing or not whole.
    """
    if named.is_dir():
        found = sorted(named.glob("tiepdon-*.whl"), key=_by_version)
        if not found:
            raise InstallFailed(
                f"{named}: holds no tiepdon-*.whl; expected a folder of wheels (see `wheels`)"
            )
        named = found[-1]
    return read_wheel(named)


def read_wheel(file: Path) -> ProgramWheel:
    """Return what a wheel of the program says of itself. Raises InstallFailed."""
    try:
        content = file.read_bytes()
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            if bad := archive.testzip():
                raise InstallFailed(f"{file}: is damaged ({bad}); copy it again")
            answer = next(name for name in names if re.fullmatch(r"tiepdon-[^/]+/METADATA", name))
            metadata = Parser().parsestr(archive.read(answer).decode("utf-8"))
            lock = archive.read(LOCK)
    except OSError as exc:
        raise InstallFailed(f"{file}: cannot be read ({exc.strerror})") from exc
    except (zipfile.BadZipFile, StopIteration, KeyError, UnicodeDecodeError) as exc:
        raise InstallFailed(f"{file}: is no whole wheel of Tiếp Đón; copy it again") from exc
    version = metadata.get("Version", "")
    if not re.fullmatch(r"[0-9][0-9A-Za-z.+!-]{0,60}", version, re.ASCII):
        raise InstallFailed(f"{file}: has no version that can name a folder; copy it again")
    needs = re.search(r">=\s*([\d.]+)", metadata.get("Requires-Python", ""))
    return ProgramWheel(
        file,
        version,
        tuple(map(int, needs[1].split("."))) if needs else (3, 11),
        hashlib.sha256(content).hexdigest(),
        lock,
        INSTALLER in names,
    )


def check_sums(folder: Path) -> int:
    """Compare the files of a folder with its SHA256SUMS; return how many were compared.

    0 if it has none.  Raises InstallFailed if a file is missing or is another one, or if a wheel is
    there that the sums do not name: pip could take it.
    """
    listed = folder / SUMS
    if not listed.is_file():
        return 0
    count = 0
    left = {file.name for file in folder.glob("*.whl")}
    for line in listed.read_text("utf-8").splitlines():
        digest, _, name = line.partition("  ")
        left.discard(name)
        file = folder / name
        if not file.is_file():
            raise InstallFailed(f"{file}: is missing; copy the whole folder again")
        if hashlib.sha256(file.read_bytes()).hexdigest() != digest:
            raise InstallFailed(f"{file}: is not as {SUMS} says; copy the whole folder again")
        count += 1
    if left:
        raise InstallFailed(
            f"{folder / min(left)}: {SUMS} does not know it; copy the folder into an empty one"
        )
    return count


def make_folder(wheel: ProgramWheel, folder: Path, options: Sequence[str], extras: str) -> int:
    """Fill a folder with all that an installation without a network needs; return the files.

    `options` go to `pip download`, such as those of another platform.  What an interrupted run
    has loaded is used again.

    Raises InstallFailed if a package cannot be loaded, or has not the hash of the lock.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SUMS).unlink(missing_ok=True)
    for old in folder.glob("tiepdon-*.whl"):
        if old.resolve() != wheel.file.resolve():
            old.unlink()
    lock = folder / "requirements.lock"
    lock.write_bytes(wheel.lock)
    only = ["--only-binary", ":all:", "--find-links", str(folder), "--dest", str(folder)]
    run_pip([sys.executable], ["download", "--require-hashes", "-r", str(lock), *only, *options])
    target = folder / wheel.file.name
    if not target.exists() or target.resolve() != wheel.file.resolve():
        shutil.copyfile(wheel.file, target)
    if extras:
        run_pip([sys.executable], ["download", f"{target}[{extras}]", *only, *options])
    with zipfile.ZipFile(wheel.file) as archive:
        for name in set(SCRIPTS) & set(archive.namelist()):
            (folder / PurePosixPath(name).name).write_bytes(archive.read(name))
    files = sorted(file for file in folder.iterdir() if file.is_file())
    sums = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files]
    (folder / SUMS).write_text("".join(sums), "utf-8", newline="\n")
    return len(files)


def own_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which a release finds its own modules, settings and data only.

    The installer runs out of a wheel that PYTHONPATH names: pip would take it for installed, and a
    release would run with the installer's modules in the place of its own.
    """
    away = ("PYTHONPATH", "PYTHONHOME", "TIEPDON_DATA", "TIEPDON_CONFIG")
    return {name: value for name, value in environment.items() if name not in away}


def run_pip(python: Sequence[str], words: Sequence[str]) -> None:
    """Run pip; its last line of complaint is in the error. Raises InstallFailed."""
    command = [*python, "-m", "pip", "--disable-pip-version-check", "--no-input", *words]
    around = own_environment(os.environ)
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=around)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        said = lines[0] if lines else (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
        raise InstallFailed(f"pip {words[0]}: {said}. {_pip_advice(done.stderr)}")


def _pip_advice(said: str) -> str:
    if "hash" in said.lower():
        return "A package is not the one of the lock: load the folder of wheels again"
    if "No matching distribution" in said or "Connection" in said or "Proxy" in said:
        return (
            "No network, or the folder of wheels is of another system or Python: make one with"
            " `wheels` on a machine with a network, or name the proxy: --proxy http://host:port"
        )
    return "Look at the disk and the network, then run the same command again"


def _by_version(file: Path) -> list[int]:
    return [int(number) for number in NEWEST_LAST.findall(file.name.split("-")[1])]
