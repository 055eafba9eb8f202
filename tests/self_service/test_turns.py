"""A turn belongs to one patient, and ends with them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from kiosk.desk import Intent, TurnOver
from kiosk.desk.turns import Turns
from tests.cast import CCCD, payload
from tests.conftest import Kiosk
from tests.self_service.screen import (
    begin,
    show,
)


def test_the_answer_to_a_turn_is_given_to_this_turn_only(
    screen: FlaskClient,
) -> None:
    old = begin(screen)
    show(screen, payload("an"), old)
    new = begin(screen)

    for call in (screen.get("/self/status", headers=old), screen.get("/self/status")):
        assert call.status_code == 410
        assert set(call.get_json()) == {"type", "title", "status", "detail"}
    assert screen.get("/self/status", headers=new).get_json()["state"] == "waiting"


def test_the_end_of_a_turn_and_half_a_minute_wipe_it(screen: FlaskClient, site: Kiosk) -> None:
    ended, late = begin(screen), None
    show(screen, payload("an"), ended)
    screen.post("/self/end", headers=ended)
    assert screen.get("/self/status", headers=ended).status_code == 410

    late = begin(screen)
    show(screen, payload("dung"), late)
    site.clock.go(timedelta(seconds=31))
    assert screen.get("/self/status", headers=late).status_code == 410


def test_a_turn_takes_one_card(screen: FlaskClient, site: Kiosk) -> None:
    turn = begin(screen)
    first = show(screen, payload("an"), turn)

    assert show(screen, payload("dung"), turn) == first
    assert len(site.visits.newest()) == 1


def test_cards_of_two_turns_are_not_joined(screen: FlaskClient, site: Kiosk) -> None:
    show(screen, CCCD.encode(), begin(screen))
    show(screen, payload("an"), begin(screen))

    newest = site.attempts.get(site.attempts.last_id())
    assert newest is not None
    assert newest.verdict.beside is None
    assert newest.verdict.identity is None


def test_a_turn_that_was_never_begun_is_over(site: Kiosk) -> None:
    with pytest.raises(TurnOver):
        site.self_service.take("hall", "guess", payload("an"))


def test_all_answers_name_their_turn_in_public_and_none_its_secret(screen: FlaskClient) -> None:
    begun = screen.post("/self/turns", json={"intent": "nothing"}).get_json()
    turn = {"X-Turn": begun["name"]}

    for answer in (
        screen.get("/self/status", headers=turn),
        screen.post("/self/slips", headers=turn),
        screen.post("/self/scans", json={"payload": "x"}, headers=turn),
    ):
        assert answer.get_json()["turn"] == begun["turn"]
        assert begun["name"] not in answer.get_data(as_text=True)


def test_a_choice_that_arrives_late_does_not_replace_a_later_one(
    screen: FlaskClient, site: Kiosk
) -> None:
    def ask(intent: str, order: int) -> Any:
        return screen.post("/self/turns", json={"intent": intent, "page": "a", "order": order})

    papers = {"X-Turn": ask("papers", 2).get_json()["name"]}

    assert ask("card", 1).status_code == 410
    assert show(screen, payload("an"), papers)["state"] == "slip"
    assert site.visits.newest() == []


def test_one_page_of_a_screen_begins_turns_until_another_takes_over(screen: FlaskClient) -> None:
    def ask(page: str, *, takes_over: bool) -> int:
        asked = {"intent": "card", "page": page, "takes_over": takes_over}
        return int(screen.post("/self/turns", json=asked).status_code)

    assert ask("a", takes_over=True) == 200
    assert ask("b", takes_over=True) == 200
    assert ask("a", takes_over=False) == 409
    assert ask("b", takes_over=False) == 200
    assert ask("a", takes_over=True) == 200
    assert ask("b", takes_over=False) == 409


@pytest.mark.parametrize("wrong", [{"page": 1}, {"order": "1"}, {"intent": "x"}])
def test_a_turn_that_is_asked_for_wrongly_does_not_begin(
    screen: FlaskClient, wrong: dict[str, Any]
) -> None:
    assert screen.post("/self/turns", json={"intent": "card"} | wrong).status_code == 400


def test_a_turn_that_is_replaced_while_a_call_arrives_takes_nothing(
    site: Kiosk, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = site.self_service.begin("hall", Intent.CARD)
    find = Turns.named

    def find_and_replace(self: Turns, kiosk: str, name: str) -> object:
        found = find(self, kiosk, name)
        site.self_service.begin(kiosk, Intent.PAPERS)
        return found

    monkeypatch.setattr(Turns, "named", find_and_replace)

    with pytest.raises(TurnOver):
        site.self_service.take("hall", turn, payload("an"))
    assert site.attempts.last_id() == 0


def test_a_noise_without_text_begins_nothing(screen: FlaskClient) -> None:
    answer = screen.post("/self/scans", json={"payload": " "}, headers=begin(screen))

    assert answer.status_code == 422
    assert json.loads(answer.get_data())["title"] == "nothing_read"
