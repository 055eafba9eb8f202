"""The members of staff as a list that several desks share.

1.  The list has number, name, citizen number, role, and whether somebody may sign in.  It has no
    PIN, no second factor and no badge: each desk gives its own.  Screens are not in it.
2.  Who is new in the list is added with the number of the list, without a PIN.
3.  A number that belongs to somebody else here stays theirs: visits name it.
4.  Somebody with a PIN at this desk gets no higher role, and is not let in again, by the list
    alone: an administrator of this desk does it too.  So a stolen desk makes nobody an
    administrator of the others.
5.  Lower roles and ends are taken over at once.  The last administrator of a desk stays one.

What was not taken over is named, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from kiosk.logbook import Database, program_author
from kiosk.staff.errors import LastAdministrator, NoSuchMember, WrongMember
from kiosk.staff.members import (
    Member,
    Members,
    Role,
    add_member,
    clean_citizen_number,
    clean_name,
)

AUTHOR = program_author("hub")
ROLES = (Role.CLERK, Role.SUPERVISOR, Role.ADMINISTRATOR)  # from the lowest
MAX_NUMBER = 999_999
# Why an entry was not taken over.
OTHER_PERSON, SCREEN, LAST, NEEDS_CONFIRMATION, WRONG = (
    "other_person",
    "screen",
    "last_administrator",
    "needs_confirmation",
    "wrong",
)


class SharedMembers:
    """Gives and takes over the list of members.

    Methods raise LogbookUnavailable if the logbook cannot be read, NotRecorded if it cannot be
    written.
    """

    takes_whole = False

    def __init__(self, database: Database, members: Members) -> None:
        self._database, self._members = database, members

    def entries(self) -> dict[str, dict[str, Any]] | None:
        """Return the members by their numbers. None: nobody is a member."""
        people = [member for member in self._members.all() if member.role is not Role.KIOSK]
        return {str(member.id): _entry(member) for member in people} or None

    def take_over(
        self, entries: Mapping[str, Any], known: Collection[str], now: datetime
    ) -> dict[str, str]:
        """Make this desk's members as a list has them; return what was not taken over, and why.

        `known` are the numbers that were taken over before: they name the same people here.
        `now` is aware.
        """
        notes = {}
        for key, entry in entries.items():
            note = self._take(key, entry, key in known, now)
            if note:
                notes[key] = note
        return notes

    def _take(self, key: str, entry: object, is_known: bool, now: datetime) -> str:
        """Take one entry over; return why not, or an empty text."""
        try:
            wanted = _checked(key, entry)
            try:
                member = self._members.find(int(key))
            except NoSuchMember:
                return self._add(int(key), wanted, now)
            if member.role is Role.KIOSK:
                return SCREEN
            if not is_known and not _is_same_person(member, wanted):
                return OTHER_PERSON
            return self._change(member, wanted, now)
        except WrongMember:
            return WRONG
        except LastAdministrator:
            return LAST

    def _add(self, number: int, wanted: Mapping[str, Any], now: datetime) -> str:
        if wanted["active"]:
            with self._database.transaction() as db:
                add_member(
                    db,
                    wanted["name"],
                    wanted["role"],
                    wanted["citizen_number"],
                    now,
                    AUTHOR,
                    number,
                )
        return ""

    def _change(self, member: Member, wanted: Mapping[str, Any], now: datetime) -> str:
        role, is_active = wanted["role"], wanted["active"]
        is_raised = ROLES.index(role) > ROLES.index(member.role)
        must_wait = member.has_pin and (is_raised or (is_active and not member.is_active))
        self._members.change(
            member.id,
            now,
            AUTHOR,
            name=wanted["name"],
            citizen_number=wanted["citizen_number"],
            role=None if must_wait and is_raised else role,
        )
        if member.is_active and not is_active:
            self._members.deactivate(member.id, now, AUTHOR)
        elif is_active and not member.is_active and not must_wait:
            self._members.activate(member.id, now, AUTHOR)
        return NEEDS_CONFIRMATION if must_wait else ""


def _entry(member: Member) -> dict[str, Any]:
    return {
        "name": member.name,
        "citizen_number": member.citizen_number,
        "role": member.role.value,
        "active": member.is_active,
    }


def _checked(key: str, entry: object) -> dict[str, Any]:
    """Return an entry with its fields in one spelling. Raises WrongMember if one cannot be right.

    Another desk wrote it, perhaps a newer program: keys that are not known are passed over.
    """
    if not re.fullmatch(r"[1-9][0-9]{0,5}", key, re.ASCII) or not isinstance(entry, dict):
        raise WrongMember("number", f"expected 1 to {MAX_NUMBER}")
    name, citizen, role = (entry.get(field) for field in ("name", "citizen_number", "role"))
    if not (isinstance(name, str) and isinstance(citizen, str) and role in set(ROLES)):
        raise WrongMember("role", f"expected one of {', '.join(ROLES)}")
    return {
        "name": clean_name(name),
        "citizen_number": clean_citizen_number(citizen),
        "role": Role(role),
        "active": entry.get("active") is True,
    }


def _is_same_person(member: Member, wanted: Mapping[str, Any]) -> bool:
    """Return whether a member is the person of an entry: by citizen number, else by name."""
    if member.citizen_number and wanted["citizen_number"]:
        return bool(member.citizen_number == wanted["citizen_number"])
    return bool(member.name.casefold() == wanted["name"].casefold())
