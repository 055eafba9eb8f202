"""The pages of the search: nothing personal in an address, looks and exports written down."""

from __future__ import annotations

import csv
import io
import logging
import re

import pytest
from flask.testing import FlaskClient

from kiosk.logbook import VisitFinder, VisitQuery
from kiosk.staff import Role
from kiosk.web.pages.visit_export import table_rows
from tests.cast import NOW, payload
from tests.conftest import Kiosk
from tests.logbook.conftest import DAY, Record
from tests.staff.web import PIN, Site
from verify import Birth

NAME = "Nguyễn Thị Lan"
SHOWN = re.compile(r'id="visit-([^"]+)"')


def test_words_are_posted_and_filters_stay_in_the_address(
    client: FlaskClient, record: Record, caplog: pytest.LogCaptureFixture
) -> None:
    visit = record(NAME, room="Phòng 7")
    with caplog.at_level(logging.DEBUG):
        found = client.post(
            "/logbook/found", data={"q": "lan", "room": "Phòng 7", "from": "25/11/2026"}
        )
        empty = client.post("/logbook", data={"q": " ", "room": "Phòng 7"})

    assert SHOWN.findall(found.text) == [visit.id]
    address = found.headers["X-Filters"]
    assert address.startswith("/logbook?")
    assert "lan" not in address
    assert (empty.status_code, "room=" in empty.location, "q=" in empty.location) == (
        303,
        True,
        False,
    )
    assert SHOWN.findall(client.get(address).text) == [visit.id]
    assert "lan" not in caplog.text
    assert visit.card.number not in client.get("/logbook").text


def test_a_day_that_cannot_be_read_is_marked_and_what_was_typed_stays(client: FlaskClient) -> None:
    page = client.post("/logbook", data={"q": "lan", "from": "99/99/2026"}).text

    assert 'class="fault"' in page
    assert 'value="99/99/2026"' in page
    assert 'value="lan"' in page
    last = client.get("/logbook?from=2/11/2026&to=1/11/2026").text
    assert 'id="to-fault"' in last
    for name in ("before", "after", "by", "room", "state", "outcome", "cancelled", "what"):
        assert client.get("/logbook", query_string={name: "9" * 40 + "'x"}).status_code == 200


def test_a_ticket_is_of_today_unless_a_day_is_named(client: FlaskClient, record: Record) -> None:
    old, new = record("Lê Cũ", at=NOW - DAY), record("Lê Mới")

    assert SHOWN.findall(client.post("/logbook", data={"q": new.ticket_label}).text) == [new.id]
    of_day = {"q": old.ticket_label, "from": "24/11/2026", "to": "24/11/2026"}
    assert SHOWN.findall(client.post("/logbook", data=of_day).text) == [old.id]


def test_cards_that_were_read_without_a_visit_are_found(client: FlaskClient, kiosk: Kiosk) -> None:
    kiosk.scan(payload("chi"))

    assert "Thẻ đã đọc" in client.get("/logbook?what=readings").text
    card = kiosk.attempts.get(1)
    assert card is not None
    assert card.verdict.card is not None
    name = card.verdict.card.holder or ""
    assert name in client.post("/logbook", data={"q": name.lower(), "what": "readings"}).text
    assert name not in client.post("/logbook", data={"q": "zzz", "what": "readings"}).text


def test_a_reader_leads_to_the_person_and_records_no_reading(
    client: FlaskClient, kiosk: Kiosk, record: Record
) -> None:
    visit = record("Lê An", number="9999900001")
    last = kiosk.attempts.last_id()

    answer = client.post("/logbook/scanned", json={"payload": payload("an").decode()}).get_json()
    assert answer == {"address": f"/logbook/visits/{visit.id}/person", "is_ticket": False}
    nobody = client.post("/logbook/scanned", json={"payload": "no card"}).get_json()
    assert nobody["address"] is None
    assert client.post("/logbook/scanned", json={"payload": 7}).status_code == 400
    assert kiosk.attempts.last_id() == last


def test_each_list_is_a_look_at_its_visits(site: Site) -> None:
    client = site.signed_in(Role.CLERK)
    body = {"payload": payload("an").decode(), "reader": "typed"}
    attempt = client.post("/api/scans", json=body).get_json()["attempt"]
    key = {"Idempotency-Key": "k"}
    visit = client.post("/api/visits", json={"attempt": attempt}, headers=key).get_json()["id"]
    client.post("/logbook/found", data={"q": "nguyen"})
    client.post("/logbook/found", data={"q": "nguyen v"})  # goes on typing: the same look
    client.get(f"/logbook/visits/{visit}/person")

    looks = site.kiosk.database.rows("select what from access where visit = ?", [visit])
    assert [row["what"] for row in looks] == ["logbook.found", "person.page"]


