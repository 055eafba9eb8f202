"""The commands of `privacy`: what is kept and how long, delete what is too old, who may do what."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from kiosk.assembly import Kiosk
from kiosk.cli.clock import command_line_author
from kiosk.cli.logbook_checks import certain_logbook
from kiosk.cli.options import CONFIG, DATA, now, print_json, steady_clock
from kiosk.runtime.lock import exclusive_lock
from kiosk.runtime.paths import data_directory, settings_file
from kiosk.settings import load_settings


@click.group()
def privacy() -> None:
    """Say what is kept and how long, and delete what is older than that."""


@privacy.command()
@DATA
@CONFIG
def kept(data: Path | None, config: Path | None) -> None:
    """Show each kind of data with its period, one line of JSON each."""
    with _opened(data, config) as (kiosk, _folder):
        for state in kiosk.privacy.purge.states(now()):
            period = state.period
            print_json(
                {
                    "kind": period.kind,
                    "setting": period.setting,
                    "period": f"{period.count} {period.unit}" if period.count else "not set",
                    "source": period.source,
                    "certainty": period.certainty,
                    "oldest": state.oldest and state.oldest.isoformat(timespec="seconds"),
                    "due": state.due,
                    "waits": state.waits,
                }
            )


@privacy.command()
@click.option(
    "--clock-is-right",
    is_flag=True,
    help="You have compared this machine's clock with another one: nothing else vouches for it.",
)
@DATA
@CONFIG
def purge(clock_is_right: bool, data: Path | None, config: Path | None) -> None:
    """Delete what is older than its period. Exit 1 if something kept it from that.

    `sync` does this each night.  Without a gateway and a feed no clock can be compared with ours;
    then somebody has to vouch for it.
    """
    with _opened(data, config) as (kiosk, folder), exclusive_lock(folder):
        kiosk.consents.erase_ended(now())
        result = kiosk.privacy.purge.run(now(), command_line_author(), clock_is_right)
    print_json(
        {
            "deleted": result.deleted,
            "waits": result.waits,
            "unfinished": list(result.unfinished),
            "trouble": result.trouble,
            "overwritten": result.is_overwritten,
        }
    )
    raise SystemExit(1 if result.trouble or result.unfinished else 0)


@privacy.command()
@DATA
@CONFIG
def access(data: Path | None, config: Path | None) -> None:
    """Show the accounts as they are to be reviewed, one line of JSON each, and when that is due."""
    with _opened(data, config) as (kiosk, _folder):
        for account in kiosk.privacy.reviews.accounts(now()):
            member = account.member
            last = member.last_sign_in_at
            print_json(
                {
                    "number": member.id,
                    "name": member.name,
                    "role": member.role,
                    "can_sign_in": account.can_sign_in,
                    "second_factor": account.has_factor,
                    "last_sign_in": last and last.isoformat(timespec="seconds"),
                    "look_at": account.remark,
                }
            )
        due_at = kiosk.privacy.reviews.due_at()
        print_json({"review_due": due_at and due_at.date().isoformat()})


@contextmanager
def _opened(data: Path | None, config: Path | None) -> Iterator[tuple[Kiosk, Path]]:
    with data_directory(data, demo=False) as folder:
        settings = load_settings(settings_file(config, folder))
        certain_logbook(settings, folder, config)
        yield Kiosk(settings, folder, False, now, steady_clock()), folder
