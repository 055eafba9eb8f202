"""The page of the doctor: who sees what, in two languages, and the badge on every page."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from flask.testing import FlaskClient

from kiosk.doctor import CheckState, speech
from kiosk.doctor.check import GROUP_OF, GROUPS, Check, worst_first
from kiosk.doctor.words import plain
from kiosk.runtime.paths import shipped_folder
from kiosk.settings import ReaderPort, Settings
from kiosk.web.doctor_words import GROUPS as TITLES
from kiosk.web.doctor_words import PLACES, STATES, with_commands
from kiosk.web.permissions import RULES
from tests.cast import NOW
from tests.conftest import Kiosk

VALUES = re.compile(r"%\((\w+)\)s")


@pytest.fixture
def settings(kiosk: Kiosk, tmp_path: Path) -> Settings:
    reader = ReaderPort("<b>front</b>", "serial", str(tmp_path / "ttyACM9"))
    return replace(kiosk.settings, readers=(reader,))


def as_role(client: FlaskClient, role: str) -> FlaskClient:
    client.set_cookie("pretend_role", role)
    return client


def test_the_page_says_what_is_wrong_and_what_to_do_in_both_languages(
    make_client: Callable[..., FlaskClient], settings: Settings
) -> None:
    client = make_client(settings)

    english = client.get("/doctor?lang=en").text
    vietnamese = client.get("/doctor?lang=vi").text

    assert "Reader &lt;b&gt;front&lt;/b&gt;" in english
    assert "<code>readers</code> lists the attached ones" in english
    assert "Đầu đọc &lt;b&gt;front&lt;/b&gt;" in vietnamese
    assert "Cắm đầu đọc" in vietnamese
    assert "since 10:00 25/11/2026" in english
    for page in (english, vietnamese):
        assert page.index('class="to-do"') < page.index('class="checks"')
        assert 'href="/readers/"' in page


def test_every_page_shows_administrators_how_many_things_are_bad(
    make_client: Callable[..., FlaskClient], settings: Settings
) -> None:
    client = make_client(settings)
    badge = "Something is bad: see what to do"
    assert badge not in client.get("/logbook?lang=en").text  # nothing was checked yet

    assert client.post("/doctor/check").status_code == 303

    assert badge in client.get("/logbook?lang=en").text
    assert badge in client.get("/?lang=en").text


@pytest.mark.parametrize(
    ("role", "page", "check"),
    [("clerk", 403, 403), ("supervisor", 200, 403), ("administrator", 200, 303)],
)
def test_who_may_see_and_check(
    kiosk: Kiosk, stop: object, role: str, page: int, check: int
) -> None:
    from kiosk.web.app import create_app

    client = as_role(create_app(kiosk, stop, pretends=True).test_client(), role)  # type: ignore[arg-type]

    shown = client.get("/doctor?lang=en")
    assert shown.status_code == page
    assert ("Check again now" in shown.text) is (check == 303)
    assert client.post("/doctor/check").status_code == check
    assert client.post("/doctor/bundle").status_code == (200 if check == 303 else 403)
    assert ('href="/doctor"' in client.get("/?lang=en").text) is (page == 200)


def test_checking_again_sees_what_was_mended(
    make_client: Callable[..., FlaskClient], settings: Settings, tmp_path: Path
) -> None:
    client = make_client(replace(settings, facility=replace(settings.facility, level="")))
    page = client.get("/doctor?lang=en").text
    assert "[facility] level or former_tier is empty" in page
    assert "✕" in page
    assert (tmp_path / "doctor.json").is_file()
    assert "The support bundle holds no person" in page


def test_the_worst_stands_first_and_equals_keep_their_order() -> None:
    states = [CheckState.GOOD, CheckState.UNKNOWN, CheckState.BAD, CheckState.ATTENTION]
    checks = [
        Check("disk", plain(name), state, plain("x")) for name in ("a", "b") for state in states
    ]

    ordered = worst_first(checks)

    assert [check.state for check in ordered[::2]] == [
        CheckState.BAD, CheckState.ATTENTION, CheckState.UNKNOWN, CheckState.GOOD
    ]  # fmt: skip
    assert [check.what.values["text"] for check in ordered[:2]] == ["a", "b"]


def test_every_code_has_a_place_on_the_page_and_every_place_a_page() -> None:
    assert set(TITLES) == set(GROUPS)
    assert set(STATES) == set(CheckState)
    assert sum(map(len, GROUPS.values())) == len(GROUP_OF)
    assert set(PLACES) <= set(GROUP_OF)
    assert all(("GET", endpoint) in RULES for endpoint, _name in PLACES.values())


def test_a_translation_names_the_same_values() -> None:
    path = shipped_folder("config") / "locale" / "vi" / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as file:
        messages = [message for message in read_po(file) if message.id]

    assert len(messages) > 1000
    for message in messages:
        values = (VALUES.findall(str(text)) for text in (message.id, message.string))
        first, second = map(set, values)
        assert first == second, message.id


def test_ages_and_moments_are_said_as_people_say_them() -> None:
    vietnamese, english = speech("vi"), speech("en")

    assert vietnamese.age(timedelta(hours=27)) in ("27 giờ", "27 tiếng")
    assert english.age(timedelta(days=3)) == "3 days"
    assert vietnamese.moment(NOW) == "10:00 25/11/2026"


def test_commands_are_set_as_code_and_nothing_else_is_markup() -> None:
    assert with_commands("Run `a <b>`, `c`.") == "Run <code>a &lt;b&gt;</code>, <code>c</code>."
    assert with_commands("one ` only <i>") == "one ` only &lt;i&gt;"
