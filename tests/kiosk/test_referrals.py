"""A referral is data: programs and the page send it, the logbook keeps it, the law uses it."""

from __future__ import annotations

import json
import re
import sqlite3
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlite_utils
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from kiosk.desk import Confirmation
from kiosk.insurer import message_composer
from kiosk.logbook import Corrections, Database, NewVisit, Visits, referral_among
from kiosk.logbook.migrations import MIGRATIONS
from kiosk.logbook.visit import corrected, visit_from_record, visit_record
from tests.cast import BHYT15, NOW
from tests.conftest import Kiosk
from tests.kiosk.test_xml0 import VISIT
from verify import Birth, Referral, Sex

ELSEWHERE = BHYT15.replace("01 - 999", "01 - 005")  # the holder is registered at another facility
SIGNED = {"signed_on": "2026-11-20"}
REFERRAL = Referral(date(2026, 11, 20))
YEAR_REFERRAL = Referral(date(2026, 11, 20), for_a_year=True)
FULL_REFERRAL = Referral(date(2026, 11, 20), for_a_year=True, facility="01005", number="12/CT")

# A visit as commit cdaf68c wrote it.
OLD = {
    "attempt": 1, "verdict_of": 1, "facility": "01999", "arrived_at": NOW.isoformat(),
    "outcome": "admitted", "reason": "in_force", "number": "DN4019999900021",
    "person": "9999900021", "card_number": "DN4019999900021", "holder": "Nguyễn Văn Mẫu",
    "born": "1980-02-01", "sex": "male", "registered_at": "01005", "valid_from": "2024-01-01",
    "valid_until": None, "service_code": "KB", "service_name": "Khám bệnh",
    "room": "Phòng khám 1", "arrival": "referral", "care": "01", "papers": "", "phone": "",
    "clerk_reason": "", "citizen_number": None,
}  # fmt: skip


def confirm(client: FlaskClient, kiosk: Kiosk, **more: Any) -> Any:
    body = {"attempt": kiosk.scan(ELSEWHERE), "arrival": "referral"} | more
    return client.post("/api/visits", json=body, headers={"Idempotency-Key": "k"})


def sent_code(kiosk: Kiosk) -> str:
    body = kiosk.database.reading().execute(
        "select body from outbox order by id desc limit 1"
    ).fetchone()[0]  # fmt: skip
    return str(body.partition("<MA_DOITUONG_KCB>")[2].partition("<")[0])


