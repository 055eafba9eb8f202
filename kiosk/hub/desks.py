"""The accounts of a hub: desks, which write; reports of a facility; the sums of a group's office.

A desk has the account `desk_CODE_NUMBER`.  The policies of the tables read the facility and the
desk from that name, so it is made here only, and never by hand.
"""

from __future__ import annotations

import re
import secrets
from contextlib import suppress
from dataclasses import dataclass

from kiosk.errors import SettingsError
from kiosk.hub.connection import HubConnection
from kiosk.hub.errors import HubRefused
from kiosk.hub.migrate import as_owner
from kiosk.logbook import MAX_DESK, desk_prefix

CODE = re.compile(r"\d{2}[0-9A-Z]{3}", re.ASCII)
MAX_CONNECTIONS = 20  # of one account: lanes, pages, and those that a lost machine left behind
GROUP_LOGIN = "group_report"
PASSWORD_BYTES = 24
INSUFFICIENT_PRIVILEGE = "42501"


@dataclass(frozen=True, slots=True)
class DeskAccount:
    """A desk at the hub, and its new account. The password is in no error and no log."""

    facility: str
    desk: int
    name: str
    letter: str
    login: str
    password: str


def add_desk(
    hub: HubConnection,
    facility: str,
    facility_name: str,
    desk: int,
    name: str = "",
) -> DeskAccount:
    """Make a desk and its account, or give the account of one that is there a new password.

    A retired desk does not come back: its number names the visits that it recorded.  Its letter
    follows from its number: a desk knows it without the hub.  Raises SettingsError if something
    cannot be.
    """
    if not CODE.fullmatch(facility) or not 1 <= desk <= MAX_DESK:
        raise SettingsError(
            f"facility {facility!r}, desk {desk}: expected a code as 01999, and 1 to {MAX_DESK}"
        )
    login, password = f"desk_{facility}_{desk}", secrets.token_urlsafe(PASSWORD_BYTES)
    with hub.transaction():
        _make_login(hub, login, password, "hub_desk")
        as_owner(hub)
        _make_facility(hub, facility, facility_name)
        rows = hub.rows("select id, name, retired_at from hub.desk where facility = %s", [facility])
        there = {row["id"]: row for row in rows}
        if desk in there and there[desk]["retired_at"] is not None:
            raise SettingsError(
                f"desk {desk} of {facility} was retired; expected another number for a new desk"
            )
        letter = desk_prefix(desk)
        name = name or (there[desk]["name"] if desk in there else str(desk))
        hub.execute(
            "insert into hub.desk (facility, id, name, letter, login) values (%s, %s, %s, %s, %s)"
            " on conflict (facility, id) do update set name = excluded.name,"
            " letter = excluded.letter",
            [facility, desk, name, letter, login],
        )
    return DeskAccount(facility, desk, name, letter, login, password)


def add_report(hub: HubConnection, facility: str = "") -> tuple[str, str]:
    """Make the account that reads a facility's older days, or give it a new password.

    Without a facility: the account of the group's office, which reads sums.  Returns the account
    and its password.
    """
    if facility and not CODE.fullmatch(facility):
        raise SettingsError(f"facility {facility!r}: expected a code such as 01999")
    login = f"report_{facility}" if facility else GROUP_LOGIN
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    with hub.transaction():
        _make_login(hub, login, password, "hub_report" if facility else "hub_group")
    return login, password


def retire_desk(hub: HubConnection, facility: str, desk: int) -> bool:
    """Close the account of a desk, end its connections and its streams.

    Returns False if the desk was retired before.  Raises SettingsError if there is no such desk.
    """
    login = f"desk_{facility}_{desk}"
    with hub.transaction():
        hub.execute("select 1")
        as_owner(hub)
        rows = hub.rows(
            "select retired_at from hub.desk where facility = %s and id = %s for update",
            [facility, desk],
        )
        if not rows:
            raise SettingsError(f"there is no desk {desk} of {facility} at this hub")
        is_new = rows[0]["retired_at"] is None
        hub.execute(
            "update hub.desk set retired_at = coalesce(retired_at, clock_timestamp())"
            " where facility = %s and id = %s",
            [facility, desk],
        )
        hub.execute(
            "update hub.stream set ended_at = clock_timestamp()"
            " where facility = %s and desk = %s and ended_at is null",
            [facility, desk],
        )
        hub.execute("reset role")
        hub.execute(f'alter role "{login}" nologin')
    with suppress(HubRefused):  # no right to end others' sessions: `status` shows that it is there
        hub.rows(
            "select pg_terminate_backend(pid) from pg_stat_activity where usename = %s", [login]
        )
    return is_new


def _make_facility(hub: HubConnection, code: str, name: str) -> None:
    if hub.rows("select 1 from hub.facility where code = %s", [code]):
        return
    if not name.strip():
        raise SettingsError(f"facility {code} is new here: expected its name too (--facility-name)")
    hub.execute("insert into hub.facility (code, name) values (%s, %s)", [code, name.strip()])


def _make_login(hub: HubConnection, login: str, password: str, group: str) -> None:
    """Make an account, or open it again with a new password."""
    kept = hub.scram(password, login)
    assert re.fullmatch(r"[0-9A-Za-z+/=$:-]+", kept), "a SCRAM verifier needs no quoting"
    exists = hub.rows("select 1 from pg_roles where rolname = %s", [login])
    hub.execute(
        f"{'alter' if exists else 'create'} role \"{login}\" login password '{kept}'"
        f" connection limit {MAX_CONNECTIONS}"
    )
    hub.execute(f'grant {group} to "{login}"')
