"""The notice shows the facility's level and points, as NĐ 188/2025 Đ35 k2 e asks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient

from kiosk.settings.sections import FacilityCode
from tests.browser import chromium
from tests.conftest import Kiosk
from tests.process import serving

Notice = Callable[..., str]


@pytest.fixture
def notice(kiosk: Kiosk, make_client: Callable[..., FlaskClient]) -> Notice:
    """Return the text of the notice for a profile of the facility."""

    def page(language: str = "en", **profile: Any) -> str:
        facility = replace(kiosk.settings.facility, **profile)
        client = make_client(replace(kiosk.settings, facility=facility))
        answer = client.get(f"/notice?lang={language}")
        assert answer.status_code == 200
        return re.sub(r"\s+", " ", answer.text.replace("\N{NO-BREAK SPACE}", " "))

    return page


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["basic level", "<dd>60</dd>", "50 % of the benefit", "100 % of the benefit"]),
        ("vi", ["cấp cơ bản", "<dd>60</dd>", "50 % mức hưởng", "NĐ 188/2025 Đ35 k2 e"]),
    ],
)
def test_the_notice_shows_level_and_points(language: str, words: list[str], notice: Notice) -> None:
    page = notice(language, level="co_ban", score=60, former_tier="none")

    assert [word for word in words if word not in page] == []
    assert ("Not certain" in page, "Chưa chắc chắn" in page) == (False, False)
    assert "25/11/2026" in page


def test_without_a_profile_the_notice_says_that_it_is_not_set(notice: Notice) -> None:
    page = notice(level="", former_tier="")

    assert "The level of this facility is not set" in page
    assert "level, score and former_tier under [facility]" in page
    assert 'id="print"' not in page
    assert "%" not in page.partition("<main>")[2]


def test_a_former_tier_that_is_not_set_leaves_the_shares_out(notice: Notice) -> None:
    page = notice(level="chuyen_sau", score=80, former_tier="")

    assert "<dd>80</dd>" in page
    assert "without a referral" not in page


def test_a_provisional_ranking_has_no_points(notice: Notice) -> None:
    assert "ranked provisionally, no points yet" in notice(level="co_ban", score=0)


def test_exactly_70_points_are_shown_as_not_certain(notice: Notice) -> None:
    page = notice(level="co_ban", score=70, former_tier="none")

    assert "<dd>70</dd>" in page
    assert "not known: ask at reception" in page
    assert "Not certain" in page


def test_a_listed_facility_pays_in_full_for_every_card(notice: Notice) -> None:
    page = notice(level="ban_dau", score=0, former_tier="xa")

    assert "100 % of what insurance covers, for every card" in page


def test_the_notice_shows_the_code_of_the_day_and_escapes_the_name(notice: Notice) -> None:
    codes = (
        FacilityCode("01999", valid_until=date(2026, 11, 24)),
        FacilityCode("79888", valid_from=date(2026, 11, 25)),
    )
    page = notice(name="<b>Bệnh viện</b> Mẫu", codes=codes)

    assert "79888" in page
    assert "01999" not in page
    assert "&lt;b&gt;Bệnh viện&lt;/b&gt; Mẫu" in page


def test_the_page_on_entitlement_leads_to_the_notice(client: FlaskClient) -> None:
    assert 'href="/notice"' in client.get("/entitlement").text


@pytest.fixture
def demo_address() -> Iterator[str]:
    with serving("--demo") as server:
        yield server.url


@pytest.mark.slow
@pytest.mark.parametrize("size", [(1366, 768), (390, 844)])
def test_the_notice_fits_its_screen(size: tuple[int, int], demo_address: str) -> None:
    with chromium() as context:
        page = context.new_page()
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.goto(f"{demo_address}/notice")
        assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
        assert page.locator("#print").is_visible()
