"""Random days of desks that send for each other: nothing is lost, nothing goes under two ids.

A schedule mixes visits, corrections, lost answers, kills of the sender, and a hub that cannot be
reached.  In the end everything works again.  Then:

- every visit reached the insurer as it stands, under its own id and no other;
- what reached the insurer of one visit came in the order of its versions, at most repeated;
- the logbook of its own desk says so.
"""

from __future__ import annotations

import contextlib
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kiosk.hub import HubError, retire_desk
from kiosk.insurer import InsurerUnreachable
from kiosk.insurer.gateway import Receipt
from kiosk.logbook import NothingToChange, NotRecorded, StillSending
from kiosk.settings import HubAddress
from tests.cast import AGAIN, Clock
from tests.hub.cluster import FACILITY, HubDatabase
from tests.hub.sending_site import SendingDesk, make_desk

KEYS = ("an", "binh", "dung", "giang", "khoi")
STEPS, FEW_STEPS = 45, 15
NOWHERE = HubAddress(("127.0.0.1",), (9,), "tiepdon")
SEEDS = range(2, 4)
MANY_SEEDS = range(4, 104)


@dataclass
class FlakyGateway:
    """A gateway that may be silent, before or after it has read a document."""

    draw: random.Random
    account: str = "user"
    check_in_call: str = "Qd3176"
    is_whole: bool = False
    received: list[tuple[str, int]] = field(default_factory=list)  # an id, and the version sent

    def check_in(self, document: bytes) -> Receipt:
        """Read a document, and answer if it goes well."""
        fate = 1.0 if self.is_whole else self.draw.random()
        if fate < 0.15:
            raise InsurerUnreachable("nobody is there")
        text = document.decode()
        for row in re.findall("<TRANG_THAI_KCB>.*?</TRANG_THAI_KCB>", text, re.DOTALL):
            [visit] = re.findall("<MA_LK>([^<]+)</MA_LK>", row)
            version = re.findall(r"<HO_TEN>Người (\d+)</HO_TEN>", row)
            self.received.append((visit, int(version[0]) if version else 1))
        if fate < 0.3:
            raise InsurerUnreachable("the answer was lost")
        return Receipt("200", "", f"g{len(self.received)}", "{}")


