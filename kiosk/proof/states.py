"""Columns that change without a link: each must be what the newest event says, which is linked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kiosk.logbook import ADDED, LINKED_BY_NAME
from kiosk.proof.faults import FaultKind, LogbookFault
from kiosk.runtime import sqlite

# Messages whose columns are not those of their newest event.  That a message is being sent is no
# event (of a message that is older than events, it may be), and an event of a closed message has no
# code: that of the answer before stays.
SAME_STATE = (
    "case o.state when 'in_flight' then 'queued' else o.state end"
    " is case e.state when 'in_flight' then 'queued' else e.state end"
)
MESSAGES = (
    f"select o.visit, o.id, {SAME_STATE}"
    " from outbox o left join outbox_event e on e.id ="
    " (select max(n.id) from outbox_event n where n.outbox = o.id)"
    f" where not {SAME_STATE}"
    " or o.state in ('accepted', 'refused', 'parked', 'closed') and o.message is not e.message"
    " or o.state in ('accepted', 'refused', 'parked') and o.code is not e.code"
    " or o.state = 'accepted' and o.transaction_code is not e.transaction_code"
)
# Tickets whose columns are not those of their newest event, or that count other events than there
# are.  Without an event a ticket waits, unless it is older than the queue.
TICKETS = (
    "select t.id from ticket t left join ticket_event e on e.id ="
    " (select max(n.id) from ticket_event n where n.ticket = t.id)"
    " where t.version - 1 <> (select count(*) from ticket_event n where n.ticket = t.id)"
    " or case when e.id is not null then t.state <> e.state or t.priority <> e.priority"
    " else t.state <> 'waiting' and exists (select 1 from link k where k.source ="
    f" {LINKED_BY_NAME['ticket'].code} and k.row = t.id and k.act = {ADDED}) end"
)


def message_faults(conn: sqlite.Connection) -> Iterator[LogbookFault]:
    """Yield the messages that are not in the state of their newest event."""
    for visit, message, is_same_state in conn.execute(MESSAGES):
        what = "another answer" if is_same_state else "another state"
        name = _shown(visit)
        of = f"message {message} of visit {name}: {what} than its last event"
        yield LogbookFault(FaultKind.STATE, "outbox", name, None, of)


def ticket_faults(conn: sqlite.Connection) -> Iterator[LogbookFault]:
    """Yield the tickets that are not in the state of their newest event."""
    for (ticket,) in conn.execute(TICKETS):
        what = f"ticket {ticket}: another state than its last event"
        yield LogbookFault(FaultKind.STATE, "ticket", str(ticket), None, what)


def _shown(name: Any) -> str:
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
