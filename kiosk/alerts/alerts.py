"""Sends what is due by each way that the settings name, in a thread of its own.

A way that fails or hangs holds neither the desk nor the doctor; that it fails is a line of the
doctor.  What was reported is kept in the data directory (`alerts.json`), so that a restart repeats
nothing.
"""

from __future__ import annotations

import json
import logging
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from kiosk.alerts.errors import AlertNotSent
from kiosk.alerts.ledger import AlertNews, ledger_from
from kiosk.alerts.mail import send_mail
from kiosk.alerts.message import body_of, event_of, subject_of
from kiosk.doctor import Check, CheckState, speech
from kiosk.doctor import words as _
from kiosk.errors import SettingsError
from kiosk.runtime.errors import NotPosted
from kiosk.runtime.files import replace_while_read
from kiosk.runtime.proxies import DIRECT, Proxies
from kiosk.settings import AlertSettings, Facility
from kiosk.webhooks import post_signed

log = logging.getLogger(__name__)

FILE = "alerts.json"
WAKE_INTERVAL_S = 0.5  # between two looks whether the program ends
LOOK_INTERVAL_S = 30.0  # for what was put off: by a failure, the quiet hours, an earlier message


class Failure(NamedTuple):
    """Since when a way of alerts fails (aware), and why."""

    since: datetime
    why: str


class Alerts:
    """The alerts of one data directory. Any thread may call `note` and `failing`."""

    def __init__(
        self,
        settings: AlertSettings,
        facility: Facility,
        folder: Path,
        now: Callable[[], datetime],
        proxies: Proxies = DIRECT,
    ) -> None:
        """`folder` is the data directory, and `now` returns the time (aware).

        `proxies` are the way out for the webhook; mail goes straight to its server.
        """
        self._proxies = proxies
        self._settings, self._facility, self._now = settings, facility, now
        self._path = folder / FILE
        self._checks: Sequence[Check] = ()
        self._changed = threading.Event()
        record = _read(self._path)
        self._ledgers = {way: ledger_from(record.get(way)) for way in settings.ways}

    def note(self, checks: Sequence[Check]) -> None:
        """Take the newest checks; what is due is sent soon, by the thread of `run`."""
        self._checks = checks
        self._changed.set()

    def failing(self) -> dict[str, Failure]:
        """Return the ways whose newest message did not arrive."""
        return {
            way: Failure(ledger.failing_since, ledger.why)
            for way, ledger in self._ledgers.items()
            if ledger.failing_since is not None
        }

    def run(self, stop: threading.Event) -> None:
        """Send what is due until `stop` is set."""
        looked_at = time.monotonic()
        while not stop.is_set():
            is_new = self._changed.wait(WAKE_INTERVAL_S)
            if is_new or time.monotonic() - looked_at >= LOOK_INTERVAL_S:
                self._changed.clear()
                looked_at = time.monotonic()
                self.send_due()

    def send_due(self) -> None:
        """Send what is due now, by each way; note what became of it."""
        checks, now = self._checks, self._now()
        if not checks:
            return
        for way, ledger in self._ledgers.items():
            news = ledger.due(checks, self._settings, now)
            if news == AlertNews():
                continue
            try:
                _send(way, self._settings, self._facility, news, now, self._proxies)
            except AlertNotSent as exc:
                level = logging.INFO if ledger.tries else logging.WARNING  # an outage once
                log.log(level, "no alert by %s: %s", way, exc)
                self._ledgers[way] = ledger.after_failure(str(exc), now)
            else:
                self._ledgers[way] = ledger.after(news, checks, now)
            self._keep()

    def _keep(self) -> None:
        """Write what was reported; if that fails, it may be reported once more after a restart."""
        part = self._path.with_name(f"{FILE}.part")
        try:
            content = {way: ledger.as_json() for way, ledger in self._ledgers.items()}
            part.write_text(json.dumps(content), "utf-8")
            replace_while_read(part, self._path)
        except OSError as exc:
            log.error("%s cannot be written (%s)", FILE, type(exc).__name__)


def send_trial(
    way: str,
    settings: AlertSettings,
    facility: Facility,
    now: datetime,
    proxies: Proxies = DIRECT,
) -> None:
    """Send a trial by one way of the settings.  Raises AlertNotSent."""
    said = _("This is a trial of the alerts: nothing is wrong.")
    check = Check(
        "alerts", _("trial"), CheckState.GOOD, said, _("Nothing is to be done."), since=now
    )
    _send(way, settings, facility, AlertNews(turned_bad=(check,)), now, proxies, is_test=True)


def _send(
    way: str,
    settings: AlertSettings,
    facility: Facility,
    news: AlertNews,
    now: datetime,
    proxies: Proxies,
    is_test: bool = False,
) -> None:
    """Send news by a way.  Raises AlertNotSent."""
    if way == "mail":
        words = speech(settings.language, names_visits=False)
        subject = subject_of(news, facility, words)
        return send_mail(settings, subject, body_of(news, facility, words, now), now)
    event, body = f"alert_{secrets.token_hex(16)}", event_of(news, facility, now, is_test)
    url, secret, authority = (
        settings.webhook_url,
        settings.webhook_secret_file,
        settings.authority_file,
    )
    try:
        status = post_signed(url, secret, authority, event, body, now, proxies)
    except (NotPosted, SettingsError) as exc:
        raise AlertNotSent(str(exc)) from exc
    if not 200 <= status < 300:
        raise AlertNotSent(f"the webhook answers HTTP {status}")
    return None


def _read(path: Path) -> dict[str, object]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