class Day:
    """A schedule that is being played."""

    def __init__(self, hub: HubDatabase, folder: Path, clock: Clock, seed: int, one: bool) -> None:
        """`one`: desk 1 sends for all; otherwise each sends its own, and one is retired."""
        self.hub, self.folder, self.clock, self.one = hub, folder, clock, one
        self.draw = random.Random(seed)
        self.gateway = FlakyGateway(self.draw)
        self.desks = [self._desk(1)] + [self._desk(n, sender=int(one)) for n in (2, 3)]
        self.visits: dict[str, SendingDesk] = {}
        self.versions: dict[str, int] = {}
        self.retired: SendingDesk | None = None
        self.cut: set[int] = set()
        self._keys = 0
        self._slow: list[tuple[SendingDesk, Any, Any, Receipt]] = []  # sent, and not noted yet

    def _desk(self, number: int, folder: str = "", sender: int = 0) -> SendingDesk:
        place = self.folder / (folder or f"desk-{number}")
        return make_desk(self.hub, place, self.clock, number, sender)

    def play(self, steps: int) -> None:
        """Play the schedule, let everything work again, and let the desks end their work."""
        acts = [self.record] * 3 + [self.correct, self.correct, self.cut_off, self.wait, self.kill]
        acts += [self.send_slowly] * 3 + [self.note_late] * 2 + [self.hand_over] * 4
        acts += [self.work] * 4 + ([] if self.one else [self.retire])
        for _step in range(steps):
            self.draw.choice(acts)()
        self.gateway.is_whole = True
        self.come_back()
        for desk in self.desks:
            self._reconnect(desk)
        for _round in range(40):
            self.wait()
            for desk in self.desks:
                self._work(desk)
            if all(desk.state_of(visit) == "accepted" for visit, desk in self.visits.items()):
                return

    def record(self) -> None:
        """Record a visit at some desk."""
        desk = self.draw.choice(self._there())
        self._keys += 1
        visit = desk.confirm(self.draw.choice(KEYS), f"key-{self._keys}", repeat_reason=AGAIN)
        self.visits[visit], self.versions[visit] = desk, 1

    def correct(self) -> None:
        """Correct a visit at its desk, if it is not being sent."""
        if not self.visits:
            return
        visit, desk = self.draw.choice(list(self.visits.items()))
        version = self.versions[visit] + 1
        if desk is self.retired:
            return
        try:
            desk.kiosk.corrections.correct(
                visit, {"holder": f"Người {version}"}, "sai", self.clock()
            )
        except (StillSending, NothingToChange):
            return
        self.versions[visit] = version

    def hand_over(self) -> None:
        """Let a desk bring its changes, and ask who sends."""
        desk = self.draw.choice(self._there())
        for part in (desk.put_up, desk.round):
            with contextlib.suppress(HubError, NotRecorded):
                part()

    def work(self) -> None:
        """Let a desk do some of its work."""
        self._work(self.draw.choice(self._there()))

    def send_slowly(self) -> None:
        """Let a desk send a message of whose result it hears later."""
        desk = self.draw.choice(self._there())
        if not self._sends(desk):
            return
        for queue in (desk.kiosk.outbox, desk.sending.relay):
            try:
                for item in queue.claim(self.clock(), timedelta(seconds=30)):
                    receipt = self.gateway.check_in(item.body.encode())
                    self._slow.append((desk, queue, item, receipt))
            except (InsurerUnreachable, NotRecorded):
                continue

    def note_late(self) -> None:
        """Let such a result be noted."""
        if self._slow:
            at = self.draw.randrange(len(self._slow))
            _desk, queue, item, receipt = self._slow.pop(at)
            queue.accept([item], self.clock(), receipt.transaction, receipt.code, receipt.answer)

    def cut_off(self) -> None:
        """Cut a desk off from the hub, or connect it again."""
        desk = self.draw.choice(self._there())
        if desk.number in self.cut:
            self._reconnect(desk)
        else:
            self.cut.add(desk.number)
            self._cut(desk)

    def _cut(self, desk: SendingDesk) -> None:
        """Let a desk look for the hub where nobody listens, and end what it has open."""
        own = desk.kiosk.hub
        assert own is not None
        own.access = replace(self.hub.access(self.hub.add_desk(desk.number)), address=NOWHERE)
        self.hub.sql(
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = %s"
            " and datname = %s",
            [f"desk_{FACILITY}_{desk.number}", self.hub.name],
        )

    def _reconnect(self, desk: SendingDesk) -> None:
        if desk.number in self.cut:
            own = desk.kiosk.hub
            assert own is not None
            self.cut.discard(desk.number)
            own.access = self.hub.access(self.hub.add_desk(desk.number))

    def wait(self) -> None:
        """Let some minutes pass: leases run out, delays end."""
        self.clock.go(timedelta(minutes=20))
        past = "clock_timestamp() - interval '1 minute'"
        self.hub.sql(f"update hub.sending set lease_until = {past} where state = 'in_flight'")
        self.hub.sql(f"update hub.sending set next_try_at = {past} where state = 'queued'")

    def kill(self) -> None:
        """Kill a desk while it holds messages, and start it again."""
        at = self.draw.randrange(len(self.desks))
        desk = self.desks[at]
        if desk is self.retired:
            return
        lease = timedelta(seconds=30)
        for queue in (desk.kiosk.outbox, desk.sending.relay):
            try:
                held = queue.claim(self.clock(), lease, None, 2) if self._sends(desk) else []
                for item in held:
                    self.gateway.check_in(item.body.encode())
            except (InsurerUnreachable, NotRecorded):
                continue
        desk.close()
        self._slow = [each for each in self._slow if each[0] is not desk]
        sender = int(self.one and desk.number != 1)
        self.desks[at] = again = self._desk(desk.number, _folder(desk), sender)
        if desk.number in self.cut:
            self._cut(again)
        self.visits = {visit: again if own is desk else own for visit, own in self.visits.items()}

    def retire(self) -> None:
        """Retire the third desk once, and let the first one take over."""
        if self.retired is not None or self.draw.random() < 0.5:
            return
        self.retired = self.desks[2]
        self.retired.close()
        self._slow = [each for each in self._slow if each[0] is not self.retired]
        retire_desk(self.hub.admin(), FACILITY, self.retired.number)
        try:
            self.desks[0].sending.takeovers.take(self.retired.number, "desk", "hỏng")
        except HubError:  # the first desk is cut off now; nobody takes over
            return

    def come_back(self) -> None:
        """Let the retired machine come back under a new number."""
        lost = self.retired
        if lost is None:
            return
        self.retired = None
        back = self._desk(5, _folder(lost))
        self.desks[2] = back
        self.visits = {visit: back if own is lost else own for visit, own in self.visits.items()}

    def _there(self) -> list[SendingDesk]:
        return [desk for desk in self.desks if desk is not self.retired]

    def _sends(self, desk: SendingDesk) -> bool:
        return desk.sending.may_send()

    def _work(self, desk: SendingDesk) -> None:
        for part in (desk.put_up, desk.round, *self._deliveries(desk), desk.round):
            try:
                part()
            except (HubError, NotRecorded):
                continue

    def _deliveries(self, desk: SendingDesk) -> Iterator[Callable[[], Any]]:
        gateway: Any = self.gateway
        for sender in (desk.delivery(gateway), desk.relaying(gateway)):
            yield sender.deliver_some
            yield sender.deliver_some

    def close(self) -> None:
        """End all desks."""
        for desk in self._there():
            desk.close()


