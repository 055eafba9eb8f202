"""The shell blocks of the documents, and a shell that runs them as a reader would."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
SHELLS = ("sh", "bash", "console", "powershell")


@dataclass(frozen=True, slots=True)
class ShellBlock:
    """A fenced block of a page: its language as written there, and its text."""

    page: str
    language: str
    text: str

    @property
    def first_line(self) -> str:
        """Return the line by which lists name the block."""
        return self.text.split("\n", 1)[0]


def pages() -> list[str]:
    """Return all documents, relative to the top of the checkout."""
    found = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


def shell_blocks(page: str) -> list[ShellBlock]:
    """Return the shell blocks of a page in their order, without the indent of a list."""
    text = (ROOT / page).read_text("utf-8")
    fence = re.compile(r"^( *)```(\w+)\n(.*?)^ *```$", re.S | re.M)
    return [
        ShellBlock(page, language, re.sub(rf"^{indent}", "", body, flags=re.M).rstrip("\n"))
        for indent, language, body in fence.findall(text)
        if language in SHELLS
    ]


def run_block(text: str, folder: Path, *, timeout_s: float = 300) -> str:
    """Run a block in `folder`, with `run_kiosk.py` and `tiepdon` of this checkout on the path.

    Returns what it printed; raises AssertionError with its errors if a command of it fails.
    """
    programs = folder / ".programs"
    programs.mkdir(exist_ok=True)
    for name in ("run_kiosk.py", "tiepdon"):
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ROOT}/run_kiosk.py" "$@"\n')
        program.chmod(0o755)
    environment: Mapping[str, str] = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", f"set -e\n{text}"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert done.returncode == 0, (text, done.stderr)
    return done.stdout
