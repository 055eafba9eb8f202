"""Two programs, their hub, and both lanes: what one records, the other knows in time."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kiosk.desk import Confirmation
from kiosk.hub.others_file import OthersFile
from kiosk.logbook import AlreadyHere, Visit
from kiosk.runtime.service import Service
from tests.cast import payload, settings_for
from tests.conftest import Kiosk
from tests.hub.cluster import HubDatabase, until
from tests.hub.down import Change, Sender

PROMISED_S = 2.0


class RunningDesk:
    """A program that runs at a desk, without readers and without an insurer."""

    def __init__(self, hub: HubDatabase, folder: Path, desk: int) -> None:
        folder = folder / str(desk)
        folder.mkdir()
        settings = hub.settings(settings_for(folder, "http://127.0.0.1:1"), desk)
        self.kiosk = Kiosk(settings, folder, demo=True, now=lambda: datetime.now(UTC))
        self.service = Service()
        assert self.kiosk.hub is not None
        self.hub = self.kiosk.hub

    def start(self) -> None:
        """Start both lanes."""
        self.kiosk._start_recording(self.service)

    def stop(self) -> None:
        """End the threads, as the program does."""
        self.service.stop.set()
        self.service.wait()

    def record(self, name: str, repeat_reason: str = "") -> Visit:
        """Scan a patient's card, and record the visit."""
        confirmation = Confirmation(repeat_reason=repeat_reason)
        attempt = self.kiosk.scan(payload(name))
        return self.kiosk.desk.confirm(attempt, confirmation, f"{name} {attempt}")[0]

    def in_file(self) -> set[str]:
        """Return which visits of other desks are in the file."""
        return set(OthersFile(self.kiosk.folder / "others.db").read("01999").visits)


@pytest.fixture
def desks(hub: HubDatabase, tmp_path: Path) -> Iterator[list[RunningDesk]]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    excepthook = threading.excepthook
    running = [RunningDesk(hub, tmp_path, desk) for desk in (1, 2)]
    for desk in running:
        desk.start()
    try:
        for desk in running:
            others = desk.kiosk.others
            assert others is not None
            until(lambda: others.state(datetime.now(UTC)).is_reached)  # noqa: B023
        yield running
    finally:
        for desk in running:
            desk.stop()
        threading.excepthook = excepthook
        for number, handler in before.items():
            signal.signal(number, handler)


def test_a_patient_of_one_desk_is_known_at_the_other_within_the_promised_time(
    desks: list[RunningDesk],
) -> None:
    first, second = desks
    took = []
    for name in ("an", "binh", "dung"):
        visit = first.record(name)
        begun = time.monotonic()
        until(lambda: visit.id in second.in_file())  # noqa: B023
        took.append(time.monotonic() - begun)
    assert min(took) < PROMISED_S  # the others: this machine may be busy

    with pytest.raises(AlreadyHere) as raised:
        second.record("an")
    assert raised.value.desk == "1"


def test_a_cancellation_from_elsewhere_goes_up_again_as_the_same_version(
    hub: HubDatabase, desks: list[RunningDesk]
) -> None:
    """Our logbook makes version 2 of what the hub has as version 2: they are the same."""
    first, second = desks
    visit = first.record("an")
    until(lambda: visit.id in second.in_file())
    [row] = hub.sql("select record from hub.visit_version where visit = %s", [visit.id])
    third = Sender(hub, 3)
    ours = Change(visit.id, 1, 1, visit.person, visit.arrived_at)
    third.change(ours, is_cancelled=True, **row["record"])
    third.send()

    until(lambda: first.kiosk.visits.by_id(visit.id).cancelled_at)  # type: ignore[union-attr]
    until(lambda: first.hub.state().waiting == 0)
    assert hub.sql("select * from hub.divergent") == []
    rows = hub.sql("select version from hub.visit where id = %s", [visit.id])
    assert [each["version"] for each in rows] == [2]
    second.record("an")  # no reason is needed any more


def test_a_correction_from_elsewhere_goes_up_again_as_the_same_version(
    hub: HubDatabase, desks: list[RunningDesk]
) -> None:
    first, second = desks
    visit = first.record("an")
    until(lambda: visit.id in second.in_file())
    [row] = hub.sql("select record from hub.visit_version where visit = %s", [visit.id])
    third = Sender(hub, 3)
    ours = Change(visit.id, 1, 1, visit.person, visit.arrived_at)
    newer = {"room": "Phòng 9", "of_a_newer_program": ["kept"]}
    third.change(ours, **row["record"] | newer)
    third.send()

    until(lambda: first.kiosk.visits.by_id(visit.id).version == 2)  # type: ignore[union-attr]
    until(lambda: first.hub.state().waiting == 0)
    assert hub.sql("select * from hub.divergent") == []
