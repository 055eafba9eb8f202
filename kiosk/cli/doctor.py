"""The commands `doctor` and `support-bundle`: what is wrong, and what to send to ask for help."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from kiosk.assembly import Kiosk, doctor_of
from kiosk.backup import LogbookGuard
from kiosk.cli.options import CONFIG, DATA, FILE, now, print_json, steady_clock
from kiosk.doctor import (
    BAD,
    NOT_DONE,
    Check,
    CheckState,
    Doctor,
    english,
    needing_a_person,
    worst_first,
    write_bundle,
)
from kiosk.errors import KioskError, SettingsError
from kiosk.logbook import LogbookUnavailable
from kiosk.runtime.data_places import require_usable
from kiosk.runtime.paths import data_directory, rooms_file, settings_file
from kiosk.settings import Settings, load_settings

OK, WARNING, CRITICAL, NOT_KNOWN = range(4)  # exit codes of monitoring plugins
WORDS = {OK: "OK", WARNING: "WARNING", CRITICAL: "CRITICAL", NOT_KNOWN: "UNKNOWN"}
MAX_NAMED = 4  # in the line for monitoring


@click.command()
@click.option(
    "--monitor", is_flag=True, help="Print one line; exit 0, 1, 2 or 3 as monitoring plugins do."
)
@DATA
@CONFIG
def doctor(monitor: bool, data: Path | None, config: Path | None) -> None:
    """Check what is attached, configured, reachable and fresh. Exit 1 if something is not.

    Each line says since when it is so, and what to do. Nothing is changed, printed or sent.
    """
    try:
        with data_directory(data, demo=False) as folder:
            checks = Opened.at(folder, config).doctor.examine()
    except KioskError as exc:
        if not monitor:
            raise
        click.echo(f"TIEPDON UNKNOWN - {' '.join(str(exc).split())}")
        raise SystemExit(NOT_KNOWN) from exc
    if monitor:
        code, line = monitor_line(checks)
        click.echo(line)
        raise SystemExit(code)
    for check in checks:
        print_json(check.as_json())
    raise SystemExit(1 if needing_a_person(checks) else 0)


def monitor_line(checks: Sequence[Check]) -> tuple[int, str]:
    """Return the exit code and the line of a monitoring plugin.

    What cannot be known by its nature, such as the encryption of some disks, is counted in the line
    and raises no alarm; a check that could not be made does.
    """
    states = [check.state for check in checks]
    code = OK
    if any(check.code == NOT_DONE for check in checks):
        code = NOT_KNOWN
    if CheckState.ATTENTION in states:
        code = WARNING
    if BAD in states:
        code = CRITICAL
    found = needing_a_person(worst_first(checks))
    named = "; ".join(
        f"{english(check.what)}: {english(check.seen)}" for check in found[:MAX_NAMED]
    )
    more = f"; and {len(found) - MAX_NAMED} more" if len(found) > MAX_NAMED else ""
    counts = " ".join(f"{state}={states.count(state)}" for state in CheckState)
    said = (named + more).replace("|", "/") or f"{len(checks)} checks, nothing to do"
    return code, f"TIEPDON {WORDS[code]} - {said} | {counts}"


@click.command("support-bundle")
@click.argument("file", type=FILE)
@DATA
@CONFIG
def support_bundle(file: Path, data: Path | None, config: Path | None) -> None:
    """Write FILE, a zip for whoever looks after the program: no person's data, no secret."""
    with data_directory(data, demo=False) as folder:
        opened = Opened.at(folder, config)
        content = opened.bundle()
    try:
        with file.open("xb") as out:
            out.write(content)
    except FileExistsError as exc:
        raise SettingsError(f"{file}: is there already; name a file that is not") from exc
    except OSError as exc:
        raise SettingsError(f"{file}: cannot be written ({exc.strerror})") from exc
    print_json({"file": str(file), "bytes": len(content)})


@dataclass(frozen=True, slots=True)
class Opened:
    """A data directory for the doctor: as much of the kiosk as can be built."""

    settings: Settings
    folder: Path
    doctor: Doctor
    kiosk: Kiosk | None

    @classmethod
    def at(cls, folder: Path, config: Path | None) -> Opened:
        """Open a data directory. A kiosk that cannot be built is a check that says why.

        Raises SettingsError for the settings, and the errors of a logbook that this program may not
        open at all.
        """
        settings = load_settings(settings_file(config, folder), may_lack_code=True)
        try:
            guard = LogbookGuard(settings, folder, settings_file(config, folder), now)
        except LogbookUnavailable:
            require_usable(folder)  # says what to do, as where the disk is read-only
            raise
        rooms = rooms_file(config, folder)
        try:
            kiosk = Kiosk(settings, folder, False, now, steady_clock(), rooms, guard)
        except KioskError as exc:
            return cls(settings, folder, Doctor(settings, folder, guard, None, now, exc), None)
        return cls(settings, folder, doctor_of(kiosk), kiosk)

    def bundle(self) -> bytes:
        """Return a support bundle."""
        database = self.kiosk.database if self.kiosk is not None else None
        return write_bundle(self.settings, self.folder, self.doctor.examine(), database, now())
