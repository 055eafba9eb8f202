"""Tiếp Đón's command line.

JSON goes to stdout and everything else to stderr.  Exit 0: done; 1: done, but something needs
a person; 2: wrong use or settings.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import random
import sys
import time
import webbrowser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from kiosk import Parts, create_app
from kiosk.assembly import Kiosk
from kiosk.commands import (
    CONFIG,
    DATA,
    DEMO,
    FILE,
    decode,
    drill,
    explain,
    inspect,
    print_json,
    readers,
    verify,
)
from kiosk.doctor import examine
from kiosk.drill import drill as play_drill
from kiosk.errors import KioskError, SettingsError
from kiosk.feed.commands import fetch, registry
from kiosk.lock import only_one
from kiosk.nightly import needs_person, read_appointments, write_report
from kiosk.places import data_directory, own_settings
from kiosk.publisher.commands import feed
from kiosk.sandbox import SandboxFeed, SandboxInsurer, demo_settings
from kiosk.sandbox.commands import card, sandbox
from kiosk.service import Service
from kiosk.settings import load_settings
from kiosk.webserver import WebServer
from verify import CacheUnreadable

SANDBOX_LATENCY_S = 1.0  # the real gateway takes one to three seconds


def now() -> datetime:
    """Return the machine's time."""
    return datetime.now(UTC)


@click.group(invoke_without_command=True)
@click.pass_context
def cli(context: click.Context) -> None:
    """Check BHYT cards at the reception desk. Without a command: serve."""
    form = "%(asctime)s %(levelname)s %(message)s"
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format=form)
    for chatty in ("waitress", "tuf", "securesystemslib"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    if context.invoked_subcommand is None:
        context.invoke(serve)


@cli.command()
@DEMO
@click.option("--host", help="Address to serve on.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to serve on; 0: a free one.")
@DATA
@CONFIG
@click.option("--no-browser", is_flag=True, help="Do not open the page in a browser.")
def serve(
    demo: bool,
    host: str | None,
    port: int | None,
    data: Path | None,
    config: Path | None,
    no_browser: bool,
) -> None:
    """Serve the desk: its pages, its readers and its outbox."""
    web = {key: value for key, value in {"host": host, "port": port}.items() if value is not None}
    service = Service()
    with data_directory(data, demo) as folder, contextlib.ExitStack() as stack:
        last: dict[str, Any] = {"web": web}
        sandbox_url = None
        if demo:
            sandbox_feed = SandboxFeed(folder / "sandbox", now)
            insurer = SandboxInsurer(now, SANDBOX_LATENCY_S, sandbox_feed)
            sandbox_server = WebServer(insurer.app, "127.0.0.1", 0, threads=4)
            stack.callback(sandbox_server.stop)
            sandbox_server.start()
            sandbox_url = f"http://127.0.0.1:{sandbox_server.port}"
            last |= demo_settings(sandbox_url, folder) | sandbox_feed.settings(sandbox_url)
        settings = load_settings(own_settings(config, folder), last)
        kiosk = Kiosk(settings, folder, demo, now)
        if demo and kiosk.rounds is not None:
            kiosk.rounds.go()  # so that the first scan finds everything
        parts = Parts(
            settings, kiosk.desk, kiosk.screen, kiosk.attempts, kiosk.visits, kiosk.outbox,
            kiosk.corrections, kiosk.jobs, kiosk.difficulties,
            kiosk.checkups, kiosk.entitlements, kiosk.copayments, kiosk.status, now,
            service.stop, kiosk.data_report, kiosk.rounds.ask_now if kiosk.rounds else None,
            sandbox_url, play_drill,
        )  # fmt: skip
        threads = max(16, 2 * settings.web.screens + 8)
        try:
            server = WebServer(create_app(parts), settings.web.host, settings.web.port, threads)
        except (OSError, ValueError) as exc:
            where = f"{settings.web.host}:{settings.web.port}"
            raise SettingsError(
                f"[web] host, port: cannot serve on {where} ({exc}); try another with --port"
            ) from exc
        stack.callback(server.stop)
        server.start()
        kiosk.start(service)
        host_name = f"[{settings.web.host}]" if ":" in settings.web.host else settings.web.host
        url = f"http://{host_name}:{server.port}"
        click.echo(f"Ready: {url}")
        has_screen = os.name == "nt" or sys.platform == "darwin" or "DISPLAY" in os.environ
        if has_screen and not no_browser:
            webbrowser.open(url)
        service.wait()
        kiosk.screen.ring()


@cli.command()
@DATA
@CONFIG
@click.option("--appointments", type=FILE, help="Who is expected: a CSV of number, holder, born.")
@click.option(
    "--jitter", type=click.IntRange(0, 240), default=0, help="Wait up to so many minutes first."
)
def sync(data: Path | None, config: Path | None, appointments: Path | None, jitter: int) -> None:
    """Do the nightly job; print its report. Exit 1 where something needs a person.

    Sends what is left, asks again of visits that went in unconfirmed, asks of those expected,
    and sees that all adds up.  One at a time; after a kill it is simply run again.
    """
    with data_directory(data, demo=False) as folder:
        settings = load_settings(own_settings(config, folder))
        if not settings.insurer.url:
            raise SettingsError("[insurer] url is ''; wanted the gateway's, to send anything")
        expected, unread = read_appointments(appointments) if appointments else ([], [])
        time.sleep(random.uniform(0, jitter * 60))  # so that not all clinics come at once
        with only_one(folder):
            kiosk = Kiosk(settings, folder, demo=False, now=now)
            assert kiosk.nightly is not None  # there is a gateway
            report = kiosk.nightly.run(expected, unread)
            write_report(report, folder / "reports")
    print_json(report)
    raise SystemExit(1 if needs_person(report) else 0)


@cli.command()
@DATA
@CONFIG
def doctor(data: Path | None, config: Path | None) -> None:
    """Say what is attached, configured, reachable and fresh; exit 1 where something is not."""
    with data_directory(data, demo=False) as folder:
        settings = load_settings(own_settings(config, folder))
        kiosk = Kiosk(settings, folder, demo=False, now=now)
        checks = examine(
            settings, folder, kiosk.known(), kiosk.cache.newest_word(), kiosk.outbox.counts(), now()
        )
    for check in checks:
        print_json(check)
    raise SystemExit(0 if all(check["good"] for check in checks) else 1)


for command in (verify, explain, inspect, decode, drill, readers, registry, feed, card, sandbox):
    cli.add_command(command)
feed.add_command(fetch)


def main() -> None:
    """Run the command line; a wrong setting is one line and exit 2."""
    os.umask(0o077)  # what rests in the data directory is for this account alone
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # on Windows a file would get the local letters
            stream.reconfigure(encoding="utf-8")
    try:
        cli()
    except (KioskError, CacheUnreadable) as exc:
        click.echo(f"tiepdon: {exc}", err=True)
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
