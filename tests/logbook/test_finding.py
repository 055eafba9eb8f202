"""Visits are found by what people type, in any form, in the order of their arrivals."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.logbook import Cancelled, UnreadableVisit, Visit, VisitFinder, VisitQuery, read_query
from kiosk.logbook.visit_index import index_all
from kiosk.web.app import create_app
from tests.cast import NOW, TODAY
from tests.conftest import Kiosk
from tests.logbook.conftest import DAY, Record
from verify import CLINIC_ZONE, Birth, name_words

Found = Callable[[str], list[str]]
LAN = "Nguyễn Thị Lan"


@pytest.mark.parametrize(
    "text",
    [
        *(LAN, "nguyen thi lan", "NGUYEN THI LAN", "lan nguyen", "Lan Thị", "ngu", "nguyễn th"),
        *("lan 1980", "1980 lan", "nguyen thi lan 01/02/1980", "1/2/1980", "01-02-1980"),
        *("01021980", "02/1980", "1980", "1980-02-01", "9999900001", "99999 00001", "99999-00001"),
        *("DN4019999900001", "dn 401 99999 00001", "0999 123 456", "+84999123456", "099912"),
        *("0084999123456", "+84 (0) 999 123 456", "(0999) 123456", "lan 0999 123 456"),
        *(
            "lan 99999 00001",
            "99999 00001 lan",
            "lan 01 02 1980",
            "lan 1980 0999 123 456",
            "99999 00001 1980",
        ),
    ],
)
def test_a_visit_is_found_in_every_form(record: Record, found: Found, text: str) -> None:
    record("Trần Văn Bình", Birth(1970, 5, 5))
    record(LAN, Birth(1980, 2, 1), number="9999900001", phone="0999 123 456")

    assert found(text) == [LAN]


def test_marks_count_where_they_are_typed(record: Record, found: Found) -> None:
    for name in ("Lê Dung", "Lê Dũng", "LE DUNG", "Đỗ Hoà", "Đỗ Hòa", "Do Hoa"):
        record(name)

    assert found("le dung") == ["LE DUNG", "Lê Dũng", "Lê Dung"]
    assert found("lê dũng") == ["LE DUNG", "Lê Dũng"]
    assert found("do hoa") == found("đỗ hòa") == ["Do Hoa", "Đỗ Hòa", "Đỗ Hoà"]


def test_common_words_count_like_others(record: Record, found: Found) -> None:
    for name in ("Nguyễn Thị Lan", "Nguyen Thi Lan", "Nguyên Thị Lan", "Trần Thị Lan", "Lan Thìn"):
        record(name, Birth(1980, 2, 1))

    assert found("lan nguyễn thị ") == ["Nguyen Thi Lan", "Nguyễn Thị Lan"]
    assert found("nguyen lan ") == ["Nguyên Thị Lan", "Nguyen Thi Lan", "Nguyễn Thị Lan"]
    assert found("lan thi ") == [
        "Trần Thị Lan", "Nguyên Thị Lan", "Nguyen Thi Lan", "Nguyễn Thị Lan",
    ]  # fmt: skip
    assert found("lan thi")[0] == "Lan Thìn"  # the last word may go on
    assert found("tran thi ") == found("tran 01/02/1980") == ["Trần Thị Lan"]
    assert found("le 01/02/1980") == found("zz le") == []


def test_if_nobody_has_these_marks_those_with_others_are_shown_and_said_so(
    kiosk: Kiosk, record: Record
) -> None:
    record("Lê Dung")
    answer = kiosk.visit_finder.find(read_query("lê dũng", NOW.year))

    assert [visit.card.holder for visit in answer if isinstance(visit, Visit)] == ["Lê Dung"]
    assert answer.ignored_marks


@pytest.mark.parametrize(
    "text", ["%", "_'", '"*"', "-", "NEAR(a b)", "a OR b", "§oadmitted", "a" * 10_000, "(^\0"]
)
def test_no_text_is_an_error_or_finds_everybody(record: Record, found: Found, text: str) -> None:
    record(LAN)

    assert found(text) == []


@given(st.text(max_size=60))
def test_every_text_is_a_query(text: str) -> None:
    query = read_query(text, NOW.year)

    assert query.match().count('"') % 2 == 0
    assert (
        query.is_unusable
        or query.is_personal
        or query.ticket
        or not text.strip()
        or query.names == ()
    )


@given(st.text(alphabet="abcđdăâêôơưáàảãạ '.-HM", min_size=1, max_size=30))
def test_a_name_is_found_by_its_own_words(name: str) -> None:
    for word in name_words(name):
        assert word.plain
        assert word.plain.isascii()
        assert word in name_words(" ".join(reversed(name.split(" "))))


def test_pages_are_stable_while_visits_are_recorded(kiosk: Kiosk, record: Record) -> None:
    names = [f"Lê Văn {letter}" for letter in "ABCDEFGHIK"]
    for number, name in enumerate(names):
        record(name, at=NOW - DAY + timedelta(minutes=number))
    finder, query = VisitFinder(kiosk.database), read_query("lê", NOW.year)
    first = finder.find(query, limit=4)
    record("Lê Mới")
    second = finder.find(query, before=first.older, limit=4)
    third = finder.find(query, before=second.older, limit=4)

    seen = [visit.card.holder for page in (first, second, third) for visit in page]  # type: ignore[union-attr]
    assert seen == names[::-1]
    assert third.older is None
    back = finder.find(query, after=third.newer, limit=4)
    assert list(back) == list(second)
    assert [day.count for day in second.days] == [10]
    assert finder.find(query, after=first.newer or first.older, limit=99).older


def test_the_order_is_that_of_the_arrivals(kiosk: Kiosk, record: Record) -> None:
    for name, days in (("Lê Ba", 1), ("Lê Hai", 2), ("Lê Không", 0), ("Lê Một", 1)):
        record(name, at=NOW - days * DAY)
    found = VisitFinder(kiosk.database).find(read_query("lê", NOW.year)).days

    assert [(day.day, day.count) for day in found] == [
        (TODAY, 1), (TODAY - DAY, 2), (TODAY - 2 * DAY, 1),
    ]  # fmt: skip


def test_filters_find_what_they_name(kiosk: Kiosk, record: Record) -> None:
    one = record("Lê Một", room="Phòng 1", author="staff 101 Hà")
    two = record("Lê Hai", room="Phòng 2", author="staff 102 Đức", at=NOW - DAY)
    record("Lê Ba", room="phòng  2", author="staff 101 Lê Thu Hà")
    kiosk.corrections.cancel(two.id, "nhầm", NOW)
    finder = VisitFinder(kiosk.database)
    rooms = {label: row for row, label in finder.choices("room")}
    authors = {label: row for row, label in finder.choices("author")}

    def names(**filters: object) -> list[str]:
        query = replace(VisitQuery(), **filters)  # type: ignore[arg-type]
        return [v.card.holder or "" for v in finder.find(query) if isinstance(v, Visit)]

    assert set(rooms) == {"Phòng 1", "phòng  2"}
    assert names(room=rooms["Phòng 1"]) == ["Lê Một"]
    assert names(room=rooms["phòng  2"]) == ["Lê Ba", "Lê Hai"]
    assert set(authors) == {"staff 101 Lê Thu Hà", "staff 102 Đức"}  # the newest name
    assert names(author=authors["staff 101 Lê Thu Hà"]) == ["Lê Ba", "Lê Một"]
    assert names(first=TODAY, last=TODAY) == ["Lê Ba", "Lê Một"]
    assert names(last=TODAY - DAY) == ["Lê Hai"]
    assert names(cancelled=Cancelled.ONLY) == ["Lê Hai"]
    assert names(cancelled=Cancelled.WITHOUT, outcome="admitted") == ["Lê Ba", "Lê Một"]
    # Their cards have no birth date: the messages were never complete enough to be sent.
    assert names(state="parked", outcome="admitted") == names(state="parked") == ["Lê Ba", "Lê Một"]
    assert names(state="closed") == ["Lê Hai"]
    assert names(state="accepted") == names(state="refused") == names(state="not_sent") == []
    # Each room has its own series of numbers.
    assert names(ticket=one.ticket_label, first=TODAY, last=TODAY) == ["Lê Ba", "Lê Một"]


def test_the_index_follows_corrections_and_is_the_same_when_it_is_made_again(
    kiosk: Kiosk, record: Record, found: Found
) -> None:
    visit = record("Lê Sai", phone="0999000001")
    kiosk.corrections.correct(visit.id, {"holder": "Lê Đúng"}, "gõ nhầm", NOW)
    kiosk.corrections.correct_time(visit.id, NOW - DAY, "đồng hồ sai", NOW)

    assert (found("sai"), found("dung")) == ([], ["Lê Đúng"])
    rows = [tuple(row) for row in kiosk.database.rows("select * from visit_search")]
    with kiosk.database.transaction() as db:
        db.execute("delete from visit_search")
        index_all(db)
    assert [tuple(row) for row in kiosk.database.rows("select * from visit_search")] == rows
    kiosk.database.rows("insert into visit_words (visit_words) values ('integrity-check')")


def test_a_damaged_visit_keeps_its_place_and_takes_no_page_down(
    kiosk: Kiosk, record: Record, make_kiosk: Callable[..., Kiosk], tmp_path: Path
) -> None:
    visit = record(LAN)
    record("Lê Hai")
    kiosk.database.empty_write_ahead_log()
    kiosk.database.close()
    path, record_begins = tmp_path / "logbook.db", b'{"attempt":%d,' % visit.attempt
    content = path.read_bytes()
    assert content.count(record_begins) == 1
    path.write_bytes(content.replace(record_begins, b"!" + record_begins[1:]))

    again = make_kiosk()
    client = create_app(again, threading.Event()).test_client()
    results = list(VisitFinder(again.database).find(VisitQuery()))
    assert [type(each) for each in results] == [Visit, UnreadableVisit]
    page = client.get("/logbook")
    assert page.status_code == 200
    assert f"Không đọc được dòng lượt khám {visit.row}." in page.text
    assert "Lê Hai" in page.text
    listed = client.get("/reports/visits?period=2026-11").text
    assert f"Không đọc được dòng lượt khám {visit.row}." in listed.partition("<tbody>")[2]
    today = client.get(f"/day?date={visit.arrived_at.astimezone(CLINIC_ZONE):%Y-%m-%d}").text
    assert "chưa chốt được" in today  # figures without the visit would be signed
    for page_path in ("/logbook/tray", "/", "/logbook/cases"):
        assert client.get(page_path).status_code == 200
    own = client.get(f"/logbook/visits/{visit.id}", headers={"Accept": "text/html"})
    assert (own.status_code, f"dòng lượt khám {visit.row}" in own.text) == (507, True)


def file_of(kiosk: Kiosk, folder: Path) -> bytes:
    """Return the bytes of the logbook's file and its log."""
    kiosk.database.empty_write_ahead_log()
    return b"".join(path.read_bytes() for path in folder.glob("logbook.db*"))
