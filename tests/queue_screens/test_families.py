"""In a browser: a family goes to its room, and nobody else does."""

from __future__ import annotations

from typing import Any

from kiosk.queue import Room, RoomList, RoomService
from tests.queue_screens.site import (
    CHILD,
    EXTRA,
    OTHER,
    ROOM,
    ROOMS,
    TICKET,
    Site,
    choose_room,
    desk,
    record,
    refine,
    scanned,
)


def family_in(page: Any, room: str) -> None:
    """Record An in a room, and go on with the next of the family."""
    scanned(page, "an")
    choose_room(page, room)
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(TICKET)
    page.click("[data-do=family]")
    page.wait_for_selector("#family-numbers li")


def test_a_newer_verdict_brings_nothing_of_the_family_back(site: Site, context: Any) -> None:
    page = desk(context, site)
    family_in(page, ROOM)
    scanned(page, CHILD)
    assert page.input_value("#guardian_name") == "Nguyễn Văn An"
    page.fill("#guardian_name", "")
    page.fill("#guardian_number", "")
    choose_room(page, "Phòng khám 12")
    refine(site, page)
    assert page.input_value("#guardian_name") == ""
    assert page.input_value("#guardian_number") == ""
    assert page.input_value("#room") == "Phòng khám 12"


def test_a_newer_verdict_leaves_the_family_s_room(site: Site, context: Any) -> None:
    page = desk(context, site)
    family_in(page, OTHER)
    scanned(page, CHILD)
    refine(site, page)
    assert page.input_value("#room") == OTHER
    assert page.input_value("#guardian_name") == "Nguyễn Văn An"


def test_the_service_is_one_of_the_family_s_room(site: Site, context: Any) -> None:
    other_first = (ROOMS.rooms[1], Room(ROOM, services=(RoomService("N1", "Nội"), EXTRA)))
    site.kiosk.rooms.save(RoomList(other_first, version=site.kiosk.rooms.read().version))
    page = desk(context, site)
    scanned(page, "an")
    choose_room(page, OTHER)
    page.select_option("#service", "KB02")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(TICKET)
    page.click("[data-do=family]")
    scanned(page, CHILD)
    assert page.input_value("#room") == OTHER
    assert page.locator("#service option").all_inner_texts() == ["Khám bệnh", "Khám mắt"]
    record(page)
    newest = site.visits()[0].service
    assert (newest.room, newest.code) == (OTHER, "KB")  # the service is not the family's


def stranger(page: Any) -> None:
    """Scan Bình's card without Enter or Esc before."""
    scanned(page, "binh")
    page.wait_for_selector(".pass[data-ready] h1:has-text('Bình')")


def numbers(page: Any) -> str:
    """Return the names in the list of the family's numbers on the ticket."""
    page.wait_for_selector(".middle > .family li")
    return str(page.inner_text(".middle > .family"))


def test_a_stranger_after_the_family_s_ticket_is_no_member(site: Site, context: Any) -> None:
    page = desk(context, site)
    family_in(page, OTHER)
    scanned(page, CHILD)
    record(page)
    assert "An" in numbers(page)
    stranger(page)
    assert page.input_value("#room") == ROOM
    assert page.is_hidden("#family")
    record(page)
    assert page.locator(".middle > .family li").count() == 0
    page.click("[data-do=family]")  # of the stranger: a new list
    page.wait_for_selector("#family-numbers li")
    assert page.locator("#family-numbers li").count() == 1


def test_a_stranger_in_between_leaves_the_family_to_its_next_one(site: Site, context: Any) -> None:
    page = desk(context, site)
    family_in(page, OTHER)
    scanned(page, CHILD)
    stranger(page)
    assert page.input_value("#room") == ROOM
    assert page.is_hidden("#family")
    page.click("#unfinished li:not([hidden]) [data-open]")
    page.wait_for_selector("#family:visible")
    assert page.input_value("#room") == OTHER
    assert page.input_value("#guardian_name") == "Nguyễn Văn An"


def test_the_recording_of_a_stranger_ends_the_family(site: Site, context: Any) -> None:
    page = desk(context, site)
    family_in(page, OTHER)
    scanned(page, CHILD)
    stranger(page)
    record(page)
    page.click("#unfinished li:not([hidden]) [data-open]")
    page.wait_for_selector(".pass h1:has-text('Khôi')")
    assert page.input_value("#room") == ROOM
    assert page.input_value("#guardian_name") == ""


def test_the_family_goes_on_after_a_scan_that_could_not_be_read(site: Site, context: Any) -> None:
    page = desk(context, site)
    family_in(page, OTHER)
    page.fill("#payload", "abc12")
    page.keyboard.press("Enter")
    page.wait_for_selector(".pass[data-ready]:not([data-card])")
    scanned(page, CHILD)
    page.wait_for_selector(".pass[data-card]")
    assert page.input_value("#room") == OTHER
