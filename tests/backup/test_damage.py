"""A damaged page, row or index of the logbook's file never takes a page down, and is named."""

from __future__ import annotations

import contextlib
import re
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from kiosk.logbook import (
    SYSTEM,
    LookupKind,
    LookupPurpose,
    LookupResult,
    NewLookup,
    VisitUnreadable,
    count_damage,
)
from kiosk.sandbox import remember_people, trust_settings
from kiosk.web.app import create_app
from tests.cast import BHYT17, Clock, settings_for
from tests.conftest import Kiosk

LISTS = (
    *("/", "/logbook", "/queue", "/queue?room=Phòng khám 1", "/desk/unfinished", "/day"),
    *("/reports", "/reports/contacts", "/logbook/tray", "/logbook/reporting", "/logbook/nightly"),
    *("/logbook/cases", "/logbook/suspicions", "/logbook/suspicions/1"),
)
# Of a visit that is whole; another visit of its person is damaged in some tests.
OF_A_VISIT = ("", "/person", "/person.pdf", "/exam")
PATIENTS, VISITS = 60, 45
DAMAGED = 17  # the row of the visit that tests damage
OF_ONE_PERSON = (DAMAGED, VISITS + 1)  # the rows of the two visits of one person
PAGE = 4096
# Each table that pages read, and what every page says when its second leaf is damaged.
TABLES = {
    "visit": "Visit row",
    "attempt": "Reading row",
    "ticket": "Number",
    "outbox": "outbox",
    "visit_fact": "visit_fact",
    "program_run": "program_run",
    "outbox_event": "outbox_event",
    "visit_search": "visit_search",
    "search_value": "search_value",
    "visit_words_data": "visit_words",
    "visit_clock": "visit_clock",
    "visit_version": "visit_version",
    "lookup": "lookup",
    "lookup_reading": "lookup_reading",
}


MOST_READ = ("visit", "outbox", "visit_search")  # the others are looked at by the slow tests


def number(index: int) -> str:
    return f"99999{index:05}"


