"""Two records of one person are joined, shown together, and taken apart again."""

from __future__ import annotations

import sqlite3

import pytest
from flask.testing import FlaskClient

from kiosk.logbook import (
    NoSuchVisit,
    NothingToChange,
    NotRecorded,
    VisitFinder,
    VisitQuery,
)
from kiosk.privacy.deletion import delete_visits
from kiosk.staff import Role
from tests.cast import NOW
from tests.conftest import Kiosk
from tests.logbook.conftest import DAY, Record
from tests.staff.web import PIN, Site
from verify import Birth


def test_the_person_the_search_and_the_desk_follow_a_joining_until_it_is_undone(
    kiosk: Kiosk, record: Record, found: object
) -> None:
    one = record("Lê An", Birth(1980, 2, 1), number="9999900101")
    two = record("Lê An", Birth(1980, 2, 1), number="9999900102", at=NOW - DAY)
    third = record("Lê An", number="9999900103", at=NOW - 2 * DAY)
    persons, find = kiosk.same_persons, found
    assert [visit.id for visit in persons.visits_of(one).visits] == [one.id]
    persons.join(two.id, one.id, "hai thẻ", NOW, "staff 101 Hà")
    persons.join(third.id, two.id, "hộ chiếu", NOW, "staff 101 Hà")

    for visit in (one, two, third):
        assert [each.id for each in persons.visits_of(visit).visits] == [one.id, two.id, third.id]
    assert len(find("9999900103")) == 3  # type: ignore[operator]
    here = kiosk.visits.here_today("9999900103", NOW)
    assert here is not None
    assert here.id == one.id
    with pytest.raises(NothingToChange):
        persons.join(one.id, third.id, "again", NOW, "desk")
    with pytest.raises(NoSuchVisit):
        persons.join(one.id, "none", "x", NOW, "desk")

    first, second = persons.of_visits([two.id])
    persons.undo(first.id, "nhầm", NOW, "staff 102 Đức")
    with pytest.raises(NothingToChange):
        persons.undo(first.id, "nhầm", NOW, "desk")
    assert [visit.id for visit in persons.visits_of(one).visits] == [one.id]
    assert kiosk.visits.here_today("9999900103", NOW) is None
    undone, other = persons.of_visits([two.id])
    assert (undone.undone_by, undone.undone_why, other) == ("staff 102 Đức", "nhầm", second)


def test_rows_are_only_added_and_go_with_a_visit(kiosk: Kiosk, record: Record) -> None:
    one, two = record("Lê An"), record("Lê An")
    kiosk.same_persons.join(one.id, two.id, "x", NOW, "desk")
    for sql in ("update same_person set why = 'y'", "delete from same_person"):
        with pytest.raises((sqlite3.Error, NotRecorded)), kiosk.database.transaction() as db:
            db.execute(sql)
    with kiosk.database.transaction() as db:
        db.execute("update outbox set state = 'accepted'")
        delete_visits(db, [two.row])

    assert kiosk.database.rows("select * from same_person") == []
    assert [visit.id for visit in kiosk.same_persons.visits_of(one).visits] == [one.id]


def test_records_that_differ_are_compared_before(client: FlaskClient, record: Record) -> None:
    one, two = record("Lê An", Birth(1980, 2, 1)), record("Lê Ân", Birth(1981, 2, 1))
    path, form = f"/logbook/visits/{one.id}/person/join", {"other": two.id, "why": "hai thẻ"}
    warned = client.post(path, data=form)

    assert (warned.status_code, "Lê Ân" in warned.text) == (409, True)
    assert client.post(path, data=form | {"why": ""}).status_code == 400
    assert client.post(path, data=form | {"other": "none"}).status_code == 400
    page = f"http://127.0.0.1/logbook/visits/{two.id}/person?said=x"
    done = client.post(path, data=form | {"sure": "yes", "other": page})
    assert done.status_code == 303
    assert two.id in client.get(done.location).text
    undo = f"/logbook/visits/{two.id}/person/undo"
    assert client.post(undo, data={"joining": "1", "why": ""}).status_code == 400
    assert client.post(undo, data={"joining": "1", "why": "nhầm"}).status_code == 303
    assert client.post(undo, data={"joining": "1", "why": "nhầm"}).status_code == 409


def test_a_clerk_joins_with_a_supervisor(site: Site) -> None:
    clerk = site.signed_in(Role.CLERK)
    visits = []
    for name in ("A", "B"):
        body = {"no_card": True, "reader": "x"}
        reading = clerk.post("/api/scans", json=body).get_json()["attempt"]
        visit = {"attempt": reading, "arrival": "uninsured", "holder": "Lê An"}
        key = {"Idempotency-Key": name}
        visits.append(clerk.post("/api/visits", json=visit, headers=key).get_json()["id"])
    path, form = f"/logbook/visits/{visits[0]}/person/join", {"other": visits[1], "why": "x"}
    assert clerk.post(path, data=form).status_code == 403
    approved = {"approver": str(site.numbers[Role.SUPERVISOR]), "approver_pin": PIN}
    assert clerk.post(path, data=form | approved | {"approver_pin": "1"}).status_code == 403
    assert clerk.post(path, data=form | approved).status_code == 303


def test_a_record_without_any_number_is_joined_like_others(
    client: FlaskClient, kiosk: Kiosk, record: Record
) -> None:
    """A patient who came without a card, and brought one the next time."""
    body = {"no_card": True, "reader": "x"}
    reading = client.post("/api/scans", json=body).get_json()["attempt"]
    visit = {"attempt": reading, "arrival": "uninsured", "holder": "Lê An"}
    answer = client.post("/api/visits", json=visit, headers={"Idempotency-Key": "bare"})
    bare = kiosk.visits.by_id(answer.get_json()["id"])
    assert bare is not None
    assert bare.card.number == ""
    other = record("Lê An", number="9999900101", at=NOW - DAY)
    persons, finder = kiosk.same_persons, VisitFinder(kiosk.database)
    persons.join(bare.id, other.id, "nay có thẻ", NOW, "desk")

    for each in (bare, other):
        assert [found.id for found in persons.visits_of(each).visits] == [bare.id, other.id]
        held = kiosk.privacy.persons.held(each.id)
        assert {found.id for found in held.visits} == {bare.id, other.id}
    with pytest.raises(NothingToChange):
        persons.join(other.id, bare.id, "again", NOW, "desk")
    query = VisitQuery(number="9999900101")
    assert [found.id for found in finder.find(query)] == [bare.id, other.id]
    here = kiosk.visits.here_today("9999900101", NOW)
    assert here is not None
    assert here.id == bare.id

    [joining] = persons.of_visits([bare.id])
    path = f"/logbook/visits/{bare.id}/person/undo"
    assert client.post(path, data={"joining": joining.id, "why": "nhầm"}).status_code == 303
    assert [found.id for found in persons.visits_of(other).visits] == [other.id]
    assert kiosk.visits.here_today("9999900101", NOW) is None