@pytest.mark.parametrize(
    ("more", "referral", "papers"),
    [
        ({"referral": SIGNED}, REFERRAL, ""),
        (
            {"referral": SIGNED | {"facility": None, "number": None, "for_a_year": None}},
            REFERRAL,
            "",
        ),
        ({"referral": SIGNED | {"facility": "", "number": "", "for_a_year": False}}, REFERRAL, ""),
        ({"referral": SIGNED | {"facility": "01005", "number": " 12/CT ", "for_a_year": True},
          "papers": "vneid"}, FULL_REFERRAL, "vneid"),
        ({"referral": None}, None, ""),
        ({"papers": "referral 2026-11-20"}, REFERRAL, ""),  # the old form, as text
        ({"papers": "vneid; referral 2026-11-20 for a year; giấy hẹn"},
         YEAR_REFERRAL, "vneid; giấy hẹn"),
        ({"papers": "referral 2026-11-20", "referral": SIGNED | {"number": "12/CT"}},
         Referral(date(2026, 11, 20), number="12/CT"), ""),
        ({"papers": " referral 2026-11-20 "}, REFERRAL, ""),
        ({"papers": "vneid;referral 2026-11-20"}, REFERRAL, "vneid"),
        ({"papers": "Referral letter;x"}, None, "Referral letter;x"),
        ({"papers": "giấy chuyển viện"}, None, "giấy chuyển viện"),
    ],
)  # fmt: skip
def test_a_visit_is_recorded_with_its_referral(
    more: dict[str, Any], referral: Referral | None, papers: str, kiosk: Kiosk, client: FlaskClient
) -> None:
    assert confirm(client, kiosk, **more).status_code == 201

    [visit] = kiosk.visits.newest()
    assert (visit.arrival.kind, visit.arrival.referral) == ("referral", referral)
    assert visit.arrival.papers == papers


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"referral": "2026-11-20"}, '"referral"'),
        ({"referral": []}, '"referral"'),
        ({"referral": {}}, "signed_on"),
        ({"referral": {"signed_on": None, "number": "12"}}, "signed_on"),
        ({"referral": {"signed_on": "11/2026"}}, "signed_on"),
        ({"referral": {"signed_on": "20/11/26"}}, "signed_on"),
        ({"referral": {"signed_on": "201126"}}, "signed_on"),
        ({"referral": {"signed_on": "2026-02-30"}}, "signed_on"),
        ({"referral": {"signed_on": "0026-11-20"}}, "signed_on"),
        ({"referral": {"signed_on": 20261120}}, "signed_on"),
        ({"referral": SIGNED | {"for_a_year": "yes"}}, "for_a_year"),
        ({"referral": SIGNED | {"for_a_year": 1}}, "for_a_year"),
        ({"referral": SIGNED | {"facility": "1005"}}, "facility"),
        ({"referral": SIGNED | {"facility": 1005}}, "facility"),
        ({"referral": SIGNED | {"number": "1\n2"}}, "number"),
        ({"referral": SIGNED | {"number": 12}}, "number"),
        ({"referral": SIGNED | {"year": True}}, "for_a_year"),
        ({"referral": SIGNED, "papers": "referral 2026-11-19"}, "papers"),
        ({"referral": SIGNED, "papers": "referral 2026-11-20 for a year"}, "papers"),
        ({"papers": "vneid; referral"}, "papers"),
        ({"papers": "referral 0026-11-20"}, "papers"),
        ({"papers": "referral 2026-11-20; referral 2026-11-19"}, "papers"),
    ],
)
def test_an_unreadable_referral_is_reported_and_nothing_is_recorded(
    more: dict[str, Any], named: str, kiosk: Kiosk, client: FlaskClient
) -> None:
    answer = confirm(client, kiosk, **more)

    assert (answer.status_code, answer.get_json()["title"]) == (400, "bad_referral")
    assert named in answer.get_json()["detail"]
    assert kiosk.visits.newest() == []


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("referral 2026-11-20", SIGNED, "1.3"),
        ("referral 2026-01-05", {"signed_on": "2026-01-05"}, "1.12"),  # the referral has expired
        ("referral 2026-01-05 for a year", {"signed_on": "2026-01-05", "for_a_year": True}, "1.3"),
    ],
)
@pytest.mark.parametrize("is_old", [True, False])
def test_both_forms_of_a_referral_send_the_same_code(
    old: str, new: dict[str, Any], code: str, is_old: bool, kiosk: Kiosk, client: FlaskClient
) -> None:
    confirm(client, kiosk, **({"papers": old} if is_old else {"referral": new}))

    assert sent_code(kiosk) == code


def test_a_patient_without_a_card_may_have_a_referral(kiosk: Kiosk, client: FlaskClient) -> None:
    body = {"attempt": kiosk.scan("no card"), "holder": "Bé Thử", "born": "1980",
            "arrival": "referral", "papers": "receipt; referral 2026-11-20"}  # fmt: skip
    answer = client.post("/api/visits", json=body, headers={"Idempotency-Key": "k"})

    assert answer.status_code == 201
    [visit] = kiosk.visits.newest()
    assert (visit.arrival.papers, visit.arrival.referral) == ("receipt", REFERRAL)


def compose_here(kiosk: Kiosk) -> Corrections:
    return Corrections(kiosk.database, message_composer(kiosk.entitlements.expected_code))


