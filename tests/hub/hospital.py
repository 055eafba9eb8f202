"""A hospital of schedules: three whole programs, an office, a primary and its standby.

- A desk is the whole program (`kiosk.assembly`) on a data directory of its own, with a real
  insurer's gateway over HTTP.  Its threads do not run by themselves: each act runs the same loops
  for a few rounds, so that a schedule that is drawn again from its number goes the same way.
- A kill is the end of a real process at one of the program's lines, without any cleaning up, as by
  `kill -9` (`tests.kills`): the program of the desk ends, and a new one begins.
- Visits of desks are changed elsewhere too (`tests.hub.office`).
- The clock of a desk may be an hour off.  A steady clock goes on when an act says so, so that
  nobody waits for seconds that have to pass.
"""

from __future__ import annotations

import shutil
import sqlite3
import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kiosk.assembly.hub import lane_down_of
from kiosk.desk import Confirmation
from kiosk.hub import HubError, Watchdog
from kiosk.hub.journal import digest_of, outgoing_record
from kiosk.hub.numbers import HouseNumbers
from kiosk.hub.others_file import OthersFile
from kiosk.sandbox import SandboxInsurer, remember_people, trust_settings
from kiosk.sandbox.ledger import Ledger, ReceivedVisit
from kiosk.settings.sections import HubSettings
from tests.cast import AGAIN, payload, settings_for
from tests.conftest import Kiosk
from tests.hub.cluster import FACILITY, HubDatabase
from tests.hub.office import Office, Version
from tests.kills import died

PEOPLE = ("an", "binh", "dung")
KILLED_IN = ("kiosk/hub/", "kiosk/logbook/", "kiosk/insurer/delivery", "kiosk/desk/")


class Rounds(threading.Event):
    """What ends a loop after some rounds, and waits for nothing."""

    def __init__(self, rounds: int) -> None:
        super().__init__()
        self.left = rounds

    def wait(self, timeout: float | None = None) -> bool:  # noqa: ARG002
        self.left -= 1
        if self.left <= 0:
            self.set()
        return self.is_set()


class Time:
    """The time of the hospital, and a steady clock that goes on with it."""

    def __init__(self) -> None:
        self.passed_s = 0.0

    def now(self) -> datetime:
        """Return the time (aware)."""
        return datetime.now(UTC) + timedelta(seconds=self.passed_s)

    def steady_s(self) -> float:
        return 1_000.0 + self.steady_passed_s + self.passed_s

    steady_passed_s = 0.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message at the pretend insurer."""

    desk: int
    visit: str
    version: int
    outbox: int  # its row there
    life: int  # of the desk's logbook: a restored one is another
    person: str
    transaction: str
    was_known: bool  # the hub knew already that this version was accepted


class Arrivals(Ledger):
    """The insurer's memory, with each message that came, in order."""

    def __init__(self, hospital: Hospital) -> None:
        super().__init__(hospital.time.now)
        self.hospital = hospital
        self.arrivals: list[Arrival] = []

    def receive(self, fields: dict[str, str]) -> ReceivedVisit:
        """Note which message of which desk this is."""
        visit = super().receive(fields)
        self.arrivals.append(self.hospital.arrival(fields["MA_LK"], visit.transaction))
        return visit


