"""Settings that keep visits from being sent are named at the start, before the first patient."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import render_template
from flask.testing import FlaskClient

from kiosk.desk.confirmation import Confirmation, visit_from
from kiosk.desk.entitlements import Entitlements
from kiosk.doctor import advice, english, seen_text
from kiosk.doctor.obstacles import OTHERWISE
from kiosk.insurer import (
    ARRIVALS,
    NOT_REPORTED,
    Affected,
    Need,
    Obstacle,
    find_obstacles,
    message_composer,
)
from kiosk.insurer.xml0 import ExpectedCode
from kiosk.logbook import Attempt, NewVisit
from kiosk.settings import Settings
from kiosk.settings.sections import DeskRule
from tests.cast import NOW, payload, settings_for
from tests.data_store import LAW
from tests.process import call, serving, site
from verify import Knowledge, clinic_day, judge

PROFILE = '[facility]\ncode = "01999"\nlevel = "co_ban"\n'
TIER = "[facility] former_tier is empty. Write the facility's tier before 2025:"
SELF = "a patient who comes without a referral is parked and not sent, as missing MA_DOITUONG_KCB"


def expected_code_of(settings: Settings) -> ExpectedCode:
    return Entitlements(lambda: LAW, settings).expected_code


def has_known_care(visit: NewVisit) -> bool:
    return LAW.care_on(visit.service.care, clinic_day(visit.arrived_at)) is not None


def obstacles_of(folder: Path, url: str = "https://gateway.invalid", **sections: Any) -> list[str]:
    settings = settings_for(folder, url, **sections)
    found = find_obstacles(settings, expected_code_of(settings), NOW, has_known_care)
    return [f"{at.setting} {at.need} {at.affected}" for at in found]


@pytest.mark.parametrize(
    ("sections", "expected"),
    [
        ({}, []),
        ({"facility": {"former_tier": ""}}, ["[facility] former_tier former_tier self"]),
        (
            {"facility": {"former_tier": "", "score": 0}},
            ["[facility] former_tier former_tier self"],
        ),
        ({"facility": {"former_tier": "", "score": 0}, "visit": {"self_arrival_code": "1.12"}}, []),
        ({"facility": {"score": 0}}, []),  # it is ranked provisionally
        ({"facility": {"score": 80}}, ["[visit] self_arrival_code code self"]),
        ({"facility": {"score": 70}}, ["[visit] self_arrival_code code self"]),
        (
            {"facility": {"score": 70, "former_tier": "tinh"}},
            ["[visit] self_arrival_code code self"],
        ),
        ({"facility": {"score": 70}, "visit": {"self_arrival_code": "1.13"}}, []),
        ({"facility": {"level": "chuyen_sau"}}, ["[visit] self_arrival_code code self"]),
        (
            {"facility": {"level": "ban_dau", "former_tier": ""}},
            ["[facility] listed listed self"],
        ),
        ({"facility": {"level": "ban_dau", "former_tier": "", "listed": "no"}}, []),
        (
            {"visit": {"self_arrival_code": "12.12"}},
            ["[visit] self_arrival_code shorter_code self"],
        ),
        ({"visit": {"care": "16"}}, []),
        ({"visit": {"care": "17"}}, ["[visit] care care visits"]),
        ({"visit": {"care": "00"}}, ["[visit] care care visits"]),
        ({"visit": {"service_code": "K" * 51}}, ["[visit] service_code service visits"]),
        ({"visit": {"service_name": "Khám\tbệnh"}}, ["[visit] service_name service visits"]),
    ],
)
def test_a_setting_that_keeps_visits_from_being_sent_is_named(
    sections: dict[str, Any], expected: list[str], tmp_path: Path
) -> None:
    assert obstacles_of(tmp_path, **sections) == expected


def test_a_desk_that_asks_in_nobodys_name_is_reported(tmp_path: Path) -> None:
    settings = settings_for(
        tmp_path, "https://gateway.invalid", insurer={"ask": "never", "staff_cccd": ""}
    )
    silent = replace(settings, desks=(DeskRule("1", "never"),))
    asking = replace(settings, desks=(DeskRule("1", "never"), DeskRule("2", "unsure")))
    staff = Obstacle("[insurer] staff_name", Need.STAFF, Affected.QUESTIONS)

    assert find_obstacles(silent, expected_code_of(silent), NOW) == []
    assert find_obstacles(asking, expected_code_of(asking), NOW) == [staff]


def test_without_a_gateway_the_rest_is_named_too(tmp_path: Path) -> None:
    facility = {"level": "", "former_tier": ""}
    visit = {"service_code": ""}

    assert obstacles_of(tmp_path, "", facility=facility, visit=visit) == [
        "[insurer] url gateway everything",
        "[facility] level level self",
        "[visit] service_code service visits",
    ]


def profiles() -> Iterator[dict[str, Any]]:
    for level, tier, listed, score in itertools.product(
        ("ban_dau", "co_ban", "chuyen_sau"),
        ("", "xa", "huyen", "tinh", "trung_uong", "none"),
        ("", "yes", "no"),
        (0, 80),
    ):
        yield {"level": level, "former_tier": tier, "listed": listed, "score": score}


def visit_of(settings: Settings, arrival: str) -> NewVisit:
    """Return the visit that the desk makes of An's card, which is registered elsewhere."""
    verdict = judge(payload("an"), NOW, Knowledge())
    attempt = Attempt(1, NOW, "front", verdict.outcome, verdict.reason, None, verdict, "")
    confirmation = Confirmation(arrival=arrival, clerk_reason="as in the test")
    return visit_from(attempt, confirmation, NOW, settings)


