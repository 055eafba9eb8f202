"""Folders of wheels for tests: of an older program, of this one, and of one with a newer schema."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.process import ROOT

BEFORE = "87caa5fe2"  # the commit before there was an installer
STEP = '''

@MIGRATIONS()
def m999_of_a_newer_program(db: sqlite_utils.Database) -> None:
    """Add a table, as a newer program would."""
    db["of_a_newer_program"].create({"id": int})
'''


def archive(commit: str, folder: Path) -> Path:
    """Unpack a commit of this repository. Skips where there is none, as in an sdist."""
    done = subprocess.run(["git", "-C", str(ROOT), "archive", commit], capture_output=True)
    if done.returncode:
        pytest.skip(f"this is no clone with the commit {commit}")
    folder.mkdir()
    subprocess.run(["tar", "-x", "-C", str(folder)], input=done.stdout, check=True)
    return folder


def working_tree(folder: Path) -> Path:
    """Copy the sources as they are now."""
    kept = shutil.ignore_patterns("__pycache__", ".*", "*.egg-info", "build", "dist", "screens")
    shutil.copytree(ROOT, folder, ignore=kept)
    return folder


def with_newer_schema(source: Path) -> Path:
    """Add a step to the schema of a source tree, and a later version."""
    steps = source / "kiosk/logbook/desk_migrations.py"
    steps.write_text(steps.read_text("utf-8") + STEP, "utf-8")
    config = source / "setup.cfg"
    config.write_text(
        config.read_text("utf-8").replace("version = 0.1.0", "version = 9.0.0"), "utf-8"
    )
    return source


def build_wheel(source: Path, folder: Path) -> Path:
    """Build the wheel of a source tree."""
    words = ["-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder), str(source)]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no wheel could be built: {done.stderr.strip().splitlines()[-1]}")
    return next(folder.glob("tiepdon-*.whl"))


def fill(folder: Path, wheel: Path, packages: Path | None = None) -> Path:
    """Make a folder of wheels with the program's own command; with `packages` load nothing."""
    if packages is not None:
        folder.mkdir()
        for file in packages.glob("*.whl"):
            if not file.name.startswith("tiepdon-"):
                (folder / file.name).hardlink_to(file)
        shutil.copyfile(wheel, folder / wheel.name)
        return folder
    words = ["-m", "kiosk.install", "wheels", str(folder), "--wheel", str(wheel)]
    done = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no folder of wheels: {done.stderr.strip()}")
    return folder


def three_folders(home: Path) -> Path:
    """Return a folder with `before`, `now` and `next`."""
    sources = home / "sources"
    sources.mkdir()
    now = build_wheel(working_tree(sources / "now"), home / "wheel-now")
    packages = fill(home / "now", now)
    before = build_wheel(archive(BEFORE, sources / "before"), home / "wheel-before")
    fill(home / "before", before, packages)
    newer = with_newer_schema(working_tree(sources / "next"))
    fill(home / "next", build_wheel(newer, home / "wheel-next"), packages)
    return home
