"""Everybody can use every page and state: WCAG 2.2 AA, large targets, nothing cut off.

The list of pages and states is in `tests/views.py`, the checks are in `tests/accessibility.py`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.accessibility import LANGUAGES, THEMES, WIDTHS, check_view, sample_of_looks
from tests.browser import chromium
from tests.page_list import DESK_ENDPOINT, PAGES, PARTS
from tests.process import Server
from tests.views import VIEWS, View, demonstration, seed

NAMES = [view.name for view in VIEWS]


def test_every_page_of_the_program_is_in_the_list_of_views(client: FlaskClient) -> None:
    rules = client.application.url_map.iter_rules()
    served = {rule.endpoint for rule in rules if rule.methods and "GET" in rule.methods}
    assert served == {*PAGES, *PARTS, DESK_ENDPOINT}
    assert not PARTS & {*PAGES}


def test_a_part_is_no_page_of_its_own(client: FlaskClient) -> None:
    for rule in client.application.url_map.iter_rules():
        if (
            rule.endpoint in PARTS
            and not rule.arguments
            and not rule.endpoint.endswith((".stream", ".events"))
        ):
            assert b"<!doctype" not in client.get(rule.rule).data.lower(), rule.rule


def test_the_sample_meets_every_theme_language_and_width() -> None:
    looks = {look for index in range(len(VIEWS)) for look in sample_of_looks(index)}
    assert looks == set(itertools.product(THEMES, LANGUAGES, WIDTHS))
    assert len(set(NAMES)) == len(NAMES)


@pytest.fixture(scope="module")
def seeded() -> Iterator[tuple[Any, Server, dict[str, str]]]:
    with demonstration() as server, chromium() as context:
        yield context, server, seed(server)


@pytest.mark.slow
@pytest.mark.parametrize(("index", "view"), list(enumerate(VIEWS)), ids=NAMES)
def test_everybody_can_use_a_view(
    seeded: tuple[Any, Server, dict[str, str]], index: int, view: View
) -> None:
    assert list(check_view(*seeded, view, sample_of_looks(index))) == []
