"""The feed of the pretend insurer: real keys and signatures, records of invented people.

It is published when it is opened. It is signed again when a client asks for it and the last
signature is a minute old, as a timer would do.
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

SIGNING_INTERVAL = timedelta(minutes=1)
REGISTRY_AGE = ANSWER_AGE + timedelta(hours=1)  # so that the answers of the gateway are newer
FILLER_CARDS = 1_000  # rows that fill the registry; nobody has these cards
FIRST_FILLER_NUMBER = 9_999_910_000


class SandboxFeed:
    """A feed in a folder, with the private keys of its publisher beside it."""

    def __init__(self, folder: Path, clock: Callable[[], datetime]) -> None:
        """Publish the feed; `clock` returns the time (aware)."""
        self.folder, self._keys, self._clock = folder / "feed", folder / "feed-keys", clock
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        if not self.folder.exists():
            init_feed(self.folder, self._keys, clock())
        self._publish(folder)
        self._signed_at = clock()

    @property
    def root_file(self) -> Path:
        """The root metadata, which a person gives to a kiosk once."""
        return self.folder / "metadata" / "1.root.json"

    def settings(self, url: str) -> dict[str, Any]:
        """Return the settings of a kiosk that trusts this feed.

        `url` is the address of the pretend insurer, which serves the feed below /feed.
        """
        feed = {"url": f"{url}/feed", "root_file": str(self.root_file), "every_minutes": 1}
        # The settings of a site that is often offline: its signed cards admit for a month.
        return {"feed": feed, "freshness": {"revocations_hard_days": 30}}

    def install(self, app: Flask, quirks: Quirks) -> None:
        """Serve the feed below /feed/ of an application."""

        @app.get("/feed/<path:name>")
        def file(name: str) -> ResponseReturnValue:
            if Quirk.FEED_GONE in quirks.on:
                return Response("gone", 503, mimetype="text/plain")
            if name == "metadata/timestamp.json":
                self._sign_if_due()
            return send_from_directory(self.folder.resolve(), name)

    def _sign_if_due(self) -> None:
        with self._lock:
            if self._clock() - self._signed_at >= SIGNING_INTERVAL:
                sign_feed(self.folder, self._keys, self._clock())
                self._signed_at = self._clock()

    def _publish(self, folder: Path) -> None:
        now = self._clock()
        keys, revocations, cards = (
            folder / f"feed-{name}" for name in ("jwks", "revocations", "cards")
        )
        keys.write_text(trusted_keys(now), "utf-8")
        revocations.write_text(f'{{"issued": "{now.isoformat()}"}}', "utf-8")
        with cards.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["number", "holder", "born", "standing", "valid_from", "valid_until"])
            rows.writerows(_rows(clinic_day(now)))
        publish_version(
            self.folder,
            self._keys,
            NewVersion(now - REGISTRY_AGE, cards=cards),
            now,
            _report_nothing,
        )
        others = NewVersion(
            now, keys=keys, revocations=revocations, tables=shipped_folder("config") / "tables"
        )
        publish_version(self.folder, self._keys, others, now, _report_nothing)


def _rows(today: date) -> Iterator[list[object]]:
    """Yield the records of the registry: the people that the kiosk knows, then filler cards."""
    for person in PEOPLE:
        standing = STANDING_OF_CODE.get(person.code)
        if person.cached and standing and standing in REGISTRY_STANDINGS:
            yield _row(person, standing.value, today)
    begins, ends = today.replace(month=1, day=1), today + timedelta(days=200)
    for number in range(FIRST_FILLER_NUMBER, FIRST_FILLER_NUMBER + FILLER_CARDS):
        yield [f"GD401{number}", "", "", "", begins, ends]


def _row(person: PretendPerson, standing: str, today: date) -> list[object]:
    return [
        person.card_number,
        person.listed_as or person.holder,
        person.born,
        standing,
        first_day(person, today),
        last_day(person, today),
    ]


def _report_nothing(_what: str, _done: int, _total: int | None = None) -> None:
    """Ignore the progress of the publisher."""
