"""The themes: their colours stand out as the design promises; each browser chooses one."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from kiosk.runtime.paths import shipped_folder
from tests.browser import chromium
from tests.process import serving

CSS = (shipped_folder("static") / "tokens.css").read_text("utf-8")
TONES = ("go", "wait", "ask", "stop", "calm", "here", "fault")
LIGHT, DARK, CONTRAST = ":root {", ":root[data-theme=dark] {", ":root[data-theme=contrast] {"
MORE = "@media (prefers-contrast: more) {"
MORE_DARK = "@media (prefers-contrast: more) and (prefers-color-scheme: dark) {"
SYSTEM_DARK = "@media (prefers-color-scheme: dark) {"
OVER = {LIGHT: (), DARK: (LIGHT,), CONTRAST: (LIGHT,), MORE: (LIGHT,)}  # what each adds to


def tokens(selector: str) -> dict[str, str]:
    """Return the tokens that a block of tokens.css sets."""
    block = CSS[CSS.index(f"\n{selector}") :].split("}", 1)[0]
    return dict(re.findall(r"--([\w-]+): ([^;]+);", block))


def theme(selector: str) -> dict[str, str]:
    """Return all tokens of a theme."""
    merged: dict[str, str] = {}
    for each in (*OVER[selector], selector):
        merged |= tokens(each)
    return merged


def luminance(colour: str) -> float:
    """Return the relative luminance of #rgb or #rrggbb (WCAG 2.2)."""
    digits = colour.removeprefix("#")
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours: 1 to 21 (WCAG 2.2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(
    ("selector", "least_text", "least_edge"),
    [(LIGHT, 7, 3), (DARK, 7, 3), (CONTRAST, 10, 7), (MORE, 10, 7)],
    ids=["light", "dark", "contrast", "light with more contrast"],
)
def test_texts_and_borders_of_a_theme_stand_out(
    selector: str, least_text: float, least_edge: float
) -> None:
    colours = theme(selector)
    pairs = {
        (text, ground): least_text
        for text in ("ink", "soft")
        for ground in ("paper", "surface", "surface-2")
    }
    pairs |= {("on-action", "action"): least_text, ("rail-soft", "rail"): least_text}
    pairs |= {("on-demo", "demo"): least_text, ("ink", "mark"): 7}
    pairs |= {("edge", ground): least_edge for ground in ("paper", "surface")}
    pairs |= {("focus", ground): 4.5 for ground in ("paper", "surface")}
    for tone in TONES:
        pairs |= {(f"on-{tone}", tone): least_text, (f"{tone}-ink", f"{tone}-soft"): 7}
        pairs |= {("ink", f"{tone}-soft"): least_text}
    weak = {
        pair: round(contrast(colours[pair[0]], colours[pair[1]]), 2)
        for pair, least in pairs.items()
        if contrast(colours[pair[0]], colours[pair[1]]) < least
    }
    assert weak == {}


@pytest.mark.parametrize(("chosen", "by_the_system"), [(DARK, SYSTEM_DARK), (CONTRAST, MORE_DARK)])
def test_a_theme_is_the_same_whether_chosen_or_of_the_system(
    chosen: str, by_the_system: str
) -> None:
    assert tokens(chosen)
    assert tokens(chosen) == tokens(by_the_system)


def test_the_rail_leads_through_all_themes_and_the_browser_keeps_the_choice(
    client: FlaskClient,
) -> None:
    seen = []
    page = client.get("/data").text
    for _ in range(4):
        found = re.search(r'href="\?theme=(\w+)"', page)
        assert found
        seen.append(found[1])
        client.get(f"/data?theme={found[1]}")
        page = client.get("/data").text
        assert f'data-theme="{found[1]}"' in page
    assert seen == ["dark", "contrast", "light", "dark"]


@pytest.fixture(scope="module")
def colours() -> Any:
    """Return what draws the desk: a function of the system's wishes and an address' end."""
    with serving("--demo") as server, chromium() as context:
        page = context.new_page()

        def ground(end: str = "", **wishes: str) -> tuple[str, str]:
            page.emulate_media(
                **{"color_scheme": "light", "contrast": "no-preference", "forced_colors": "none"}
                | wishes
            )
            page.goto(server.url + end)
            style = "getComputedStyle(document.querySelector('.box'))"
            ground = page.evaluate(f"{style}.backgroundColor")
            return ground, page.evaluate(f"{style}.borderTopWidth")

        yield ground


BLACK, WHITE = "rgb(0, 0, 0)", "rgb(255, 255, 255)"


def test_a_wish_for_contrast_is_respected_until_the_clerk_chooses(colours: Any) -> None:
    assert colours() == (WHITE, "0px")
    assert colours(contrast="more") == (WHITE, "2px")
    assert colours(contrast="more", color_scheme="dark") == (BLACK, "2px")
    assert colours(forced_colors="active")[1] == "2px"
    assert colours("/?theme=light", contrast="more") == (WHITE, "0px")
    assert colours("/?theme=contrast") == (BLACK, "2px")
