"""In a browser: the program learns the room before the key is pressed, if desks share numbers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kiosk.sandbox import remember_people, trust_settings
from tests.cast import Clock, settings_for
from tests.conftest import Kiosk
from tests.kiosk.test_shared_numbers import Hand
from tests.process import until
from tests.queue_screens.site import OTHER, ROOMS, TICKET, Site, choose_room, desk, scanned


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def shared(hand: Hand, tmp_path: Path, clock: Clock, stop: threading.Event) -> Iterator[Site]:
    remember_people(tmp_path, clock())
    settings = settings_for(tmp_path, web={"screens": 2}, **trust_settings(tmp_path, clock()))
    kiosk = Kiosk(settings, tmp_path, demo=True, now=clock, numbers=hand)
    kiosk.rooms.save(ROOMS)
    site = Site(kiosk, stop)
    yield site
    stop.set()
    site.web.stop()


def test_a_number_of_the_chosen_room_is_there_at_the_confirmation(
    shared: Site, hand: Hand, context: Any
) -> None:
    page = desk(context, shared)
    scanned(page, "an")
    page.focus("#room")
    choose_room(page, "mat")
    until(lambda: OTHER in [room for room, _place in hand.expected])
    page.focus("#phone") if page.query_selector("#phone:visible") else page.focus("#payload")
    asked = [room for room, _place in hand.expected].count(OTHER)
    assert asked == 1  # once for each choice
    hand.put(OTHER, 57)
    page.focus("#room")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(TICKET)
    assert page.inner_text(".ticket-number") == "57"

    scanned(page, "binh")
    page.focus("#room")
    choose_room(page, "mat")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".ticket-number:text-is('B 1')")  # nobody waited for a number
