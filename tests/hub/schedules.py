"""Random schedules of a hospital and its hub: kills, failovers, partitions, restores, wrong clocks.

Each schedule is drawn from its number.  At its end everything is whole again, and all promises have
to hold (`tests.hub.promises`).  From the command line: `python -m tests.hub.schedules COUNT [SEED]`
plays that many, prints what is broken, and at last one line of JSON with what was played.
"""

from __future__ import annotations

import json
import logging
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kiosk.logbook import AlreadySent, ChangedMeanwhile, NothingToChange, StillSending
from tests.cast import running_insurer
from tests.hub.cluster import Cluster, free_port, hub_database, make_template, until
from tests.hub.gates import Gates
from tests.hub.hospital import PEOPLE, Desk, Hospital, Time
from tests.hub.office import ROOMS, Version
from tests.hub.promises import broken_promises, doubles
from verify import clinic_day

STEPS = 60
AN_HOUR = timedelta(hours=1)
HEALING_ROUNDS = 8
MAX_LINES = 2_500  # of the program before a kill
MAX_BYTES = 12_000  # of a batch before a cut
REFUSALS = (NothingToChange, StillSending, ChangedMeanwhile, AlreadySent)


class Schedule:
    """A schedule of one hospital."""

    def __init__(self, hospital: Hospital, number: int) -> None:
        self.hospital = hospital
        self.chance = random.Random(number)
        self.counts: Counter[str] = Counter()
        self.made: set[Version] = set()
        self.excused: set[Version] = set()
        self.is_link_lost = self.has_failed_over = self.is_down = False
        self.old: Cluster | None = None  # an old primary that runs again

    # The acts.

    def play(self, steps: int = STEPS) -> list[str]:
        """Play, make everything whole, and return what is broken."""
        for _ in range(steps):
            self._step()
        return self._heal()

    def _step(self) -> None:
        at_desk: tuple[tuple[Callable[[Desk], None], int], ...] = (
            (self._scan, 6), (self.record, 20), (self._correct, 6), (self._cancel, 2),
            (self._send_up, 8), (self._follow, 6), (self._send_messages, 6),
            (self._kill, 8), (self._cut, 4), (self._partition, 2), (self._open_gate, 3),
            (self._back_up, 2), (self._restore, 1), (self._wrong_clock, 1),
        )  # fmt: skip
        elsewhere: tuple[tuple[Callable[[], None], int], ...] = (
            (self._office, 5), (self._hub_down, 1), (self._hub_back, 2), (self._lose_link, 4),
            (self._fail_over, 2), (self._old_back, 4), (self._fence, 2), (self._pass_time, 3),
        )  # fmt: skip
        weights = [weight for _, weight in (*at_desk, *elsewhere)]
        place = self.chance.choices(range(len(weights)), weights)[0]
        if place < len(at_desk):
            at_desk[place][0](self.chance.choice(self.hospital.desks))
        else:
            elsewhere[place - len(at_desk)][0]()
        self._note_made()

    def _note_made(self) -> None:
        for desk in self.hospital.desks:
            self.made |= desk.versions()
            known = {(visit, version) for visit, version, _ in self.made}
            self.made |= {each for each in desk.earlier() if each[:2] not in known}
        self.made |= self.hospital.office.made

    def _scan(self, desk: Desk) -> None:
        desk.scan(self.chance.choice(PEOPLE))
        desk.fetch_numbers(self.chance.choice((0, 0, 16)))

    def record(self, desk: Desk) -> None:
        """Record a patient who was scanned, or is now."""
        if not desk.waiting:
            self._scan(desk)
        desk.confirm(self.chance.choice(ROOMS))
        self.counts["visits"] += 1

    def _correct(self, desk: Desk) -> None:
        for visit in self._some(desk, 2):
            changes = self.chance.choice(
                (
                    {"holder": f"Người Thử {self.chance.random()}"},
                    {"room": ROOMS[0]},
                    {"room": ROOMS[1]},
                )
            )
            with suppress(*REFUSALS):
                desk.kiosk.corrections.correct(visit, changes, "sai", desk.clock())
                self.counts["corrections"] += 1

    def _cancel(self, desk: Desk) -> None:
        for visit in self._some(desk, 1):
            with suppress(*REFUSALS):
                desk.kiosk.corrections.cancel(visit, "nhầm", desk.clock())
                self.counts["cancellations"] += 1

    def _send_up(self, desk: Desk) -> None:
        desk.send_up()

    def _follow(self, desk: Desk) -> None:
        desk.follow()

    def _send_messages(self, desk: Desk) -> None:
        desk.send_messages()

    def _kill(self, desk: Desk) -> None:
        acts: tuple[Callable[[Desk], None], ...] = (
            self.record, self._correct, self._send_up, self._follow, self._send_messages,
            self._send_messages,
        )  # fmt: skip
        act = self.chance.choice(acts)
        if desk.die(self.chance.randrange(1, MAX_LINES), act):
            self.counts["kills"] += 1

    def _cut(self, desk: Desk) -> None:
        """Cut the connection in the middle of a batch."""
        gates, number = self.hospital.gates, desk.number - 1
        for _ in range(self.chance.choice((1, 8))):
            self.record(desk)
        gates.cut_after(number, self.chance.randrange(1_000, MAX_BYTES))
        before = gates.gates[number].cuts
        self.chance.choice((desk.send_up, desk.follow, desk.send_up))()
        self.counts["cuts"] += gates.gates[number].cuts - before
        gates.cut_after(number, None)

    def _partition(self, desk: Desk) -> None:
        self.hospital.gates.shut(desk.number - 1)
        self.counts["partitions"] += 1

    def _open_gate(self, desk: Desk) -> None:
        self.hospital.gates.shut(desk.number - 1, False)

    def _back_up(self, desk: Desk) -> None:
        desk.back_up()

    def _restore(self, desk: Desk) -> None:
        """Put back an old backup: what nobody else has is lost with the disk."""
        if self.is_down or not desk.backup.exists():
            return
        whole = self.old is None and self.chance.random() < 0.3
        before = desk.versions() | desk.earlier()
        desk.restore(whole)
        self._excuse(before)
        self.counts["restores"] += 1

    def _wrong_clock(self, desk: Desk) -> None:
        desk.offset = self.chance.choice((-AN_HOUR, AN_HOUR, timedelta()))
        self.counts["wrong clocks"] += 1

    def _office(self) -> None:
        if self.is_down:
            return
        self.hospital.office.change(self.chance)
        if self.chance.random() < 0.7:
            self.hospital.office.send_up()
        self.counts["changes elsewhere"] = len(self.hospital.office.made)

    def _pass_time(self) -> None:
        self.hospital.time.steady_passed_s += self.chance.choice((5, 20, 60))

    # The servers.

    def _hub_down(self) -> None:
        if not self.is_down:
            self._fence()
            self.hospital.primary.kill()
            self.is_down = True
            self.counts["hub down"] += 1

    def _hub_back(self) -> None:
        if self.is_down:
            self.hospital.primary.start()
            self.is_down = False
            if self.hospital.is_synchronous and not self.has_failed_over:
                self._wait_for_link()

    def _lose_link(self) -> None:
        """Let the standby get nothing any more. Commits of a synchronous primary would wait."""
        if (
            self.hospital.is_synchronous
            or self.has_failed_over
            or self.is_link_lost
            or self.is_down
        ):
            return
        [standby] = self.hospital.hub.others
        standby.sql("alter system set primary_conninfo = ''")
        standby.sql("select pg_reload_conf()")
        until(lambda: not self.hospital.primary.sql("select 1 from pg_stat_replication"))
        self.is_link_lost = True

    def _fail_over(self) -> None:
        """Kill the primary, and make the standby the primary."""
        if self.has_failed_over:
            return
        before = None if self.is_down else self.hospital.at_hub()
        [standby] = self.hospital.hub.others
        self.hospital.primary.kill()
        standby.promote()
        self.hospital.primary, self.has_failed_over, self.is_down = standby, True, False
        self.counts["failovers"] += 1
        gone = (self.made if before is None else before) - self.hospital.at_hub()
        self.counts["versions lost at the hub"] += len(gone) if before is not None else 0
        self._excuse(gone)

    def _old_back(self) -> None:
        """Start the old primary, which takes writing, and stands first in the address."""
        if not self.has_failed_over or self.old is not None or self.is_down:
            return
        timeline = 2
        if self.hospital.is_synchronous and not all(
            self.hospital.has_seen(desk, timeline) for desk in self.hospital.desks
        ):
            return  # a commit there would wait for a standby
        self.old = self.hospital.hub.cluster
        self.old.start()
        self.counts["old primary back"] += 1

    def _fence(self) -> None:
        if self.old is not None:
            self.old.kill()
            self.old = None

    def _wait_for_link(self) -> None:
        waits = "select 1 from pg_stat_replication where sync_state = 'sync'"
        until(lambda: self.hospital.primary.sql(waits))

    def _excuse(self, versions: set[Version]) -> None:
        """Note which versions nobody has any more."""
        kept = set(self.hospital.office.made)
        for desk in self.hospital.desks:
            kept |= desk.versions() | desk.earlier()
        self.excused |= versions - kept - self.hospital.at_hub()

    # The end.

    def _heal(self) -> list[str]:
        """Make everything whole, and let all lanes work; return what is broken at last.

        What holds has to hold after one more round too.
        """
        hospital = self.hospital
        self._fence()
        self._hub_back()
        for desk in hospital.desks:
            hospital.gates.shut(desk.number - 1, False)
            desk.offset = timedelta()
        held, broken = False, [""]
        for _ in range(HEALING_ROUNDS):
            hospital.hub.sql(
                "update hub.stream set seen_at = seen_at - interval '3 minutes'",
                on=hospital.primary,
            )
            hospital.time.passed_s += 15
            hospital.time.steady_passed_s += 61
            hospital.office.send_up()
            for desk in hospital.desks:
                desk.send_up(4)
                desk.follow()
                desk.fetch_numbers(16)
                hospital.sending = desk
                assert desk.kiosk.delivery is not None
                desk.kiosk.delivery.deliver_all()
            self._note_made()
            held, broken = not broken, broken_promises(hospital, self.made, self.excused)
            if held and not broken:
                break
        return broken

    def _some(self, desk: Desk, count: int) -> list[str]:
        visits = desk.visits()
        return self.chance.sample(visits, min(count, len(visits)))

    def figures(self) -> Counter[str]:
        """Return what was played."""
        arrivals = self.hospital.ledger.arrivals
        times = Counter((each.visit, each.version) for each in arrivals)
        self.counts["versions"] = len(self.made)
        self.counts["messages"] = len(times)
        self.counts["messages twice"] = sum(1 for count in times.values() if count > 1)
        self.counts["numbers twice"] = len(doubles(self.hospital))
        self.counts["versions of one disk only, lost"] = len(self.excused)
        return self.counts


