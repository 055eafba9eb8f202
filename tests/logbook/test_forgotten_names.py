"""A name that was purged or erased is in no part of the file, the index included."""

from __future__ import annotations

from pathlib import Path

from kiosk.logbook import forget_old_words
from kiosk.privacy.deletion import delete_visits
from tests.cast import NOW
from tests.conftest import Kiosk
from tests.logbook.conftest import Record
from tests.logbook.test_finding import file_of

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