def test_an_export_needs_an_approval_is_written_down_and_quotes_formulas(site: Site) -> None:
    clerk, number = site.signed_in(Role.CLERK), str(site.numbers[Role.SUPERVISOR])
    for place, name in enumerate(("=1+1", "+84", "-2", "@sum", "Lan")):
        reading = clerk.post("/api/scans", json={"no_card": True, "reader": "x"}).get_json()[
            "attempt"
        ]
        body = {"attempt": reading, "arrival": "uninsured", "holder": name, "born": "01/02/1980"}
        clerk.post("/api/visits", json=body, headers={"Idempotency-Key": f"k{place}"})
    form = {"q": "", "why": "BHXH hỏi", "approver": number, "approver_pin": "000000"}

    assert clerk.post("/logbook/export.csv", data={"why": "x"}).status_code == 403
    assert clerk.post("/logbook/export.csv", data=form).status_code == 403
    table = clerk.post("/logbook/export.csv", data=form | {"approver_pin": PIN})
    assert table.status_code == 200
    rows = list(csv.reader(io.StringIO(table.text.removeprefix("\ufeff"))))
    assert [row[4] for row in rows[1:]] == ["Lan", "'@sum", "'-2", "'+84", "'=1+1"]
    export, _whole = site.kiosk.database.rows("select kind, author from export")
    assert export["kind"] == "visits.csv"


def test_an_export_is_streamed_in_pieces_while_visits_come(
    client: FlaskClient, kiosk: Kiosk, record: Record
) -> None:
    for place in range(450):
        record(f"Lê Văn {place}")
    rests: list[float] = []
    with client.application.test_request_context():
        pieces = table_rows(VisitFinder(kiosk.database), VisitQuery(), "vi", rests.append)
        head, first = next(pieces), next(pieces)
        record("Lê Mới")
        rest = list(pieces)

    assert head.startswith("\ufeff")
    assert (first.count("\r\n"), [piece.count("\r\n") for piece in rest]) == (200, [200, 50])
    assert "Lê Mới" not in "".join([first, *rest])
    assert len(rests) == 450 / 5


def test_a_person_s_page_shows_years_and_warns_if_the_visits_differ(
    client: FlaskClient, record: Record
) -> None:
    old = record("Lê An", Birth(1980, 2, 1), at=NOW - 400 * DAY, number="9999900077")
    new = record("Lê An", Birth(1980, 2, 1), number="9999900077")
    page = client.get(f"/logbook/visits/{old.id}/person").text

    assert (page.index('id="year-2026"'), "panel warn" in page) < (
        page.index('id="year-2025"'),
        True,
    )
    assert new.id in page
    assert "9999900077" not in page
    record("Trần Bình", Birth(1990, 2, 1), at=NOW - DAY, number="9999900077")
    assert "Trần Bình" in client.get(f"/logbook/visits/{new.id}/person").text
    exam = client.get(f"/logbook/visits/{new.id}/exam")
    assert "Kết quả và căn cứ" in exam.text
    assert "9999900077" not in exam.text
    assert client.get(f"/logbook/visits/{new.id}/person.pdf").data.startswith(b"%PDF")
    assert client.post(f"/logbook/visits/{new.id}/person/history").status_code == 200
    assert client.get("/logbook/visits/none/person").status_code == 404


def test_a_field_is_checked_while_it_is_typed_and_the_insurer_s_words_mark_it(
    client: FlaskClient, kiosk: Kiosk, record: Record
) -> None:
    visit = record("Lê An")
    form = {"citizen_number": "12", "phone": "abc", "registered_at": "1", "born": "99/99/1980",
            "card_number": "XX", "version": "1"}  # fmt: skip
    wrong = client.post(f"/logbook/visits/{visit.id}/fields", data=form).get_json()["wrong"]
    assert set(wrong) == set(form) - {"version"}
    with kiosk.database.transaction() as db:
        db.execute(
            "update outbox set state = 'refused', code = '205', message = 'Ngày sinh không đúng'"
        )
    tray, page = client.get("/logbook/tray").text, client.get(f"/logbook/visits/{visit.id}").text
    assert "Ngày sinh" in tray
    assert "⚠ Ngày sinh" in page
    assert "Cơ quan BHXH: Ngày sinh không đúng" in re.sub(r"\s+", " ", page)
    with kiosk.database.transaction() as db:
        db.execute("update outbox set message = 'Lỗi 17'")
    assert "được đánh dấu" not in client.get("/logbook/tray").text


def test_versions_stand_side_by_side_with_what_changed(
    client: FlaskClient, kiosk: Kiosk, record: Record
) -> None:
    visit = record("Lê Sai")
    kiosk.corrections.correct(visit.id, {"holder": "Lê Đúng"}, "gõ nhầm", NOW)
    page = client.get(f"/logbook/visits/{visit.id}").text

    assert re.search(r"<del>.*Lê Sai.*</del>.*<mark>.*Lê Đúng.*</mark>", page)


def test_two_desks_that_correct_one_visit_do_not_overwrite_each_other(
    client: FlaskClient, record: Record
) -> None:
    visit = record("Lê An")
    first = {"holder": "Lê An", "phone": "0999000001", "why": "một", "version": "1"}
    assert client.post(f"/logbook/visits/{visit.id}/correct", data=first).status_code == 303
    second = first | {"phone": "0999000002", "why": "hai"}
    answer = client.post(f"/logbook/visits/{visit.id}/correct", data=second)

    assert answer.status_code == 409
    assert 'value="0999000002"' in answer.text  # what was typed stays
    assert "0999000001" in answer.text  # beside what the other desk wrote
