"""The command `doctor`: check what is attached, configured, reachable and fresh."""

from __future__ import annotations

from pathlib import Path

import click

from kiosk.assembly import Kiosk
from kiosk.cli.checks import run_checks
from kiosk.cli.options import CONFIG, DATA, now, print_json, steady_clock
from kiosk.runtime.paths import data_directory, settings_file
from kiosk.settings import load_settings


@click.command()
@DATA
@CONFIG
def doctor(data: Path | None, config: Path | None) -> None:
    """Check what is attached, configured, reachable and fresh. Exit 1 if something is not."""
    with data_directory(data, demo=False) as folder:
        settings = load_settings(settings_file(config, folder))
        kiosk = Kiosk(settings, folder, demo=False, now=now, steady=steady_clock())
        signature = kiosk.signer.look() if kiosk.signer else kiosk.signature_state()
        checks = run_checks(
            settings,
            folder,
            kiosk.data,
            kiosk.newest_answer(),
            kiosk.outbox.counts(),
            now(),
            kiosk.obstacles(),
            signature,
            kiosk.clock_readings.ahead_now(now()),
            kiosk.wrong_times.count(),
            kiosk.communes_to_inform(),
            kiosk.reporting.count_overdue(now()),
            kiosk.outages.count_suggested(),
        )
    for check in checks:
        print_json(check)
    raise SystemExit(0 if all(check["good"] for check in checks) else 1)
