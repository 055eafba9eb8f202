"""A patient who has a visit at another desk today is not recorded again by chance."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from kiosk.desk import Confirmation
from kiosk.hub.others import DeskNews, Others
from kiosk.logbook import AlreadyHere
from kiosk.settings.sections import HubSettings
from tests.cast import NOW, Clock, payload, settings_for
from tests.conftest import Kiosk
from tests.hub.mirrors import AN, BINH, bring, mirrored
from verify import CLINIC_ZONE, Note

NOBODY = frozenset[str]()
NOT_REACHED = timedelta(minutes=5)


@pytest.fixture
def kiosk(tmp_path: Path, clock: Clock) -> Kiosk:
    """A desk with a hub, whose lanes do not run."""
    settings = settings_for(tmp_path, "", web={"screens": 2})
    hub = HubSettings(url="postgresql:///tiepdon?host=/nowhere", desk=1)
    return Kiosk(replace(settings, hub=hub), tmp_path, demo=True, now=clock)


@pytest.fixture
def others(kiosk: Kiosk) -> Others:
    assert kiosk.others is not None
    return kiosk.others


def page_of(client: FlaskClient, attempt: int, language: str = "en") -> str:
    html = client.get(f"/desk/attempts/{attempt}?lang={language}").text
    return re.sub(r"\s+", " ", html)


def test_the_desk_shows_the_number_desk_and_room_of_a_visit_elsewhere(
    kiosk: Kiosk, others: Others, client: FlaskClient
) -> None:
    bring(others, mirrored(AN))
    attempt = kiosk.scan(payload("an"))
    html = page_of(client, attempt)

    assert "Already here today" in html
    at = f"{(NOW - timedelta(hours=1)).astimezone(CLINIC_ZONE):%H:%M}"
    assert f"Number B 12, at {at} · Phòng 3 · desk B" in html
    assert "Next patient <kbd>Enter</kbd>" in html  # Enter records nothing
    assert "A second visit" in html
    assert "Confirm visit" not in html


def test_the_verdict_holds_the_caution_for_programs(kiosk: Kiosk, others: Others) -> None:
    bring(others, mirrored(AN))
    verdict = kiosk.attempts.get(kiosk.scan(payload("an"))).verdict  # type: ignore[union-attr]

    assert Note.ALREADY_HERE_TODAY in verdict.notes
    assert [caution.code for caution in verdict.cautions] == ["at_other_desk"]


def test_a_visit_beside_one_at_another_desk_needs_a_reason(kiosk: Kiosk, others: Others) -> None:
    visit = mirrored(AN)
    bring(others, visit)
    attempt = kiosk.scan(payload("an"))
    with pytest.raises(AlreadyHere) as raised:
        kiosk.desk.confirm(attempt, Confirmation(), "1")
    assert (raised.value.visit_id, raised.value.desk) == (visit.id, "B")

    _recorded, is_new = kiosk.desk.confirm(attempt, Confirmation(repeat_reason="khám mắt"), "2")
    assert is_new


def test_a_visit_that_comes_while_the_page_is_open_is_found_at_the_confirmation(
    kiosk: Kiosk, others: Others, client: FlaskClient
) -> None:
    bring(others)
    attempt = kiosk.scan(payload("an"))
    assert "Confirm visit" in page_of(client, attempt)
    bring(others, mirrored(AN))

    answer = client.post("/api/visits", json={"attempt": attempt}, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 409
    assert answer.json is not None
    assert (answer.json["title"], answer.json["desk"]) == ("already_here", "B")


def test_a_visit_that_was_cancelled_elsewhere_needs_no_reason(kiosk: Kiosk, others: Others) -> None:
    bring(others, mirrored(AN))
    bring(others, mirrored(AN, version=2, is_cancelled=True))

    assert kiosk.desk.confirm(kiosk.scan(payload("an")), Confirmation(), "1")[1]


def test_a_patient_is_found_elsewhere_by_the_numbers_of_a_joined_record(
    kiosk: Kiosk, others: Others
) -> None:
    first, _ = kiosk.desk.confirm(kiosk.scan(payload("an")), Confirmation(), "1")
    second, _ = kiosk.desk.confirm(kiosk.scan(payload("binh")), Confirmation(), "2")
    kiosk.same_persons.join(first.id, second.id, "hai thẻ", NOW, "desk")
    bring(others, mirrored(BINH))

    assert kiosk.visits.elsewhere.here_today(AN, NOW) is not None


def test_our_own_visit_is_shown_before_one_elsewhere(
    kiosk: Kiosk, others: Others, client: FlaskClient
) -> None:
    kiosk.desk.confirm(kiosk.scan(payload("an")), Confirmation(), "1")
    bring(others, mirrored(AN))

    assert "Show number B 1 again" in page_of(client, kiosk.scan(payload("an")))


def test_whoever_was_recorded_elsewhere_is_not_listed_as_unfinished(
    kiosk: Kiosk, others: Others
) -> None:
    for name in ("an", "binh"):
        kiosk.scan(payload(name))
    bring(others, mirrored(AN))

    listed = kiosk.unfinished.list_of(kiosk.clock(), NOBODY)
    people = [attempt.verdict.card.insurance_number for attempt in listed if attempt.verdict.card]
    assert people == [BINH]


def test_an_unknown_state_of_other_desks_is_said_with_the_moment(
    kiosk: Kiosk, others: Others, client: FlaskClient
) -> None:
    never = page_of(client, kiosk.scan(payload("an")))
    assert "Other desks: nothing is known of them yet." in never
    bring(others)
    current = page_of(client, kiosk.scan(payload("an")))
    assert "Other desks" not in current
    kiosk.clock.go(NOT_REACHED)

    html = page_of(client, kiosk.scan(payload("an")))
    words = f"Other desks: known until {NOW.astimezone(CLINIC_ZONE):%H:%M}"
    assert words in html
    assert "Ask whether the patient has a number already." in html
    assert words in client.get("/desk/status?lang=en").text


def test_a_desk_that_has_not_yet_sent_all_it_has_is_named(
    kiosk: Kiosk, others: Others, client: FlaskClient
) -> None:
    """A desk that sends the rest of a week for the first time was seen, and never complete."""
    bring(others, desks=[DeskNews(2, "Khu đón tiếp B", NOW, None), DeskNews(3, "3", NOW, None)])

    html = page_of(client, kiosk.scan(payload("an")))
    words = "<bdi>Khu đón tiếp B</bdi>: nothing is known yet; desk 3: nothing is known yet"
    assert f"{words}. Ask whether" in html
    assert words in client.get("/desk/status?lang=en").text


@pytest.mark.parametrize("is_complete", [True, False])
def test_many_desks_that_are_not_up_to_date_are_counted(
    kiosk: Kiosk, others: Others, client: FlaskClient, is_complete: bool
) -> None:
    at = NOW - timedelta(hours=1)
    late = [DeskNews(desk, f"Quầy {desk}", NOW, at) for desk in range(2, 26)]
    bring(others, desks=[*late, DeskNews(26, "Quầy 26", NOW, at if is_complete else None)])

    html = page_of(client, kiosk.scan(payload("an")))
    if is_complete:
        assert f"25 other desks: known until {at.astimezone(CLINIC_ZONE):%H:%M}." in html
    else:
        assert "25 other desks: not all is known." in html
    assert "Quầy 7" not in html


@pytest.mark.parametrize("language", ["en", "vi"])
def test_the_desk_never_says_that_a_patient_was_nowhere_today(
    kiosk: Kiosk, others: Others, client: FlaskClient, language: str
) -> None:
    bring(others)
    kiosk.clock.go(NOT_REACHED)

    html = page_of(client, kiosk.scan(payload("an")), language)
    assert not re.search(r"not here today|chưa (đến|khám) hôm nay", html, re.IGNORECASE)


def test_a_site_without_a_hub_says_nothing_of_other_desks_and_keeps_no_file(
    make_kiosk: Callable[[], Kiosk], make_client: Callable[..., FlaskClient], tmp_path: Path
) -> None:
    (tmp_path / "others.db").write_bytes(b"left by an earlier hub")
    plain = make_kiosk()

    assert plain.visits.elsewhere.state(NOW) is None
    assert not (tmp_path / "others.db").exists()
    html = page_of(make_client(plain.settings), plain.scan(payload("an")))
    assert "Other desks" not in html
