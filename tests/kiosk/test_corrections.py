"""Correcting, cancelling, sending again and closing a visit lose nothing and rewrite nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from kiosk.desk import Confirmation
from kiosk.insurer import message_composer
from kiosk.logbook import Corrections, NightlyRuns
from kiosk.logbook.errors import ChangedMeanwhile, NoSuchVisit, NothingToChange, StillSending
from tests.cast import NOW, payload
from tests.conftest import Kiosk

LEASE = timedelta(seconds=60)
LATER = NOW + timedelta(minutes=5)


@pytest.fixture
def corrections(kiosk: Kiosk) -> Corrections:
    return Corrections(kiosk.database, message_composer(kiosk.entitlements.expected_code))


def visit(kiosk: Kiosk, key: str = "an", **fields: Any) -> str:
    attempt = kiosk.scan(payload(key))
    return kiosk.desk.confirm(attempt, Confirmation(**fields), key)[0].id


def sent(kiosk: Kiosk, state: str) -> None:
    [item] = kiosk.outbox.claim(NOW, LEASE)
    if state == "accepted":
        kiosk.outbox.accept([item], NOW, "T1", "200", "{}")
    elif state == "refused":
        kiosk.outbox.refuse(item, NOW, "202", "Thiếu HO_TEN", "{}")
    else:
        kiosk.outbox.park(item, NOW, "999", "?")


def bodies(kiosk: Kiosk) -> list[tuple[int, str, str]]:
    rows = kiosk.database.reading().execute("select version, state, body from outbox order by id")
    return [(row["version"], row["state"], row["body"]) for row in rows.fetchall()]


@pytest.mark.parametrize("before", ["queued", "refused", "parked", "accepted"])
def test_a_correction_is_a_new_version_under_the_same_id_and_what_was_sent_is_frozen(
    kiosk: Kiosk, corrections: Corrections, before: str
) -> None:
    visit_id = visit(kiosk)
    if before != "queued":
        sent(kiosk, before)
    [(_, _, first)] = bodies(kiosk)

    corrections.correct(visit_id, {"holder": "Nguyễn Văn Ân"}, "dấu sai", LATER)

    (_, state, frozen), (version, newer, body) = bodies(kiosk)
    assert frozen == first
    assert state == ("accepted" if before == "accepted" else "closed")
    assert (version, newer) == (2, "queued")
    assert f"<MA_LK>{visit_id}</MA_LK>" in body
    assert "Nguyễn Văn Ân" in body
    [now] = kiosk.visits.newest()
    assert (now.version, now.insurer_state) == (2, "queued")
    assert now.card.holder == "Nguyễn Văn Ân"
    kept = kiosk.database.reading().execute("select record, why from visit_version").fetchone()
    assert "Nguyễn Văn An" in kept["record"]
    assert kept["why"] == "dấu sai"


def test_the_person_follows_a_card_number_that_was_wrong(
    kiosk: Kiosk, corrections: Corrections
) -> None:
    visit_id = visit(kiosk)
    [before] = kiosk.visits.newest()
    assert before.card.card_number is not None
    wrong, right = before.card.card_number[-10:], "9999900877"
    assert before.person == wrong

    corrections.correct(
        visit_id, {"card_number": before.card.card_number[:5] + right}, "gõ nhầm", LATER
    )

    [now] = kiosk.visits.newest()
    assert now.person == right
    assert f"<MA_BN>{right}</MA_BN>" in bodies(kiosk)[-1][2]
    assert kiosk.visits.here_today(wrong, LATER) is None


def test_a_visit_that_is_being_sent_cannot_be_changed(
    kiosk: Kiosk, corrections: Corrections
) -> None:
    visit_id = visit(kiosk)
    kiosk.outbox.claim(NOW, LEASE)

    with pytest.raises(StillSending):
        corrections.correct(visit_id, {"holder": "Khác"}, "x", LATER)
    with pytest.raises(StillSending):
        corrections.cancel(visit_id, "x", LATER)
    assert kiosk.visits.newest()[0].version == 1


def test_a_correction_without_a_permitted_change_is_rejected(
    kiosk: Kiosk, corrections: Corrections
) -> None:
    visit_id = visit(kiosk)

    for changes in ({}, {"holder": "Nguyễn Văn An"}, {"attempt": "9", "outcome": "x", "id": "y"}):
        with pytest.raises(NothingToChange):
            corrections.correct(visit_id, changes, "x", LATER)
    with pytest.raises(NoSuchVisit):
        corrections.correct("nobody", {"holder": "x"}, "x", LATER)


def test_the_message_of_a_visit_that_becomes_an_emergency_is_closed(
    kiosk: Kiosk, corrections: Corrections
) -> None:
    visit_id = visit(kiosk)

    corrections.correct(visit_id, {"arrival": "emergency"}, "cấp cứu", LATER)

    assert [state for _, state, _ in bodies(kiosk)] == ["closed"]


@pytest.mark.parametrize(("before", "was_accepted"), [("queued", False), ("accepted", True)])
def test_a_cancelled_visit_stays_in_the_logbook_and_is_not_sent(
    kiosk: Kiosk, corrections: Corrections, before: str, was_accepted: bool
) -> None:
    visit_id = visit(kiosk)
    if before == "accepted":
        sent(kiosk, before)

    assert corrections.cancel(visit_id, "nhầm người", LATER) is was_accepted

    [now] = kiosk.visits.newest()
    assert now.cancelled_at == LATER
    assert kiosk.outbox.claim(LATER, LEASE) == []
    assert kiosk.visits.here_today(now.person, NOW) is None
    with pytest.raises(NothingToChange):
        corrections.cancel(visit_id, "again", LATER)


def test_the_tray_lists_messages_that_are_then_closed_or_sent_again(
    kiosk: Kiosk, corrections: Corrections
) -> None:
    first, other = visit(kiosk, "an"), visit(kiosk, "binh")
    sent(kiosk, "refused")
    sent(kiosk, "parked")
    assert [entry.visit for entry in corrections.tray()] == [first, other]
    assert corrections.tray()[0].message == "Thiếu HO_TEN"

    corrections.close(first, "đã báo BHXH", LATER)
    corrections.send_again(other, LATER)

    assert corrections.tray() == []
    [item] = kiosk.outbox.claim(LATER, LEASE)
    assert item.visit == other
    assert [event.state for event in kiosk.outbox.history(first)] == ["queued", "refused", "closed"]
    assert kiosk.outbox.history(first)[-1].message == "closed: đã báo BHXH"
    with pytest.raises(NothingToChange):
        corrections.close(first, "again", LATER)


def test_an_incomplete_visit_is_sent_after_its_field_was_corrected(
    kiosk: Kiosk, corrections: Corrections
) -> None:
    visit_id = visit(kiosk, "an", service_code="X" * 60)
    [entry] = corrections.tray()
    assert entry.state == "parked"
    assert "MA_DICH_VU" in str(entry.message)
    with pytest.raises(NothingToChange):
        corrections.send_again(visit_id, LATER)

    corrections.correct(visit_id, {"service_code": "KB"}, "mã dịch vụ", LATER)

    assert corrections.tray() == []
    assert len(kiosk.outbox.claim(LATER, LEASE)) == 1


def test_a_correction_from_an_outdated_page_is_rejected(
    kiosk: Kiosk, corrections: Corrections
) -> None:
    visit_id = visit(kiosk)
    corrections.correct(visit_id, {"holder": "Nguyễn Văn Ân"}, "tên", LATER, version=1)

    with pytest.raises(ChangedMeanwhile):
        corrections.correct(visit_id, {"holder": "Nguyễn Văn An"}, "số", LATER, version=1)

    assert kiosk.visits.newest()[0].card.holder == "Nguyễn Văn Ân"


def test_a_correction_that_the_insurer_would_not_see_is_not_sent(
    kiosk: Kiosk, corrections: Corrections
) -> None:
    visit_id = visit(kiosk)
    sent(kiosk, "accepted")

    corrections.correct(visit_id, {"phone": "0900000000"}, "số điện thoại", LATER)

    assert [state for _, state, _ in bodies(kiosk)] == ["accepted"]
    now = kiosk.visits.newest()[0]
    assert (now.version, now.insurer_state) == (2, "accepted")


def test_a_day_with_a_lost_message_does_not_add_up(
    kiosk: Kiosk,
) -> None:
    visit(kiosk, "an")
    visit(kiosk, "binh", arrival="emergency")
    runs = NightlyRuns(kiosk.database)
    assert runs.days("2026-11-25")[0].adds_up

    with kiosk.database.transaction() as db:
        db.execute("delete from outbox_event")
        db.execute("delete from outbox")
    assert not runs.days("2026-11-25")[0].adds_up
