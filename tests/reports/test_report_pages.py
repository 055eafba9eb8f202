"""The pages of reports: figures that lead to their visits, files, contacts, and who may."""

from __future__ import annotations

import csv
import hashlib
import html
import io
import re
import sqlite3
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from flask.testing import FlaskClient
from pypdf import PdfReader

from kiosk.logbook import Accesses
from kiosk.privacy.deletion import delete_visits
from kiosk.reports import files
from kiosk.reports.files import MAX_ROWS, FileSheet, TooManyRows, write_csv, write_workbook
from kiosk.staff import Role
from kiosk.web.pages import reports
from tests.cast import AGAIN, NOW, Clock
from tests.cast import payload as card
from tests.conftest import Kiosk
from tests.kiosk.test_reporting import accept, confirm_visit, refuse
from tests.staff.web import PIN, Site, record

SHEET_XML = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
FIGURE = re.compile(r'href="(/reports/(?:visits|readings|questions)\?[^"]+)">([\d,.]+)<')
ROW = re.compile(r"<tbody>(.*)</tbody>", re.DOTALL)


def page(client: FlaskClient, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, path
    return answer.text


@pytest.fixture
def visits(kiosk: Kiosk) -> list[str]:
    """Three visits of today: received, refused, an emergency; and one that was cancelled."""
    found = []
    for name, do in (("an", accept), ("binh", refuse)):
        found.append(confirm_visit(kiosk, name))
        do(kiosk)
    found.append(confirm_visit(kiosk, "giang", arrival="emergency"))
    cancelled = confirm_visit(kiosk, "an", repeat_reason=AGAIN)
    kiosk.corrections.cancel(cancelled, "trùng", NOW)
    return [*found, cancelled]


@pytest.fixture
def more(kiosk: Kiosk, visits: list[str]) -> list[str]:
    """Readings that led to nothing: of nobody, damaged, and of somebody who went away."""
    for payload in ("no card at all", card("an")[:40], card("oanh")):
        kiosk.scan(payload)
    return visits


@pytest.mark.usefixtures("more")
@pytest.mark.parametrize("period", ["2026-11-25", "2026-11", "2026-Q4", "2026"])
def test_each_number_of_a_report_leads_to_as_many_visits(client: FlaskClient, period: str) -> None:
    links = FIGURE.findall(page(client, f"/reports?period={period}&lang=en"))

    assert len(links) > 20
    assert {link.partition("?")[0] for link, _ in links} == {"/reports/visits", "/reports/readings"}
    for link, number in links:
        text = page(client, html.unescape(link))
        [rows] = ROW.findall(text)
        assert rows.count("<tr") == int(number), link
        assert re.search(rf": {number}</h1>", text), link


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("path", ["/reports?period=2026-11-20", "/day?date=2026-11-20"])
def test_so_does_each_number_of_a_random_day(client: FlaskClient, path: str) -> None:
    links = FIGURE.findall(page(client, f"{path}&lang=en"))

    assert {link.partition("?")[0] for link, _ in links} >= {"/reports/visits", "/reports/readings"}
    for link, number in links:
        [count] = re.findall(r": (\d+)</h1>", page(client, html.unescape(link)))
        # A visit that was corrected twice on one day is listed once.
        assert count == number or ("by=corrected" in link and count < number), link


def test_a_list_goes_on_at_its_cursor_and_its_look_is_written_down(
    kiosk: Kiosk, client: FlaskClient, visits: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "VISITS_PER_PAGE", 2)
    for figure, expected in (("by=all", 3), ("by=state&value=accepted", 1)):
        path, found = f"/reports/visits?period=2026&{figure}", []
        while path:
            text = page(client, path)
            found += re.findall(r'href="/logbook/visits/([^"]+)"', text)
            following = re.findall(r'href="([^"]+after=[^"]+)"', text)
            path = html.unescape(following[0]) if following else ""
        assert len(found) == len(set(found)) == expected
    looks = Accesses(kiosk.database).newest()
    assert {look.what for look in looks} == {"reports.visits_of"}
    assert {look.visit for look in looks} == set(visits[:3])


@pytest.mark.parametrize(
    "query",
    [
        "period=2026&by=nothing",
        "period=2026&by=state&value=x",
        "period=2027",
        "period=",
        f"period=2026&by=room&value={'x' * 300}",
    ],
)
def test_a_figure_that_cannot_be_is_not_found(client: FlaskClient, query: str) -> None:
    page(client, f"/reports/visits?{query}", 404)


@pytest.mark.parametrize(
    "path",
    [
        "readings?period=2026&count=nobody",
        "readings?period=2027&count=all",
        f"readings?period=2026&count=reader&value={'x' * 300}",
        "questions?period=2026&result=x",
        "questions?result=answered",
    ],
)
def test_a_list_that_cannot_be_is_not_found(client: FlaskClient, path: str) -> None:
    page(client, f"/reports/{path}", 404)


@pytest.mark.usefixtures("more")
def test_what_led_to_nothing_is_listed_masked_and_from_a_cursor_on(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "ROWS_PER_PAGE", 2)
    path, found = "/reports/readings?period=2026-11-25&count=nothing&lang=en", []
    while path:
        text = page(client, path)
        assert "Readings that led to nothing · 25/11/2026: 3</h1>" in text
        [rows] = ROW.findall(text)
        found += re.findall("<tr>", rows)
        assert "/logbook/visits/" not in rows
        assert not re.search(r"\d{9}", re.sub(r"<[^>]+>", "", rows))
        following = re.findall(r'href="([^"]+after=[^"]+)"', text)
        path = html.unescape(following[0]) if following else ""
    assert len(found) == 3
    assert client.get("/reports/readings?period=2026&count=nothing&after=x").status_code == 200


@pytest.mark.parametrize("value", ["'", "%", "' or 1=1 --", "١", "²", "9" * 60, "-1", "null"])
@pytest.mark.parametrize("by", ["room", "hour", "timed", "took", "weekday", "facility", "state"])
@pytest.mark.usefixtures("visits")
def test_strange_values_and_cursors_find_nothing_and_break_nothing(
    client: FlaskClient, by: str, value: str
) -> None:
    query = {"period": "2026", "by": by, "value": value, "after": f"2026-01-01.{value}"}
    assert client.get("/reports/visits", query_string=query).status_code in (200, 404)
    of_states = {"period": "2026", "by": "state", "value": "accepted", "after": value}
    assert client.get("/reports/visits", query_string=of_states).status_code == 200


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ("30/02/2026", "01/03/2026", "Không có ngày này trong lịch"),
        ("25/11/2026", "01/11/2026", "hãy đổi lại"),
        ("01/01/2020", "24/11/2026", "tối đa năm năm"),
        ("01/12/2026", "02/12/2026", "chưa tới"),
        ("", "", "Không có ngày này"),
        ("hôm qua", "", "Không có ngày này"),
    ],
)
def test_wrong_days_are_said_beside_what_was_typed(
    client: FlaskClient, first: str, last: str, said: str
) -> None:
    answer = client.get("/reports", query_string={"from": first, "to": last})

    assert answer.status_code == 400
    assert said in answer.text
    assert f'value="{first}"' in answer.text


