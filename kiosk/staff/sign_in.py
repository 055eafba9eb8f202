"""Signing in: number or badge, PIN, and for administrators a second factor.

1.  A try is taken from the throttle before anything is looked at, and given back by a sign-in.
2.  Somebody who does not know the PIN learns nothing: an unknown number, a member who was
    deactivated and a wrong PIN are answered alike, and take as long.
3.  Each try whose PIN was looked at is written down with its result, never with what was typed.
4.  A temporary PIN is replaced in the same step.
5.  From outside of the site's own network a code of the second factor is always asked for.  What is
    wrong there, or missing, is answered alike: a PIN cannot be tried out from afar.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from kiosk.logbook import Database, staff_author, to_utc_text
from kiosk.staff.badges import Badges
from kiosk.staff.errors import NoSuchMember, PinFault, PinNotHere, WeakPin
from kiosk.staff.members import Member, Members, Role
from kiosk.staff.networks import OwnNetworks
from kiosk.staff.pins import Pins, check_pin
from kiosk.staff.second_factor import SecondFactor
from kiosk.staff.throttle import Throttle

MANY_FAILURES = 20  # of one account within an hour: the supervisor learns of them
AN_HOUR = timedelta(hours=1)


class SignInResult(StrEnum):
    """How a try ended; the values are stored."""

    SIGNED_IN = "signed_in"
    WRONG = "wrong"  # the number or the PIN
    CODE_NEEDED = "code_needed"  # the second factor was not typed
    WRONG_CODE = "wrong_code"
    NEW_PIN_NEEDED = "new_pin_needed"  # the PIN is a temporary one
    LOCKED = "locked"  # not signed in for 45 days
    FAR_CODE_NEEDED = "far_code_needed"  # from elsewhere, without a code
    FAR_WRONG = (
        "far_wrong"  # from elsewhere: the number, the PIN or the code; or there is no factor
    )
    PIN_CHECKED = "pin_checked"  # the PIN of somebody who approves, or unlocks


@dataclass(frozen=True, slots=True)
class SignInTry:
    """What was typed, and where. Nothing of it is in the repr."""

    account: str = field(repr=False)  # a number, or what a badge says
    pin: str = field(repr=False)
    code: str = field(default="", repr=False)
    new_pin: str = field(default="", repr=False)
    address: str = ""
    device: str = ""  # empty: a browser that is not known


class SignIn:
    """Decides about tries to sign in. It begins no session."""

    def __init__(
        self,
        database: Database,
        members: Members,
        pins: Pins,
        factor: SecondFactor,
        badges: Badges,
        throttle: Throttle,
        networks: OwnNetworks | None = None,
    ) -> None:
        self._database, self._members, self._pins = database, members, pins
        self._factor, self._badges, self._throttle = factor, badges, throttle
        self._networks = networks
        # Called with how each try ended.
        self.observe: Callable[[str], None] = lambda _result: None

    def enter(self, typed: SignInTry, now: datetime) -> tuple[SignInResult, Member | None]:
        """Return how a try ended, and the member if the result is `SIGNED_IN`.

        Raises TooManyTries before anything was looked at, WeakPin if the new PIN is refused, and
        PinVoid if the key of the PINs was lost.
        """
        is_here = self.is_own_network(typed.address)
        if not is_here and not typed.code:
            return SignInResult.FAR_CODE_NEEDED, None
        result, member = self._looked_at(typed, now)
        if member is not None and result is SignInResult.SIGNED_IN:
            lacks_factor = not is_here and not self._factor.is_on(member.id)
            result = SignInResult.WRONG_CODE if lacks_factor else self._past_pin(member, typed, now)
        self._note(member, typed, result, now)
        if not is_here and result in (SignInResult.WRONG, SignInResult.WRONG_CODE):
            return SignInResult.FAR_WRONG, None
        if member is None or result is not SignInResult.SIGNED_IN:
            return result, None
        self._throttle.give_back(self._account(typed), typed.address, typed.device)
        return result, self._members.find(member.id)

    def check(self, typed: SignInTry, now: datetime) -> Member | None:
        """Return the active member whose PIN was typed, who may be signed in elsewhere.

        None if the number or the PIN is wrong.  Raises as `enter`, and PinNotHere outside of the
        site's own network.
        """
        if not self.is_own_network(typed.address):
            raise PinNotHere(f"a PIN alone is typed at {typed.address}")
        result, member = self._looked_at(typed, now)
        is_right = member is not None and result is SignInResult.SIGNED_IN
        self._note(member, typed, SignInResult.PIN_CHECKED if is_right else SignInResult.WRONG, now)
        if member is None or not is_right or member.is_locked(now):
            return None
        self._throttle.give_back(self._account(typed), typed.address, typed.device)
        return member

    def is_own_network(self, address: str) -> bool:
        """Return whether a number and a PIN are enough at an address."""
        return self._networks is None or address in self._networks

    def many_failures(self, now: datetime) -> list[tuple[int, int]]:
        """Return the accounts that failed at least 20 times in the last hour, with how often."""
        rows = self._database.rows(
            "select member, count(*) from sign_in where at > ? and member is not null"
            " and result in ('wrong', 'wrong_code') group by member having count(*) >= ?",
            [to_utc_text(now - AN_HOUR), MANY_FAILURES],
        )
        return [(int(row[0]), int(row[1])) for row in rows]

    def _looked_at(self, typed: SignInTry, now: datetime) -> tuple[SignInResult, Member | None]:
        """Return the member, with `SIGNED_IN` if the PIN is right and `WRONG` if it is not."""
        self._throttle.take(self._account(typed), typed.address, typed.device)
        member = self._member(typed.account)
        may_enter = member is not None and member.is_active and member.role is not Role.KIOSK
        is_right = self._pins.is_right(member.id if member and may_enter else None, typed.pin)
        if not is_right:
            return SignInResult.WRONG, member
        if member is not None and member.is_locked(now):
            return SignInResult.LOCKED, member
        return SignInResult.SIGNED_IN, member

    def _past_pin(self, member: Member, typed: SignInTry, now: datetime) -> SignInResult:
        if member.has_temporary_pin:
            if not typed.new_pin:
                return SignInResult.NEW_PIN_NEEDED
            if typed.new_pin == typed.pin:
                raise WeakPin(PinFault.SAME)
            check_pin(typed.new_pin, member.citizen_number, member.id)
        author = own_author(member)
        if self._factor.is_on(member.id):
            if not typed.code:
                return SignInResult.CODE_NEEDED
            if not self._factor.use(member.id, typed.code, now, author):
                return SignInResult.WRONG_CODE
        if member.has_temporary_pin:
            self._pins.set(member.id, typed.new_pin, now, author)
        return SignInResult.SIGNED_IN

    def _member(self, account: str) -> Member | None:
        text = account.strip()
        number = self._badges.member_of(text)
        if number is None and re.fullmatch(r"[0-9]{1,9}", text):
            number = int(text)
        try:
            return None if number is None else self._members.find(number)
        except NoSuchMember:
            return None

    def _account(self, typed: SignInTry) -> str:
        """Return the key of the throttle: the number also for a badge, so that both share it."""
        number = self._badges.member_of(typed.account.strip())
        return typed.account.strip().lstrip("0") if number is None else str(number)

    def _note(
        self, member: Member | None, typed: SignInTry, result: SignInResult, now: datetime
    ) -> None:
        self.observe(result.value)
        with self._database.transaction() as db:
            db.execute(
                "insert into sign_in (at, member, address, device, result) values (?, ?, ?, ?, ?)",
                [
                    to_utc_text(now),
                    member and member.id,
                    typed.address,
                    typed.device,
                    result.value,
                ],
            )
            if member is not None and result is SignInResult.SIGNED_IN:
                db.execute(
                    "update member set last_sign_in_at = ? where id = ?",
                    [to_utc_text(now), member.id],
                )


def own_author(member: Member) -> str:
    """Return who acts, for the logbook, if a member acts."""
    return staff_author(member.id, member.name)
