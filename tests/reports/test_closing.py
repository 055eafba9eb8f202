"""Closing a day: who signed which figures, and what changed afterwards."""

from __future__ import annotations

import html
import io
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader

from kiosk.logbook import DayCoverage, LookupResult
from kiosk.reports import DayClosings, changes_since, for_insurer
from tests.cast import NOW, TODAY, Clock
from tests.conftest import Kiosk
from tests.kiosk.test_reporting import accept, confirm_visit, park, refuse
from tests.reports.book import Book, open_book
from tests.reports.random_book import write_random_book
from tests.reports.recount import CLOSING, one_day
from tests.reports.test_figures import MORE_SEEDS, PERIODS

CLOSING_CODE = 47  # of its rows in links
DAY = TODAY.isoformat()


def page(client: FlaskClient, path: str = f"/day?date={DAY}&lang=en") -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return html.unescape(answer.text)


def close(client: FlaskClient, note: str = "", day: str = DAY) -> str:
    """Close a day as its page offers it; return what the page says then."""
    [seen] = re.findall(r'name="seen" value="([\d.]+)"', page(client, f"/day?date={day}"))
    form = {"seen": seen, "note": note}
    answer = client.post(f"/day/close?date={day}", data=form)
    assert answer.status_code == 303
    return page(client, f"{answer.location}&lang=en")


def test_a_day_is_closed_and_a_change_afterwards_is_shown(
    kiosk: Kiosk, clock: Clock, client: FlaskClient
) -> None:
    for name, do in (("an", accept), ("binh", refuse), ("dung", park)):
        confirm_visit(kiosk, name)
        do(kiosk)
    waiting = confirm_visit(kiosk, "giang")
    confirm_visit(kiosk, "khoi", arrival="emergency")
    kiosk.scan("no card at all")

    text = page(client)
    assert "✓ Together with those not to be reported, these are all 5 visits." in text
    assert re.findall(r"<dt>(?:[=+] )?(\w[\w ]+)</dt><dd>(?:<a[^>]+>)?(\d+)", text)[8:15] == [
        ("For the insurer", "4"),
        ("received", "1"),
        ("refused", "1"),
        ("waiting", "1"),
        ("needs a person", "1"),
        ("closed by a person", "0"),
        ("not to be reported", "1"),
    ]
    closed = close(client, "đủ phiếu")
    assert "The day is closed." in closed
    assert "The day was not over then." in closed  # it is ten in the morning
    assert "Nothing has changed since the day was closed." in closed
    assert "đủ phiếu" in closed

    accept(kiosk)  # what waits goes on: that is no alarm
    text = page(client)
    assert "At the insurer: received" in text
    assert "Changed since closing: see below." not in text
    kiosk.corrections.cancel(waiting, "trùng", clock())
    text = page(client)
    assert "Changed since closing: see below." in text
    assert "⚠ Cancellations on this day</th><td>0</td><td>1</td>" in text
    assert "Nothing has changed" in close(client)
    assert len(DayClosings(kiosk.database).of_day(TODAY)) == 2


def test_nothing_is_signed_that_was_not_seen(kiosk: Kiosk, client: FlaskClient) -> None:
    form = {"seen": "0.0.0"}
    confirm_visit(kiosk, "an")

    answer = client.post(f"/day/close?date={DAY}", data=form)

    assert "nothing was signed" in page(client, f"{answer.location}&lang=en")
    assert not DayClosings(kiosk.database).of_day(TODAY)


@pytest.mark.parametrize("day", ["2026-11-26", "2026-02-30", "2199-01-01", "x", "9999-99-99"])
def test_no_day_to_come_and_no_day_that_cannot_be_is_closed(client: FlaskClient, day: str) -> None:
    assert client.post(f"/day/close?date={day}", data={"seen": "0.0.0"}).status_code == 404
    assert client.get(f"/day/closing.pdf?date={day}").status_code == 404


def test_a_day_without_visits_can_be_closed_and_says_so_on_paper(
    client: FlaskClient,
) -> None:
    day = (TODAY - timedelta(days=1)).isoformat()
    assert client.get(f"/day/closing.pdf?date={day}").status_code == 404  # not closed yet
    close(client, "nghỉ lễ", day)

    text = paper(client, day)
    assert "Ngày này không ghi nhận lượt khám nào." in text
    assert "nghỉ lễ" in text
    assert "ngày chưa kết thúc" not in text


