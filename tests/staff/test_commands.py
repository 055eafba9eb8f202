"""The commands at this PC: the first code, members, PINs, and recovery."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyotp
import pytest

from kiosk.logbook import Database
from kiosk.runtime.steady_clock import SteadyClock
from kiosk.staff import Role, Staff
from kiosk.staff.sign_in import SignInResult, SignInTry
from tests.cast import NOW
from tests.process import call, site


@pytest.fixture
def options(tmp_path: Path) -> list[str]:
    return site(tmp_path, "")


def said(*words: str) -> Any:
    done = call(*words)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def opened(tmp_path: Path) -> Staff:
    secret = tmp_path / "data" / "secrets" / "staff.key"
    return Staff(Database(tmp_path / "data" / "logbook.db"), secret, SteadyClock(), 600)


def test_the_first_administrator_is_made_by_a_code(tmp_path: Path, options: list[str]) -> None:
    done = call("staff", "first", *options)
    code = done.stdout.decode().strip().rpartition(" ")[2]
    staff = opened(tmp_path)

    assert done.returncode == 0
    assert staff.first_codes.make_administrator(code, "An", "", NOW) is None  # of another day
    assert not (tmp_path / "data" / "secrets").exists()


def test_members_are_added_and_listed(tmp_path: Path, options: list[str]) -> None:
    (added,) = said("staff", "add", "--name", "Lê Thu Hà", "--role", "supervisor", *options)
    staff = opened(tmp_path)
    number, pin = added["number"], added["temporary_pin"]

    assert number == 101
    assert staff.members.find(number).role is Role.SUPERVISOR
    assert staff.pins.is_right(number, pin)
    assert staff.members.events(number)[0].author.startswith("command line")
    (listed,) = said("staff", "list", *options)
    assert (listed["name"], listed["active"], listed["locked"]) == ("Lê Thu Hà", True, False)
    assert b"already" in call("staff", "first", *options).stderr


def test_a_pin_is_reset(tmp_path: Path, options: list[str]) -> None:
    (added,) = said("staff", "add", "--name", "An", "--role", "clerk", *options)
    (reset,) = said("staff", "reset-pin", "101", *options)
    staff = opened(tmp_path)

    assert not staff.pins.is_right(101, added["temporary_pin"])
    assert staff.pins.is_right(101, reset["temporary_pin"])
    assert call("staff", "reset-pin", "7", *options).returncode == 2


def test_an_administrator_without_the_second_factor_is_let_in_again(
    tmp_path: Path, options: list[str]
) -> None:
    said("staff", "add", "--name", "An", "--role", "administrator", *options)
    staff = opened(tmp_path)
    secret, _uri = staff.factor.offer(101, "An")
    staff.factor.confirm(101, pyotp.TOTP(secret).at(NOW), NOW, "An")
    (recovered,) = said("staff", "recover", "101", *options)

    typed = SignInTry("101", recovered["temporary_pin"], new_pin="402957", address="127.0.0.1")
    assert staff.sign_in.enter(typed, NOW)[0] is SignInResult.SIGNED_IN


def test_a_clerk_is_not_recovered(options: list[str]) -> None:
    said("staff", "add", "--name", "An", "--role", "clerk", *options)

    assert call("staff", "recover", "101", *options).returncode == 2
