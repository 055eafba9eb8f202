"""The report on the difficulties and suspicions of some days, which hospitals send the insurer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from markupsafe import escape

from kiosk.desk import Confirmation
from kiosk.logbook import IncidentReports
from tests.cast import TODAY, Clock, payload
from tests.conftest import Kiosk
from verify import Birth, Reason


def test_the_report_counts_readings_by_reason_and_lists_the_suspicious_ones(
    kiosk: Kiosk,
) -> None:
    for _ in range(2):
        kiosk.scan("not a card")
    kiosk.scan(payload("nam"))
    forged = kiosk.scan(payload("oanh"))
    visit, _ = kiosk.desk.confirm(kiosk.scan(payload("an")), Confirmation(), "k")
    again = kiosk.scan(payload("an"))
    report = IncidentReports(kiosk.database).between(TODAY, TODAY)

    assert report.readings == 6
    assert report.difficulties[0] == (Reason.NOT_A_BHYT_CARD, 2)
    assert dict(report.difficulties)[Reason.NOT_YET_KNOWN] == 1
    assert Reason.IN_FORCE not in dict(report.difficulties)
    assert [suspicion.reason for suspicion in report.suspicions] == [Reason.FORGED, Reason.IN_FORCE]
    assert report.suspicions[1].cautions[0].code == "here_today"
    assert (forged, again) == (4, 6)
    assert visit.id not in repr(report.suspicions[0])
    assert "9999" not in repr(report)


def test_only_the_requested_days_of_the_clinic_count(kiosk: Kiosk, clock: Clock) -> None:
    kiosk.scan(payload("oanh"))
    clock.go(timedelta(hours=13, minutes=59))  # 23:59 at the clinic
    kiosk.scan(payload("oanh"))
    clock.go(timedelta(minutes=2))
    kiosk.scan(payload("oanh"))
    reports = IncidentReports(kiosk.database)
    tomorrow = TODAY + timedelta(days=1)

    assert [reports.between(day, day).readings for day in (TODAY, tomorrow)] == [2, 1]
    assert reports.between(TODAY, tomorrow).readings == 3


def test_a_newer_verdict_on_a_reading_does_not_count_twice(
    kiosk: Kiosk,
) -> None:
    attempt = kiosk.attempts.get(kiosk.scan(payload("nam")))
    assert attempt is not None
    kiosk.desk.add_holder(attempt.id, "Đặng Văn Nam", Birth(1959, 1, 1))
    assert IncidentReports(kiosk.database).between(TODAY, TODAY).readings == 1


def test_the_page_shows_a_week_with_numbers_masked_until_they_are_asked_for(
    kiosk: Kiosk, client: FlaskClient
) -> None:
    assert "Không có." in client.get("/logbook/difficulties").text
    kiosk.scan(payload("mai"))  # the insurer has another name
    page = client.get("/logbook/difficulties?from=19/11/2026&to=25/11/2026").text

    assert "Từ 19/11/2026 đến 25/11/2026" in page
    assert ("••••••0009" in page, "9999900009" in page) == (True, False)
    asked = client.post("/logbook/difficulties/numbers?from=19/11/2026&to=25/11/2026").text
    assert "9999900009" in asked
    assert "Từ 19/11/2026 đến 25/11/2026" in asked
    assert "Ngô Thị" not in page
    invalid = client.get("/logbook/difficulties?from=40/40/2026&to=x&lang=en").text
    assert "From 19/11/2026 to 25/11/2026" in invalid
    swapped = client.get("/logbook/difficulties?from=26/11/2026&to=1/11/2026&lang=en").text
    assert "cards read: 1" in swapped


@pytest.mark.parametrize(
    ("first", "last", "days"),
    [
        ("01/11/2026", "25/11/2026", "01/11/2026 to 25/11/2026"),
        ("01112026", "25\u201311\u20132026\u00a0", "01/11/2026 to 25/11/2026"),
        ("2026-11-01", "\uff12\uff15/11/2026", "01/11/2026 to 25/11/2026"),
        ("2/2026", "2/2026", "01/02/2026 to 28/02/2026"),  # a month counts as a whole
        ("2026", "2026", "01/01/2026 to 31/12/2026"),
        ("", "\u200b", "19/11/2026 to 25/11/2026"),
    ],
)
def test_the_days_of_the_report_are_read_as_people_write_them(
    first: str, last: str, days: str, client: FlaskClient
) -> None:
    query = {"from": first, "to": last, "lang": "en"}
    page = client.get("/logbook/difficulties", query_string=query)

    assert page.status_code == 200
    assert f"From {days}" in page.text
    assert 'class="message"' not in page.text


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("25/11/26", "Write the year with four digits"),
        ("40/40/2026", "This date cannot be read"),
        ("25/11/1980", "This date cannot be read"),
        ('<b>"', "This date cannot be read"),
    ],
)
def test_a_day_that_cannot_be_read_is_named_and_stays_in_its_field(
    typed: str, says: str, client: FlaskClient
) -> None:
    query = {"from": "1/11/2026", "to": typed, "lang": "en"}
    page = client.get("/logbook/difficulties", query_string=query)

    assert page.status_code == 400
    field = page.text.partition('<label for="to">')[2].partition("</div>")[0]
    assert says in field
    assert f'value="{escape(typed)}"' in field
    assert "From 01/11/2026 to 25/11/2026" in page.text  # the report until today