@contextmanager
def template() -> Iterator[Cluster]:
    """Make a server with the hub's tables, which is stopped, to be copied."""
    cluster = Cluster.create()
    try:
        make_template(cluster, clinic_day(datetime.now(UTC)))
        cluster.run("pg_ctl", "-w", "-m", "fast", "-D", str(cluster.data), "stop")
        yield cluster
    finally:
        cluster.remove()


@contextmanager
def hospital_of(folder: Path, is_synchronous: bool, copied: Cluster) -> Iterator[Hospital]:
    """Make a primary, a standby and three desks."""
    primary = Cluster(Path(tempfile.mkdtemp(prefix="pg-")), free_port())
    try:
        shutil.copytree(copied.data, primary.data)
        primary.configure()
        primary.start()
        standby = primary.standby(synchronous=is_synchronous)
        try:
            standby.sql("alter system set wal_retrieve_retry_interval = '50ms'")
            standby.sql("select pg_reload_conf()")
            moments = Time()
            with (
                hub_database(primary, folder, standby) as hub,
                running_insurer(moments.now) as (insurer, url),
            ):
                gates = Gates([primary.port, standby.port], 3)
                hospital = Hospital(hub, folder, gates, is_synchronous, url, insurer, moments)
                try:
                    yield hospital
                finally:
                    hospital.close()
                    gates.close()
        finally:
            standby.remove()
    finally:
        primary.remove()


