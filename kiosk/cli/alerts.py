"""The command `alerts`: try the ways by which the program says that something needs a person."""

from __future__ import annotations

from pathlib import Path

import click

from kiosk.alerts import AlertNotSent, send_trial
from kiosk.cli.options import CONFIG, DATA, now, print_json
from kiosk.errors import SettingsError
from kiosk.runtime.paths import data_directory, settings_file
from kiosk.settings import load_settings


@click.group()
def alerts() -> None:
    """Alerts by mail and webhook when the doctor finds something bad ([alerts])."""


@alerts.command("test")
@DATA
@CONFIG
def test(data: Path | None, config: Path | None) -> None:
    """Send a trial by each way of the settings; exit 1 unless all arrive."""
    with data_directory(data, demo=False) as folder:
        settings = load_settings(settings_file(config, folder))
    if not settings.alerts.ways:
        raise SettingsError(
            "[alerts] names neither mail_to nor webhook_url; expected one of them, to send alerts"
        )
    is_good = True
    for way in settings.alerts.ways:
        answer = "sent"
        try:
            send_trial(way, settings.alerts, settings.facility, now(), settings.network.proxies())
        except AlertNotSent as exc:
            is_good, answer = False, str(exc)
        print_json({"way": way, "answer": answer})
    raise SystemExit(0 if is_good else 1)