def test_a_profile_is_reported_exactly_if_its_visits_would_be_parked(tmp_path: Path) -> None:
    reported = set()
    for profile in profiles():
        settings = settings_for(tmp_path, facility=profile | {"code": "79999"})
        expected = expected_code_of(settings)
        compose = message_composer(expected)
        parked = set()
        for arrival in set(ARRIVALS) - NOT_REPORTED:
            message = compose("visit", visit_of(settings, arrival))
            assert message is not None
            if message.why_parked:
                assert message.why_parked == "missing or unusable: MA_DOITUONG_KCB"
                parked.add(arrival)
        obstacles = find_obstacles(settings, expected, NOW)[1:]  # there is no gateway

        assert {at.affected for at in obstacles} == parked, profile
        reported |= {at.need for at in obstacles}
    assert reported == {Need.FORMER_TIER, Need.LISTED, Need.CODE}


def self_obstacles(folder: Path, sections: dict[str, dict[str, Any]]) -> list[Obstacle]:
    settings = settings_for(folder, "", **sections)
    found = find_obstacles(settings, expected_code_of(settings), NOW)
    return [at for at in found if at.affected is Affected.SELF_ARRIVALS]


def test_no_obstacle_is_left_if_the_advice_is_followed(tmp_path: Path) -> None:
    answers = {
        Need.LEVEL: ("facility", {"level": "co_ban"}),
        Need.FORMER_TIER: ("facility", {"former_tier": "huyen"}),
        Need.LISTED: ("facility", {"listed": "no"}),
        Need.CODE: ("visit", {"self_arrival_code": "1.12"}),
    }
    for profile in ({"level": "", "former_tier": ""}, *profiles()):
        sections: dict[str, dict[str, Any]] = {"facility": profile, "visit": {}}
        steps = 0
        while obstacles := self_obstacles(tmp_path, sections):
            (obstacle,) = obstacles
            section, value = answers[obstacle.need]
            assert obstacle.setting == f"[{section}] {next(iter(value))}"
            sections[section] = sections[section] | value
            steps += 1
            assert steps <= len(answers), profile