def test_a_correction_keeps_the_referral(kiosk: Kiosk) -> None:
    confirmation = Confirmation(arrival="referral", referral=FULL_REFERRAL, papers="vneid")
    visit, _ = kiosk.desk.confirm(kiosk.scan(ELSEWHERE), confirmation, "k")
    compose_here(kiosk).correct(visit.id, {"holder": "Nguyễn Văn Ân"}, "tên", NOW)

    [after] = kiosk.visits.newest()
    assert after.card.holder == "Nguyễn Văn Ân"
    assert after.arrival == visit.arrival
    assert sent_code(kiosk) == "1.3"


def form(client: FlaskClient, visit_id: str) -> dict[str, str]:
    """Return what the form on a visit's page sends if it is not changed."""
    page = client.get(f"/logbook/visits/{visit_id}").text.partition("/correct")[2]
    page = page.partition("</form>")[0]
    found = dict(re.findall(r'<input [^>]*name="(\w+)"[^>]* value="([^"]*)"', page))
    if not re.search(r'name="for_a_year"[^>]*checked', page):
        del found["for_a_year"]
    for select in re.findall(r'<select id="(\w+)".*?</select>', page, re.S):
        options = page.partition(f'<select id="{select}"')[2].partition("</select>")[0]
        [found[select]] = re.findall(r'value="(\w*)" selected', options)
    return found


def test_the_referral_is_shown_and_corrected_on_the_visit_s_page(
    kiosk: Kiosk, client: FlaskClient
) -> None:
    confirmation = Confirmation(arrival="referral", referral=FULL_REFERRAL)
    visit, _ = kiosk.desk.confirm(kiosk.scan(ELSEWHERE), confirmation, "k")
    where, fields = f"/logbook/visits/{visit.id}/correct", form(client, visit.id)
    assert (fields["signed_on"], fields["referral_facility"]) == ("20/11/2026", "01005")

    same = client.post(where, data=fields | {"why": "x"})
    assert (same.status_code, "Không có gì thay đổi" in same.text) == (409, True)
    assert kiosk.visits.newest()[0].arrival.referral == FULL_REFERRAL

    fields |= {"signed_on": "5/1/2026", "referral_number": "", "why": "ngày ký"}
    del fields["for_a_year"]
    assert client.post(where, data=fields).headers["Location"].endswith("said=done")
    [after] = kiosk.visits.newest()
    assert after.arrival.referral == Referral(date(2026, 1, 5), facility="01005")
    assert sent_code(kiosk) == "1.12"  # the referral has expired

    fields |= {"signed_on": "", "referral_facility": "", "version": "2"}
    client.post(where, data=fields)
    assert kiosk.visits.newest()[0].arrival.referral is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"signed_on": "30/2/2026"},
        {"signed_on": "soon"},
        {"signed_on": "", "referral_number": "12"},
        {"signed_on": "20/11/2026", "referral_facility": "1"},
    ],
)
def test_an_invalid_referral_is_not_accepted_as_a_correction(
    wrong: dict[str, str], kiosk: Kiosk, client: FlaskClient
) -> None:
    visit, _ = kiosk.desk.confirm(kiosk.scan(ELSEWHERE), Confirmation(), "k")
    answer = client.post(f"/logbook/visits/{visit.id}/correct", data=wrong | {"why": "x"})

    assert answer.status_code == 400
    assert "Chưa sửa gì" in answer.text
    assert all(f'value="{value}"' in answer.text for value in wrong.values())
    assert kiosk.visits.newest()[0].version == 1


texts = st.none() | st.text(max_size=10)
births = st.sampled_from([None, Birth(1980), Birth(1980, 2), Birth(1980, 2, 1)])
referrals = st.none() | st.builds(
    Referral, st.dates(date(1900, 1, 1), date(2199, 12, 31)), st.booleans(), texts, texts
)


@given(
    texts,
    births,
    st.sampled_from([None, *Sex]),
    st.none() | st.dates(date(1900, 1, 1), date(2199, 12, 31)),
    referrals,
    st.text(),
)
def test_a_visit_is_read_back_from_its_record_unchanged(
    holder: str | None, born: Birth | None, sex: Sex | None, until: date | None,
    referral: Referral | None, papers: str,
) -> None:  # fmt: skip
    changes = {"holder": holder, "born": born, "sex": sex, "valid_until": until,
               "referral": referral, "papers": papers}  # fmt: skip
    visit = corrected(VISIT, changes)

    assert visit_from_record(visit_record(visit)) == visit


