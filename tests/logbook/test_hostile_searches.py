"""What a list shows and what is taken out are the same visits, and what is seen is written down."""

from __future__ import annotations

import hashlib

import pytest
from flask.testing import FlaskClient

from kiosk.logbook import Cancelled, VisitFinder, VisitQuery
from kiosk.logbook.person_numbers import add_numbers
from kiosk.staff import Role
from tests.cast import NOW
from tests.conftest import Kiosk
from tests.logbook.conftest import DAY, Record
from tests.logbook.test_search_pages import SHOWN
from tests.staff.web import PIN, Site
from verify import NumberKind, PersonNumber

LAN = "Nguyễn Thị Lan"


@pytest.mark.parametrize(
    "form",
    [
        {"q": "%%%"},
        {"q": "\x00"},
        {"from": "99/99/2026"},
        {"from": "2/12/2026", "to": "1/11/2026"},
        {"to": "31/12/9999"},
        {"from": "01/01/1800"},
        {"what": "readings"},
    ],
)
def test_a_search_that_shows_no_visits_takes_none_out(
    client: FlaskClient, kiosk: Kiosk, record: Record, form: dict[str, str]
) -> None:
    record(LAN)
    assert SHOWN.findall(client.post("/logbook/found", data=form).text) == []
    assert client.post("/logbook/export.csv", data=form | {"why": "x"}).status_code == 400
    assert kiosk.database.rows("select * from export") == []


@pytest.mark.parametrize("what", ["", "readings"])
@pytest.mark.parametrize("day", ["31/12/9999", "01/01/1800"])
@pytest.mark.parametrize("name", ["from", "to"])
def test_a_day_of_no_possible_year_is_marked(
    client: FlaskClient, name: str, day: str, what: str
) -> None:
    page = client.get("/logbook", query_string={name: day, "what": what})
    assert (page.status_code, f'id="{name}-fault"' in page.text) == (200, True)


def test_a_name_with_other_marks_is_taken_out_as_it_is_shown(
    client: FlaskClient, record: Record
) -> None:
    visit = record(LAN)
    assert SHOWN.findall(client.post("/logbook/found", data={"q": "Lán"}).text) == [visit.id]
    assert visit.id in client.post("/logbook/export.csv", data={"q": "Lán", "why": "x"}).text


def test_visits_that_lost_a_number_end_no_list(kiosk: Kiosk, record: Record) -> None:
    right = record(LAN, number="9999900777", at=NOW - 9 * DAY)
    wrong = [record("Lê An", at=NOW - days * DAY).row for days in range(3)]
    with kiosk.database.transaction() as db:  # what an undone identification leaves
        for row in wrong:
            add_numbers(db, row, [PersonNumber(NumberKind.PASSPORT, "9999900777")])
    finder = VisitFinder(kiosk.database)
    query = VisitQuery(number="9999900777")

    assert [visit.id for visit in finder.find(query, limit=2)] == [right.id]
    assert [[visit.id for visit in piece] for piece in finder.pages(query, 2)] == [[right.id]]


def test_without_cancelled_visits_is_a_filter_of_its_own(kiosk: Kiosk, record: Record) -> None:
    kept, gone = record("Lan Một", phone="0912345678"), record("Lan Hai", phone="0912345678")
    kiosk.corrections.cancel(gone.id, "nhầm", NOW)
    finder, without = VisitFinder(kiosk.database), Cancelled.WITHOUT

    for query in (
        VisitQuery(cancelled=without),
        VisitQuery(cancelled=without, phone="0912345678"),
        VisitQuery(cancelled=without, outcome="admitted"),
    ):
        assert [visit.id for visit in finder.find(query)] == [kept.id]
    assert list(finder.find(VisitQuery(cancelled=without, visit=gone.id))) == []


def test_the_hash_of_what_was_taken_out_follows_at_its_end(
    client: FlaskClient, kiosk: Kiosk, record: Record
) -> None:
    record(LAN)
    table = client.post("/logbook/export.csv", data={"why": "x"}).data
    rows = kiosk.database.rows("select kind, sha256 from export order by id")
    assert [tuple(row) for row in rows] == [
        ("visits.csv", ""),
        ("visits.csv whole", hashlib.sha256(table).hexdigest()),
    ]


def test_what_a_refusal_shows_is_a_look_at_both_persons(site: Site) -> None:
    clerk = site.signed_in(Role.CLERK)
    ids = []
    for name in ("Lê An", "Trần Bình"):
        reading = clerk.post("/api/scans", json={"no_card": True, "reader": "x"}).get_json()
        body = {"attempt": reading["attempt"], "arrival": "uninsured", "holder": name}
        answer = clerk.post("/api/visits", json=body, headers={"Idempotency-Key": name})
        ids.append(answer.get_json()["id"])
    path = f"/logbook/visits/{ids[0]}/person/join"
    wrong = {"why": "x", "approver": str(site.numbers[Role.SUPERVISOR]), "approver_pin": "000000"}
    compared = clerk.post(path, data=wrong | {"other": ids[1]})
    refused = clerk.post("/logbook/export.csv", data=wrong)

    assert (compared.status_code, "Trần Bình" in compared.text) == (409, True)
    assert (refused.status_code, "Trần Bình" in refused.text) == (403, True)
    looks = site.kiosk.database.rows("select what, visit from access where visit is not null")
    for what in ("person.join", "logbook.export"):
        assert {row["visit"] for row in looks if row["what"] == what} == set(ids)

    form = wrong | {"other": ids[1], "sure": "yes", "approver_pin": PIN}
    assert clerk.post(path, data=form).status_code == 303
    clerk.get(f"/logbook/visits/{ids[0]}/person")
    looks = site.kiosk.database.rows("select visit from access where what = 'person.page'")
    assert {row["visit"] for row in looks} == set(ids)
