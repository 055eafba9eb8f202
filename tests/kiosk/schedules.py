"""Random schedules of faults of the gateway, kills, restarts, and people who correct visits.

A seed determines a schedule.  The product's own logbook, outbox, delivery and client run on a real
SQLite file against the sandbox, connected without sockets.  A kill loses everything that is not in
the file.  To play many: `python -m tests.kiosk.schedules FIRST COUNT`.
"""

from __future__ import annotations

import contextlib
import random
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

from kiosk.insurer import Delivery, message_composer
from kiosk.insurer.errors import InsurerUnreachable
from kiosk.insurer.gateway import Gateway
from kiosk.insurer.session import GatewaySession
from kiosk.insurer.transport import GatewayAnswer, Transport
from kiosk.logbook import (
    Arrival,
    Attempts,
    CardOnVisit,
    Corrections,
    Database,
    NewVisit,
    Outbox,
    Visits,
    VisitService,
)
from kiosk.logbook.errors import NoSuchVisit, NothingToChange, StillSending
from kiosk.sandbox import SandboxInsurer
from tests.cast import AGAIN, Clock
from tests.kiosk.schedule_runs import play_many, play_one
from tests.kiosk.stub_gateway import ACCOUNT
from verify import Birth, Outcome, Reason, Sex, Verdict

STEPS = 14
PATIENTS = ("9999900021", "9999900030", "9999900041")
SELF_CODE = "1.12"
CODES = ("500", "100", "124", "202", "403", "999")
FAULTS = ("fine", "fine", "fine", "down", "lost", "killed before", "killed after", "signed out",
          "garbage", "code", "late")  # fmt: skip


class Killed(BaseException):
    """The process is killed at this point."""


