#!/usr/bin/env python3
"""A pretend `systemctl` that starts the command of a unit directly; standard library only.

FAKE_SYSTEMD names its folder of process numbers, logs and calls, FAKE_UNITS the folder of units.
With a file `off` in its folder, it answers as where systemd does not run.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

HOME = Path(os.environ.get("FAKE_SYSTEMD", "."))
UNITS = Path(os.environ.get("FAKE_UNITS", "."))
STOPS_WITHIN_S = 20


def settings(unit: str) -> dict[str, str]:
    lines = (UNITS / unit).read_text("utf-8").splitlines()
    pairs = (line.split("=", 1) for line in lines if "=" in line and line[0] not in "#[")
    found: dict[str, str] = {}
    for name, value in pairs:
        found.setdefault(name.strip(), value.strip())
    return found


def process_of(unit: str) -> int:
    """Return the number of the process of a unit. 0 if it does not run."""
    with contextlib.suppress(OSError, ValueError):
        number, begun = map(int, (HOME / f"{unit}.pid").read_text().split())
        state, since = state_of(number)
        return 0 if state == "Z" or since != begun else number
    return 0


def state_of(number: int) -> tuple[str, int]:
    """Return the state of a process and when it began: its number may be used again."""
    fields = Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()
    return fields[0], int(fields[19])


def start(unit: str) -> int:
    if unit.endswith(".timer") or process_of(unit):
        return 0
    section = settings(unit)
    options: dict[str, object] = {}
    if section.get("User") and os.geteuid() == 0 and section["User"] != "root":
        options = {
            "user": section["User"],
            "group": section["Group"],
            "extra_groups": section.get("SupplementaryGroups", "").split(),
            "umask": 0o077,
        }
    environment = dict(pair.split("=", 1) for pair in section.get("Environment", "").split())
    environment |= {"PATH": "/usr/bin:/bin"}
    log = (HOME / f"{unit}.log").open("ab")
    run = subprocess.Popen(
        shlex.split(section["ExecStart"]),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        env=environment,
        cwd=section["WorkingDirectory"],
        start_new_session=True,
        **options,  # type: ignore[call-overload]
    )
    if section.get("Type") == "oneshot":
        return int(run.wait())
    with contextlib.suppress(OSError):  # it has ended already
        (HOME / f"{unit}.pid").write_text(f"{run.pid} {state_of(run.pid)[1]}")
    return 0


def stop(unit: str) -> int:
    number = process_of(unit)
    if number:
        os.kill(number, signal.SIGTERM)
        until = time.monotonic() + STOPS_WITHIN_S
        while process_of(unit) and time.monotonic() < until:
            time.sleep(0.05)
        if process_of(unit):
            os.kill(number, signal.SIGKILL)
    return 0


def main(words: list[str]) -> int:
    with (HOME / "calls").open("a") as calls:
        calls.write(" ".join(words) + "\n")
    verb, units = words[0], words[1:]
    if verb == "is-system-running":
        print("offline" if (HOME / "off").exists() else "running")
    elif verb == "is-active":
        print("active" if process_of(units[0]) else "inactive")
        return 0 if process_of(units[0]) else 3
    elif verb == "start":
        return max(start(unit) for unit in units)
    elif verb == "stop":
        return max(stop(unit) for unit in units)
    elif verb in ("enable", "disable"):
        for unit in units:
            (UNITS / unit).stat()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