def test_the_record_of_an_older_version_is_read_with_the_keys_it_has() -> None:
    old = {key: value for key, value in OLD.items() if key not in ("citizen_number", "papers")}
    visit = visit_from_record(json.dumps(old))

    assert (visit.card.born, visit.card.sex) == (Birth(1980, 2, 1), Sex.MALE)
    assert (visit.card.valid_from, visit.card.valid_until) == (date(2024, 1, 1), None)
    assert (visit.arrival.referral, visit.arrival.papers) == (None, "")


def old_logbook(path: Path, papers: list[str]) -> None:
    """Write a logbook as the version before the migration did, with a visit for each paper."""
    conn = sqlite3.connect(path)
    db = sqlite_utils.Database(conn)
    MIGRATIONS.apply(db, stop_before="m009_referrals")
    db.execute("insert into identity values ('i', 'site')")
    for number, text in enumerate(papers, 1):
        record = json.dumps(OLD | {"attempt": number, "papers": text}, ensure_ascii=False)
        db.execute(
            "insert into attempt values (?, ?, 'r', 'admitted', 'in_force', '{}', null, null)",
            [number, NOW.isoformat()],
        )
        db.execute(
            "insert into visit (id, attempt, verdict_of, idempotency_key, arrived_at, day, ticket,"
            " outcome, reason, number, person, record) values"
            " (?, ?, ?, ?, ?, '2026-11-25', ?, 'admitted', 'in_force', 'n', 'p', ?)",
            [f"v{number}", number, number, f"k{number}", NOW.isoformat(), number, record],
        )
        db.execute("insert into visit_version values (?, 1, ?, ?, 'x')",
                   [f"v{number}", record, NOW.isoformat()])  # fmt: skip
    conn.commit()
    conn.close()


@pytest.mark.parametrize(
    ("papers", "referral", "left"),
    [
        ("referral 2026-11-20", REFERRAL, ""),
        ("vneid; referral 2026-11-20 for a year", YEAR_REFERRAL, "vneid"),
        ("vneid", None, "vneid"),
        ("", None, ""),
        ("referral 2024-02-31", None, "referral 2024-02-31"),
        ("referral; số 12", None, "referral; số 12"),
        ("giấy chuyển; referral 2026-11-20; referral 2026-11-21", REFERRAL,
         "giấy chuyển; referral 2026-11-21"),
    ],
)  # fmt: skip
def test_referrals_in_older_rows_become_data_and_nothing_is_lost(
    papers: str, referral: Referral | None, left: str, tmp_path: Path
) -> None:
    old_logbook(tmp_path / "logbook.db", ["vneid", papers])
    database = Database(tmp_path / "logbook.db")
    other, visit = Visits(database, message_composer(lambda _visit: "")).list_from()
    [version] = Corrections(database, message_composer(lambda _visit: "")).versions("v2")

    assert (visit.arrival.referral, visit.arrival.papers) == (referral, left)
    assert version.visit.arrival == visit.arrival
    assert (other.arrival.referral, other.arrival.papers) == (None, "vneid")
    kept: NewVisit = visit_from_record(json.dumps(OLD))
    assert (visit.card, visit.service) == (kept.card, kept.service)


words = st.text(st.characters(exclude_characters=";"), max_size=20)


@given(words, st.dates(date(1900, 1, 1), date(2199, 12, 31)), st.booleans(), words)
def test_a_referral_is_found_among_other_papers(
    before: str, day: date, for_a_year: bool, after: str
) -> None:
    paper = f"referral {day.isoformat()}{' for a year' if for_a_year else ''}"

    assert referral_among(f"{before}; {paper}; {after}") == (
        Referral(day, for_a_year),
        f"{before}; {after}",
    )
