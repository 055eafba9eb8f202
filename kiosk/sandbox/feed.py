"""The pretend insurer's feed: real keys, real signatures, records of people who are not.

It is published when it is opened, and signed anew when somebody asks and a minute has passed, as
a timer would.
"""

from __future__ import annotations

import csv
import threading
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask, Response, send_from_directory
from flask.typing import ResponseReturnValue

from kiosk.publisher import NewVersion, init_feed, publish_version, sign_feed
from kiosk.registry import STANDINGS as REGISTRY_STANDINGS
from kiosk.runtime.paths import shipped_folder
from kiosk.sandbox.issuer import trusted_keys
from kiosk.sandbox.people import PEOPLE, PretendPerson
from kiosk.sandbox.quirks import Quirk, Quirks
from kiosk.sandbox.registry import ANSWER_AGE, STANDING_OF_CODE, first_day, last_day
from verify import clinic_day

SIGNED_EVERY = timedelta(minutes=1)
MADE_BEFORE = ANSWER_AGE + timedelta(hours=1)  # so that what the gateway said since is newer
STRANGERS = 1_000  # whom nobody has a card of: rows to fill a registry with
FIRST_STRANGER = 9_999_910_000


class SandboxFeed:
    """A feed in a folder; the publisher's private keys are beside it."""

    def __init__(self, folder: Path, clock: Callable[[], datetime]) -> None:
        """Publish it as of now."""
        self.folder, self._keys, self._clock = folder / "feed", folder / "feed-keys", clock
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        if not self.folder.exists():
            init_feed(self.folder, self._keys, clock())
        self._publish(folder)
        self._signed_at = clock()

    @property
    def root_file(self) -> Path:
        """What a kiosk is given by hand."""
        return self.folder / "metadata" / "1.root.json"

    def settings(self, url: str) -> dict[str, Any]:
        """Return the settings of a kiosk that trusts it; `url` is where it is served."""
        feed = {"url": f"{url}/feed", "root_file": str(self.root_file), "every_minutes": 1}
        # A site that is often cut off: its signed cards are to admit for a month without a feed.
        return {"feed": feed, "freshness": {"revocations_hard_days": 30}}

    def install(self, app: Flask, habits: Quirks) -> None:
        """Serve it below /feed/."""

        @app.get("/feed/<path:name>")
        def file(name: str) -> ResponseReturnValue:
            if Quirk.FEED_GONE in habits.on:
                return Response("gone", 503, mimetype="text/plain")
            if name == "metadata/timestamp.json":
                self._sign()
            return send_from_directory(self.folder.resolve(), name)

    def _sign(self) -> None:
        with self._lock:
            if self._clock() - self._signed_at >= SIGNED_EVERY:
                sign_feed(self.folder, self._keys, self._clock())
                self._signed_at = self._clock()

    def _publish(self, folder: Path) -> None:
        now = self._clock()
        keys, revocations, cards = (folder / f"feed-{name}" for name in ("jwks", "taken", "cards"))
        keys.write_text(trusted_keys(now), "utf-8")
        revocations.write_text(f'{{"issued": "{now.isoformat()}"}}', "utf-8")
        with cards.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["number", "holder", "born", "standing", "valid_from", "valid_until"])
            rows.writerows(_rows(clinic_day(now)))
        publish_version(
            self.folder, self._keys, NewVersion(now - MADE_BEFORE, cards=cards), now, _quiet
        )
        others = NewVersion(
            now, keys=keys, revocations=revocations, tables=shipped_folder("config") / "tables"
        )
        publish_version(self.folder, self._keys, others, now, _quiet)


def _rows(today: date) -> Iterator[list[object]]:
    for one in PEOPLE:
        standing = STANDING_OF_CODE.get(one.code)
        if (
            one.cached
            and standing in REGISTRY_STANDINGS
            and standing
            and len(one.card_number) == 15
        ):
            yield _row(one, standing.value, today)
    for tail in range(FIRST_STRANGER, FIRST_STRANGER + STRANGERS):
        yield [f"GD401{tail}", "", "", "", today.replace(month=1, day=1), today + timedelta(200)]


def _row(one: PretendPerson, standing: str, today: date) -> list[object]:
    name, born = one.listed_as or one.holder, one.born
    return [one.card_number, name, born, standing, first_day(one, today), last_day(one, today)]


def _quiet(_what: str, _done: int, _total: int | None = None) -> None:
    """Tell nobody."""
