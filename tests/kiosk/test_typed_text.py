"""What people type and other programs send is cleaned, and dates are read as people write them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from kiosk.web.api.fields import (
    BadField,
    FieldFault,
    read_line,
    read_typed_date,
    read_typed_day,
)
from tests.cast import BHYT17, payload
from tests.conftest import Kiosk
from verify import Birth, Referral

NBSP, ZERO_WIDTH = "\u00a0", "\u200b"
INVISIBLE = "\u200b\u200e\u202e\ufeff\u00ad\u2060"


def scan(client: FlaskClient, text: str, **more: str) -> Any:
    response = client.post("/api/scans", json={"payload": text, **more})
    assert response.status_code == 200
    return response.get_json()


def confirm(client: FlaskClient, attempt: int, **body: Any) -> Any:
    body = {"attempt": attempt} | body
    return client.post("/api/visits", json=body, headers={"Idempotency-Key": str(attempt)})


def add_holder(client: FlaskClient, attempt: int, **body: object) -> Any:
    return client.post(f"/api/scans/{attempt}/holder", json=body)


def outbox(kiosk: Kiosk) -> str:
    query = "select body from outbox order by id desc limit 1"
    return str(kiosk.database.reading().execute(query).fetchone()[0])


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        (f"Nguyễn{NBSP}Văn{NBSP}{NBSP}Mẫu", "Nguyễn Văn Mẫu"),
        (f"{ZERO_WIDTH}Nguyễn Văn Mẫ{ZERO_WIDTH}u\u200e", "Nguyễn Văn Mẫu"),
        ("\u202eNguyễn\tVăn\u3000Mẫu\ufeff", "Nguyễn Văn Mẫu"),
        ("Nguye\u0302\u0303n Va\u0306n Ma\u0302\u0303u", "Nguyễn Văn Mẫu"),
        ("Ðặng Văn Mẫu", "Đặng Văn Mẫu"),
        ("Nuñez\u2013García Lucía", "Nuñez-García Lucía"),
        ("\uff2d\uff21\uff35", "MAU"),
        ("Trẻ sơ sinh (con mẹ Hoa) 1", "Trẻ sơ sinh (con mẹ Hoa) 1"),
    ],
)
def test_a_typed_name_is_cleaned_before_it_is_stored_and_sent(
    typed: str, stored: str, kiosk: Kiosk, client: FlaskClient
) -> None:
    attempt = scan(client, "9999900077")["attempt"]

    verdict = add_holder(client, attempt, holder=typed, born="1980").get_json()
    assert verdict["card"]["holder"] == stored

    confirm(client, attempt)
    assert kiosk.visits.newest()[0].card.holder == stored
    assert f"<HO_TEN>{stored}</HO_TEN>" in outbox(kiosk)
    direct = scan(client, "9999900078")["attempt"]
    confirm(client, direct, holder=typed, born="1980")
    assert kiosk.visits.newest()[0].card.holder == stored


def test_every_text_of_a_visit_is_cleaned(kiosk: Kiosk, client: FlaskClient) -> None:
    body = {
        "service": {"code": f"{ZERO_WIDTH}KB\uff11", "name": f"Khám{NBSP}bệnh"},
        "room": f"Phòng{NBSP}{NBSP}\uff12 ",
        "arrival": f"referral{ZERO_WIDTH}",
        "papers": f"vneid;{NBSP}referral 2026\u201311\u201320",
        "phone": f"0900{NBSP}000.\uff11\uff12\uff13\u2013\uff19",
        "clerk_reason": f"{ZERO_WIDTH} người{NBSP}nhà\u2011cũ",
        "sex": f"male{NBSP}",
    }
    answer = confirm(client, scan(client, payload("an").decode())["attempt"], **body)

    assert answer.status_code == 201
    [visit] = kiosk.visits.newest()
    assert (visit.service.code, visit.service.name) == ("KB1", "Khám bệnh")
    assert (visit.service.room, visit.arrival.kind) == ("Phòng 2", "referral")
    assert (visit.arrival.papers, visit.arrival.phone) == ("vneid", "0900 000.123-9")
    assert visit.arrival.referral == Referral(date(2026, 11, 20))
    assert visit.clerk_reason == "người nhà-cũ"


def test_a_text_of_invisible_signs_is_empty(kiosk: Kiosk, client: FlaskClient) -> None:
    attempt = scan(client, payload("chi").decode())["attempt"]  # the clerk has to give a reason
    no_reason = confirm(client, attempt, clerk_reason=f"{NBSP}{INVISIBLE}")
    no_name = add_holder(client, attempt, holder=INVISIBLE, born="1980")
    no_reader = client.post("/api/scans", json={"payload": "1", "reader": INVISIBLE})
    confirm(client, scan(client, payload("an").decode())["attempt"], room=NBSP, phone=INVISIBLE)

    assert (no_reason.status_code, no_reason.get_json()["title"]) == (422, "reason_wanted")
    assert (no_name.status_code, no_name.get_json()["field"]) == (400, "holder")
    assert no_reader.status_code == 400
    [visit] = kiosk.visits.newest()
    assert (visit.service.room, visit.arrival.phone) == (kiosk.settings.visit.room, "")


@pytest.mark.parametrize("text", ["a\nb", "a\x07b", "a\r\nb", "a\x00", "x" * 201, 5, ["a"], True])
@pytest.mark.parametrize("field", ["holder", "room", "phone", "papers", "clerk_reason"])
def test_control_characters_and_long_texts_are_still_refused(
    field: str, text: object, kiosk: Kiosk, client: FlaskClient
) -> None:
    answer = confirm(client, scan(client, payload("an").decode())["attempt"], **{field: text})

    problem = answer.get_json()
    assert (answer.status_code, problem["title"]) == (400, "bad_request")
    assert (problem["field"], problem["fault"]) == (field, "not_a_line")
    assert kiosk.visits.newest() == []


def test_half_a_letter_is_refused(client: FlaskClient) -> None:
    attempt = scan(client, "9999900077")["attempt"]
    body = b'{"holder": "A\\ud800", "born": "1980"}'
    path = f"/api/scans/{attempt}/holder"

    assert client.post(path, data=body, content_type="application/json").status_code == 400


def test_the_name_of_a_reader_is_cleaned(kiosk: Kiosk, client: FlaskClient) -> None:
    attempt = scan(client, BHYT17, reader=f" quầy{NBSP}\uff11{ZERO_WIDTH}")["attempt"]

    recorded = kiosk.attempts.get(attempt)
    assert recorded is not None
    assert recorded.reader == "quầy 1"


DATES = {
    "01/02/1980": Birth(1980, 2, 1),
    "1.2.1980": Birth(1980, 2, 1),
    f"{ZERO_WIDTH}01\u201302\u20131980{NBSP}": Birth(1980, 2, 1),
    "\uff10\uff11\uff10\uff12\uff11\uff19\uff18\uff10": Birth(1980, 2, 1),
    "01021980": Birth(1980, 2, 1),
    "1980-02-01": Birth(1980, 2, 1),
    "02/1980": Birth(1980, 2),
    "021980": Birth(1980, 2),
    "1980-02": Birth(1980, 2),
    "00/00/1980": Birth(1980),
    "xx/xx/1980": Birth(1980),
    "1980": Birth(1980),
    "1700-01-01": Birth(1700, 1, 1),  # ISO 8601 is read as ever
    "-": None,
    "00/00/0000": None,
    f"{NBSP}{INVISIBLE}": None,
}
SHORT_YEARS = (
    *("01/02/80", "1-2-80", "1.2.80", "02/80", "80", "00/00/80", "010280", "201202", "200580"),
    *("01\u201302\u201380", "\uff18\uff10", "1 2 80"),
)
NO_DATES = ("31/02/1980", "13/13/2020", "hôm qua", "1/2/980", "191905", "01/02/1980 ?")


@pytest.mark.parametrize(("typed", "born"), DATES.items())
def test_a_birth_is_read_as_people_write_it_and_stays_half_known(
    typed: str, born: Birth | None, kiosk: Kiosk, client: FlaskClient
) -> None:
    answer = confirm(client, scan(client, "9999900077")["attempt"], holder="Thử", born=typed)

    assert answer.status_code == 201
    assert kiosk.visits.newest()[0].card.born == born


@pytest.mark.parametrize(
    ("typed", "fault"),
    [*((text, "short_year") for text in SHORT_YEARS), *((text, "not_a_date") for text in NO_DATES)],
)
def test_a_birth_that_is_not_clear_is_refused_with_the_fault(
    typed: str, fault: str, kiosk: Kiosk, client: FlaskClient
) -> None:
    attempt = scan(client, "9999900077")["attempt"]

    for answer in (
        confirm(client, attempt, holder="Thử", born=typed),
        add_holder(client, attempt, holder="Thử", born=typed),
    ):
        problem = answer.get_json()
        assert (answer.status_code, problem["title"]) == (400, "bad_request")
        assert (problem["field"], problem["fault"]) == ("born", fault)
        assert typed not in problem["detail"]
    assert kiosk.visits.newest() == []


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ("20/11/2026", None),
        ("20112026", None),
        (f"20\u201311\u20132026{ZERO_WIDTH}", None),
        ("11/2026", "half_date"),
        ("2026", "half_date"),
        ("00/11/2026", "half_date"),
        ("20/11/26", "short_year"),
        ("201126", "short_year"),
        ("soon", "not_a_date"),
        ("", "missing"),
        ("00/00/0000", "missing"),
    ],
)
def test_a_referral_needs_its_full_day(
    typed: str, fault: str | None, kiosk: Kiosk, client: FlaskClient
) -> None:
    referral = {"signed_on": typed, "facility": f"01a05{NBSP}", "number": "12\u2013CT"}
    attempt = scan(client, payload("an").decode())["attempt"]
    answer = confirm(client, attempt, arrival="referral", referral=referral)
    shown = client.get(
        f"/desk/attempts/{attempt}/entitlement",
        query_string={"arrival": "referral", "signed": typed, "lang": "en"},
    ).text

    if fault is None:
        expected = Referral(date(2026, 11, 20), facility="01A05", number="12-CT")
        assert kiosk.visits.newest()[0].arrival.referral == expected
    else:
        problem = answer.get_json()
        assert (answer.status_code, problem["title"]) == (400, "bad_referral")
        assert (problem["field"], problem["fault"]) == ("referral.signed_on", fault)
        assert kiosk.visits.newest() == []
    assert ("date of the referral is not valid" in shown) is (fault not in (None, "missing"))


def test_a_full_day_is_needed_where_a_day_counts() -> None:
    assert read_typed_day("1/2/1980", "day") == date(1980, 2, 1)
    assert read_typed_day(" ", "day") is None
    with pytest.raises(BadField) as caught:
        read_typed_day("02/1980", "day")
    assert (caught.value.name, caught.value.fault) == ("day", FieldFault.HALF_DATE)


@given(st.text(st.characters(codec=None), max_size=30))
def test_a_cleaned_line_is_printable_and_stays_as_it_is(text: str) -> None:
    line = read_line(text)

    assert line is None or (line.isprintable() and line == line.strip() and read_line(line) == line)


@given(st.text(st.sampled_from("0123456789/.-\u2013 \u00a0x"), max_size=12))
def test_any_text_is_a_date_or_a_fault(text: str) -> None:
    try:
        found = read_typed_date(text, "born")
    except BadField:
        return
    assert found is None or str(found.year) in "".join(filter(str.isdigit, text))
