"""In a browser: the room of a visit is found by a few letters."""

from __future__ import annotations

from typing import Any

import pytest

from kiosk.queue import Room, RoomList
from tests.queue_screens.site import (
    OTHER,
    ROOM,
    ROOMS,
    SERVICES,
    TICKET,
    Site,
    choose_room,
    desk,
    open_page,
    scanned,
)


@pytest.mark.parametrize("typed", ["mat", "pm", "Phòng mắt", "PHONG MA"])
def test_a_few_letters_find_a_room_and_its_service_follows(
    site: Site, context: Any, typed: str
) -> None:
    page = open_page(context, site, "/")
    page.wait_for_selector("#status *")
    scanned(page, "an")
    assert page.input_value("#room") == ROOM
    assert page.is_hidden("#service-field")
    page.focus("#room")
    page.keyboard.type(typed, delay=120)
    page.keyboard.press("Enter")
    page.wait_for_selector("#service-field:visible")
    assert page.input_value("#room") == OTHER
    page.select_option("#service", "KB02")
    page.select_option("#priority", "pregnant")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".ticket")
    assert OTHER in page.inner_text(".ticket .room")
    assert "phụ nữ có thai" in page.inner_text(".ticket")
    assert site.visits()[0].service.code == "KB02"


def test_a_room_that_is_not_in_the_list_is_refused_at_its_field(site: Site, context: Any) -> None:
    page = open_page(context, site, "/")
    page.wait_for_selector("#status *")
    scanned(page, "an")
    page.focus("#room")
    page.keyboard.type("xyz", delay=120)
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".field .message")
    assert "Không có phòng đang mở" in page.inner_text(".field .message")
    assert page.input_value("#room") == "xyz"
    assert site.visits() == []


def test_escape_leaves_the_list_and_not_the_patient(site: Site, context: Any) -> None:
    page = open_page(context, site, "/")
    page.wait_for_selector("#status *")
    scanned(page, "an")
    page.focus("#room")
    page.keyboard.type("mat", delay=120)
    page.keyboard.press("Escape")
    assert page.input_value("#room") == ROOM
    assert page.is_hidden("#room-list")
    assert page.is_visible(".pass h1")


def test_escape_brings_back_the_room_and_its_services(site: Site, context: Any) -> None:
    page = open_page(context, site, "/")
    page.wait_for_selector("#status *")
    scanned(page, "an")
    choose_room(page, OTHER)
    assert page.locator("#service option").count() == len(SERVICES)
    page.focus("#room")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    assert page.input_value("#room") == ROOM
    assert page.locator("#service option").count() == 0


def test_a_whole_name_takes_its_room_before_a_longer_one(site: Site, context: Any) -> None:
    first, eyes, longer, closed = ROOMS.rooms
    version = site.kiosk.rooms.read().version
    site.kiosk.rooms.save(RoomList((longer, eyes, first, closed), version=version))
    page = open_page(context, site, "/")
    page.wait_for_selector("#status *")
    scanned(page, "an")
    page.fill("#room", "")
    page.keyboard.type("phong kham 1", delay=120)
    page.keyboard.press("Enter")
    assert page.input_value("#room") == ROOM


@pytest.mark.parametrize("is_removed", [False, True])
def test_a_room_that_closes_under_a_verdict_is_refused_at_its_field(
    site: Site, context: Any, is_removed: bool
) -> None:
    page = desk(context, site)
    scanned(page, "an")
    page.keyboard.press("F9")
    page.fill("#phone", "0999999901")
    choose_room(page, OTHER)
    page.select_option("#service", "KB02")
    left = [room for room in ROOMS.rooms if room.name != OTHER]
    closed = [] if is_removed else [Room(OTHER, services=SERVICES, open=False)]
    version = site.kiosk.rooms.read().version
    site.kiosk.rooms.save(RoomList((*left, *closed), version=version))
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".field:has(#room) .message:has-text('Không có phòng đang mở')")
    assert site.visits() == []
    assert page.input_value("#room") == OTHER
    assert page.input_value("#phone") == "0999999901"
    assert page.locator(f"#room-list li[data-name='{OTHER}']").count() == 0
    choose_room(page, ROOM)
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(TICKET)
    assert site.visits()[0].service.room == ROOM
