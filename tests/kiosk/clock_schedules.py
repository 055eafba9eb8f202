"""Busy hours in which the machine's clock is set, in every order, with restarts and reboots.

A schedule is an order of steps: the clock is set by an hour, a day or 400 days in either direction
(or set right), patients come, the gateway goes away and comes back, the program is restarted or the
machine booted, and messages are sent.  At the end the clock is right and a person accepts what was
measured.  To play many: `python -m tests.kiosk.clock_schedules FIRST COUNT`.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

from kiosk.insurer import ClockCheck, Delivery, message_composer
from kiosk.insurer.errors import InsurerUnreachable
from kiosk.insurer.gateway import Gateway
from kiosk.insurer.session import GatewaySession
from kiosk.insurer.transport import GatewayAnswer, Transport
from kiosk.logbook import (
    Arrival,
    Attempts,
    CardOnVisit,
    ClockReadings,
    Corrections,
    Database,
    NewVisit,
    Outbox,
    Visits,
    VisitService,
    WrongVisitTimes,
)
from kiosk.sandbox import SandboxInsurer
from tests.kiosk.machine import Machine
from tests.kiosk.schedule_runs import play_many, play_one
from tests.kiosk.stub_gateway import ACCOUNT
from verify import CLINIC_ZONE, Birth, Outcome, Reason, Sex, Verdict

STEPS = 16
SETS = (timedelta(hours=1), timedelta(days=1), timedelta(days=400))
TOLERANCE = timedelta(minutes=5)
LONG_AGO = datetime(2020, 1, 1, tzinfo=CLINIC_ZONE)


class TimedTransport(Transport):
    """The connection to the sandbox without sockets, with the Date of its answers."""

    def __init__(self, insurer: SandboxInsurer, machine: Machine) -> None:
        super().__init__("http://insurer", machine.seconds)
        self._client = insurer.app.test_client()
        self.is_down = False

    def post(
        self,
        path: str,
        total_s: float,  # noqa: ARG002 - the product's transport has it
        *,
        as_json: dict[str, str] | None = None,
        as_form: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> GatewayAnswer:
        if self.is_down:
            raise InsurerUnreachable("down")
        answer = self._client.post(
            path,
            data=urlencode(as_form or as_json or {}),
            content_type="application/x-www-form-urlencoded",
            headers=headers,
        )
        self.server_clock.note(answer.headers["Date"], self.server_clock.steady())
        return GatewayAnswer(answer.get_json(), answer.status_code, answer.text)


class BusyHour:
    """One schedule on one machine."""

    def __init__(self, seed: int, folder: Path, empty: Path) -> None:
        self.chance = random.Random(seed)
        self.machine = Machine()
        self.insurer = SandboxInsurer(self.machine.true)
        self.path = folder / f"{seed}.db"
        shutil.copy(empty, self.path)
        self.arrived: dict[str, datetime] = {}  # the true time of each visit, by its id
        self.boot_of: dict[str, int] = {}
        self.set_in: set[int] = set()  # the boots during which the clock was set
        self.is_down = False
        self.start()

    def start(self) -> None:
        """Start as the program does, from the file alone."""
        machine = self.machine
        steady = machine.steady()
        self.database = Database(self.path)
        compose = message_composer(lambda _visit: "1.12")
        self.attempts, self.outbox = Attempts(self.database), Outbox(self.database)
        self.visits = Visits(self.database, compose, steady)
        self.corrections = Corrections(self.database, compose)
        self.wrong_times = WrongVisitTimes(self.database)
        self.transport = TimedTransport(self.insurer, machine)
        self.transport.is_down = self.is_down
        session = GatewaySession(self.transport, ACCOUNT, machine, 1)
        gateway = Gateway(self.transport, session, machine, 1, 1)
        readings = ClockReadings(self.database, steady)
        self.check = ClockCheck(
            gateway, machine, lambda: None, lambda: LONG_AGO, readings, machine.seconds
        )
        self.check.start()
        self.delivery = Delivery(self.outbox, gateway, machine, 2, lambda: None, 1, self.check)

    def play_orders(self, order: Sequence[str], by: timedelta) -> None:
        """Take the named steps in this order, with the clock set by `by`, and end the hour."""
        for name in order:
            self.machine.go(timedelta(minutes=1))
            if name == "set":
                self.machine.ahead += by
            else:
                getattr(self, name)()
        self.end()

    def play(self) -> None:
        """Take the steps that the seed draws, and end the hour."""
        steps = [self.admit, self.admit, self.admit, self.set_clock, self.set_right, self.send,
                 self.send, self.restart, self.gateway_changes, self.boot]  # fmt: skip
        for _ in range(STEPS):
            self.machine.go(timedelta(seconds=self.chance.choice((1, 20, 240))))
            self.chance.choice(steps)()
        self.end()

    def end(self) -> None:
        """Set the clock right and deliver; a person accepts what was measured."""
        self.machine.ahead = timedelta(0)
        self.is_down = self.transport.is_down = False
        for _ in range(40):
            self.machine.go(timedelta(minutes=16))
            while self.delivery.deliver_some():
                pass
        for entry in self.wrong_times.all():
            if entry.proposed_at is not None and not entry.is_estimated:
                now = self.machine()
                self.corrections.correct_time(entry.visit, entry.proposed_at, "accepted", now)
        while self.delivery.deliver_some():
            pass

    def admit(self) -> None:
        """Record a visit."""
        number = self.attempts.record(Verdict(Reason.IN_FORCE), "front", self.machine()).id
        person = f"99999{number:05d}"
        new = NewVisit(
            attempt=number, verdict_of=number, facility="01999", arrived_at=self.machine(),
            outcome=Outcome.ADMITTED, reason=Reason.IN_FORCE, person=person,
            card=CardOnVisit(
                number=f"GD401{person}", card_number=f"GD401{person}", holder="Nguyễn Văn Mẫu",
                born=Birth(1980, 2, 1), sex=Sex.MALE, registered_at="01999",
            ),
            service=VisitService("KB", "Khám bệnh", "1", "01"), arrival=Arrival("registered"),
        )  # fmt: skip
        visit, _ = self.visits.confirm(new, f"k{number}")
        self.arrived[visit.id] = self.machine.true()
        self.boot_of[visit.id] = self.machine.boots

    def set_clock(self) -> None:
        """Set the machine's clock forward or back."""
        self.set_in.add(self.machine.boots)
        self.machine.ahead += self.chance.choice(SETS) * self.chance.choice((1, -1))

    def set_right(self) -> None:
        """Set the machine's clock right."""
        self.set_in.add(self.machine.boots)
        self.machine.ahead = timedelta(0)

    def send(self) -> None:
        """Send the messages that are due."""
        self.delivery.deliver_some()

    def restart(self) -> None:
        """Kill the program and start it again."""
        self.database.close()
        self.start()

    def boot(self) -> None:
        """Switch the machine off and on; its clock goes on."""
        self.machine.boots += 1
        self.restart()

    def gateway_changes(self) -> None:
        """Let the gateway go away, or come back."""
        self.is_down = self.transport.is_down = not self.is_down

    def faults(self) -> list[str]:
        """Return what is wrong after the schedule. The list should be empty."""
        wrong = []
        received = {row.fields["MA_LK"]: row for row in self.insurer.ledger.visits()}
        waiting = {entry.visit for entry in self.wrong_times.all()}
        if len(received) != len(self.insurer.ledger.visits()):
            wrong.append("a visit arrived as two")
        for visit_id, true in self.arrived.items():
            row = received.get(visit_id)
            if row is None:
                if visit_id not in waiting:
                    wrong.append(f"{visit_id} neither arrived nor waits for a person")
                continue
            written = datetime.strptime(row.fields["NGAY_VAO"], "%Y%m%d%H%M")
            off = written.replace(tzinfo=CLINIC_ZONE) - true
            is_wrong = not -TOLERANCE - timedelta(minutes=1) <= off <= TOLERANCE
            if is_wrong and not self._is_unknowable(visit_id):
                wrong.append(f"{visit_id} arrived with a time that is {off} off")
            if row.fields["NGAY_YL"] != row.fields["NGAY_VAO"]:
                wrong.append(f"{visit_id} has two times")
        self.database.close()
        return wrong

    def _is_unknowable(self, visit_id: str) -> bool:
        """Return whether nobody can know that a visit's time is wrong.

        The machine was switched off before any other clock answered, and by the time one did, the
        clock had been set in between.
        """
        boot = self.boot_of[visit_id]
        read = {
            int(row["boot"].split()[1])
            for row in self.database.rows("select distinct boot from clock_reading")
        }
        until = min((number for number in read if number >= boot), default=0)
        return boot not in read and bool(self.set_in & set(range(boot, until)))


def play(seed: int, folder: Path, empty: Path) -> list[str]:
    """Play one schedule, from a copy of an empty logbook; return what is wrong."""
    return play_one(BusyHour, seed, folder, empty)


if __name__ == "__main__":
    play_many(BusyHour)
