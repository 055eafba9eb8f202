"""How the hub and its desks are: for `hub check` of a desk, and `hub status` of an operator.

Nothing here holds personal data.  Times are aware (UTC), and by the hub's clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from kiosk.hub.connection import HubConnection, known_step
from kiosk.hub.errors import HubRefused
from kiosk.hub.partitions import months_ready

MAX_SKEW_S = 120  # from which on a clock needs a person
DAYS_READY = 31  # for so many days parts of the tables should be there
SELECT_DESKS = """
select d.facility, d.id as desk, d.name, d.letter, d.retired_at, s.id::text as stream, s.begun_at,
    s.acked_seq, s.seen_at, s.complete_at, s.clock_skew_ms, s.program, s.knows_step,
    extract(epoch from clock_timestamp() - s.seen_at)::int as seen_s_ago
from hub.desk d
left join lateral (
    select * from hub.stream s where s.facility = d.facility and s.desk = d.id
    order by s.ended_at is null desc, s.begun_at desc limit 1
) s on true
order by d.facility, d.id
"""
SELECT_SERVERS = """
select application_name as name, client_addr::text as address, state, sync_state,
    pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::bigint as behind_bytes
from pg_stat_replication order by 1
"""
SELECT_SIZES = """
select relname as name, pg_total_relation_size(oid) as bytes from pg_class
where relnamespace = 'hub'::regnamespace and relkind = 'r' order by 1
"""
SELECT_CONNECTIONS = """
select usename as account, count(*) as connections from pg_stat_activity
where usename like 'desk\\_%' or usename like 'report\\_%' or usename = 'group_report'
group by 1 order by 1
"""


@dataclass(frozen=True, slots=True)
class HubCheck:
    """What a desk sees of its hub; `troubles` are the codes of what needs a person."""

    hub: str
    facility: str
    desk: int
    name: str
    letter: str
    encrypted: bool
    timeline: str  # hexadecimal; empty: the engine has none
    step: int
    knows_step: int
    clock_ahead_s: float  # this machine's clock minus the hub's
    ready_until: date | None  # the first day for which the hub has no room
    troubles: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return it for the command line."""
        return {
            "hub": self.hub,
            "facility": self.facility,
            "desk": self.desk,
            "name": self.name,
            "letter": self.letter,
            "encrypted": self.encrypted,
            "timeline": self.timeline,
            "step": self.step,
            "knows_step": self.knows_step,
            "clock_ahead_s": self.clock_ahead_s,
            "ready_until": self.ready_until and self.ready_until.isoformat(),
            "troubles": list(self.troubles),
        }


def check_hub(hub: HubConnection, now: Callable[[], datetime], today: date) -> HubCheck:
    """Look at the hub as the desk of the connection.

    `today` is the day at the clinic.  Raises the errors of a HubConnection.
    """
    before = now()
    theirs = hub.clock()
    after = now()
    ahead_s = round(((before - theirs) + (after - theirs)).total_seconds() / 2, 1)
    rows = hub.rows(
        "select name, letter from hub.desk where facility = %s and id = %s",
        [hub.facility, hub.desk],
    )
    ready = months_ready(hub)
    troubles = {
        "desk_unknown": not rows,
        "clock": abs(ahead_s) > MAX_SKEW_S,
        "hub_older_than_program": hub.step < known_step(),
        "partitions": ready is None or (ready - today).days < DAYS_READY,
    }
    return HubCheck(
        hub.hub,
        hub.facility,
        hub.desk,
        rows[0]["name"] if rows else "",
        rows[0]["letter"] if rows else "",
        hub.is_encrypted,
        hub.timeline,
        hub.step,
        known_step(),
        ahead_s,
        ready,
        tuple(code for code, holds in troubles.items() if holds),
    )


def desks_of(hub: HubConnection) -> list[dict[str, Any]]:
    """Return the desks that the account may see, each with its newest stream, as JSON values.

    `seen_s_ago` is null if a desk was never seen.
    """
    return [_plain(row) for row in hub.rows(SELECT_DESKS)]


def servers_of(hub: HubConnection) -> dict[str, Any]:
    """Return the standbys, the sizes of the tables, and the connections of accounts.

    For an administrator.  What its account may not see is null, which does not mean that there is
    nothing.
    """
    return {
        "step": _asked(hub, "select max(step) as step from hub.step"),
        "ready_until": str(months_ready(hub)),
        "standbys": _asked(hub, SELECT_SERVERS),
        "tables": _asked(hub, SELECT_SIZES),
        "connections": _asked(hub, SELECT_CONNECTIONS),
    }


def _asked(hub: HubConnection, sql: str) -> list[dict[str, Any]] | None:
    try:
        return [_plain(row) for row in hub.rows(sql)]
    except HubRefused:
        return None


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in row.items()
    }
