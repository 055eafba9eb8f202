"""The command `sync`: the nightly job."""

from __future__ import annotations

import random
import time
from pathlib import Path

import click

from kiosk.assembly import Kiosk
from kiosk.cli.backup import try_back_up
from kiosk.cli.log_set_up import log_as_set
from kiosk.cli.logbook_checks import certain_logbook
from kiosk.cli.options import CONFIG, DATA, FILE, now, print_json, steady_clock
from kiosk.doctor import english, signature_advice, signature_seen
from kiosk.errors import SettingsError
from kiosk.logbook import nightly_report_json
from kiosk.runtime.data_places import require_usable
from kiosk.runtime.lock import exclusive_lock
from kiosk.runtime.paths import data_directory, settings_file
from kiosk.settings import load_settings
from kiosk.sync import needs_person, read_appointments, write_report

UNPROVEN = (
    "{} visits were sent behind another one in the same file. The insurer answered for the file,"
    " and no call tells whether it read them: compare with the portal, or set visits_per_sending"
    " to 1."
)


@click.command()
@DATA
@CONFIG
@click.option(
    "--appointments", type=FILE, help="The expected patients: a CSV of number, holder, born."
)
@click.option(
    "--jitter",
    type=click.IntRange(0, 240),
    default=0,
    help="First wait for a random time of up to this many minutes.",
)
def sync(data: Path | None, config: Path | None, appointments: Path | None, jitter: int) -> None:
    """Do the nightly job; print its report. Exit 1 if something needs a person.

    Sends the visits that wait, asks again about visits that were unconfirmed, asks about expected
    patients, checks that the numbers of each day add up, and makes a backup of the logbook. Only
    one runs at a time; after a kill it can be run again.
    """
    with data_directory(data, demo=False) as folder:
        settings = load_settings(settings_file(config, folder))
        log_as_set(settings.log, "sync")
        if not settings.insurer.url:
            raise SettingsError(
                "[insurer] url is ''; expected the URL of the gateway, to send visits"
            )
        expected, unread = read_appointments(appointments) if appointments else ([], [])
        time.sleep(random.uniform(0, jitter * 60))  # not all clinics must call at the same time
        require_usable(folder)
        with exclusive_lock(folder):
            guard = certain_logbook(settings, folder, config)
            kiosk = Kiosk(settings, folder, demo=False, now=now, steady=steady_clock())
            assert kiosk.nightly is not None  # the settings name a gateway
            report = kiosk.nightly.run(expected, unread)
            signature = kiosk.signature_state()
            write_report(report, folder / "reports")
            backup = try_back_up(settings, folder, config, guard)
    print_json(nightly_report_json(report) | {"backup": backup})
    if signature is not None and signature.trouble is not None:
        said = signature_seen(signature), signature_advice(signature)
        click.echo(". ".join(map(english, said)), err=True)
    if report.unproven_rows:
        click.echo(UNPROVEN.format(report.unproven_rows), err=True)
    if "failed" in backup:
        click.echo(backup["failed"], err=True)
    raise SystemExit(1 if needs_person(report) or "failed" in backup else 0)
