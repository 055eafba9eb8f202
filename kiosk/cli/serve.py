"""The command `serve`: the desk with its pages, readers and outbox."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click
from flask import Blueprint

from kiosk.assembly import Kiosk
from kiosk.backup import PROGRAM_LOCK, LogbookGuard
from kiosk.cli.log_set_up import log_as_set
from kiosk.cli.options import CONFIG, DATA, DEMO, now, steady_clock
from kiosk.cli.setup_site import setup_site
from kiosk.doctor import advice, english, logbook_lines, seen_text
from kiosk.drills.outage import play_outage
from kiosk.errors import SettingsError
from kiosk.logbook import Database
from kiosk.metrics import watch_server
from kiosk.runtime.data_places import require_usable
from kiosk.runtime.errors import AlreadyRunning
from kiosk.runtime.lock import exclusive_lock, holder_of
from kiosk.runtime.memory import give_back_large_blocks
from kiosk.runtime.paths import data_directory, rooms_file, settings_file
from kiosk.runtime.restart import start_again
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
from kiosk.settings import Settings, is_loopback, is_reached_from_outside, load_settings
from kiosk.setup import SetupSite
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
@click.option("--until-input-ends", is_flag=True, help="End with the standard input, too.")
def serve(
    demo: bool,
    host: str | None,
    port: int | None,
    data: Path | None,
    config: Path | None,
    no_browser: bool,
    until_input_ends: bool,
) -> None:
    """Serve the desk: its pages, its readers and its outbox."""
    web = {key: value for key, value in {"host": host, "port": port}.items() if value is not None}
    service, again = Service(), threading.Event()
    if until_input_ends:  # what has started the program has ended it, or has ended itself
        threading.Thread(target=_stop_with_input, args=(service,), daemon=True).start()
    give_back_large_blocks()
    with data_directory(data, demo) as folder, contextlib.ExitStack() as stack:
        require_usable(folder)
        say_where = stack.enter_context(_alone(folder))
        sandbox_url, sections = _start_sandbox(folder, stack) if demo else ("", {})

        def in_use() -> Settings:
            own = settings_file(config, folder)
            return load_settings(own, {"web": web} | sections, may_lack_code=True)

        settings = in_use()
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
        site = setup_site(config, folder, in_use, service.stop, again, demo)
        server = _server(kiosk, service, pages, site)
        stack.callback(server.stop)
        for line in _faults(kiosk, guard):
            click.echo(line, err=True)
        server.start()
        url = f"http://{_host_in_url(settings.web.host)}:{server.port}"
        kiosk.doctor_watch.url = url
        kiosk.start(service)
        say_where(url)
        click.echo(f"Ready: {url}")
        for line in _first_lines(kiosk, url):
            click.echo(line, err=True)
        has_display = os.name == "nt" or sys.platform == "darwin" or "DISPLAY" in os.environ
        if has_display and not no_browser and is_loopback(settings.web.host):
            webbrowser.open(url)
        service.wait()
        kiosk.notifier.notify()
    if again.is_set() and not service.is_ended_by_signal:
        start_again(("--port", str(server.port), "--no-browser"))
    if guard is not None and guard.is_decided:
        raise SystemExit(1)  # so that the service manager starts the program again


def _stop_with_input(service: Service) -> None:
    sys.stdin.buffer.read()
    service.stop.set()


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


def _server(
    kiosk: Kiosk, service: Service, pages: Sequence[Blueprint], site: SetupSite
) -> WebServer:
    """Return the server of the kiosk's pages; it is not started yet.

    Raises SettingsError if it cannot serve at the address in the settings.
    """
    web = kiosk.settings.web
    # Each stream of a desk's page or of a patient's display occupies a thread.
    threads = max(16, 2 * web.screens + max_display_streams(kiosk.settings) + 8)
    app = create_app(kiosk, service.stop, pages, pretends=bool(pages), site=site)
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


def _faults(kiosk: Kiosk, guard: LogbookGuard | None) -> Iterator[str]:
    """Yield what is wrong with the logbook, and what keeps visits from being sent."""
    if guard is not None:
        yield from logbook_lines(guard)
    if kiosk.settings.facility.code:
        for obstacle in kiosk.obstacles():
            yield ". ".join(map(english, (seen_text(obstacle), advice(obstacle, kiosk.settings))))


def _first_lines(kiosk: Kiosk, url: str) -> Iterator[str]:
    """Yield what whoever starts the program does next, as long as it is not set up."""
    if not kiosk.settings.facility.code:
        yield f"Not set up yet: the pages of {url}/setup lead through it"
    if code := first_code(kiosk):
        words = "Nobody may sign in yet. The code for the first administrator, good for 30"
        yield f"{words} minutes on {url}/sign-in/first: {code}"


def first_code(kiosk: Kiosk) -> str | None:
    """Return a code for the first administrator, if other machines are served.

    None if somebody may sign in, or whoever sits at this machine is the administrator.
    """
    if not is_reached_from_outside(kiosk.settings.web) or kiosk.staff.members.exist():
        return None
    return kiosk.staff.first_codes.make(now())


def _host_in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
