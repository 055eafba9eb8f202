"""Desks of the hub's tests: a logbook of its own, invented visits, and its lane up.

Times are of now: the hub's partitions are those of this month.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kiosk.hub import Hub
from kiosk.hub.journal import digest_of, outgoing_record
from kiosk.hub.lane_up import StreamLost
from kiosk.logbook import (
    Arrival,
    Attempts,
    CardOnVisit,
    Corrections,
    Database,
    Message,
    NewVisit,
    Outbox,
    Visits,
    VisitService,
)
from kiosk.settings.sections import HubSettings
from tests.cast import settings_for
from tests.hub.cluster import FACILITY, HubDatabase
from verify import Outcome, Reason, Verdict

LEASE = timedelta(minutes=1)


def now() -> datetime:
    """Return the time (aware)."""
    return datetime.now(UTC)


def compose(visit_id: str, visit: NewVisit) -> Message | None:
    """Return a message that says what the insurer would get."""
    return None if visit.secret else Message(f"{visit_id} {visit.card.holder}")


class Desk:
    """A desk on a data directory of its own. `hub_settings` are its settings at the hub."""

    def __init__(self, folder: Path, hub_settings: HubSettings, records: str = "yes") -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.hub_settings = replace(hub_settings, records=records)  # type: ignore[arg-type]
        self.open()

    def open(self) -> None:
        """Open what is in the data directory, as a start of the program does."""
        self.database = Database(self.folder / "logbook.db", "demo")
        self.attempts = Attempts(self.database)
        self.visits = Visits(self.database, compose)
        self.corrections = Corrections(self.database, compose)
        self.outbox = Outbox(self.database)
        settings = replace(settings_for(self.folder), hub=self.hub_settings)
        self.hub = Hub(settings, self.folder, self.database, compose, now, lambda: None, "1.0")
        self.hub._begin_journal()

    def close(self) -> None:
        """Close the logbook and the hub, as the end of the program does."""
        self.hub.watchdog.close()
        self.database.close()

    def record(self, number: int, **more: Any) -> str:
        """Record a visit of an invented person; return its id."""
        at = now()
        reading = self.attempts.record(Verdict(Reason.IN_FORCE), "front", at).id
        card = CardOnVisit(f"{99_999_00000 + number:010}", holder=f"Người Thử {number}")
        visit = NewVisit(
            attempt=reading,
            verdict_of=reading,
            facility=FACILITY,
            arrived_at=at,
            outcome=Outcome.ADMITTED,
            reason=Reason.IN_FORCE,
            person=card.number,
            card=card,
            service=VisitService("KB", "Khám bệnh", "Phòng 1", "01"),
            arrival=Arrival("on_request", phone="0999000000"),
            **more,
        )
        return self.visits.confirm(visit, uuid.uuid4().hex)[0].id

    def correct(self, visit: str, **changes: Any) -> None:
        """Correct a visit."""
        self.corrections.correct(visit, changes, "sai", now())

    def send_one(self, transaction: str = "T1") -> str:
        """Let the insurer accept the oldest message; return its visit."""
        [item] = self.outbox.claim(now(), LEASE)
        self.outbox.accept([item], now(), transaction, "200", "{}")
        return item.visit

    def send_up(self) -> None:
        """Bring all that waits to the hub, on a connection of its own, as the lane does."""
        ended = threading.Event()

        def work(hub: Any) -> None:
            self.hub.lane.begin(hub)
            if self.hub.streams.read().hold is not None:
                self.hub._heal(hub, ended)
            while self.hub.lane.send_some(hub) or self.hub.journal.count_after(
                self.hub.lane.progress.acked.seq
            ):
                pass
            if self.hub.divergence.run(hub):
                work(hub)
            self.hub.lane.note_end()

        with self.hub.connected() as hub:
            work(hub)

    def heal_and_send(self, tries: int = 4) -> None:
        """Do what the thread does where the stream is lost: begin another one, and go on."""
        for _ in range(tries):
            try:
                self.send_up()
            except StreamLost as exc:
                self.hub._begin_again(exc)
            else:
                return
        raise AssertionError("the stream is lost again and again")

    def copy_to(self, folder: Path, whole: bool = False) -> Path:
        """Copy the logbook, or the `whole` data directory, to a folder; return that."""
        self.database.empty_write_ahead_log()
        folder.mkdir(exist_ok=True)
        names = ("logbook.db", "hub-stream.json") if whole else ("logbook.db",)
        for name in names:
            if (self.folder / name).exists():
                shutil.copyfile(self.folder / name, folder / name)
        return folder

    def restore(self, backup: Path) -> None:
        """Put the logbook of a backup in the place of ours, and start again."""
        self.close()
        for file in self.folder.glob("logbook.db*"):
            file.unlink()
        for file in backup.iterdir():
            shutil.copyfile(file, self.folder / file.name)
        self.open()

    def digests(self) -> dict[tuple[str, int], str]:
        """Return the digests of all versions of all visits, by id and version."""
        rows = self.database.rows(
            "select id, version, record, cancelled_at from visit union all"
            " select visit, version, record, null from visit_version"
        )
        return {(row[0], row[1]): digest_of(outgoing_record(row[2], row[3])) for row in rows}

    def states(self) -> dict[str, str]:
        """Return the state of each visit's newest message."""
        return {
            row[0]: row[1] for row in self.database.rows("select visit, state from newest_message")
        }


def hub_digests(hub: HubDatabase) -> dict[tuple[str, int], str]:
    """Return the digests of all versions at the hub, by visit and version."""
    rows = hub.sql("select visit, version, encode(digest, 'hex') as digest from hub.visit_version")
    return {(row["visit"], row["version"]): row["digest"] for row in rows}


def hub_visits(hub: HubDatabase) -> dict[str, dict[str, Any]]:
    """Return the visits at the hub as they stand, by id."""
    return {row["id"]: row for row in hub.sql("select * from hub.visit")}


def in_a_child(work: Callable[[], object]) -> int:
    """Do some work in a child process; return what it ended with."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException as exc:  # noqa: BLE001 - nothing may come back from this process
            os.write(2, f"{exc!r}\n".encode())
            os._exit(7)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def set_record(desk: Desk, visit: str, **values: Any) -> None:
    """Put values into the record of a visit, past the program."""
    [row] = desk.database.rows("select record from visit where id = ?", [visit])
    record = json.loads(row[0]) | values
    with desk.database.transaction() as db:
        db.execute("update visit set record = ? where id = ?", [json.dumps(record), visit])


def desks(hub: HubDatabase, folder: Path, count: int = 1) -> Iterator[Desk]:
    """Yield desks with accounts at a hub."""
    for number in range(1, count + 1):
        yield Desk(folder / f"desk{number}", hub.add_desk(number))
