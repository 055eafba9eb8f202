"""A look-up about a visit says the same of the card as a verdict by the same answer would."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from kiosk.desk import Confirmation, coverage_changes
from kiosk.web.app import create_app
from tests.cast import NOW, make_coverage, payload
from tests.conftest import Kiosk
from tests.kiosk.stub_gateway import answering, token_then
from verify import clinic_day

NUMBER = "DN4019999900001"
TODAY = clinic_day(NOW)
Pages = tuple[Kiosk, FlaskClient, dict[str, object]]


def written(day: date) -> str:
    return f"{day:%d/%m/%Y}"


GOOD: dict[str, object] = {
    "maKetQua": "000",
    "maThe": NUMBER,
    "gtTheTu": written(TODAY - timedelta(days=100)),
    "gtTheDen": written(TODAY + timedelta(days=100)),
}


@pytest.fixture
def pages(make_kiosk: Callable[[str], Kiosk]) -> Iterator[Pages]:
    """Return a kiosk, a client of its pages, and the gateway's answer, which a test may change."""
    answer = dict(GOOD)
    with answering(token_then(answer)) as url:
        kiosk = make_kiosk(url)
        yield kiosk, create_app(kiosk, threading.Event()).test_client(), answer


def admit(kiosk: Kiosk) -> str:
    reading = kiosk.scan(payload("an"))
    return kiosk.desk.confirm(reading, Confirmation(clerk_reason="x"), "key")[0].id


def look_up(client: FlaskClient, visit: str) -> Any:
    answer = client.post(f"/api/visits/{visit}/lookup", json={"purpose": "end"})
    assert answer.status_code == 200
    return answer.get_json()


@pytest.mark.parametrize("text", ["99/99/9999", {"day": 1}, "00/00/0000", 20261231])
def test_a_last_day_that_cannot_be_read_is_doubted_before_the_visit_ends_too(
    pages: Pages, text: object
) -> None:
    kiosk, client, answer = pages
    visit = admit(kiosk)
    look_up(client, visit)
    answer["gtTheDen"] = text
    body = look_up(client, visit)

    assert body["reason"] == "not_yet_known"
    assert "insurer_end_not_read" in body["notes"]
    assert (body["valid_until"], body["end_not_read"]) == (None, True)
    until = next(change for change in body["changes"] if change["field"] == "valid_until")
    assert until["before"] == str(TODAY + timedelta(days=100))
    assert (until["after"], until["before_not_read"], until["after_not_read"]) == (
        None, False, True,
    )  # fmt: skip
    assert any("không đọc được ngày của BHXH" in line for line in body["words"]["vi"])
    assert not any("→ —" in line for line in body["words"]["vi"])
    page = client.get(f"/logbook/visits/{visit}?lang=en").text
    doubt = "⚠ <strong>The insurer gives a last day that cannot be read"
    assert page.count(doubt) == 1
    assert page.count("✓ <strong>The card is in force</strong>") == 1


ANSWERS: list[tuple[dict[str, object], str]] = [
    ({}, "in_force"),
    ({"gtTheDen": None}, "in_force"),
    ({"gtTheDen": "99/99/9999"}, "not_yet_known"),
    ({"gtTheDen": written(TODAY - timedelta(days=1))}, "ended"),
    ({"gtTheTu": written(TODAY + timedelta(days=1))}, "not_begun"),
    ({"maKetQua": "004", "gtTheDen": "99/99/9999"}, "not_yet_known"),
    ({"maKetQua": "003", "maTheMoi": "HT3019999900001", "gtTheTuMoi": written(TODAY)},
     "new_card_in_force"),
    ({"maKetQua": "003", "maTheMoi": "HT3019999900001", "gtTheTuMoi": "x"}, "replaced"),
    ({"maKetQua": "010"}, "ended"),
    ({"maKetQua": "000", "hoTen": "Người Khác Hẳn"}, "name_differs"),
]  # fmt: skip


@pytest.mark.parametrize(("changed", "reason"), ANSWERS)
def test_the_reason_of_a_look_up_is_that_of_a_verdict_by_the_same_answer(
    pages: Pages, changed: dict[str, object], reason: str
) -> None:
    kiosk, client, answer = pages
    visit = admit(kiosk)
    answer |= changed
    body = look_up(client, visit)

    assert body["reason"] == reason
    scanned = client.post("/api/scans", json={"payload": payload("an").decode()}).get_json()
    assert scanned["reason"] == reason
    page = client.get(f"/logbook/visits/{visit}?lang=en").text
    assert ("✓ <strong>" in page) == (reason in ("in_force", "new_card_in_force"))


def test_a_look_up_with_a_wrong_name_says_so(pages: Pages) -> None:
    kiosk, client, answer = pages
    visit = admit(kiosk)
    answer["maKetQua"] = "060"

    assert look_up(client, visit)["reason"] == "name_differs"


def test_no_last_day_and_one_that_cannot_be_read_are_two_answers() -> None:
    endless = make_coverage(NUMBER, card_number=NUMBER, valid_until=None)
    unread = endless._replace(end_not_read=True)

    [change] = [c for c in coverage_changes(endless, unread) if c.field == "valid_until"]
    assert (change.before_not_read, change.after_not_read) == (False, True)
    assert coverage_changes(unread, unread) == []
    read = unread._replace(end_not_read=False, valid_until=TODAY)
    [change] = [c for c in coverage_changes(unread, read) if c.field == "valid_until"]
    assert (change.before_not_read, change.after) == (True, TODAY.isoformat())


def test_a_standing_that_depends_on_a_day_that_cannot_be_read_is_not_said_to_be_good(
    pages: Pages,
) -> None:
    kiosk, client, answer = pages
    visit = admit(kiosk)
    answer["maKetQua"] = "010"
    look_up(client, visit)
    answer |= {"maKetQua": "000", "gtTheDen": "99/99/9999"}
    body = look_up(client, visit)

    [standing] = [line for line in body["words"]["en"] if line.startswith("Result:")]
    assert "in force" not in standing
    assert "cannot be read" in standing
    assert body["standing"] == "in_force"


def test_a_clock_in_doubt_is_said_by_a_look_up_too(pages: Pages) -> None:
    kiosk, client, _ = pages
    visit = admit(kiosk)
    kiosk.clock.go(timedelta(days=-3000))

    assert look_up(client, visit)["reason"] == "clock_in_doubt"