class Desk:
    """One desk: its data directory, and the program that runs there."""

    def __init__(self, hospital: Hospital, number: int) -> None:
        self.hospital, self.number = hospital, number
        self.folder = hospital.folder / f"desk{number}"
        self.folder.mkdir()
        self.offset = timedelta()
        self.life, self.deaths = 0, 0
        self.waiting: list[int] = []  # readings of patients who stand at the desk
        account = hospital.hub.add_desk(number)
        ports = ",".join(f"127.0.0.1:{port}" for port in hospital.gates.ports[number - 1])
        url = f"postgresql://{ports}/{hospital.hub.name}"
        self.hub_settings: HubSettings = replace(account, url=url)
        remember_people(self.folder, hospital.time.now())
        self.trust = trust_settings(self.folder, hospital.time.now())
        self.open()

    def clock(self) -> datetime:
        """Return the time by this desk's clock."""
        return self.hospital.time.now() + self.offset

    def open(self) -> None:
        """Start the program."""
        own = settings_for(
            self.folder,
            self.hospital.insurer_url,
            insurer={"ask_timeout_s": 5, "send_timeout_s": 5},  # and leases are short
            **self.trust,
        )
        self.numbers = HouseNumbers(
            self.number,
            lambda limit_s: self.kiosk.hub.open(limit_s),  # type: ignore[union-attr]
            lambda connection: self.kiosk.hub.release(connection),  # type: ignore[union-attr]
            lambda day: self.kiosk.tickets.given_on(day),
            self.clock,
            steady_s=self.hospital.time.steady_s,
        )
        self.kiosk = Kiosk(
            replace(own, hub=self.hub_settings),
            self.folder,
            demo=True,
            now=self.clock,
            numbers=self.numbers,
        )
        assert self.kiosk.hub is not None
        self.hub = self.kiosk.hub
        self.lane_down = lane_down_of(self.kiosk, self.hub)
        self.hub._ready()
        self.hub.journal.begin(self.clock())
        self.waiting = []

    def close(self) -> None:
        """End the program."""
        self.numbers.close()
        self.hub.watchdog.close()
        self.kiosk.others.close()  # type: ignore[union-attr]
        self.kiosk.database.close()

    # What happens at the desk.

    def scan(self, person: str) -> None:
        """Scan a patient's card, who then stands at the desk."""
        self.waiting.append(self.kiosk.scan(payload(person)))

    def fetch_numbers(self, passing_s: float = 0.0) -> None:
        """Let the thread of the numbers do its work."""
        with suppress(HubError):
            try:
                self.numbers.open()
                self.hospital.time.steady_passed_s += passing_s
                self.numbers.step()
            finally:
                self.numbers.close()

    def confirm(self, room: str) -> None:
        """Record the patient who waits longest."""
        reading = self.waiting.pop(0)
        confirmation = Confirmation(room=room, repeat_reason=AGAIN)
        self.kiosk.desk.confirm(reading, confirmation, uuid.uuid4().hex)

    def send_up(self, rounds: int = 3) -> None:
        """Let the lane up do some rounds."""
        self.hub.run(Rounds(rounds))

    def follow(self) -> None:
        """Let the lane down fetch all there is."""
        with suppress(HubError), self.hub.connected() as connection:
            while self.lane_down.round(connection):
                pass

    def send_messages(self, rounds: int = 3) -> None:
        """Send what is due to the insurer."""
        assert self.kiosk.delivery is not None
        self.hospital.sending = self
        for _ in range(rounds):
            if not self.kiosk.delivery.deliver_some():
                break

    def die(self, step: int, act: Callable[[Desk], None]) -> bool:
        """Kill the program at its line number `step` while it does something; start it again."""
        self.close()
        self.hospital.sending = self

        def work() -> None:
            self.open()
            act(self)

        has_died = died(step, work, KILLED_IN)
        self.deaths += has_died
        self.open()
        return has_died

    # Backups.

    def back_up(self) -> None:
        """Copy the logbook, and the file of the stream, aside."""
        self.kiosk.database.empty_write_ahead_log()
        folder = self.backup
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name in ("logbook.db", "hub-stream.json"):
            if (self.folder / name).exists():
                shutil.copyfile(self.folder / name, folder / name)

    @property
    def backup(self) -> Path:
        """The folder of the backup."""
        return self.hospital.folder / f"backup{self.number}"

    def restore(self, whole: bool) -> None:
        """Put back the logbook of the backup; `whole`: the data directory, as it was then."""
        self.close()
        for file in self.folder.glob("logbook.db*"):
            file.unlink()
        names = ["logbook.db"]
        if whole:
            names.append("hub-stream.json")
            for file in self.folder.glob("others.db*"):
                file.unlink()
        for name in names:
            if (self.backup / name).exists():
                shutil.copyfile(self.backup / name, self.folder / name)
        self.life += 1
        self.open()

    # What is there.

    def versions(self) -> set[Version]:
        """Return the visits as they stand in the logbook."""
        rows = self.kiosk.database.rows("select id, version, record, cancelled_at from visit")
        return {(row[0], row[1], digest_of(outgoing_record(row[2], row[3]))) for row in rows}

    def earlier(self) -> set[Version]:
        """Return the earlier versions; one that was a cancellation does not say so any more."""
        rows = self.kiosk.database.rows("select visit, version, record from visit_version")
        return {(row[0], row[1], digest_of(outgoing_record(row[2], None))) for row in rows}

    def visits(self) -> list[str]:
        """Return the visits that are not cancelled, in order."""
        rows = self.kiosk.database.rows(
            "select id from visit where cancelled_at is null order by row"
        )
        return [row[0] for row in rows]

    def mirror(self) -> dict[str, tuple[int, bool, str, str]]:
        """Return what is in the file of the others, by visit."""
        return {
            each.id: (each.version, each.is_cancelled, each.room, each.ticket)
            for each in OthersFile(self.folder / "others.db").read(FACILITY).visits.values()
        }