def test_typed_days_get_the_address_of_their_period(client: FlaskClient) -> None:
    answer = client.get("/reports", query_string={"from": "1/10/2026", "to": "31.10.2026"})

    assert answer.status_code == 303
    assert answer.location.endswith("/reports?period=2026-10")


def test_days_without_the_program_are_no_zeros(client: FlaskClient) -> None:
    text = page(client, "/reports?period=2026-10&lang=en")

    assert "No data: the program did not run on these days" in text
    assert not FIGURE.findall(text)


def test_files_hold_the_figures_and_no_person_and_are_written_down(
    kiosk: Kiosk, client: FlaskClient, visits: list[str]
) -> None:
    sent = {}
    for kind in ("report.csv", "visits.csv", "report.xlsx", "visits.xlsx"):
        answer = client.get(f"/reports/files/{kind}?period=2026-11&lang=en")
        assert answer.status_code == 200, answer.text
        assert answer.headers["Cache-Control"] == "no-store"
        sent[kind] = answer.data
        answer.close()
    rows = list(csv.DictReader(io.StringIO(sent["visits.csv"].decode("utf-8-sig"))))
    assert [row["visit"] for row in rows] == visits[:3]
    assert [row["state"] for row in rows] == ["accepted", "refused", "not_sent"]
    assert [row["route"] for row in rows][2] == "emergency"
    figures = list(csv.reader(io.StringIO(sent["report.csv"].decode("utf-8-sig"))))
    assert ["Report", "visits", "3"] in figures
    assert ["Report", "cancelled", "1"] in figures
    assert ["Report", "state_refused", "1"] in figures
    for visit in kiosk.visits.newest():
        for text in (visit.card.number, visit.card.holder or "?", visit.person):
            assert all(text.encode() not in data for data in plain(sent))
    conn = sqlite3.connect(kiosk.database._path)
    exported = dict(conn.execute("select kind, sha256 from export"))
    conn.close()
    assert exported == {kind: hashlib.sha256(data).hexdigest() for kind, data in sent.items()}


def plain(sent: dict[str, bytes]) -> list[bytes]:
    """Return files as they can be searched."""
    found = []
    for kind, data in sent.items():
        if kind.endswith("xlsx"):
            with zipfile.ZipFile(io.BytesIO(data)) as book:
                found += [book.read(name) for name in book.namelist()]
        else:
            found.append(data)
    return found


def cells(data: bytes, sheet: int = 1) -> list[tuple[str, str]]:
    """Return the type and the text of each cell of a workbook's sheet."""
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        root = ET.fromstring(book.read(f"xl/worksheets/sheet{sheet}.xml"))
    assert not list(root.iter(f"{SHEET_XML}f"))  # no formula
    return [
        (cell.get("t", "n"), "".join(text for text in cell.itertext()))
        for cell in root.iter(f"{SHEET_XML}c")
    ]


