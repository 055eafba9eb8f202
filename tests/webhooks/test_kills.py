"""A kill at any point loses no message to other programs, and breaks no order of a visit."""

from __future__ import annotations

import contextlib
import http.client
import sqlite3
import threading
import time
import urllib.request
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from kiosk.desk import Confirmation
from kiosk.logbook import Database, WebhookMessages
from kiosk.settings.sections import WebhookTarget
from kiosk.webhooks import WebhookDelivery, open_receiver, rotate_secret
from tests.cast import BHYT15, NOW, payload
from tests.conftest import Kiosk
from tests.kills import died, may_fork, needs_fork
from tests.process import Server, serving, site, until
from tests.sampling import sample_and_all
from tests.webhooks.receiver import WebhookReceiver, receiving

ROOMS = ("kiosk/webhooks/", "kiosk/logbook/webhook_messages", "kiosk/runtime/http_post")
AFTER_THE_LEASE = NOW + timedelta(hours=1)
CHANGES, CLIENTS = 200, 4
ALL_SENT_S = 120


def versions(receiver: WebhookReceiver) -> dict[str, list[int]]:
    """Return the versions of each visit in the order in which they came, repeated ones too."""
    found: dict[str, list[int]] = defaultdict(list)
    for message in list(receiver.accepted):
        found[message.json["data"]["visit"]].append(message.json["data"]["version"])
    return found


def deliver_all(path: Path, receiver: WebhookReceiver, secret: Path, now: datetime) -> None:
    """Send all that is due at a moment."""
    target = WebhookTarget("his", receiver.url, str(secret))
    database = Database(path, "demo")
    lane = WebhookDelivery(
        WebhookMessages(database),
        open_receiver(target, 2),
        lambda: now,
        lambda: datetime.now(UTC),
        lambda: None,
    )
    while lane.deliver_next():
        pass
    database.close()


@needs_fork
@may_fork
@sample_and_all("steps", range(2, 10_000, 29), range(1, 10_000), mark=pytest.mark.long)
def test_a_kill_at_any_line_of_the_lane_loses_nothing(
    kiosk: Kiosk, tmp_path: Path, steps: range
) -> None:
    kiosk.webhook_messages.configure({"his": ()})
    for key in ("an", "binh"):
        confirmation = Confirmation(clerk_reason="x")
        visit = kiosk.desk.confirm(kiosk.scan(payload(key)), confirmation, key)[0].id
        for name in ("Nguyễn Văn Ân", "Nguyễn Văn Ẩn"):
            kiosk.corrections.correct(visit, {"holder": name}, "dấu sai", NOW)
    secret = tmp_path / "secret"
    rotate_secret(secret)
    for step in steps:
        copy = tmp_path / f"{step}.db"
        with contextlib.closing(sqlite3.connect(copy)) as to:
            kiosk.database.reading().conn.backup(to)
        with receiving() as receiver:
            work = partial(deliver_all, copy, receiver, secret, NOW)
            was_killed = died(step, work, ROOMS, 6)
            deliver_all(copy, receiver, secret, AFTER_THE_LEASE)

            found = versions(receiver)
            assert all(set(seen) == {1, 2, 3} for seen in found.values()), step
            assert len(found) == 2, step
            assert all(seen == sorted(seen) for seen in found.values()), step
            assert len(receiver.accepted) <= 7, step  # at most the one that was under way
            if not was_killed:
                assert len(receiver.accepted) == 6
                return
    pytest.fail("there are more lines than steps")


def change_visits(server: Server, number: int, changed: dict[str, int], enough: int) -> None:
    """Record visits and correct each once, in several threads, until the program is gone.

    `changed` gets the version of each visit that was acknowledged.
    """

    def work(client: int) -> None:
        for count in range(10_000):
            person = f"99999{(number * CLIENTS + client) * 100 + count:05d}"
            try:
                visit = server.confirm(BHYT15.replace("9999900021", person), person)["id"]
                changed[visit] = 1
                form = f"holder=Nguy%E1%BB%85n+V%C4%83n+{client}&why=sai&version=1".encode()
                path = f"{server.url}/logbook/visits/{visit}/cancel"
                request = urllib.request.Request(path, form, {"Origin": server.url})
                with urllib.request.urlopen(request, timeout=30):
                    changed[visit] = 2
            except (OSError, http.client.HTTPException):
                return
            if sum(changed.values()) >= enough:
                return

    threads = [threading.Thread(target=work, args=(client,)) for client in range(CLIENTS)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 120
    while sum(changed.values()) < enough and time.monotonic() < deadline:
        time.sleep(0.02)
    server.process.kill()
    for thread in threads:
        thread.join(60)


@sample_and_all("kills", 2, 10, mark=pytest.mark.long)
def test_a_killed_program_sends_every_change_that_it_acknowledged(
    tmp_path: Path, kills: int
) -> None:
    secret = tmp_path / "secret"
    rotate_secret(secret)
    changed: dict[str, int] = {}
    with receiving() as receiver:
        hook = f'[[webhooks]]\nname = "his"\nurl = "{receiver.url}"\nsecret_file = \'{secret}\'\n'
        words = site(tmp_path, "http://127.0.0.1:9", hook)
        for number in range(kills):
            receiver.behaviours = ["fails", "ok", "ok", "closes"]
            with serving(*words) as server:
                change_visits(server, number, changed, CHANGES * (number + 1) // kills)
        with serving(*words) as server:
            last = server
            until(lambda: last.get("/healthz")["webhooks"][0]["waiting"] == 0, ALL_SENT_S)

        found = versions(receiver)
    assert sum(changed.values()) >= CHANGES
    for visit, version in changed.items():
        assert set(range(1, version + 1)) <= set(found[visit]), visit
    assert all(seen == sorted(seen) for seen in found.values())
    rows = in_logbook(tmp_path / "data" / "logbook.db")
    sent = {(visit, version) for visit, seen in found.items() for version in seen}
    assert sent == rows  # also of changes whose answer was lost, and nothing else


def in_logbook(path: Path) -> set[tuple[str, int]]:
    """Return all versions of all visits of a logbook."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        rows = database.execute("select id, version from visit").fetchall()
    return {(visit, version) for visit, newest in rows for version in range(1, newest + 1)}