@dataclass
class Hospital:
    """All of it. `hub` has a primary and one standby; `is_synchronous` says how it is followed."""

    hub: HubDatabase
    folder: Path
    gates: Any
    is_synchronous: bool
    insurer_url: str
    insurer: SandboxInsurer
    time: Time = field(default_factory=Time)
    watchdog: Watchdog = field(default_factory=Watchdog)
    sending: Desk | None = None

    def __post_init__(self) -> None:
        """Open the desks."""
        self.ledger = Arrivals(self)
        self.insurer.ledger = self.ledger
        self.primary = self.hub.cluster
        self.desks = [Desk(self, number) for number in (1, 2, 3)]
        self.office = Office(self.hub, self.watchdog, self.time.now)

    def close(self) -> None:
        """End all programs."""
        for desk in self.desks:
            desk.close()
        self.watchdog.close()

    def arrival(self, visit: str, transaction: str) -> Arrival:
        """Return which message has come, by the logbook of the desk that is sending."""
        desk = self.sending
        assert desk is not None
        with sqlite3.connect(desk.folder / "logbook.db") as db:
            row = db.execute(
                "select id, version, person from outbox where visit = ? and state = 'in_flight'"
                " order by id desc limit 1",
                [visit],
            ).fetchone()
        db.close()
        assert row is not None, visit
        earlier = {
            each.transaction
            for each in self.ledger.arrivals
            if (each.visit, each.version) == (visit, row[1])
        }
        was_known = bool(earlier) and self.known_transaction(visit) in earlier
        return Arrival(
            desk.number, visit, row[1], row[0], desk.life, row[2], transaction, was_known
        )

    def known_transaction(self, visit: str) -> str | None:
        """Return under which transaction the hub knows a visit as accepted.

        Of a version that another desk has made it does not know that.
        """
        if not self.primary.is_running():
            return None
        rows = self.hub.sql(
            "select v.insurer_transaction from hub.visit v join hub.visit_version w"
            " on w.day = v.day and w.visit = v.id and w.version = v.version and w.desk = v.desk"
            " where v.id = %s and v.insurer_state = 'accepted'",
            [visit],
            on=self.primary,
        )
        return rows[0]["insurer_transaction"] if rows else None

    def at_hub(self) -> set[Version]:
        """Return all versions at the hub, with those that lost."""
        rows = self.hub.sql(
            "select visit, version, encode(digest, 'hex') as digest from hub.visit_version"
            " union select visit, version, encode(digest, 'hex') from hub.divergent",
            on=self.primary,
        )
        return {(row["visit"], row["version"], row["digest"]) for row in rows}

    def has_seen(self, desk: Desk, timeline: int) -> bool:
        """Return whether a desk knows a timeline."""
        return timeline in desk.hub.streams.read().servers.values()
