"""The people who work here: who they are, how they sign in, and what a supervisor allows once.

The tables are in the logbook's file (`kiosk.logbook.staff_schema`).  No module here knows HTTP.
"""

from kiosk.staff.asking import Askers
from kiosk.staff.badges import badge_in, without_badges
from kiosk.staff.errors import (
    LastAdministrator,
    NoSuchMember,
    NotApproved,
    PinFault,
    PinNotHere,
    PinVoid,
    TooManyTries,
    WeakPin,
    WrongMember,
    WrongToken,
)
from kiosk.staff.members import Member, Members, Role
from kiosk.staff.sessions import StaffSession
from kiosk.staff.shared_members import SharedMembers
from kiosk.staff.sign_in import SignInResult, SignInTry
from kiosk.staff.staff import Staff
from kiosk.staff.tokens import ApiToken, Scope

__all__ = [
    "ApiToken",
    "Askers",
    "LastAdministrator",
    "Member",
    "Members",
    "NoSuchMember",
    "NotApproved",
    "PinFault",
    "PinNotHere",
    "PinVoid",
    "Role",
    "Scope",
    "SharedMembers",
    "SignInResult",
    "SignInTry",
    "Staff",
    "StaffSession",
    "TooManyTries",
    "WeakPin",
    "WrongMember",
    "WrongToken",
    "badge_in",
    "without_badges",
]
