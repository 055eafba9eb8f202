"""Checks that everybody can use the pages: axe-core, target sizes, and what fits on a screen.

    python -m tests.accessibility --all [VIEW …]

walks all views (or those named) in every theme, language and width, and prints what it finds: half
an hour on two cores.  The test of the same name takes a fixed sample of the combinations.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from axe_playwright_python.base import AXE_SCRIPT

from tests.browser import CLEAN_UP, TIMEOUT_MS, chromium
from tests.process import Server
from tests.views import VIEWS, Stage, View, demonstration, seed

THEMES, LANGUAGES = ("light", "dark", "contrast"), ("vi", "en")
WIDTHS = {1920: 1080, 1366: 768, 1024: 768, 390: 844}  # and their heights
# WCAG 2.2 AA, and what axe-core's makers think good beyond it.
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
STRIDE = 7  # has no divisor in common with the number of looks
MIN_TARGET_PX = 44
NARROWEST = (320, 640)
ZOOMED = ((960, 540), (683, 384), (512, 384))  # screens of 1920, 1366 and 1024 at 200 %
FOLDS = ((1366, 640), (1024, 768))  # screens on which the row of buttons is whole

CHECKS = Path(__file__).with_suffix(".js").read_text("utf-8")


class Look(NamedTuple):
    """How a view is looked at."""

    theme: str
    language: str
    width: int


def all_looks() -> tuple[Look, ...]:
    """Return all ways to look at a view."""
    return tuple(Look(*each) for each in itertools.product(THEMES, LANGUAGES, WIDTHS))


def sample_of_looks(index: int) -> tuple[Look, ...]:
    """Return a way to look at the view of an index.

    Over the views they take turns, so that every theme meets every language and width.
    """
    looks = all_looks()
    return (looks[index * STRIDE % len(looks)],)


def open_in(context: Any, server: Server, language: str, ids: dict[str, str]) -> Stage:
    """Return a stage in a language; its page can run axe-core in spite of the page's policy."""
    context.add_cookies([{"name": "language", "value": language, "url": server.url}])
    page = context.new_page()
    page.set_default_timeout(TIMEOUT_MS)
    page.emulate_media(reduced_motion="reduce")  # a colour that fades in is no colour of the page
    return Stage(server, page, ids)


def _ask(page: Any, check: str, argument: object = None) -> list[str]:
    """Return the faults that a function of accessibility.js finds on a page."""
    return list(page.evaluate(f"(argument) => ({CHECKS.strip()}).{check}(argument)", argument))


def check_looks(stage: Stage, looks: Iterable[Look]) -> Iterator[str]:
    """Yield what axe-core finds on the page of a stage, in a number of looks of one language."""
    page = stage.page
    page.evaluate(AXE_SCRIPT)
    for look in looks:
        page.set_viewport_size({"width": look.width, "height": WIDTHS[look.width]})
        page.evaluate("(theme) => { document.documentElement.dataset.theme = theme }", look.theme)
        for fault in _ask(page, "axe", TAGS):
            yield f"{look.theme}, {look.language}, {look.width}: {fault}"


def check_sizes(stage: Stage, view: View) -> Iterator[str]:
    """Yield what does not fit: pages that scroll sideways, hidden actions, small targets."""
    page = stage.page
    for width, height in (NARROWEST, *ZOOMED):
        page.set_viewport_size({"width": width, "height": height})
        for fault in _ask(page, "overflow"):
            yield f"scrolls sideways: {fault}"
        for fault in _ask(page, "lost"):
            yield f"lost at {width} × {height}: {fault}"
    if not view.is_desk:
        return
    for width, height in (*FOLDS, (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        for fault in _ask(page, "targets", MIN_TARGET_PX):
            yield f"small at {width}: {fault}"
        for fault in _ask(page, "hiddenActions"):
            yield f"not seen at {width} × {height}: {fault}"


def check_view(
    context: Any, server: Server, ids: dict[str, str], view: View, looks: Iterable[Look]
) -> Iterator[str]:
    """Yield all faults of a view in a number of looks."""
    by_language = itertools.groupby(sorted(looks, key=_language), key=_language)
    for at, (language, group) in enumerate(by_language):
        stage = open_in(context, server, language, ids)
        errors: list[str] = []
        stage.page.on("pageerror", lambda error, found=errors: found.append(str(error)))
        try:
            view.show(stage)
            yield from check_looks(stage, group)
            if at == 0:
                yield from check_sizes(stage, view)
            yield from (f"script: {error}" for error in errors)
        finally:
            stage.close()


def _language(look: Look) -> str:
    return look.language


def main(names: list[str], is_all: bool) -> int:
    """Check views in all looks, or in the test's sample; print faults, and return their count."""
    count = 0
    with demonstration() as server, chromium() as context:
        ids = seed(server)
        for index, view in enumerate(VIEWS):
            if names and view.name not in names:
                continue
            looks = all_looks() if is_all else sample_of_looks(index)
            for fault in check_view(context, server, ids, view, looks):
                print(f"{view.name}: {fault}", flush=True)
                count += 1
    CLEAN_UP.close()
    print(json.dumps({"views": len(names) or len(VIEWS), "faults": count}))
    return count


if __name__ == "__main__":
    ARGUMENTS = sys.argv[1:]
    NAMES = [argument for argument in ARGUMENTS if argument != "--all"]
    sys.exit(1 if main(NAMES, "--all" in ARGUMENTS) else 0)
