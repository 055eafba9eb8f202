"""What starts and stops the program on this system, and whether it is healthy."""

from __future__ import annotations

import http.client
import os
import shutil
import subprocess
import time
import tomllib
from pathlib import Path
from typing import Protocol

from kiosk.install.errors import InstallFailed
from kiosk.install.layout import SERVICE, TIMER, InstallLayout

RUNNING = ("running", "degraded", "starting", "initializing", "maintenance")  # of systemd itself
HEALTH_S = 180.0  # a schema of a large logbook may be changed meanwhile
POLL_S = 0.25
ANSWER_S = 5.0
DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 8080


class Services(Protocol):
    """What runs programs in the background."""

    says: str  # how a person does what cannot be done here; empty: it can be done

    def write(self, release: str) -> None:
        """Register the service and the nightly job of a release, and let them start by themselves.

        Raises OSError or InstallFailed.
        """

    def start(self) -> None:
        """Start the program and the clock of the nightly job. Raises InstallFailed."""

    def stop(self) -> None:
        """Stop the program and a nightly job, and wait for their end. Raises InstallFailed."""

    def is_running(self) -> bool:
        """Return whether the program runs, as far as is known."""

    def remove(self) -> None:
        """Remove what `write` made. Raises OSError or InstallFailed."""


class Systemd:
    """systemd, by `systemctl`."""

    def __init__(self, layout: InstallLayout, units: dict[str, str]) -> None:
        """`units` are the texts of the units by name."""
        self._layout, self._units = layout, units
        self.says = "" if self._answers() else "systemd does not run here: nothing was started"

    def write(self, release: str) -> None:
        """Write the units; a release keeps its own, for a roll-back."""
        kept = self._layout.releases / release / "units"
        if not kept.is_dir():
            part = kept.with_name("units.part")
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir()
            for name, text in self._units.items():
                (part / name).write_text(text, "utf-8")
            part.rename(kept)
        self._layout.units.mkdir(parents=True, exist_ok=True)
        for unit in sorted(kept.iterdir()):
            shutil.copyfile(unit, self._layout.units / unit.name)
        if not self.says:
            self._call("daemon-reload")
        self._call("enable", SERVICE, TIMER, is_offline_too=True)

    def start(self) -> None:
        """Start both."""
        self._call("start", SERVICE, TIMER)

    def stop(self) -> None:
        """Stop all; a nightly job, too: it goes on when it is run again."""
        known = [unit for unit in self._units if (self._layout.units / unit).exists()]
        if known:
            self._call("stop", *known)

    def is_running(self) -> bool:
        """Ask systemd."""
        done = self._run("is-active", SERVICE)
        return not self.says and done.stdout.strip() in ("active", "activating", "reloading")

    def remove(self) -> None:
        """Disable and delete the units."""
        known = [unit for unit in self._units if (self._layout.units / unit).exists()]
        if known:
            self._call("disable", SERVICE, TIMER, is_offline_too=True)
        for unit in known:
            (self._layout.units / unit).unlink(missing_ok=True)
        if not self.says:
            self._call("daemon-reload")

    def _answers(self) -> bool:
        try:
            return self._run("is-system-running").stdout.strip() in RUNNING
        except InstallFailed:
            return False

    def _call(self, *words: str, is_offline_too: bool = False) -> None:
        if self.says and not (is_offline_too and shutil.which("systemctl")):
            return
        done = self._run(*words)
        if done.returncode:
            said = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise InstallFailed(f"systemctl {' '.join(words)}: {said}; see journalctl -u {SERVICE}")

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                ["systemctl", *words], capture_output=True, text=True, check=False
            )
        except OSError as exc:
            raise InstallFailed(f"systemctl: cannot be run ({exc.strerror})") from exc


def served_at(config: Path) -> tuple[str, int]:
    """Return the address and port that the settings name, as reached from this machine."""
    try:
        web = tomllib.loads(config.read_text("utf-8")).get("web", {})
    except (OSError, ValueError):
        web = {}
    host, port = web.get("host", DEFAULT_HOST), web.get("port", DEFAULT_PORT)
    is_any = host in ("0.0.0.0", "::", "")
    return (DEFAULT_HOST if is_any else str(host)), int(port) if str(port).isdigit() else 0


def lacks_facility_code(config: Path) -> bool:
    """Return whether a settings file can be read and has no facility code yet."""
    try:
        facility = tomllib.loads(config.read_text("utf-8")).get("facility", {})
    except (OSError, ValueError):
        return False
    return not (facility.get("code") or facility.get("codes"))


def readiness(config: Path) -> int:
    """Return the answer of /readyz: 200, 503 while nothing is recorded, 0 if nobody answers."""
    connection = http.client.HTTPConnection(*served_at(config), timeout=ANSWER_S)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def wait_until_healthy(services: Services, config: Path, before: int) -> str:
    """Wait until the program is ready; return what is wrong if it does not become so.

    `before` is how ready it was before it was changed: where nothing was recorded then, the same
    is no fault of the new release.
    """
    limit = float(os.environ.get("TIEPDON_HEALTH_S", HEALTH_S))
    until, answer = time.monotonic() + limit, 0
    while time.monotonic() < until:
        answer = readiness(config)
        if answer == 200 or (answer == before == 503):
            return ""
        if not services.is_running():
            return "it ended by itself"
        time.sleep(POLL_S)
    host, port = served_at(config)
    seen = f"answers {answer} at /readyz" if answer else f"does not answer at {host}:{port}"
    return f"after {limit:.0f} s it {seen}"