@pytest.mark.parametrize(
    ("own", "texts"),
    [
        (PROFILE, (TIER, SELF, "[facility] score is 0, for a provisional ranking")),
        (PROFILE.replace("co_ban", "chuyen_sau"), (TIER, SELF)),
        (
            PROFILE.replace("co_ban", "ban_dau"),
            ("[facility] listed is empty, and so is [facility] former_tier. Write", SELF),
        ),
        (PROFILE + 'former_tier = "none"\nscore = 90\n', ("[visit] self_arrival_code is em", SELF)),
    ],
)
def test_serve_and_doctor_name_the_setting_at_the_start(
    own: str, texts: tuple[str, ...], tmp_path: Path
) -> None:
    options = site_with(tmp_path, own)
    with serving(*options) as server:
        status = server.get("/healthz")
        _, log = server.end()
    doctor = call("doctor", *options)
    checks = [json.loads(line) for line in doctor.stdout.splitlines()]
    (check,) = [check for check in checks if check["what"] == "visits"]

    assert status["obstacles"][0]["affected"] == "self"
    assert not check["good"]
    assert doctor.returncode == 1
    for text in texts:
        assert text in log
        assert text in f"{check['seen']}. {check['do']}"


def site_with(folder: Path, facility: str) -> list[str]:
    """Write the settings of a site with another section [facility]; return the options."""
    options = site(folder, "http://127.0.0.1:1")
    config = folder / "kiosk.toml"
    text = config.read_text("utf-8").replace('self_arrival_code = "1.12"\n', "")
    config.write_text(facility + text[text.index("[insurer]") :], "utf-8")
    return options


def test_serve_without_a_gateway_says_that_nothing_is_sent(tmp_path: Path) -> None:
    (tmp_path / "kiosk.toml").write_text(PROFILE + 'former_tier = "none"\n', "utf-8")
    with serving("--data", str(tmp_path)) as server:
        _, log = server.end()

    assert "[insurer] url is empty. Write the address of the gateway" in log
    assert "Until then no visit is sent and no card is asked about" in log
    assert "[facility]" not in log


def test_nothing_is_reported_if_all_visits_can_be_sent(tmp_path: Path) -> None:
    options = site(tmp_path, "http://127.0.0.1:1")
    with serving(*options) as server, serving("--demo") as demo:
        assert server.get("/healthz")["obstacles"] == demo.get("/healthz")["obstacles"] == []
        logs = server.end()[1] + demo.end()[1]
    checks = [json.loads(line) for line in call("doctor", *options).stdout.splitlines()]

    assert "Until then" not in logs
    assert [check["good"] for check in checks if check["what"] == "visits"] == [True]
    unsigned = "visits are sent unsigned: [insurer] sign_file is empty"
    assert [check["seen"] for check in checks if check["what"] == "signature"] == [unsigned]


def test_the_page_of_data_and_the_desk_name_the_setting(
    make_client: Callable[..., FlaskClient], tmp_path: Path
) -> None:
    complete = make_client()
    assert "cannot be sent" not in complete.get("/data?lang=en").text
    (tmp_path / "other").mkdir()
    client = make_client(settings_for(tmp_path, facility={"former_tier": ""}))
    vietnamese, english = (client.get(f"/data?lang={lang}").text for lang in ("vi", "en"))

    for page in (vietnamese, english):
        assert "[facility] former_tier: " in page
    assert "no visit of a patient who comes without a referral can be sent" in english
    assert "lượt khám của người bệnh tự đến không gửi được" in vietnamese
    assert "Thiếu cấu hình: có lượt khám không gửi được" in client.get("/?lang=vi").text
    assert "Settings are missing: some visits cannot be sent" in client.get("/?lang=en").text


@pytest.mark.parametrize("language", ["vi", "en"])
def test_each_obstacle_has_its_texts(client: FlaskClient, language: str, tmp_path: Path) -> None:
    texts, settings = set(), settings_for(tmp_path)
    for need, affected in itertools.product(Need, Affected):
        obstacle = Obstacle("[section] key", need, affected)
        data = {"obstacles": [obstacle._asdict()], "sets": [], "tries": {}}
        with client.application.test_request_context(f"/data?lang={language}"):
            texts.add(render_template("data/now.html", data=data, can_fetch=False))
        assert english(advice(obstacle, settings)).endswith(english(OTHERWISE[affected]))
        assert english(seen_text(obstacle)).startswith("[section] key ")
    assert len(texts) == len(Need) * len(Affected)
    assert not any("None" in text for text in texts)
