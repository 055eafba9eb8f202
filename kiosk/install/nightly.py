"""What the nightly timer runs: `sync` if the settings name a gateway, else `backup`.

    nightly.py PROGRAM SETTINGS DATA

It is copied beside the releases and runs alone, so that it serves each release.  It ends as the
command ends that it has run.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path


def nightly_command(program: str, settings: str, data: str) -> list[str]:
    """Return the command line for these places.

    Settings that cannot be read are left to the program, which says what is wrong with them.
    """
    try:
        sections = tomllib.loads(Path(settings).read_text("utf-8"))
        has_gateway = bool(sections.get("insurer", {}).get("url"))
    except (OSError, ValueError, AttributeError):
        has_gateway = True
    command = "sync" if has_gateway else "backup"
    return [program, command, "--config", settings, "--data", data]


if __name__ == "__main__":
    sys.exit(subprocess.run(nightly_command(*sys.argv[1:4]), check=False).returncode)
