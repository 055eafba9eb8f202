"""The logbook: attempts, visits and the outbox on real SQLite."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from kiosk.desk import Confirmation
from kiosk.logbook import Database
from kiosk.logbook.errors import KeyUsedBefore, LogbookUnreadable, NotRecorded
from tests.cast import AGAIN, NOW, payload
from tests.conftest import Kiosk
from verify import Outcome

LEASE = timedelta(seconds=60)


def confirm(kiosk: Kiosk, key: str = "an", idempotency: str = "k1", **fields: Any) -> Any:
    attempt = kiosk.scan(payload(key))
    return kiosk.desk.confirm(attempt, Confirmation(**fields), idempotency)


def test_a_visit_and_its_message_are_written_together(kiosk: Kiosk) -> None:
    visit, is_new = confirm(kiosk)

    assert is_new
    assert (visit.ticket, visit.outcome, visit.insurer_state) == (1, Outcome.ADMITTED, "queued")
    assert kiosk.outbox.counts()["queued"] == 1


def test_a_visit_whose_message_cannot_be_written_is_not_written_either(kiosk: Kiosk) -> None:
    kiosk.database.reading().execute(
        "create trigger full before insert on outbox begin select raise(abort, 'full'); end"
    )

    with pytest.raises(NotRecorded):
        confirm(kiosk)

    rows = kiosk.database.reading().execute("select count(*) from visit").fetchone()
    assert rows[0] == 0


def test_the_same_key_and_the_same_reading_give_the_same_visit(kiosk: Kiosk) -> None:
    attempt = kiosk.scan(payload("an"))

    first, is_new = kiosk.desk.confirm(attempt, Confirmation(), "k1")
    again, is_new_again = kiosk.desk.confirm(attempt, Confirmation(), "k1")
    other_key, is_new_other = kiosk.desk.confirm(attempt, Confirmation(), "k2")

    assert (is_new, is_new_again, is_new_other) == (True, False, False)
    assert first.id == again.id == other_key.id
    assert len(kiosk.visits.newest()) == 1


def test_an_idempotency_key_cannot_be_used_for_another_reading(kiosk: Kiosk) -> None:
    confirm(kiosk, "an", "k1")

    with pytest.raises(KeyUsedBefore):
        confirm(kiosk, "binh", "k1")
    assert len(kiosk.visits.newest()) == 1


def test_clerks_at_the_same_time_get_one_visit_a_reading_and_distinct_tickets(kiosk: Kiosk) -> None:
    attempts = [kiosk.scan(payload("an")) for _ in range(5)]
    tickets: list[tuple[int, int]] = []

    def clerk(number: int) -> None:
        for attempt in attempts:
            visit, _ = kiosk.desk.confirm(
                attempt, Confirmation(repeat_reason=AGAIN), f"{number}-{attempt}"
            )
            tickets.append((attempt, visit.ticket))
        kiosk.database.close()

    threads = [threading.Thread(target=clerk, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(tickets)) == 5
    assert sorted({ticket for _, ticket in tickets}) == [1, 2, 3, 4, 5]


def test_queue_numbers_start_at_one_each_day_at_the_clinic(kiosk: Kiosk) -> None:
    numbers = []
    for hours in (0, 13.9, 0.2):  # at ten in the morning, before midnight, after midnight
        kiosk.clock.go(timedelta(hours=hours))
        numbers.append(confirm(kiosk, idempotency=f"after {hours}", repeat_reason=AGAIN)[0].ticket)

    assert numbers == [1, 2, 1]


def test_a_logbook_can_be_opened_again_and_migrates_once(kiosk: Kiosk) -> None:
    confirm(kiosk)

    again = Database(kiosk.database._path, "demo")

    assert again.reading().execute("select count(*) from visit").fetchone()[0] == 1


def test_several_threads_may_open_a_new_logbook_at_once(tmp_path: Any) -> None:
    threads = [
        threading.Thread(target=lambda: Database(tmp_path / "logbook.db").close()) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()  # what a thread raises fails the test

    assert Database(tmp_path / "logbook.db").reading()["visit"].exists()


def test_a_message_is_claimed_once_and_again_after_its_lease(kiosk: Kiosk) -> None:
    confirm(kiosk)

    [first] = kiosk.outbox.claim(NOW, LEASE)
    assert kiosk.outbox.claim(NOW, LEASE) == []
    [second] = kiosk.outbox.claim(NOW + LEASE, LEASE)

    assert (second.visit, second.tries) == (first.visit, 2)


def test_an_answer_after_another_sender_claimed_the_message_changes_nothing(
    kiosk: Kiosk,
) -> None:
    confirm(kiosk)
    [late] = kiosk.outbox.claim(NOW, LEASE)
    [current] = kiosk.outbox.claim(NOW + LEASE, LEASE)

    kiosk.outbox.refuse(late, NOW + LEASE, "205", "", "")
    assert kiosk.outbox.counts()["in_flight"] == 1
    kiosk.outbox.accept([current], NOW + LEASE, "T1", "200", "{}")
    assert kiosk.outbox.counts()["accepted"] == 1


def test_a_visit_that_fails_does_not_delay_the_visits_after_it(kiosk: Kiosk) -> None:
    confirm(kiosk, "an", "k1")
    confirm(kiosk, "binh", "k2")
    [bad] = kiosk.outbox.claim(NOW, LEASE)
    kiosk.outbox.try_again([bad], NOW, "no answer")

    [behind] = kiosk.outbox.claim(NOW, LEASE)

    assert behind.visit != bad.visit


def test_the_delay_before_a_retry_grows_to_fifteen_minutes(kiosk: Kiosk) -> None:
    confirm(kiosk)
    now, waits = NOW, []
    for _ in range(10):
        [item] = kiosk.outbox.claim(now, LEASE)
        kiosk.outbox.try_again([item], now, "no answer")
        due = kiosk.outbox.next_due()
        assert due is not None
        waits.append((due - now).total_seconds())
        now = due

    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (5, 900)


@pytest.mark.parametrize("arrival", ["emergency", "uninsured"])
def test_emergencies_and_uninsured_patients_are_not_reported_to_the_insurer(
    kiosk: Kiosk, arrival: str
) -> None:
    visit, _ = confirm(kiosk, arrival=arrival)

    assert visit.insurer_state == "not_sent"
    assert sum(kiosk.outbox.counts().values()) == 0


def test_a_visit_that_lacks_what_the_insurer_requires_is_kept_and_parked(
    make_kiosk: Callable[..., Kiosk],
) -> None:
    kiosk = make_kiosk()
    attempt = kiosk.scan("9999900077")  # a number alone, without a name

    visit, _ = kiosk.desk.confirm(attempt, Confirmation(), "k1")

    assert visit.insurer_state == "parked"
    assert "HO_TEN" in (visit.message or "")
    assert "NGAY_SINH" in (visit.message or "")


@pytest.mark.parametrize("state", ["queued", "in_flight"])
def test_a_clock_that_was_ahead_delays_no_visit(kiosk: Kiosk, state: str) -> None:
    kiosk.clock.go(timedelta(days=3650))
    confirm(kiosk)
    ahead = kiosk.clock()
    if state == "in_flight":
        kiosk.outbox.claim(ahead, LEASE)

    assert kiosk.outbox.claim(NOW, LEASE)


def test_a_failed_commit_leaves_no_visit_behind(kiosk: Kiosk) -> None:
    class Full:
        """A connection whose commit fails, as on a full disk."""

        def __init__(self, conn: sqlite3.Connection) -> None:
            self.conn = conn

        def execute(self, sql: str, *values: Any) -> Any:
            if sql == "commit":
                raise sqlite3.OperationalError("disk I/O error")
            return self.conn.execute(sql, *values)

        def __getattr__(self, name: str) -> Any:
            return getattr(self.conn, name)

    attempt = kiosk.scan(payload("an"))
    db = kiosk.database.reading()
    connection = db.conn
    db.conn = Full(connection)  # type: ignore[assignment]  # the fault
    with pytest.raises(NotRecorded):
        kiosk.desk.confirm(attempt, Confirmation(), "k1")
    db.conn = connection

    assert kiosk.visits.newest() == []
    assert kiosk.desk.confirm(attempt, Confirmation(), "k1")[1] is True


def test_a_demonstration_and_a_site_never_share_a_logbook(tmp_path: Any) -> None:
    Database(tmp_path / "logbook.db", "site").close()

    with pytest.raises(LogbookUnreadable, match="made for site use, not demo"):
        Database(tmp_path / "logbook.db", "demo")


def test_a_damaged_logbook_is_reported_and_not_changed(tmp_path: Any) -> None:
    (tmp_path / "logbook.db").write_bytes(b"not a database" * 1000)

    with pytest.raises(LogbookUnreadable, match=r"logbook\.db: cannot be opened"):
        Database(tmp_path / "logbook.db")
    assert (tmp_path / "logbook.db").read_bytes() == b"not a database" * 1000


def test_a_scan_that_cannot_be_recorded_is_reported_and_not_shown(kiosk: Kiosk) -> None:
    kiosk.scan(payload("an"))
    kiosk.database.reading().execute("pragma query_only = on")  # as a full disk refuses

    with pytest.raises(NotRecorded):
        kiosk.scan(payload("an"))
    assert kiosk.desk.not_recording_since == NOW
    kiosk.database.reading().execute("pragma query_only = off")
    kiosk.scan(payload("an"))

    assert kiosk.desk.not_recording_since is None
    assert kiosk.attempts.last_id() == 2


def test_an_idle_outbox_does_not_wait_for_another_process_s_lock(kiosk: Kiosk) -> None:
    other = sqlite3.connect(kiosk.database._path, isolation_level=None)
    other.execute("begin immediate")

    assert kiosk.outbox.claim(NOW, LEASE) == []
    other.execute("rollback")
    other.close()


def test_the_summary_of_an_attempt_is_read_without_its_verdict(kiosk: Kiosk) -> None:
    attempt = kiosk.scan(payload("an"))
    with kiosk.database.transaction() as db:
        db.execute("update attempt set verdict = 'not read'")

    [summary] = kiosk.attempts.since(0)

    assert (summary.id, summary.reading, summary.reader) == (attempt, attempt, "front")
    assert (summary.outcome, summary.reason) == ("admitted", "in_force")
