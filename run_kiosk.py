"""Tiếp Đón's command line: builds the parts and joins them; the only file that knows them all.

JSON goes to stdout and everything else to stderr.  Exit 0: done; 1: done, but something needs
a person; 2: wrong use or settings.
"""

from __future__ import annotations

import contextlib
import functools
import io
import logging
import os
import sys
import webbrowser
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from kiosk import Parts, create_app
from kiosk.checkup import Checkups
from kiosk.commands import CONFIG, DATA, DEMO, decode, inspect, print_json, readers, verify
from kiosk.desk import Desk, Lookup, ScanQueue, Screen
from kiosk.errors import KioskError, SettingsError
from kiosk.insurer import Delivery, composer, open_gateway
from kiosk.knowledge import knowledge
from kiosk.logbook import Attempts, Database, Outbox, ReaderChecks, Visits
from kiosk.places import data_directory, own_settings
from kiosk.readers import reader_at, reader_states
from kiosk.sandbox import SandboxInsurer, demo_settings
from kiosk.sandbox.commands import card, sandbox
from kiosk.service import Service
from kiosk.settings import Settings, load_settings
from kiosk.webserver import WebServer
from verify import KEPT, CacheUnreadable, CoverageCache

SANDBOX_LATENCY_S = 1.0  # the real gateway takes one to three seconds


def now() -> datetime:
    """Return the machine's time."""
    return datetime.now(UTC)


class Kiosk:
    """The parts of one kiosk on one data directory, joined."""

    def __init__(self, settings: Settings, folder: Path, demo: bool) -> None:
        self.settings, self.demo = settings, demo
        kept = max(KEPT, timedelta(days=settings.freshness.hard_days))
        self.cache = CoverageCache(folder / "coverage.db", kept)
        self.screen = Screen(most_streams=2 * settings.web.screens)
        database = Database(folder / "logbook.db", "demo" if demo else "site")
        self.instance = database.instance
        self.attempts, self.outbox = Attempts(database), Outbox(database)
        self.visits = Visits(database, composer(settings.visit.self_arrival_code))
        self.knowledge = knowledge(settings, self.cache, now(), self.visits.newest_at(), demo)
        self.desk = Desk(self.knowledge, self.attempts, self.visits, self.screen, settings, now)
        self.readers = [reader_at(port, now) for port in settings.readers]
        self.checkups = Checkups(self.readers, ReaderChecks(database), now)
        self.gateway = open_gateway(settings, now)
        self.delivery: Delivery | None = None
        if self.gateway is not None:
            longest_s = settings.insurer.ask_timeout_s + settings.insurer.send_timeout_s
            self.delivery = Delivery(self.outbox, self.gateway, now, longest_s, self.screen.ring)

    def start(self, service: Service) -> None:
        """Start the threads of readers, desk, look-up and outbox."""
        queue = ScanQueue()
        service.add("desk", functools.partial(queue.run, self.desk.receive))
        for reader in self.readers:
            deliver = functools.partial(queue.put, stop=service.stop)
            service.add(f"reader {reader.name}", functools.partial(reader.run, deliver))
        if self.gateway and self.delivery:
            ask = self.settings.insurer.ask
            lookup = Lookup(ask, self.gateway.look_up, self.cache.remember, self.desk.refine, now)
            self.desk.ask = lookup.ask
            service.add("lookup", lookup.run)
            service.add("outbox", self.delivery.run)

    def status(self) -> dict[str, Any]:
        """Return how readers, outbox, gateway and data are, for the screens."""
        try:
            newest = self.cache.newest_word()
        except CacheUnreadable:
            newest = None
        not_recording = self.desk.not_recording_since
        failing = self.gateway.session.failing_since if self.gateway else None
        return {
            "instance": self.instance,
            "not_recording_since": not_recording and not_recording.isoformat(),
            "outbox": self.outbox.counts(),
            "insurer": {
                "configured": self.gateway is not None,
                "failing_since": failing and failing.isoformat(),
            },
            "newest_word": newest and newest.isoformat(),
            "readers": reader_states(self.readers),
        }


@click.group(invoke_without_command=True)
@click.pass_context
def cli(context: click.Context) -> None:
    """Check BHYT cards at the reception desk. Without a command: serve."""
    form = "%(asctime)s %(levelname)s %(message)s"
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format=form)
    logging.getLogger("waitress").setLevel(logging.WARNING)
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
            insurer = SandboxInsurer(now, SANDBOX_LATENCY_S)
            sandbox_server = WebServer(insurer.app, "127.0.0.1", 0, threads=4)
            stack.callback(sandbox_server.stop)
            sandbox_server.start()
            sandbox_url = f"http://127.0.0.1:{sandbox_server.port}"
            last |= demo_settings(sandbox_url, folder)
        settings = load_settings(own_settings(config, folder), last)
        kiosk = Kiosk(settings, folder, demo)
        parts = Parts(
            settings, kiosk.desk, kiosk.screen, kiosk.attempts, kiosk.visits, kiosk.outbox,
            kiosk.checkups, kiosk.status, now, service.stop, sandbox_url,
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
def sync(data: Path | None, config: Path | None) -> None:
    """Send what waits to the insurer; print a report. Exit 1 where something needs a person."""
    with data_directory(data, demo=False) as folder:
        kiosk = Kiosk(load_settings(own_settings(config, folder)), folder, demo=False)
        if kiosk.delivery is None:
            raise SettingsError("[insurer] url is ''; wanted the gateway's, to send anything")
        before = kiosk.outbox.counts()
        kiosk.delivery.deliver_all()
        counts = kiosk.outbox.counts()
    report = {"delivered": counts["accepted"] - before["accepted"], "outbox": counts}
    print_json(report)
    raise SystemExit(1 if any(counts[s] for s in counts if s != "accepted") else 0)


for command in (verify, inspect, decode, readers, card, sandbox):
    cli.add_command(command)


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
