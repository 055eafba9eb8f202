"""Signing in: what is told and what is not, badges, the second factor, temporary PINs."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest

from kiosk.staff.devices import Devices
from kiosk.staff.errors import NoSuchMember, PinFault, PinVoid, TooManyTries, WeakPin
from kiosk.staff.members import IDLE_LIMIT, Role
from kiosk.staff.second_factor import SecondFactor
from kiosk.staff.sign_in import SignInResult, SignInTry
from tests.cast import NOW
from tests.staff.conftest import KEY, Staff
from tests.staff.web import OTHER_PIN, PIN


def entered(staff: Staff, account: object, pin: str = PIN, **more: str) -> SignInResult:
    """Return the result of a try at a browser that is known."""
    return staff.sign_in.enter(SignInTry(str(account), pin, device="d", **more), NOW)[0]


def with_factor(staff: Staff, number: int) -> tuple[str, list[str]]:
    """Turn the second factor of a member on; return the secret and the recovery codes."""
    secret, uri = staff.factor.offer(number, "An")
    codes = staff.factor.confirm(number, pyotp.TOTP(secret).at(NOW - timedelta(minutes=5)), NOW, "")
    assert codes is None  # that code is too old
    assert uri.startswith("otpauth://totp/")
    codes = staff.factor.confirm(number, code_at(secret, -30), NOW, "An")
    assert codes is not None
    return secret, codes


def code_at(secret: str, seconds: float = 0) -> str:
    return pyotp.TOTP(secret).at(NOW + timedelta(seconds=seconds))


def test_number_and_pin_sign_in(staff: Staff) -> None:
    number = staff.hire("An")
    result, member = staff.sign_in.enter(SignInTry(f" {number} ", PIN), NOW)

    assert result is SignInResult.SIGNED_IN
    assert member is not None
    assert (member.name, member.last_sign_in_at) == ("An", NOW)


@pytest.mark.parametrize(
    "account", ["7", "", "abc", "9" * 40, "' or 1=1", "\udcff", "-1", "１０１"]
)
def test_strangers_learn_nothing(staff: Staff, account: str) -> None:
    staff.hire("An")
    gone = staff.hire("Bình")
    staff.members.deactivate(gone, NOW, "the boss")
    screen = staff.members.add("hall", Role.KIOSK, "", NOW, "the boss")

    for tried in (account, gone, screen.id):
        assert entered(staff, tried) is SignInResult.WRONG
    assert entered(staff, 101, "999999") is SignInResult.WRONG


def test_tries_are_slowed_down_and_known_browsers_are_not(staff: Staff) -> None:
    number = staff.hire("An")
    for _ in range(5):
        staff.sign_in.enter(SignInTry(str(number), "999999", address="10.0.0.9"), NOW)

    with pytest.raises(TooManyTries):
        staff.sign_in.enter(SignInTry(str(number), PIN, address="10.0.0.9"), NOW)
    assert entered(staff, number) is SignInResult.SIGNED_IN


def test_an_account_that_was_idle_is_locked_after_the_right_pin_only(staff: Staff) -> None:
    number = staff.hire("An")
    late = NOW + IDLE_LIMIT + timedelta(days=1)

    for pin, result in ((OTHER_PIN, SignInResult.WRONG), (PIN, SignInResult.LOCKED)):
        assert staff.sign_in.enter(SignInTry(str(number), pin, device="d"), late)[0] is result


def test_a_badge_names_the_account_and_needs_the_pin(staff: Staff) -> None:
    number = staff.hire("An")
    first = staff.badges.make(number, NOW, "the boss")

    assert entered(staff, first, "999999") is SignInResult.WRONG
    assert entered(staff, f"]Q1{first.lower()}\r") is SignInResult.SIGNED_IN
    second = staff.badges.make(number, NOW, "the boss")
    assert entered(staff, first) is SignInResult.WRONG
    assert staff.badges.revoke(number, NOW, "the boss")
    assert entered(staff, second) is SignInResult.WRONG
    assert not staff.badges.revoke(number, NOW, "the boss")


def test_a_badge_has_the_tries_of_its_number(staff: Staff) -> None:
    number = staff.hire("An")
    badge = staff.badges.make(number, NOW, "the boss")
    for account in (badge, str(number), f"0{number}", badge, number):
        staff.sign_in.enter(SignInTry(str(account), "999999", address="10.0.0.9"), NOW)

    with pytest.raises(TooManyTries):
        staff.sign_in.enter(SignInTry(badge, PIN, address="10.0.0.9"), NOW)


def test_only_an_active_member_has_a_badge(staff: Staff) -> None:
    number = staff.hire("An")
    badge = staff.badges.make(number, NOW, "the boss")
    staff.members.deactivate(number, NOW, "the boss")

    assert staff.badges.member_of(badge) is None
    with pytest.raises(NoSuchMember):
        staff.badges.make(number, NOW, "the boss")


def test_the_second_factor_is_asked_for(staff: Staff) -> None:
    number = staff.hire("An", Role.ADMINISTRATOR)
    secret, _codes = with_factor(staff, number)

    assert entered(staff, number) is SignInResult.CODE_NEEDED
    assert entered(staff, number, code="000000") is SignInResult.WRONG_CODE
    assert entered(staff, number, code=code_at(secret)) is SignInResult.SIGNED_IN
    assert entered(staff, number, code=code_at(secret)) is SignInResult.WRONG_CODE


@pytest.mark.parametrize(
    ("seconds", "is_right"), [(-61, False), (-31, False), (-30, True), (59, True), (60, False)]
)
def test_a_code_is_right_for_half_a_minute_more(
    staff: Staff, seconds: float, is_right: bool
) -> None:
    number = staff.hire("An")
    secret, _uri = staff.factor.offer(number, "An")

    assert (staff.factor.confirm(number, code_at(secret, seconds), NOW, "") is not None) is is_right


def test_a_code_is_used_once_and_no_older_one_after_it(staff: Staff) -> None:
    number = staff.hire("An")
    secret, _codes = with_factor(staff, number)

    assert staff.factor.use(number, code_at(secret, 30), NOW, "")
    assert not staff.factor.use(number, code_at(secret), NOW, "")


def test_a_recovery_code_is_good_once(staff: Staff) -> None:
    number = staff.hire("An")
    _secret, codes = with_factor(staff, number)

    assert len(set(codes)) == 10
    assert entered(staff, number, code=codes[3].lower().replace("-", " ")) is SignInResult.SIGNED_IN
    assert entered(staff, number, code=codes[3]) is SignInResult.WRONG_CODE
    assert staff.factor.unused_codes(number) == 9


def test_offering_another_secret_does_not_turn_the_old_one_off(staff: Staff) -> None:
    number = staff.hire("An")
    secret, _codes = with_factor(staff, number)
    other, _uri = staff.factor.offer(number, "An")

    assert staff.factor.confirm(number, code_at(other), NOW, "") is None
    assert staff.factor.use(number, code_at(secret), NOW, "")
    staff.factor.turn_off(number, NOW, "the boss")
    assert entered(staff, number) is SignInResult.SIGNED_IN


def test_the_logbook_holds_no_secret_of_the_second_factor(staff: Staff, tmp_path: Path) -> None:
    number = staff.hire("An")
    secret, codes = with_factor(staff, number)
    badge = staff.badges.make(number, NOW, "the boss")
    dump = "".join(sqlite3.connect(tmp_path / "logbook.db").iterdump()).lower()

    for kept_out in (secret, *codes, badge, PIN):
        assert kept_out.lower() not in dump
        assert kept_out.encode().hex() not in dump
    with pytest.raises(PinVoid):
        SecondFactor(staff.database, b"x" * 32).use(number, code_at(secret), NOW, "")


def test_a_temporary_pin_is_replaced_at_the_sign_in(staff: Staff) -> None:
    number = staff.hire("An")
    pin = staff.pins.reset(number, NOW, "the boss")

    assert entered(staff, number, pin) is SignInResult.NEW_PIN_NEEDED
    with pytest.raises(WeakPin) as refused:
        entered(staff, number, pin, new_pin=pin)
    assert refused.value.fault is PinFault.SAME
    with pytest.raises(WeakPin):
        entered(staff, number, pin, new_pin="123456")
    assert entered(staff, number, pin, new_pin=OTHER_PIN) is SignInResult.SIGNED_IN
    assert entered(staff, number, OTHER_PIN) is SignInResult.SIGNED_IN
    assert not staff.members.find(number).has_temporary_pin


def test_a_weak_new_pin_uses_no_code_up(staff: Staff) -> None:
    number = staff.hire("An")
    secret, _codes = with_factor(staff, number)
    pin = staff.pins.reset(number, NOW, "the boss")

    with pytest.raises(WeakPin):
        entered(staff, number, pin, new_pin="123456", code=code_at(secret))
    again = entered(staff, number, pin, new_pin=OTHER_PIN, code=code_at(secret))
    assert again is SignInResult.SIGNED_IN


def test_many_failures_are_told(staff: Staff) -> None:
    number = staff.hire("An")
    for _ in range(20):
        staff.seconds.go(30)
        assert entered(staff, number, "999999") is SignInResult.WRONG

    assert staff.sign_in.many_failures(NOW) == [(number, 20)]
    assert staff.sign_in.many_failures(NOW + timedelta(hours=2)) == []


def test_the_pin_of_an_approver_is_checked(staff: Staff) -> None:
    number = staff.hire("An", Role.SUPERVISOR)

    assert staff.sign_in.check(SignInTry(str(number), "999999", device="d"), NOW) is None
    checked = staff.sign_in.check(SignInTry(str(number), PIN, device="d"), NOW)
    assert checked is not None
    assert checked.role is Role.SUPERVISOR


def test_nothing_that_was_typed_is_in_the_repr() -> None:
    typed = SignInTry("101", PIN, "123456", OTHER_PIN)

    assert not any(text in repr(typed) for text in ("101", PIN, "123456", OTHER_PIN))


def test_a_device_is_known_by_our_cookie_only() -> None:
    devices = Devices(KEY)
    cookie = devices.make()

    assert devices.id_in(cookie) == cookie.split(".")[0]
    for wrong in ("", "x", cookie[:-1], cookie[1:], cookie + "0", Devices(b"x" * 32).make(), "é.é"):
        assert devices.id_in(wrong) == ""
