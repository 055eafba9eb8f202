"""The command `drill`: play outages of the pretend insurer."""

from __future__ import annotations

import logging

import click

from kiosk.cli.options import now, print_json
from kiosk.drills.month_offline import play_month_offline
from kiosk.drills.outage import play_outage


@click.command()
@click.option(
    "--month",
    is_flag=True,
    help="Play a month without a feed; revocations may be 30 days old.",
)
def drill(month: bool) -> None:
    """Play five minutes of faults at the pretend insurer; print what happened at the desk.

    Exit 1 if a visit was lost.
    """
    moment = now()
    logging.getLogger().setLevel(logging.CRITICAL)  # the drill causes the errors
    if month:
        for line in play_month_offline(moment):
            print_json(line)
        return
    lost = 0
    for line in play_outage(moment):
        print_json(line)
        lost = line.get("lost", lost)
    raise SystemExit(1 if lost else 0)