def _folder(desk: SendingDesk) -> str:
    return desk.kiosk.folder.name


def play(
    hub: HubDatabase, folder: Path, clock: Clock, seed: int, one: bool, steps: int = STEPS
) -> None:
    """Play a schedule, and check what reached the insurer."""
    folder.mkdir()
    day = Day(hub, folder, clock, seed, one)
    try:
        day.play(steps)
        received = day.gateway.received
        assert {visit for visit, _ in received} == set(day.visits), "none lost, none invented"
        for visit, desk in day.visits.items():
            versions = [version for each, version in received if each == visit]
            assert versions == sorted(versions), f"seed {seed}: out of order"
            assert versions[-1] == day.versions[visit], f"seed {seed}: the newest did not arrive"
            assert desk.state_of(visit) == "accepted", f"seed {seed}"
    finally:
        day.close()


@pytest.mark.parametrize("one", [True, False], ids=["one sends", "each sends"])
def test_in_a_random_day_nothing_is_lost_and_nothing_goes_under_two_ids(
    hub: HubDatabase, tmp_path: Path, clock: Clock, one: bool
) -> None:
    play(hub, tmp_path / "site", clock, 1, one, FEW_STEPS)


@pytest.mark.slow
@pytest.mark.parametrize("one", [True, False], ids=["one sends", "each sends"])
@pytest.mark.parametrize("seed", SEEDS)
def test_in_more_random_days(
    hub: HubDatabase, tmp_path: Path, clock: Clock, seed: int, one: bool
) -> None:
    play(hub, tmp_path / "site", clock, seed, one)


@pytest.mark.long
@pytest.mark.parametrize("one", [True, False], ids=["one sends", "each sends"])
@pytest.mark.parametrize("seed", MANY_SEEDS)
def test_in_many_random_days(
    hub: HubDatabase, tmp_path: Path, clock: Clock, seed: int, one: bool
) -> None:
    play(hub, tmp_path / "site", clock, seed, one)
