"""The command `serve`: the desk with its pages, readers and outbox."""

from __future__ import annotations

import contextlib
import os
import sys
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click
from flask import Blueprint

from kiosk.assembly import Kiosk
from kiosk.backup import PROGRAM_LOCK, LogbookGuard
from kiosk.cli.log_set_up import log_as_set
from kiosk.cli.logbook_words import logbook_lines
from kiosk.cli.obstacles import advice, seen_text
from kiosk.cli.options import CONFIG, DATA, DEMO, now, steady_clock
from kiosk.drills.outage import play_outage
from kiosk.errors import SettingsError
from kiosk.logbook import Database
from kiosk.metrics import watch_server
from kiosk.runtime.data_places import require_usable
from kiosk.runtime.errors import AlreadyRunning
from kiosk.runtime.lock import exclusive_lock, holder_of
from kiosk.runtime.memory import give_back_large_blocks
from kiosk.runtime.paths import data_directory, rooms_file, settings_file
from kiosk.runtime.service import Service
from kiosk.runtime.taken_port import why_not_served
from kiosk.runtime.webserver import WebServer
from kiosk.sandbox import (
    SandboxFeed,
    SandboxInsurer,
    demo_settings,
    make_demo,
    remember_people,
    signing_settings,
)
from kiosk.settings import is_loopback, is_reached_from_outside, load_settings
from kiosk.web.app import METRICS, create_app
from kiosk.web.pages.patient_display import max_display_streams

SANDBOX_THREADS = 16  # each call that hangs, as a fault, holds one
SANDBOX_LATENCY_S = 1.0  # the real gateway takes one to three seconds


@click.command()
@DEMO
@click.option("--host", help="The address to serve on.")
@click.option("--port", type=click.IntRange(0, 65535), help="The port to serve on; 0: a free port.")
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
    give_back_large_blocks()
    with data_directory(data, demo) as folder, contextlib.ExitStack() as stack:
        require_usable(folder)
        say_where = stack.enter_context(_alone(folder))
        sandbox_url, sections = _start_sandbox(folder, stack) if demo else ("", {})
        settings = load_settings(settings_file(config, folder), {"web": web} | sections)
        log_as_set(settings.log, "serve")
        rooms = rooms_file(None if demo else config, folder)
        guard = None
        if not demo:
            guard = LogbookGuard(settings, folder, settings_file(config, folder), now)
            guard.remove_stand_ins()
        kiosk = Kiosk(settings, folder, demo, now, steady_clock(), rooms, guard)
        if demo and kiosk.feed_schedule is not None:
            kiosk.feed_schedule.update_once()  # so that the first scan finds all data
        pages = [make_demo(kiosk.desk, sandbox_url, now, play_outage)] if demo else []
        server = _server(kiosk, service, pages)
        stack.callback(server.stop)
        for line in logbook_lines(guard) if guard else ():
            click.echo(line, err=True)
        for obstacle in kiosk.obstacles():
            click.echo(f"{seen_text(obstacle)}. {advice(obstacle, settings)}", err=True)
        server.start()
        kiosk.start(service)
        url = f"http://{_host_in_url(settings.web.host)}:{server.port}"
        say_where(url)
        click.echo(f"Ready: {url}")
        if code := first_code(kiosk):
            words = "Nobody may sign in yet. The code for the first administrator, good for 30"
            click.echo(f"{words} minutes on {url}/sign-in/first: {code}", err=True)
        has_display = os.name == "nt" or sys.platform == "darwin" or "DISPLAY" in os.environ
        if has_display and not no_browser and is_loopback(settings.web.host):
            webbrowser.open(url)
        service.wait()
        kiosk.notifier.notify()
    if guard is not None and guard.is_decided:
        raise SystemExit(1)  # so that the service manager starts the program again


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[Callable[[str], None]]:
    """Hold the lock of the program on a data directory; give what says where it is served.

    Raises AlreadyRunning, with the address of the program that runs on it.
    """
    with contextlib.ExitStack() as stack:
        try:
            say_where = stack.enter_context(exclusive_lock(folder, PROGRAM_LOCK))
        except AlreadyRunning as exc:
            where = holder_of(folder, PROGRAM_LOCK)
            raise AlreadyRunning(
                f"{folder}: the program runs on it already: {where}"
                if where
                else f"{folder}: the program is starting on it, or a backup is being restored;"
                " try again in a minute"
            ) from exc
        yield say_where


def _start_sandbox(folder: Path, stack: contextlib.ExitStack) -> tuple[str, dict[str, Any]]:
    """Start the pretend insurer with its feed; it stops when `stack` closes.

    Its answers about its people are written into the data directory `folder`. Returns its URL, and
    the sections of settings that make a kiosk its client.
    """
    # Raises LogbookUnreadable in a site's data directory, before anything is written there.
    Database(folder / "logbook.db", "demo").close()
    feed = SandboxFeed(folder / "sandbox", now)
    insurer = SandboxInsurer(now, SANDBOX_LATENCY_S, feed)
    server = WebServer(insurer.app, "127.0.0.1", 0, threads=SANDBOX_THREADS)
    stack.callback(server.stop)
    server.start()
    remember_people(folder, now())
    url = f"http://127.0.0.1:{server.port}"
    sections = demo_settings(url, folder) | feed.settings(url)
    sections["insurer"] |= signing_settings(folder / "sandbox", now())
    return url, sections


def _server(kiosk: Kiosk, service: Service, pages: Sequence[Blueprint]) -> WebServer:
    """Return the server of the kiosk's pages; it is not started yet.

    Raises SettingsError if it cannot serve at the address in the settings.
    """
    web = kiosk.settings.web
    # Each stream of a desk's page or of a patient's display occupies a thread.
    threads = max(16, 2 * web.screens + max_display_streams(kiosk.settings) + 8)
    app = create_app(kiosk, service.stop, pages, pretends=bool(pages))
    try:
        server = WebServer(
            app,
            web.host,
            web.port,
            threads,
            proxy=web.proxy,
            wide=not is_loopback(web.host),
        )
    except (OSError, ValueError) as exc:
        why = why_not_served(web.host, web.port, exc)
        raise SettingsError(
            f"[web] host, port: cannot serve on {web.host}:{web.port}: {why}"
        ) from exc
    watch_server(app.extensions[METRICS], server)
    return server


def first_code(kiosk: Kiosk) -> str | None:
    """Return a code for the first administrator, if other machines are served.

    None if somebody may sign in, or whoever sits at this machine is the administrator.
    """
    if not is_reached_from_outside(kiosk.settings.web) or kiosk.staff.members.exist():
        return None
    return kiosk.staff.first_codes.make(now())


def _host_in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