def made(folder: Path) -> Kiosk:
    """Return a kiosk on a folder, for which everything is pretended."""
    clock = Clock()
    remember_people(folder, clock())
    settings = settings_for(folder, **trust_settings(folder, clock()))
    return Kiosk(settings, folder, demo=True, now=clock)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with 60 readings of invented patients and 46 visits, in the logbook alone.

    The last visit is the second one of the person whose first visit tests damage.  Both were
    corrected and looked up, and the first reading is suspected.
    """
    folder = tmp_path_factory.mktemp("whole")
    kiosk = made(folder)
    pages = create_app(kiosk, threading.Event()).test_client()
    for place, index in enumerate([*range(PATIENTS), DAMAGED - 1]):
        payload = BHYT17.replace("9999900020", number(index))
        attempt = pages.post("/api/scans", json={"payload": payload}).get_json()["attempt"]
        if index < VISITS:
            answer = pages.post(
                "/api/visits",
                json={"attempt": attempt, "clerk_reason": "thử", "repeat_reason": "thử"},
                headers={"Idempotency-Key": f"k{place}"},
            )
            assert answer.status_code == 201
    rows = kiosk.database.rows("select id, attempt from visit where row in (?, ?)", OF_ONE_PERSON)
    for row in rows:
        kiosk.corrections.correct(row["id"], {"phone": "0900000001"}, "thử", kiosk.clock())
        asked = NewLookup(
            *(LookupKind.CARD, LookupPurpose.ARRIVAL, kiosk.clock(), 1, SYSTEM),
            *({"maThe": "x"}, LookupResult.ANSWERED),
        )
        kiosk.lookups.record(asked, [row["attempt"]])
    pages.post(f"/logbook/suspicions/new?reading={DAMAGED}", data={"ground": "forged"})
    kiosk.program_runs.begin(kiosk.clock())
    kiosk.database.empty_write_ahead_log()
    kiosk.database.close()
    return folder


@pytest.fixture
def logbook(whole: Path, tmp_path: Path) -> Path:
    shutil.copytree(whole, tmp_path, dirs_exist_ok=True)
    return tmp_path / "logbook.db"


@pytest.fixture
def opened(tmp_path: Path) -> Callable[[], FlaskClient]:
    return lambda: create_app(made(tmp_path), threading.Event()).test_client()


@contextlib.contextmanager
def writing(logbook: Path) -> Iterator[sqlite3.Connection]:
    db = sqlite3.connect(logbook)
    yield db
    db.commit()
    db.close()


def page_of_row(logbook: Path, text: str) -> int:
    """Return where the page begins that holds a row with a text."""
    return logbook.read_bytes().index(text.encode()) // PAGE * PAGE


def overwrite(logbook: Path, begin: int, content: bytes) -> None:
    with logbook.open("rb+") as file:
        file.seek(begin)
        file.write(content)


def record_of(logbook: Path, table: str, key: str, row: int) -> str:
    column = {"attempt": "verdict"}.get(table, "record")
    with writing(logbook) as db:
        (text,) = db.execute(f"select {column} from {table} where {key} = ?", [row]).fetchone()
    return str(text)


def alarm(client: FlaskClient) -> str:
    found = re.search(r'class="alarm"[^>]*>([^<]*)', client.get("/queue?lang=en").text)
    return found[1] if found else ""


def last_visit(logbook: Path) -> str:
    with writing(logbook) as db:
        return str(db.execute("select id from visit order by row desc").fetchone()[0])


def all_pages(client: FlaskClient, visit: str) -> dict[str, int]:
    """Return the status of each page as a browser gets it, also of a search and an export."""
    as_browser = {"Accept": "text/html"}
    paths = [*LISTS, *(f"/logbook/visits/{visit}{path}" for path in OF_A_VISIT)]
    found = {path: client.get(path, headers=as_browser).status_code for path in paths}
    for path, data in (("/logbook", {"q": "van"}), ("/logbook/found", {"q": number(3)})):
        found[f"POST {path}"] = client.post(path, data=data, headers=as_browser).status_code
    return found


@pytest.mark.parametrize(
    ("table", "words"),
    [
        pytest.param(table, words, marks=[] if table in MOST_READ else pytest.mark.slow)
        for table, words in TABLES.items()
    ],
)
def test_a_damaged_page_of_a_table_takes_no_page_down(
    table: str, words: str, logbook: Path, opened: Callable[[], FlaskClient]
) -> None:
    visit = last_visit(logbook)
    with writing(logbook) as db:
        (root,) = db.execute(
            "select rootpage from sqlite_schema where name = ?", [table]
        ).fetchone()
    overwrite(logbook, leaf_of(logbook, root), b"\xff" * PAGE)
    client = opened()

    answers = all_pages(client, visit)
    named = alarm(client)

    assert set(answers.values()) == {200}, answers
    assert words in named
    assert "restore" in named


def leaf_of(logbook: Path, root: int) -> int:
    """Return where the leaf of a table begins that is the second from the left, or its only page.

    https://sqlite.org/fileformat2.html, B-tree pages.
    """
    content = logbook.read_bytes()
    begin = (root - 1) * PAGE
    while content[begin] == 5:  # an interior page
        cells = int.from_bytes(content[begin + 3 : begin + 5], "big")
        place = begin + 12 + 2 * min(1, cells - 1)
        cell = begin + int.from_bytes(content[place : place + 2], "big")
        begin = (int.from_bytes(content[cell : cell + 4], "big") - 1) * PAGE
    return begin


@pytest.mark.parametrize(
    ("at", "broken"),
    [(0, b'{"broken"  '), (0, b"\xff\xfe\xff\xfe\xff\xfe"), (300, b"\xff\xfe")],
)
def test_a_visit_whose_record_is_broken_is_skipped_and_named(
    at: int, broken: bytes, logbook: Path, opened: Callable[[], FlaskClient]
) -> None:
    visit = last_visit(logbook)
    record = record_of(logbook, "visit", "row", DAMAGED)
    begin = logbook.read_bytes().index(record.encode())
    overwrite(logbook, begin + at, broken)
    client = opened()

    text = client.get("/logbook?lang=en").text
    answers = all_pages(client, visit)
    person = client.get(f"/logbook/visits/{visit}/person?lang=en").text
    table = client.post("/logbook/export.csv", data={}).text

    assert set(answers.values()) == {200}, answers
    assert text.count('id="visit-') == VISITS
    assert "Visit row 17 cannot be read" in alarm(client)
    assert "Visit row 17 cannot be read" in person
    assert table.count("\r\n") == VISITS + 2
    assert table.count("Visit row 17 cannot be read") == 1


@pytest.mark.parametrize(
    ("at", "broken"), [(0, b'{"broken"  '), (300, b"\xff\xfe")], ids=["no JSON", "no UTF-8"]
)
def test_who_changes_a_broken_visit_is_told_its_row_and_nothing_is_written(
    at: int, broken: bytes, logbook: Path, opened: Callable[[], FlaskClient]
) -> None:
    with writing(logbook) as db:
        (visit,) = db.execute("select id from visit where row = ?", [DAMAGED]).fetchone()
    record = record_of(logbook, "visit", "row", DAMAGED)
    overwrite(logbook, logbook.read_bytes().index(record.encode()) + at, broken)
    client = opened()
    pages = {"Accept": "text/html"}

    answers = [
        client.post(f"/logbook/visits/{visit}/{change}?lang=en", data={"why": "thử"}, headers=pages)
        for change in ("correct", "cancel", "close")
    ]
    kiosk = made(logbook.parent)
    with pytest.raises(VisitUnreadable, match=f"visit row {DAMAGED} cannot be read"):
        kiosk.corrections.cancel(visit, "thử", kiosk.clock())

    assert {answer.status_code for answer in answers} == {507}
    assert all(f"Visit row {DAMAGED} cannot be read" in answer.text for answer in answers)
    with writing(logbook) as db:
        assert db.execute("select count(*) from visit_version").fetchone() == (2,)


@pytest.mark.parametrize("reading", [PATIENTS - 2, DAMAGED])
def test_a_reading_whose_verdict_is_broken_is_skipped_and_named(
    reading: int, logbook: Path, opened: Callable[[], FlaskClient]
) -> None:
    verdict = record_of(logbook, "attempt", "id", reading)
    overwrite(logbook, logbook.read_bytes().index(verdict.encode()), b'{"broken"')
    with writing(logbook) as db:
        [(first,), (last,)] = db.execute(
            "select id from visit where row in (?, ?) order by row", OF_ONE_PERSON
        ).fetchall()
    client = opened()

    answers = all_pages(client, first)
    for path in (f"/logbook/visits/{last}/identity", "/logbook/difficulties"):
        answers[path] = client.get(path).status_code

    assert set(answers.values()) == {200}, answers
    assert f"Reading row {reading} cannot be read" in alarm(client)


@pytest.mark.parametrize("at", [0, 300], ids=["no JSON", "no UTF-8"])
def test_an_earlier_version_that_is_broken_is_named_and_no_evidence_leaves_without_it(
    at: int, logbook: Path, opened: Callable[[], FlaskClient]
) -> None:
    visit = last_visit(logbook)
    whole = record_of(logbook, "visit_version", "version", 1).encode()
    with writing(logbook) as db:
        sql = "update visit_version set record = cast(? as text) where visit = ?"
        db.execute(sql, [whole[:at] + b"\xff\xfe" + whole[at + 2 :], visit])
    client = opened()

    answers = all_pages(client, visit)
    page = client.get(f"/logbook/visits/{visit}?lang=en").text
    evidence = [
        client.post(f"/logbook/visits/{visit}/evidence.{kind}", data={"why": "thử"})
        for kind in ("json", "pdf")
    ]

    assert set(answers.values()) == {200}, answers
    assert "damaged-parts" in page
    assert [answer.status_code for answer in evidence] == [507, 507]


def test_the_desk_goes_on_recording_beside_a_damaged_page(
    logbook: Path, opened: Callable[[], FlaskClient]
) -> None:
    record = record_of(logbook, "visit", "row", 17)
    overwrite(logbook, logbook.read_bytes().index(record.encode()), b'{"broken"  ')
    client = opened()
    payload = BHYT17.replace("9999900020", number(500))

    attempt = client.post("/api/scans", json={"payload": payload}).get_json()["attempt"]
    body = {"attempt": attempt, "clerk_reason": "thử"}
    visit = client.post("/api/visits", json=body, headers={"Idempotency-Key": "new"})

    assert visit.status_code == 201
    assert visit.get_json()["id"] in client.get("/logbook").text


def test_a_damaged_index_is_found_when_all_pages_are_read(logbook: Path) -> None:
    assert count_damage(logbook) == 0
    with writing(logbook) as db:
        (root,) = db.execute(
            "select rootpage from sqlite_schema where name = 'visit_arrived'"
        ).fetchone()
    begin = (root - 1) * PAGE
    content = bytearray(logbook.read_bytes()[begin : begin + PAGE])
    at = content.index(b"2026-")
    content[at : at + 4] = b"2027"  # another year than in the table
    overwrite(logbook, begin, bytes(content))

    assert count_damage(logbook) > 0


@pytest.mark.parametrize("column", ["asked", "answer"])
def test_a_look_up_that_is_broken_is_named_and_no_evidence_leaves_without_it(
    column: str, logbook: Path, opened: Callable[[], FlaskClient]
) -> None:
    visit = last_visit(logbook)
    with writing(logbook) as db:
        db.execute(f"update lookup set {column} = cast(? as text)", [b'{"a": "\xff"}'])
    client = opened()

    answers = all_pages(client, visit)
    exam = client.get(f"/logbook/visits/{visit}/exam?lang=en").text
    evidence = client.post(f"/logbook/visits/{visit}/evidence.json", data={"why": "thử"})

    assert set(answers.values()) == {200}, answers
    assert "damaged-parts" in exam
    assert evidence.status_code == 507