def play(number: int, folder: Path, copied: Cluster) -> tuple[list[str], Counter[str]]:
    """Play the schedule with a number; return what is broken, and what was played.

    Even numbers have a synchronous standby.
    """
    with hospital_of(folder, number % 2 == 0, copied) as hospital:
        schedule = Schedule(hospital, number)
        broken = schedule.play()
        return broken, schedule.figures()


def main(count: int, seed: int = 0) -> int:
    """Play schedules, and print their figures as a line of JSON; return how many are broken."""
    logging.disable(logging.CRITICAL)
    total: Counter[str] = Counter(schedules=0)
    begun = time.monotonic()
    with template() as copied, suppress(KeyboardInterrupt):  # the figures so far are printed
        for number in range(seed, seed + count):
            with tempfile.TemporaryDirectory() as folder:
                broken, counts = play(number, Path(folder), copied)
            total += counts
            total["schedules"] += 1
            if broken:
                total["broken"] += 1
                print(f"schedule {number}:", *broken[:12], sep="\n  ", flush=True)
    figures = dict(sorted(total.items())) | {"seconds": round(time.monotonic() - begun)}
    print(json.dumps(figures | {"broken": total["broken"]}))
    return total["broken"]


if __name__ == "__main__":
    sys.exit(bool(main(*map(int, sys.argv[1:]))))
