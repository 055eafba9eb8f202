"""A name that was purged or erased is in no part of the file, the index included."""

from __future__ import annotations

from pathlib import Path

from kiosk.logbook import SYSTEM, forget_old_words
from kiosk.privacy.deletion import delete_visits
from tests.cast import NOW
from tests.conftest import Kiosk
from tests.logbook.conftest import DAY, Record
from tests.logbook.test_finding import Found, file_of
from tests.privacy.test_purge import LATER, purge_of
from tests.proof.books import check

PLANTED = "Zwyxquot Planted"


def test_a_deleted_name_leaves_the_file(kiosk: Kiosk, record: Record, tmp_path: Path) -> None:
    for number in range(30):
        record(f"Lê Văn {number}")
    visit = record(PLANTED)
    for number in range(30):
        record(f"Trần Văn {number}")
    assert b"zwyxquot" in file_of(kiosk, tmp_path)
    with kiosk.database.transaction() as db:
        db.execute("update outbox set state = 'accepted' where visit = ?", [visit.id])
        db.execute("delete from webhook_message")
        delete_visits(db, [visit.row])
    forget_old_words(kiosk.database)

    left = file_of(kiosk, tmp_path)
    assert b"zwyxquot" not in left
    assert b"Zwyxquot" not in left
    kiosk.database.rows("insert into visit_words (visit_words) values ('integrity-check')")


def test_a_corrected_name_leaves_the_index_and_stays_in_the_earlier_version(
    kiosk: Kiosk, record: Record, tmp_path: Path
) -> None:
    visit = record(PLANTED)
    kiosk.corrections.correct(visit.id, {"holder": "Lê Đúng"}, "gõ nhầm", NOW)
    forget_old_words(kiosk.database)

    assert b"zwyxquot" not in file_of(kiosk, tmp_path)
    assert kiosk.corrections.versions(visit.id)[0].visit.card.holder == PLANTED


def test_after_a_purge_the_name_is_nowhere_the_chain_holds_and_the_others_are_found(
    kiosk: Kiosk, record: Record, found: Found, tmp_path: Path
) -> None:
    old = record(PLANTED)
    kiosk.corrections.correct(old.id, {"holder": f"{PLANTED} Hai"}, "gõ nhầm", NOW)
    for place in range(30):
        record(f"Lê Văn {place}", at=LATER - DAY)
    with kiosk.database.transaction() as db:
        db.execute(
            "insert into outbox_event (outbox, at, state, message)"
            " select id, '2026', 'accepted', message from outbox"
        )
        db.execute("update outbox set state = 'accepted'")
        db.execute("delete from webhook_message")
    assert b"zwyxquot" in file_of(kiosk, tmp_path)
    assert found(PLANTED)

    assert purge_of(kiosk, visits_years=10).run(LATER, SYSTEM).deleted["visits"] == 1

    assert check(kiosk).faults == ()
    assert b"zwyxquot" not in file_of(kiosk, tmp_path).lower()
    assert (found(PLANTED), len(found("le van"))) == ([], 30)
    kiosk.database.rows("insert into visit_words (visit_words) values ('integrity-check')")
