"""The command `doctor`: check what is attached, configured, reachable and fresh."""

from __future__ import annotations

from pathlib import Path

import click

from kiosk.assembly import Kiosk
from kiosk.backup import LogbookGuard
from kiosk.cli.checks import run_checks
from kiosk.cli.logbook_checks import logbook_checks
from kiosk.cli.options import CONFIG, DATA, now, print_json, steady_clock
from kiosk.cli.privacy_checks import privacy_checks
from kiosk.cli.proof_checks import proof_checks
from kiosk.runtime.key_store import file_keys
from kiosk.runtime.paths import data_directory, rooms_file, settings_file
from kiosk.settings import load_settings


@click.command()
@DATA
@CONFIG
def doctor(data: Path | None, config: Path | None) -> None:
    """Check what is attached, configured, reachable and fresh. Exit 1 if something is not."""
    with data_directory(data, demo=False) as folder:
        settings = load_settings(settings_file(config, folder))
        rooms = rooms_file(config, folder)
        guard = LogbookGuard(settings, folder, settings_file(config, folder), now)
        kiosk = Kiosk(settings, folder, False, now, steady_clock(), rooms, guard)
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
            kiosk.rooms.read(),
            kiosk.webhook_messages.states(),
            file_keys(settings.encryption.keys, settings.encryption.key_file, folder),
        )
        checks += privacy_checks(kiosk.privacy, now())
        checks += logbook_checks(guard, now())
        checks += proof_checks(kiosk.proofs, now())
    for check in checks:
        print_json(check)
    raise SystemExit(0 if all(check["good"] for check in checks) else 1)
