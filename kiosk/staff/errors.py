"""The errors that the staff room raises.

KioskError
├── NoSuchMember           nobody has this number
├── WrongMember            a field of a member cannot be right; names the field
├── LastAdministrator      without this member nobody could administer the program
├── WeakPin                a PIN that would be guessed soon; says why
├── PinVoid                the PIN was hashed under a key that is gone: it must be set again
├── PinNotHere             a PIN alone is typed outside of the site's own network
├── TooManyTries           sign-ins are slowed down; says for how long
├── NotApproved            an approval is missing, used, too old, or for something else
└── WrongToken             an API token as it is asked for cannot be; names the field
"""

from __future__ import annotations

from enum import StrEnum

from kiosk.errors import KioskError


class NoSuchMember(KioskError):
    """Nobody has this number."""


class WrongMember(KioskError):
    """A field cannot be right. `name` is the field."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name}: {why}")
        self.name = name


class LastAdministrator(KioskError):
    """The member is the only active administrator: make another one first."""


class PinFault(StrEnum):
    """Why a PIN is refused."""

    NOT_DIGITS = "not_digits"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    FEW_DIGITS = "few_digits"  # one or two different digits
    REPEATED = "repeated"  # a short part that is repeated, as 123123
    RUN = "run"  # of neighbours, as 123456 or 975319
    KEYPAD = "keypad"  # a figure on the keypad, as 147258
    DATE = "date"  # may be a birth date
    OWN_NUMBER = "own_number"  # a part of the citizen number, or the staff number
    SAME = "same"  # as the one that it replaces


class WeakPin(KioskError):
    """A PIN would be guessed soon. `fault` says why. The message does not hold the PIN."""

    def __init__(self, fault: PinFault) -> None:
        super().__init__(f"this PIN is refused: {fault}")
        self.fault = fault


class PinNotHere(KioskError):
    """A PIN alone opens nothing outside of the site's own network."""


class PinVoid(KioskError):
    """The key of the PINs was lost or replaced: each PIN has to be set again."""


class TooManyTries(KioskError):
    """Sign-ins are slowed down; the next try is looked at after `wait_s` seconds."""

    def __init__(self, wait_s: float, bucket: str) -> None:
        super().__init__(f"too many tries ({bucket}): wait {wait_s:.0f} s")
        self.wait_s = wait_s
        self.bucket = bucket


class NotApproved(KioskError):
    """The approval is missing, was used, is too old, or is for something else."""


class WrongToken(KioskError):
    """An API token cannot be made as it is asked for. `name` is the field."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name}: {why}")
        self.name = name
