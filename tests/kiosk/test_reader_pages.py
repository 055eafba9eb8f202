"""The pages of the readers, and the calls that these pages make."""

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


def test_the_text_of_a_keyboard_type_reader_is_judged_and_shown_with_advice(
    client: FlaskClient,
) -> None:
    answer = typed(client, SIGNS.replace("|", "~") + "\n", gap_ms=12)

    assert answer["code"] == "signs"
    assert answer["good"] is False
    page = client.get("/readers/results", query_string={"reader": KEYBOARD, "lang": "en"}).text
    assert words("en")["findings"]["layout"]["title"] in page.replace("&#39;", "'")
    assert "| → ~" in page
    assert "Keyboard Country Layout" in page  # as Honeywell's manual calls it
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
def test_a_wrong_call_is_refused(client: FlaskClient, body: object) -> None:
    assert client.post("/api/reader-checks/typed", json=body).status_code == 400


@pytest.mark.parametrize("gap", [None, "x", True, 1e999, -5, [1], 10**400, float("nan")])
def test_any_time_between_keys_gets_an_answer(client: FlaskClient, gap: object) -> None:
    assert typed(client, NAMES, gap_ms=gap)["code"] == "names"


def test_a_code_that_a_reader_does_not_read_is_recorded(client: FlaskClient) -> None:
    body = {"reader": KEYBOARD, "code": "inverted"}
    client.post("/api/reader-checks/not-read", json=body)

    page = client.get("/readers/results", query_string={"reader": KEYBOARD, "lang": "en"}).text

    assert "Video Reverse" in page
    wrong = client.post("/api/reader-checks/not-read", json=body | {"code": "x"})
    assert wrong.status_code == 400


def test_a_reader_that_the_settings_do_not_name_cannot_be_polled(client: FlaskClient) -> None:
    assert client.post("/api/reader-checks/look", json={"reader": "x"}).status_code == 404
    assert client.post("/api/reader-checks/end", json={"reader": "x"}).status_code == 200
    assert client.get("/readers/check?reader=x").status_code == 404
    assert client.get("/readers/results").status_code == 404


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_finding_has_a_title_and_advice(language: str) -> None:
    table = words(language)["findings"]

    assert set(table) == set(Finding)
    assert all(set(lines) == {"title", "next"} and lines["title"] for lines in table.values())


def test_the_settings_of_reader_families_belong_to_findings_or_codes() -> None:
    known = set(Finding) | {code.key for code in SHEET}

    for family in families():
        assert set(family["settings"]) <= known, family["name"]
