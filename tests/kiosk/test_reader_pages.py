"""The readers' pages and their calls."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from kiosk.readers import SHEET, Finding
from kiosk.readers.sheet import NAMES, SIGNS
from kiosk.web.language import LANGUAGES, words
from kiosk.web.pages.readers import families

KEYBOARD = "keyboard-abc"


def typed(client: FlaskClient, text: str, **more: object) -> dict[str, object]:
    body = {"reader": KEYBOARD, "text": text, "places": "", **more}
    answer: dict[str, object] = client.post("/api/reader-checks/typed", json=body).get_json()
    return answer


def test_what_a_keyboard_type_reader_wrote_is_judged_and_shown_with_what_to_do(
    client: FlaskClient,
) -> None:
    answer = typed(client, SIGNS.replace("|", "~") + "\n", gap_ms=12)

    assert answer["code"] == "signs"
    assert answer["good"] is False
    page = client.get("/readers/results", query_string={"reader": KEYBOARD, "lang": "en"}).text
    assert words("en")["findings"]["layout"]["title"] in page.replace("&#39;", "'")
    assert "| → ~" in page
    assert "Keyboard Country Layout" in page  # Honeywell's own word
    assert "12 ms" in page
    assert KEYBOARD in client.get("/readers/").text


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"reader": "front", "text": "x", "places": ""},
        {"reader": KEYBOARD, "text": 1, "places": ""},
        {"reader": KEYBOARD, "text": "x" * 5000, "places": ""},
        {"reader": ["keyboard-"], "text": "x", "places": ""},
    ],
)
def test_a_call_that_cannot_be_is_refused(client: FlaskClient, body: object) -> None:
    assert client.post("/api/reader-checks/typed", json=body).status_code == 400


@pytest.mark.parametrize("gap", [None, "x", True, 1e999, -5, [1], 10**400, float("nan")])
def test_whatever_the_time_between_keys_is_said_to_be_there_is_an_answer(
    client: FlaskClient, gap: object
) -> None:
    assert typed(client, NAMES, gap_ms=gap)["code"] == "names"


def test_a_code_that_is_not_read_is_noted(client: FlaskClient) -> None:
    body = {"reader": KEYBOARD, "code": "inverted"}
    client.post("/api/reader-checks/not-read", json=body)

    page = client.get("/readers/results", query_string={"reader": KEYBOARD, "lang": "en"}).text

    assert "Video Reverse" in page
    wrong = client.post("/api/reader-checks/not-read", json=body | {"code": "x"})
    assert wrong.status_code == 400


def test_a_reader_that_the_settings_do_not_name_cannot_be_asked(client: FlaskClient) -> None:
    assert client.post("/api/reader-checks/look", json={"reader": "x"}).status_code == 404
    assert client.post("/api/reader-checks/end", json={"reader": "x"}).status_code == 200
    assert client.get("/readers/check?reader=x").status_code == 404
    assert client.get("/readers/results").status_code == 404


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_finding_has_its_words(language: str) -> None:
    table = words(language)["findings"]

    assert set(table) == set(Finding)
    assert all(set(lines) == {"title", "next"} and lines["title"] for lines in table.values())


def test_the_families_settings_are_of_findings_or_codes_that_there_are() -> None:
    known = set(Finding) | {code.key for code in SHEET}

    for family in families():
        assert set(family["settings"]) <= known, family["name"]
