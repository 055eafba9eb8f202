"""What is too old is deleted, written down, and gone from the files; what waits stays."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kiosk.desk import Confirmation
from kiosk.logbook import (
    SYSTEM,
    Accesses,
    ExportedFile,
    Exports,
    Ground,
    Looker,
    LookupKind,
    LookupPurpose,
    LookupResult,
    NewLookup,
    NotRecorded,
)
from kiosk.logbook.commune_notices import CommuneNotice
from kiosk.logbook.consents import ConsentPurpose, HowGiven, NewConsent
from kiosk.privacy.periods import retention_periods
from kiosk.privacy.purge import Purge
from kiosk.settings import Settings
from tests.cast import BHYT15, BHYT17, NOW, payload
from tests.conftest import Kiosk

YEAR = timedelta(days=366)
LATER = NOW + 11 * YEAR
NAME = "Nguyễn Văn Mẫu"  # on BHYT17
NUMBER = "9999900020"


def keeping(settings: Settings, **more: int) -> Settings:
    return replace(settings, retention=replace(settings.retention, **more))


def purge_of(kiosk: Kiosk, now: datetime = LATER, **more: int) -> Purge:
    periods = retention_periods(keeping(kiosk.settings, **more))
    return Purge(kiosk.database, periods, lambda: now, pause=lambda: None)


def visit(kiosk: Kiosk, card: bytes | str, key: str, **more: Any) -> str:
    return kiosk.desk.confirm(kiosk.scan(card), Confirmation(**more), key)[0].id


def count(kiosk: Kiosk, table: str) -> int:
    return int(kiosk.database.rows(f"select count(*) from {table}")[0][0])


def accept_all(kiosk: Kiosk) -> None:
    with kiosk.database.transaction() as db:
        db.execute("update outbox set state = 'accepted', body = '<xml/>'")


@pytest.fixture
def full(kiosk: Kiosk) -> Kiosk:
    """A logbook with a visit of everything that belongs to one, sent and accepted."""
    reading = kiosk.scan(BHYT17)
    found = kiosk.desk.confirm(reading, Confirmation(phone="0900000001"), "k")[0]
    lookup = NewLookup(
        LookupKind.CARD, LookupPurpose.ARRIVAL, NOW, 1, SYSTEM, {"hoTen": NAME},
        LookupResult.ANSWERED, answer=f'{{"hoTen": "{NAME}"}}',
    )  # fmt: skip
    kiosk.lookups.record(lookup, [reading])
    kiosk.lookups.record(lookup, visit=found.id)
    kiosk.lookups.record(lookup)
    Exports(kiosk.database).record(ExportedFile("evidence.pdf", found.id, NOW, "desk", "aa"))
    Accesses(kiosk.database).record(Looker("desk"), "a", NOW, visits=[found.id])
    notice = CommuneNotice(found.id, "xã", NOW, "điện thoại", NAME, NOW, "desk")
    kiosk.commune_notices.add(notice)
    [item] = kiosk.outbox.claim(NOW, timedelta(minutes=1))
    kiosk.sent_files.record([item.id], NAME.encode(), "1f", NOW)
    consent = NewConsent(
        "c", ConsentPurpose.HELP_CALL, {"phone": "0900000002"}, HowGiven.SPOKEN, "w", "desk",
        NUMBER, found.id,
    )  # fmt: skip
    kiosk.consents.give(consent, NOW)
    kiosk.consents.erase_ended(NOW + YEAR)
    accept_all(kiosk)
    return kiosk


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.glob("logbook.db*"))


def test_a_name_is_gone_from_every_file_after_its_time(full: Kiosk, tmp_path: Path) -> None:
    assert NAME.encode() in bytes_of(tmp_path)
    assert NUMBER.encode() in bytes_of(tmp_path)

    result = purge_of(full, visits_years=10).run(LATER, SYSTEM)

    assert result.trouble is None
    assert result.is_overwritten
    assert result.deleted["visits"] == 1
    left = bytes_of(tmp_path)
    for planted in (NAME, NUMBER, "0900000001", "0900000002"):
        assert planted.encode() not in left, planted
    for table in (
        *("visit", "attempt", "outbox", "outbox_event", "sent_file", "sent_message", "lookup"),
        *("ticket", "ticket_event", "visit_version", "person_number", "commune_notice", "consent"),
        *("access", "export"),
    ):
        assert count(full, table) == 0, table


def test_every_connection_overwrites_what_it_deletes(kiosk: Kiosk) -> None:
    kiosk.cache.newest_answer()

    assert kiosk.database.rows("pragma secure_delete")[0][0] == 1
    assert kiosk.cache._file.connect().execute("pragma secure_delete").fetchone()[0] == 1


def test_what_was_deleted_is_written_down_without_data(full: Kiosk) -> None:
    purge_of(full, visits_years=10).run(LATER, SYSTEM)

    rows = {row["kind"]: row for row in full.database.rows("select * from purge")}
    assert rows["visits"]["deleted"] == 1
    assert rows["looks"]["deleted"] == 1
    assert rows["visits"]["author"] == SYSTEM
    assert NUMBER not in str([tuple(row) for row in rows.values()])


def test_without_a_period_visits_stay_with_all_that_belongs_to_them(full: Kiosk) -> None:
    before = {table: count(full, table) for table in ("visit", "attempt", "outbox", "sent_file")}

    result = purge_of(full).run(LATER, SYSTEM)

    assert "visits" not in result.deleted
    assert {table: count(full, table) for table in before} == before


@pytest.mark.parametrize("state", ["queued", "in_flight", "refused", "parked"])
def test_a_visit_that_still_waits_is_not_deleted(full: Kiosk, state: str) -> None:
    with full.database.transaction() as db:
        db.execute("update outbox set state = ?", [state])

    result = purge_of(full, visits_years=10).run(LATER, SYSTEM)

    assert "visits" not in result.deleted
    assert result.waits == {"visits": 1}
    assert count(full, "visit") == 1


def test_a_visit_with_a_suspicion_stays_until_the_suspicion_goes(full: Kiosk) -> None:
    [row] = full.database.rows("select attempt from visit")
    attempt = full.attempts.get(row[0])
    assert attempt is not None
    suspicion = full.suspicions.add(attempt, Ground.OTHER, "x", NOW, "desk")
    purge = purge_of(full, visits_years=10)
    assert purge.run(LATER, SYSTEM).waits == {"visits": 1, "suspicions": 1}

    full.suspicions.report(full.suspicions.get(suspicion), "BHXH", NOW, "", NOW, "desk")
    assert purge.run(LATER, SYSTEM).deleted["suspicions"] == 1
    assert count(full, "visit") == 0 or purge.run(LATER, SYSTEM).deleted["visits"] == 1


def test_a_reading_without_a_visit_goes_and_one_with_a_visit_stays(full: Kiosk) -> None:
    alone = full.scan(payload("an"))
    now = NOW + 2 * YEAR

    result = purge_of(full, now).run(now, SYSTEM)

    assert result.deleted["readings"] == 1
    assert full.attempts.get(alone) is None
    assert count(full, "visit") == 1
    assert count(full, "lookup") == 2  # the one that belongs to nothing has gone


@pytest.mark.parametrize("theirs", [None, NOW, LATER + timedelta(hours=1)])
def test_a_clock_that_no_other_agrees_with_deletes_nothing(
    full: Kiosk, theirs: datetime | None
) -> None:
    periods = retention_periods(keeping(full.settings, visits_years=10))
    purge = Purge(full.database, periods, lambda: theirs, pause=lambda: None)

    assert purge.run(LATER, SYSTEM).trouble == "clock"
    assert count(full, "visit") == 1
    assert count(full, "purge") == 0
    assert purge.run(LATER, SYSTEM, is_clock_right=True).deleted["visits"] == 1


def test_batches_are_small_and_the_desk_gets_its_turn_between_them(kiosk: Kiosk) -> None:
    accesses, seen = Accesses(kiosk.database), []
    accesses.record(Looker("desk"), "a", NOW, visits=[f"v{n}" for n in range(120)])
    purge = Purge(
        kiosk.database, retention_periods(kiosk.settings), lambda: LATER,
        pause=lambda: seen.append(count(kiosk, "access")),
    )  # fmt: skip

    assert purge.run(LATER, SYSTEM).deleted == {"looks": 120}
    assert seen == [70, 20, 0]
    assert [row[0] for row in kiosk.database.rows("select deleted from purge")] == [120]


def test_a_run_ends_in_time_and_the_next_goes_on(kiosk: Kiosk) -> None:
    Accesses(kiosk.database).record(Looker("desk"), "a", NOW, visits=[f"v{n}" for n in range(120)])
    ticks = iter([0.0, *([1.0] * 7), *([999.0] * 20)])
    purge = Purge(
        kiosk.database, retention_periods(kiosk.settings), lambda: LATER, lambda: None,
        lambda: next(ticks),
    )  # fmt: skip

    result = purge.run(LATER, SYSTEM)

    assert result.deleted == {"looks": 100}
    assert "looks" in result.unfinished
    assert purge_of(kiosk).run(LATER, SYSTEM).deleted == {"looks": 20}


def test_looks_sign_ins_and_consents_cannot_go_before_their_time(full: Kiosk) -> None:
    now = NOW + timedelta(days=30)

    assert purge_of(full, now).run(now, SYSTEM).deleted == {}
    for table in ("access", "consent"):
        with pytest.raises(NotRecorded, match="only added"), full.database.transaction() as db:
            db.execute(f"delete from {table}")
        with pytest.raises(NotRecorded, match="only added"), full.database.transaction() as db:
            db.execute(f"update {table} set author = 'x'")


def test_the_state_of_each_kind_says_what_is_oldest_and_what_is_due(full: Kiosk) -> None:
    states = {str(state.period.kind): state for state in purge_of(full).states(LATER)}

    assert states["looks"].oldest == NOW
    assert states["looks"].due == 1
    assert states["visits"].due == 0  # no period is set
    assert states["visits"].oldest == NOW
    assert states["breaches"].oldest is None


def test_two_visits_in_one_file_leave_it_until_the_last_goes(kiosk: Kiosk) -> None:
    first, second = visit(kiosk, BHYT17, "1"), visit(kiosk, BHYT15, "2")
    ids = [row[0] for row in kiosk.database.rows("select id from outbox order by id")]
    kiosk.sent_files.record(ids, b"both", None, NOW)
    accept_all(kiosk)
    with kiosk.database.transaction() as db:
        db.execute("update visit set arrived_at = '2030-01-01' where id = ?", [second])

    purge_of(kiosk, visits_years=10).run(LATER, SYSTEM)

    assert kiosk.visits.by_id(first) is None
    assert count(kiosk, "sent_file") == 1
    assert count(kiosk, "sent_message") == 1


def test_every_period_names_its_source_and_a_setting(kiosk: Kiosk) -> None:
    shipped = Path("config/kiosk.toml").read_text("utf-8")

    for period in retention_periods(kiosk.settings):
        assert period.source
        assert re.search(rf"^{period.setting.rpartition(' ')[2]} = {period.count} ", shipped, re.M)
