"""Closing a day: who signed which figures, and what changed afterwards."""

from __future__ import annotations

import html
import io
import re
import sqlite3
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader

from kiosk.logbook import Attempts, Unfinished
from kiosk.reports import DayClosings, changes_since, for_insurer
from kiosk.reports.insurer_states import STATES
from tests.cast import TODAY, Clock
from tests.conftest import Kiosk
from tests.kiosk.test_reporting import accept, confirm_visit, park, refuse
from tests.reports.book import NOW, Book, PlainBook
from tests.reports.test_figures import PERIODS, known

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

    assert closings.days(PERIODS["month"]) == {day}
    [closing] = closings.of_day(day)
    assert changes_since(closing, own_book.day_figures.of(day)) == []


@pytest.mark.parametrize("day", range(1, 25))
def test_the_figures_of_a_closing_are_those_of_plain_python(book: Book, day: int) -> None:
    period = type(PERIODS["day"])(*[PERIODS["day"].first.replace(day=day)] * 2)
    plain, figures = PlainBook(book.path, period), book.day_figures.of(period.first)
    by_state = plain.by(plain.state)
    changed = [row for row in plain.tables["visit_version"] if plain.holds(row["replaced_at"])]
    cancelled_at = {row["id"]: row["cancelled_at"] for row in plain.all}

    assert figures["visits"] == len(plain.visits) == sum(figures["states"].values())
    assert figures["cancelled"] == len(plain.of_days) - len(plain.visits)
    expected: dict[str, Any] = {
        "outcomes": {key: len(rows) for key, rows in plain.by(lambda v: v["outcome"]).items()},
        "states": {state: len(by_state.get(state, ())) for state in STATES},
        "nothing": dict(plain.nothing()),
        "versions": sum(row["version"] for row in plain.visits),
        "cancellations": sum(cancelled_at[row["visit"]] == row["replaced_at"] for row in changed),
        "outages": {2: 2}.get(day, 0),
    }
    assert {name: figures[name] for name in expected} == expected
    unfinished = Unfinished(book.database, Attempts(book.database))
    assert figures["unfinished"] == len(unfinished.of_day(period.first))
    assert figures["corrections"] + figures["cancellations"] == len(changed)
    assert for_insurer(figures) == sum(bool(plain.messages(row)) for row in plain.visits)
    # Unlike a report, the page of a day also times what was cancelled.
    assert figures["timed"] == len(known(plain.took_ms(row) for row in plain.of_days))