FORMULAS = ("=1+1", "+1", "-1", "@x", "\t=1", "  =1", "=HYPERLINK(1)", "|x")


def test_no_text_becomes_a_formula_and_numbers_stay_numbers() -> None:
    rows: list[list[Any]] = [[text, 5, 1.5, None] for text in FORMULAS]
    text_file, book_file = io.BytesIO(), io.BytesIO()
    columns = ("phòng", "a", "b", "c")
    assert write_csv(FileSheet("x", columns, rows), text_file) == len(FORMULAS)
    assert write_workbook([FileSheet("a/b:*?" * 20, columns, rows)] * 2, book_file) == 16

    assert text_file.getvalue().startswith("\ufeffphòng".encode())
    read = list(csv.reader(io.StringIO(text_file.getvalue().decode("utf-8-sig"), newline="")))
    assert [row[0] for row in read[1:]] == [f"'{text}" for text in FORMULAS]
    assert read[1][1:] == ["5", "1.5", ""]
    for sheet in (1, 2):
        found = cells(book_file.getvalue(), sheet)
        assert ("inlineStr", "'=1+1") in found
        assert ("n", "5") in found
        assert ("n", "1.5") in found


def test_more_rows_than_excel_opens_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_ROWS == 1_048_576
    monkeypatch.setattr(files, "MAX_ROWS", 10)
    with pytest.raises(TooManyRows):
        write_workbook([FileSheet("x", ("a",), ([n] for n in range(11)))], io.BytesIO())


@pytest.mark.usefixtures("visits")
def test_a_report_on_paper_has_all_tables_and_letters(client: FlaskClient) -> None:
    answer = client.get("/reports/report.pdf?period=2026-11")
    pages = PdfReader(io.BytesIO(answer.data)).pages
    text = " ".join(" ".join(page.extract_text() for page in pages).split())

    assert "Báo cáo tiếp đón · 11/2026" in text
    for words in ("Theo nơi đăng ký KCB ban đầu", "= lượt khám 3", "Cổng BHXH", "Theo giờ đến"):
        assert words in text
    assert "¤" not in text


def test_patients_to_contact_are_ticked_off_and_the_mark_is_taken_back(
    kiosk: Kiosk, client: FlaskClient, clock: Clock
) -> None:
    visit = confirm_visit(kiosk, "nam")
    kiosk.nightly_runs.record_look_back(visit, "desk", "ended", clock())  # type: ignore[arg-type]
    path = f"/reports/contacts/{visit}"
    assert "Still to contact: 1" in page(client, "/reports/contacts?lang=en")

    assert "said=done" in client.post(path, data={"note": "gọi lúc 10 h"}).location
    text = page(client, "/reports/contacts?lang=en")
    assert "Still to contact: 0" in text
    assert "gọi lúc 10 h" in text
    assert kiosk.reports.contacts.count(NOW.date(), NOW.date()) == (1, 1)
    assert "said=stale" in client.post(path).location  # a second desk
    assert "said=done" in client.post(path, data={"do": "take_back", "note": "nhầm"}).location
    assert "said=stale" in client.post(path, data={"do": "take_back"}).location
    assert "nhầm" in page(client, "/reports/contacts?lang=en")
    assert kiosk.reports.contacts.count(NOW.date(), NOW.date()) == (1, 0)
    assert client.post("/reports/contacts/nobody").status_code == 404


def test_marks_are_only_added_and_go_with_their_visit(kiosk: Kiosk, clock: Clock) -> None:
    visit = confirm_visit(kiosk, "nam")
    kiosk.nightly_runs.record_look_back(visit, "desk", "ended", clock())  # type: ignore[arg-type]
    contacts = kiosk.reports.contacts
    contacts.mark(visit, clock(), "desk")
    contacts.take_back(visit, clock(), "desk")
    conn = sqlite3.connect(kiosk.database._path)
    for act in ("delete from contacted", "update contacted set note = 'x'"):
        with pytest.raises(sqlite3.IntegrityError, match="only added"):
            conn.execute(act)
    conn.close()

    with kiosk.database.transaction() as db:
        row = db.execute("select row from visit where id = ?", [visit]).fetchone()[0]
        delete_visits(db, [row])

    assert not kiosk.database.rows("select 1 from contacted")
    assert not kiosk.database.rows("select 1 from visit_fact")


def test_a_clerk_takes_files_out_with_a_supervisor_only(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.hire()
    clerk = site.signed_in(Role.CLERK)
    record(clerk)
    path = "/reports/files/visits.csv?period=2026-11"

    assert clerk.get(path).status_code == 403
    assert clerk.get("/reports").status_code == 200
    assert clerk.get("/reports/contacts").status_code == 403
    wrong = {"approver": str(site.numbers[Role.SUPERVISOR]), "approver_pin": "999123", "why": "x"}
    assert "said=not_approved" in clerk.post(path, data=wrong).location
    for answer in (
        clerk.post(path, data=wrong | {"approver_pin": PIN}),
        site.signed_in(Role.SUPERVISOR).get(path),
    ):
        assert (answer.status_code, answer.mimetype) == (200, "text/csv")
        answer.close()
