"""The insurer is asked as the desk wants it, once about a card, and not too often."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from kiosk.desk import Lookup, QueryPolicy
from kiosk.desk.query_policy import ANSWER_LASTS, PATIENCE
from kiosk.errors import SettingsError
from kiosk.insurer.errors import InsurerUnreachable, NotSignedIn
from kiosk.settings import load_settings
from tests.cast import BHYT17, NOW, Clock, payload, word
from tests.conftest import Kiosk
from tests.kiosk.test_desk import Insurer, asking, cache_of, with_lookup


def lookup_with(kiosk: Kiosk, rules: QueryPolicy, insurer: Insurer) -> Lookup:
    lookup = Lookup(
        rules, insurer.check_card, None, cache_of(kiosk).remember, kiosk.desk.refine, kiosk.clock
    )
    kiosk.desk.ask = lookup.ask
    return lookup


def test_a_card_that_is_scanned_again_while_it_is_asked_about_is_asked_about_once(
    kiosk: Kiosk,
) -> None:
    insurer = Insurer(word("9999900020", as_of=NOW))
    lookup = with_lookup(kiosk, "unsure", insurer)
    readings = [kiosk.scan(BHYT17) for _ in range(3)]

    while lookup.answer_one():
        pass

    assert insurer.asked == ["9999900020"]
    newest = [kiosk.attempts.newest_verdict_on(reading) for reading in readings]
    assert [one.outcome for one in newest if one] == ["admitted"] * 3


def test_even_a_desk_that_always_asks_does_not_ask_what_was_just_answered(
    kiosk: Kiosk, clock: Clock
) -> None:
    insurer = Insurer(word("9999900020", as_of=NOW))
    lookup = with_lookup(kiosk, "always", insurer)
    for passed in (timedelta(0), timedelta(minutes=4), ANSWER_LASTS):
        clock.moment = NOW + passed
        kiosk.scan(BHYT17)
        while lookup.answer_one():
            pass

    assert len(insurer.asked) == 2


def test_an_hour_has_only_so_many_questions(kiosk: Kiosk, clock: Clock) -> None:
    insurer = Insurer(InsurerUnreachable("x"))
    rules = asking("always", per_hour=2)
    lookup = lookup_with(kiosk, rules, insurer)
    for key in ("an", "binh", "dung"):
        kiosk.scan(payload(key))
        lookup.answer_one()
    assert len(insurer.asked) == 2
    assert (rules.why, rules.paused_since) == ("budget", NOW)

    clock.go(timedelta(minutes=61))
    insurer.answer = word("9999900020", as_of=clock())
    kiosk.scan(payload("dung"))
    lookup.answer_one()
    assert len(insurer.asked) == 3
    assert rules.why is None


def test_a_gateway_that_does_not_answer_is_left_alone_longer_each_time_and_it_is_said_since_when(
    kiosk: Kiosk, clock: Clock
) -> None:
    insurer = Insurer(InsurerUnreachable("timed out"))
    rules = asking("always")
    lookup = lookup_with(kiosk, rules, insurer)

    def ask() -> None:
        kiosk.scan(payload("an"))
        lookup.answer_one()

    for _ in range(PATIENCE + 5):
        ask()
    assert len(insurer.asked) == PATIENCE
    assert (rules.why, rules.paused_since) == ("silent", NOW)

    clock.go(timedelta(seconds=61))
    ask()
    ask()
    assert len(insurer.asked) == PATIENCE + 1  # one try, then twice as long
    clock.go(timedelta(seconds=61))
    ask()
    assert len(insurer.asked) == PATIENCE + 1

    clock.go(timedelta(seconds=61))
    insurer.answer = word("DN4019999900021", as_of=clock())
    ask()
    assert rules.why is None
    assert rules.paused_since is None


def test_an_account_that_is_refused_is_told_at_once(kiosk: Kiosk) -> None:
    rules = asking("always")
    lookup = lookup_with(kiosk, rules, Insurer(NotSignedIn("code 054")))
    kiosk.scan(payload("an"))
    lookup.answer_one()

    assert rules.why == "account"


DESKS = """
[facility]
code = "01999"
[[readers]]
name = "front"
kind = "serial"
port = "COM3"
desk = "1"
[[readers]]
name = "back"
kind = "serial"
port = "COM4"
[[desks]]
name = "{desk}"
ask = "never"
"""


def test_a_desk_may_ask_otherwise(tmp_path: Path) -> None:
    own = tmp_path / "kiosk.toml"
    own.write_text(DESKS.format(desk="1"), "utf-8")
    settings = load_settings(own)

    assert settings.ask_at("front") == "never"
    assert settings.ask_at("back") == settings.ask_at("typed-1") == "unsure"
    own.write_text(DESKS.format(desk="7"), "utf-8")
    with pytest.raises(SettingsError, match="desk that a reader names"):
        load_settings(own)