class FaultyTransport(Transport):
    """The connection to the sandbox, with random faults."""

    def __init__(self, insurer: SandboxInsurer, clock: Clock, chance: random.Random) -> None:
        super().__init__("http://insurer")
        self._client = insurer.app.test_client()
        self._clock = clock
        self._chance = chance
        self.is_faulty = True

    def post(
        self,
        path: str,
        total_s: float,  # noqa: ARG002 - the product's transport has it
        *,
        as_json: dict[str, str] | None = None,
        as_form: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> GatewayAnswer:
        fault = self._chance.choice(FAULTS) if self.is_faulty else "fine"
        if fault == "down":
            raise InsurerUnreachable("down")
        if fault == "killed before":
            raise Killed
        if fault == "signed out" and not path.endswith("take"):
            return GatewayAnswer({"maKetQua": "401"}, 200, "")
        if fault == "code" and not path.endswith("take"):
            values = {"maKetQua": self._chance.choice(CODES), "thongDiep": "x"}
            return GatewayAnswer(values, 200, "")
        kind = "application/x-www-form-urlencoded"
        body = urlencode(as_form or as_json or {})
        answer = self._client.post(path, data=body, content_type=kind, headers=headers).get_json()
        if fault == "killed after":
            raise Killed
        if fault == "late":
            self._clock.go(timedelta(minutes=3))  # longer than the lease
        if fault in ("lost", "garbage"):
            raise InsurerUnreachable("no answer that can be read")
        return GatewayAnswer(answer, 200, "")


class BadDay:
    """One schedule, followed by a time without faults."""

    def __init__(self, seed: int, folder: Path, empty: Path) -> None:
        self.chance = random.Random(seed)
        self.clock = Clock()
        self.insurer = SandboxInsurer(self.clock)
        self.path = folder / f"{seed}.db"
        shutil.copy(empty, self.path)
        self.readings = 0
        self.confirmed: dict[str, str] = {}  # key → visit id, as the desk received it
        self.interrupted: set[str] = set()  # keys of confirmations that a kill interrupted
        self.start()

    def start(self) -> None:
        """Start as the program does, from the file alone."""
        self.database = Database(self.path)
        compose = message_composer(lambda _visit: SELF_CODE)
        self.attempts, self.outbox = Attempts(self.database), Outbox(self.database)
        self.visits = Visits(self.database, compose)
        self.corrections = Corrections(self.database, compose)
        self.transport = FaultyTransport(self.insurer, self.clock, self.chance)
        session = GatewaySession(self.transport, ACCOUNT, self.clock, 1)
        gateway = Gateway(self.transport, session, self.clock, 1, 1)
        self.delivery = Delivery(self.outbox, gateway, self.clock, 2, lambda: None, 50)

    def play(self) -> None:
        """Take the steps that the seed draws, then deliver without faults."""
        steps: list[Callable[[], None]] = [
            self.confirm, self.confirm, self.deliver, self.deliver, self.deliver, self.wait,
            self.correct, self.cancel, self.send_again,
        ]  # fmt: skip
        for _ in range(STEPS):
            try:
                self.chance.choice(steps)()
            except Killed:
                self.restart()
        self.transport.is_faulty = False
        for key in sorted(self.interrupted):
            self.confirm_as(key)  # the clerk's page sends it again
        for _ in range(60):
            self.clock.go(timedelta(minutes=16))
            while self.delivery.deliver_some():
                pass
        self.database.close()

    def restart(self) -> None:
        """Start again after a kill: what was not committed is lost."""
        self.database.close()
        self.clock.go(timedelta(seconds=self.chance.choice((0, 5, 600))))
        self.start()

    def confirm(self) -> None:
        """Confirm a patient, perhaps with a kill just before or after the visit is recorded."""
        self.readings += 1
        key = f"k{self.readings}"
        self.interrupted.add(key)
        if self.chance.random() < 0.1:
            raise Killed
        visit_id = self.confirm_as(key)
        if self.chance.random() < 0.1:
            raise Killed
        self.confirmed[key] = visit_id
        self.interrupted.discard(key)

    def confirm_as(self, key: str) -> str:
        """Confirm under this key; a second call returns the same visit. Return its id."""
        number = int(key[1:])
        person = PATIENTS[number % len(PATIENTS)]
        while self.attempts.last_id() < number:
            self.attempts.record(Verdict(Reason.IN_FORCE), "front", self.clock())
        new = NewVisit(
            attempt=number, verdict_of=number, facility="01999", arrived_at=self.clock(),
            outcome=Outcome.ADMITTED, reason=Reason.IN_FORCE, person=person,
            card=CardOnVisit(
                number=f"GD401{person}", card_number=f"GD401{person}",
                holder=f"Nguyễn Văn {number}",
                born=Birth(1980, 2, 1), sex=Sex.MALE, registered_at="01999",
            ),
            service=VisitService("KB", "Khám bệnh", "1", "01"),
            arrival=Arrival("registered" if self.chance.random() < 0.9 else "emergency"),
            repeat_reason=AGAIN,
        )  # fmt: skip
        return self.visits.confirm(new, key)[0].id

    def deliver(self) -> None:
        """Send the messages that are due."""
        self.delivery.deliver_some()

    def wait(self) -> None:
        """Let time pass."""
        self.clock.go(timedelta(seconds=self.chance.choice((1, 20, 300, 1200))))

    def correct(self) -> None:
        """Correct a random visit, as a person does."""
        holder = f"Trần Thị {self.chance.randrange(100)}"
        self._change(
            lambda visit: self.corrections.correct(
                visit, {"holder": holder}, "sai tên", self.clock()
            )
        )

    def cancel(self) -> None:
        """Cancel a random visit, sometimes."""
        if self.chance.random() < 0.3:
            self._change(lambda visit: self.corrections.cancel(visit, "nhầm", self.clock()))

    def send_again(self) -> None:
        """Send a refused or parked message again, as a person does."""
        self._change(lambda visit: self.corrections.send_again(visit, self.clock()))

    def _change(self, change: Callable[[str], object]) -> None:
        visits = sorted(self.confirmed.values())
        if not visits:
            return
        with contextlib.suppress(StillSending, NothingToChange, NoSuchVisit):
            change(self.chance.choice(visits))

    def faults(self) -> list[str]:
        """Return what is wrong after the schedule. The list should be empty."""
        wrong = []
        visits = {visit.id: visit for visit in self.visits.list_from(limit=1000)}
        received = {row.fields["MA_LK"]: row.fields for row in self.insurer.ledger.visits()}
        if len(visits) != len(self.confirmed | dict.fromkeys(self.interrupted)):
            wrong.append("a confirmed visit is missing, or there twice")
        wrong += [
            f"{key} is not in the logbook"
            for key, visit_id in self.confirmed.items()
            if visit_id not in visits
        ]
        wrong += [
            f"the insurer has {visit_id}, which was never confirmed"
            for visit_id in received
            if visit_id not in visits
        ]
        in_tray = {entry.visit for entry in self.corrections.tray()}
        for visit_id, visit in visits.items():
            is_reported = visit.arrival.kind != "emergency" and visit.cancelled_at is None
            if visit.insurer_state in ("queued", "in_flight"):
                wrong.append(f"{visit_id} still waits")
            elif is_reported and visit.insurer_state == "accepted":
                if received.get(visit_id, {}).get("HO_TEN") != visit.card.holder:
                    wrong.append(f"the insurer has another version of {visit_id}")
            elif is_reported and visit_id not in in_tray:
                wrong.append(f"{visit_id} is neither at the insurer nor before a person")
        self.database.close()
        return wrong


def play(seed: int, folder: Path, empty: Path) -> list[str]:
    """Play one schedule, from a copy of an empty logbook; return what is wrong."""
    return play_one(BadDay, seed, folder, empty)


if __name__ == "__main__":
    play_many(BadDay)
