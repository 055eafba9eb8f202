"""The journal for a hub: which changes are entries, in which order, and what they say."""

from __future__ import annotations

import json
import shutil
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from kiosk.logbook import Database
from kiosk.logbook.hub_journal import (
    NO_ENTRY,
    HubJournal,
    JournalEntry,
    raise_event_numbers,
)
from kiosk.privacy.deletion import delete_visits
from tests.cast import BHYT15, BHYT17, NOW, payload
from tests.conftest import Kiosk
from tests.proof.books import LATER, a_day, check, raw, record


@pytest.fixture
def journal(kiosk: Kiosk) -> HubJournal:
    """A journal that has begun in an empty logbook."""
    journal = HubJournal(kiosk.database)
    assert journal.begin(NOW)
    return journal


def said(entries: list[JournalEntry]) -> list[tuple[str, int, str]]:
    """Return of each entry the visit's last digit, its version, and the state of its message."""
    return [
        (entry.change.visit[-4:], entry.change.version, entry.change.message.state)
        for entry in entries
        if entry.change
    ]


def test_without_a_hub_nothing_is_written(kiosk: Kiosk) -> None:
    a_day(kiosk)

    assert HubJournal(kiosk.database).newest() == NO_ENTRY
    assert kiosk.database.rows("select count(*) from hub_journal")[0][0] == 0


def test_a_recording_a_correction_and_an_answer_are_one_entry_each(
    kiosk: Kiosk, journal: HubJournal
) -> None:
    visit = record(kiosk, BHYT17, "first")
    assert [entry.mark.seq for entry in journal.after(0, 9)] == [1]

    kiosk.corrections.correct(visit, {"phone": "0999000001"}, "sai số", LATER)
    [item] = kiosk.outbox.claim(LATER, timedelta(minutes=1))
    kiosk.outbox.accept([item], LATER, "T1", "200", "{}")

    # The telephone is in no message: its correction queues none.
    assert said(journal.after(0, 9)) == [
        (visit[-4:], 1, "accepted"), (visit[-4:], 2, "accepted"), (visit[-4:], 0, "accepted"),
    ]  # fmt: skip


def test_an_entry_has_the_record_of_its_version_and_the_one_before(
    kiosk: Kiosk, journal: HubJournal
) -> None:
    visit = record(kiosk, BHYT17, "first")
    kiosk.corrections.correct(visit, {"phone": "0999000001"}, "sai số", LATER)
    kiosk.corrections.cancel(visit, "nhầm người", LATER)
    changes = [entry.change for entry in journal.after(0, 9) if entry.change]
    phones = [json.loads(change.record).get("phone") for change in changes if change.version]

    assert phones == ["0901234567", "0999000001", "0999000001"]
    first, second, third = (change for change in changes if change.version)
    assert (first.record_before, second.record_before) == (None, first.record)
    assert [change.why for change in (first, second, third)] == ["", "sai số", "nhầm người"]
    assert [bool(change.cancelled_at) for change in (first, second, third)] == [False, False, True]
    assert first.written_at == first.arrived_at
    assert third.ticket == "1"


def test_visits_from_before_the_hub_are_written_down_once_the_newest_first(kiosk: Kiosk) -> None:
    first, cancelled, third = a_day(kiosk)
    journal = HubJournal(kiosk.database)

    assert journal.begin(LATER)
    assert not journal.begin(LATER)
    assert [(visit, version) for visit, version, _ in said(journal.after(0, 99))] == [
        (third[-4:], 1),
        (cancelled[-4:], 1), (cancelled[-4:], 2),
        (first[-4:], 1), (first[-4:], 2),
    ]  # fmt: skip


def test_what_is_rolled_back_leaves_neither_an_entry_nor_a_gap(
    kiosk: Kiosk, journal: HubJournal
) -> None:
    visit = record(kiosk, BHYT17, "first")

    def fail(_db: object) -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        kiosk.corrections.cancel("visit", "", LATER, within=fail)
    with pytest.raises(RuntimeError):
        kiosk.corrections.change(visit, fail, "", LATER)  # type: ignore[arg-type]
    record(kiosk, BHYT15, "second")

    assert [entry.mark.seq for entry in journal.after(0, 9)] == [1, 2]


def test_numbers_have_no_gaps_whoever_writes(kiosk: Kiosk, journal: HubJournal) -> None:
    visits = [record(kiosk, card, str(card)) for card in (BHYT17, BHYT15, payload("an"))]

    def correct(visit: str) -> None:
        for count in range(10):
            change = {"phone": f"09990000{count:02}"}
            kiosk.corrections.correct(visit, change, "lần nữa", LATER)

    threads = [threading.Thread(target=correct, args=(visit,)) for visit in visits]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    entries = journal.after(0, 99)
    assert [entry.mark.seq for entry in entries] == list(range(1, 34))
    assert check(kiosk).is_good


def test_two_ways_from_one_backup_never_have_the_same_mark(
    kiosk: Kiosk, journal: HubJournal, tmp_path: Path
) -> None:
    record(kiosk, BHYT17, "first")
    kiosk.database.empty_write_ahead_log()
    copy = tmp_path / "restored.db"
    shutil.copyfile(kiosk.database.path, copy)
    before = journal.newest()
    record(kiosk, BHYT15, "second")

    restored = Database(copy, "demo")
    with restored.transaction() as db:  # the same change, at the same second
        db.execute("update visit set version = 2, record = record || ' '")
    other = HubJournal(restored)

    assert other.mark_at(1) == before == journal.mark_at(1)
    assert other.newest().seq == journal.newest().seq == 2
    assert other.newest().hash != journal.newest().hash


def test_a_deleted_visit_leaves_entries_that_say_nothing(kiosk: Kiosk, journal: HubJournal) -> None:
    record(kiosk, BHYT17, "first")
    record(kiosk, BHYT15, "second")
    with kiosk.database.transaction() as db:
        db.execute("delete from outbox_event")
        delete_visits(db, [1])

    gone, there = journal.after(0, 9)
    assert gone.change is None
    assert not gone.is_damaged
    assert there.change is not None


def test_a_damaged_record_does_not_hold_up_the_others(
    kiosk: Kiosk, journal: HubJournal, tmp_path: Path
) -> None:
    visit = record(kiosk, BHYT17, "first")
    record(kiosk, BHYT15, "second")
    kiosk.corrections.correct(visit, {"phone": "0999000001"}, "sai số", LATER)
    with raw(tmp_path / "logbook.db") as conn:
        conn.execute("update visit_version set record = cast(x'ff' || record as text)")

    first, second, third = journal.after(0, 9)

    assert first.is_damaged
    assert first.change is None
    assert second.change is not None
    assert third.change is not None
    assert third.change.record_before is None


def test_after_a_restore_events_get_numbers_above_those_that_were_told(kiosk: Kiosk) -> None:
    with kiosk.database.transaction() as db:
        raise_event_numbers(db, 500)
    record(kiosk, BHYT17, "first")
    with kiosk.database.transaction() as db:
        raise_event_numbers(db, 20)
    record(kiosk, BHYT15, "second")

    assert [row[0] for row in kiosk.database.rows("select id from outbox_event")] == [501, 502]