def test_the_paper_has_what_changed_since_and_whole_vietnamese_letters(
    kiosk: Kiosk, client: FlaskClient, clock: Clock
) -> None:
    visit = confirm_visit(kiosk, "an")
    close(client)
    accept(kiosk)
    kiosk.corrections.cancel(visit, "trùng", clock())

    text = paper(client, DAY)
    assert "Biên bản chốt ngày 25/11/2026" in text
    assert "Thay đổi sau khi chốt" in text
    assert "Lần hủy trong ngày" in text
    assert "¤" not in text


def test_page_and_paper_show_the_signed_root_of_a_closed_day(
    kiosk: Kiosk, client: FlaskClient
) -> None:
    close(client)
    [last] = kiosk.database.rows("select max(id) as id from link where source = ?", [CLOSING_CODE])
    root = kiosk.proofs.roots.of(TODAY)

    assert root is not None
    assert root.is_signed
    assert root.last_link >= last["id"]
    assert root.line in client.get(f"/day?date={DAY}").text
    assert root.line.replace(" ", "") in paper(client, DAY).replace(" ", "")


def paper(client: FlaskClient, day: str) -> str:
    answer = client.get(f"/day/closing.pdf?date={day}&lang=vi")
    assert answer.status_code == 200
    return read(answer.data)


def read(pdf: bytes) -> str:
    return " ".join(
        " ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split()
    )


def test_closings_are_only_added(own_book: Book) -> None:
    closings = DayClosings(own_book.database)
    day = PERIODS["day"].first
    closings.close(day, own_book.day_figures.of(day), "desk", NOW)
    conn = sqlite3.connect(own_book.path)
    for act in ("delete from day_closing", "update day_closing set note = 'x'"):
        with pytest.raises(sqlite3.IntegrityError, match="only added"):
            conn.execute(act)
    conn.close()

    assert day in closings.days(PERIODS["month"])
    closing = closings.of_day(day)[0]
    assert changes_since(closing, own_book.day_figures.of(day)) == []
    of_before = {name: value for name, value in closing.figures.items() if name != "incidents"}
    older = replace(closing, figures=of_before | {"outages": -1})  # of an earlier version
    assert [each.name for each in changes_since(older, closing.figures)] == ["outages"]


def check_days(book: Book, days: Iterable[date]) -> None:
    """Compare each figure of the closings of some days, so that a failure names it."""
    for day in days:
        plain, figures = book.plain(one_day(day)), book.day_figures.of(day)
        assert figures.keys() == CLOSING.keys()  # no figure is without a recount
        for name, recount in CLOSING.items():
            assert figures[name] == recount(plain), (day, name)
        assert for_insurer(figures) == sum(bool(plain.messages[row["id"]]) for row in plain.visits)
        assert sum(figures["states"].values()) == figures["visits"]


LAST_DAYS = [TODAY - timedelta(days=back) for back in range(70)]


def test_each_figure_of_a_closing_is_what_plain_python_counts(book: Book) -> None:
    check_days(book, LAST_DAYS)


@pytest.mark.long
@pytest.mark.parametrize("seed", MORE_SEEDS)
def test_the_same_holds_for_the_closings_of_many_more_books(seed: int, tmp_path: Path) -> None:
    path = tmp_path / "logbook.db"
    write_random_book(path, seed)
    book = open_book(path)
    check_days(book, LAST_DAYS)
    book.database.close()


def test_the_books_have_everything_that_is_counted(book: Book) -> None:
    """A figure that is zero on all days would be right by chance."""
    totals: Counter[str] = Counter()
    for day in LAST_DAYS:
        for name, figure in book.day_figures.of(day).items():
            if isinstance(figure, dict):
                totals.update({f"{name}.{key}": count for key, count in figure.items()})
            else:
                totals[name] += sum(figure) if isinstance(figure, list) else figure
    assert not [name for name, count in totals.items() if not count]
    year = book.reports.of(PERIODS["year"], NOW)
    assert all(year.states.values())
    assert 0 < year.contacted < year.to_contact
    assert set(year.coverage) == set(DayCoverage)
    assert set(year.gateway.results) == set(LookupResult)
