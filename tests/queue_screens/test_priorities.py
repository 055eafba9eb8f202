"""In a browser: a priority is proposed, and the clerk decides."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cast import make_coverage
from tests.queue_screens.site import (
    Site,
    desk,
    open_page,
    record,
    refine,
    scanned,
)
from verify import Birth


@pytest.mark.parametrize(("chosen", "after"), [("", "from_75"), ("pregnant", "pregnant")])
def test_a_newer_verdict_proposes_a_priority_unless_the_clerk_chose_one(
    site: Site, context: Any, chosen: str, after: str
) -> None:
    page = open_page(context, site, "/")
    page.wait_for_selector("#status *")
    scanned(page, "nam")
    assert page.input_value("#priority") == ""
    if chosen:
        page.select_option("#priority", chosen)
    reading = site.kiosk.attempts.get(site.kiosk.attempts.last_id())
    assert reading is not None
    assert reading.verdict.card is not None
    number = reading.verdict.card.number
    known = make_coverage(number, holder="Đặng Văn Nam", born=Birth(1945, 1, 1))
    assert site.kiosk.desk.refine(reading, reading.verdict, known) is not None
    page.wait_for_selector(".pass:not([data-reason=not_yet_known])")
    assert page.input_value("#priority") == after


@pytest.mark.parametrize("is_refined", [False, True])
def test_the_priority_of_an_emergency_goes_with_it(
    site: Site, context: Any, is_refined: bool
) -> None:
    page = desk(context, site)
    scanned(page, "an")
    page.select_option("#arrival", "emergency")
    assert page.input_value("#priority") == "emergency"
    if is_refined:
        refine(site, page)
        assert page.input_value("#priority") == "emergency"
    page.select_option("#arrival", "")
    assert page.input_value("#priority") == ""
    record(page)
    ticket = site.kiosk.tickets.of_visit(site.visits()[0].id)
    assert ticket is not None
    assert not ticket.priority


def test_a_priority_that_the_clerk_chose_stays_whatever_the_case(site: Site, context: Any) -> None:
    page = desk(context, site)
    scanned(page, "an")
    page.select_option("#priority", "emergency")
    page.select_option("#arrival", "emergency")
    page.select_option("#arrival", "")
    assert page.input_value("#priority") == "emergency"
    page.keyboard.press("Escape")
    page.keyboard.press("F4")
    page.wait_for_selector(".pass[data-ready][data-reason=no_card_shown]")
    page.select_option("#priority", "emergency")
    page.click("label[for=case-donor]")
    assert page.input_value("#priority") == "emergency"
