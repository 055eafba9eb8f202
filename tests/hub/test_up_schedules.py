"""Random days of a desk and its hub: kills, lost connections, restores of both, a week without.

Each schedule is drawn from its number.  At its end the desk and the hub have the same: no visit is
lost that had left the desk or is in its logbook, and none is there twice.
"""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from kiosk.hub.errors import HubError
from kiosk.hub.lane_up import StreamLost
from kiosk.logbook import AlreadySent, ChangedMeanwhile, NothingToChange, StillSending
from kiosk.settings.sections import HubSettings
from tests.hub.cluster import HubDatabase
from tests.hub.desks import Desk, hub_digests, hub_visits, now
from tests.kills import died, may_fork, needs_fork
from tests.sampling import sample_and_all

ROOMS = ("kiosk/hub/", "kiosk/logbook/fetched_visits")
TABLES = ("visit", "visit_version", "divergent", "stream")
STEPS = 14


class Day:
    """A day of one desk, drawn from a number."""

    def __init__(self, hub: HubDatabase, settings: HubSettings, folder: Path, number: int) -> None:
        self.hub, self.folder = hub, folder
        self.chance = random.Random(number)
        self.desk = Desk(folder / "desk", settings)
        self.number = 0
        self.seen: set[str] = set()  # visits that were at the hub at some time
        self.backup = self.desk.copy_to(folder / "backup")
        self.has_night = False

    def step(self) -> None:
        """Let something happen."""
        acts = (
            (self.record, 8), (self.correct, 4), (self.cancel, 1), (self.send, 3),
            (self.send_up, 5), (self.send_and_die, 3), (self.lose_connection, 2),
            (self.back_up, 2), (self.restore, 1), (self.lose_file, 1), (self.night, 1),
            (self.hub_restored, 1),
        )  # fmt: skip
        [act] = self.chance.choices([act for act, _ in acts], [weight for _, weight in acts])
        act()
        self.seen |= set(hub_visits(self.hub))

    def record(self) -> None:
        for _ in range(self.chance.choice((1, 3, 70))):
            self.number += 1
            self.desk.record(self.number)

    def correct(self) -> None:
        for visit in self._some(3):
            try:
                self.desk.correct(visit, holder=f"Người Thử {self.chance.random()}")
            except (NothingToChange, StillSending, ChangedMeanwhile, AlreadySent):
                continue

    def cancel(self) -> None:
        for visit in self._some(1):
            try:
                self.desk.corrections.cancel(visit, "nhầm", now())
            except (NothingToChange, StillSending):
                continue

    def send(self) -> None:
        """Send a message to the insurer, if that may be."""
        if self.desk.hub.may_send() and self.desk.outbox.counts()["queued"]:
            self.desk.send_one()

    def send_up(self) -> None:
        self.desk.heal_and_send()

    def send_and_die(self) -> None:
        """Kill the program while the lane works."""
        settings, step = self.desk.hub_settings, self.chance.randrange(1, 400)
        self.desk.close()
        died(step, lambda: Desk(self.desk.folder, settings).heal_and_send(), ROOMS)
        self.desk.open()

    def lose_connection(self) -> None:
        """End the lane's connection from the other side between two of its batches."""
        self.record()
        try:
            with self.desk.hub.connected() as connection:
                self.desk.hub.lane.begin(connection)
                self.desk.hub.lane.send_some(connection)
                connection.interrupt()
                self.desk.hub.lane.send_some(connection)
        except (HubError, StreamLost):
            return

    def back_up(self) -> None:
        self.backup = self.desk.copy_to(self.folder / "backup")

    def restore(self) -> None:
        self.desk.restore(self.backup)

    def lose_file(self) -> None:
        """Lose the file of the stream."""
        self.desk.hub.streams.path.unlink(missing_ok=True)
        self.desk.close()
        self.desk.open()

    def night(self) -> None:
        """Back up the hub."""
        for table in TABLES:
            self.hub.sql(f"drop table if exists public.{table}_night")
            self.hub.sql(f"create table public.{table}_night as select * from hub.{table}")
        self.has_night = True

    def hub_restored(self) -> None:
        """Restore the hub, or fail over to a standby that lacks the last rows."""
        if self.has_night:
            for table in TABLES:
                self.hub.sql(f"delete from hub.{table}")
                self.hub.sql(f"insert into hub.{table} select * from public.{table}_night")
            # What only the hub's lost rows had, and the desk's restored logbook too, is lost.
            self.seen = set(hub_visits(self.hub)) | {visit for visit, _ in self.desk.digests()}

    def _some(self, count: int) -> list[str]:
        visits = sorted({visit for visit, _ in self.desk.digests()})
        return self.chance.sample(visits, min(count, len(visits)))


@needs_fork
@may_fork
@sample_and_all("count", 4, 200, pytest.mark.long)
def test_after_any_day_the_desk_and_the_hub_have_the_same(
    hub: HubDatabase, tmp_path: Path, count: int
) -> None:
    settings = hub.add_desk()
    for number in range(count):
        folder = tmp_path / str(number)
        folder.mkdir()
        day = Day(hub, settings, folder, number)
        for _ in range(STEPS):
            day.step()
        day.send_up()

        at_desk, there = day.desk.digests(), hub_digests(hub)
        beside = {
            (row["visit"], row["version"], row["digest"])
            for row in hub.sql(
                "select visit, version, encode(digest, 'hex') as digest from hub.divergent"
            )
        }
        lost = {
            key for key, digest in at_desk.items()
            if there.get(key) != digest and (*key, digest) not in beside
        }  # fmt: skip
        assert not lost, number
        assert day.seen <= {visit for visit, _ in at_desk}, number
        assert set(hub_visits(hub)) == {visit for visit, _ in at_desk}, number
        day.desk.close()
        for table in TABLES:
            hub.sql(f"delete from hub.{table}")
            hub.sql(f"drop table if exists public.{table}_night")
        shutil.rmtree(folder)
