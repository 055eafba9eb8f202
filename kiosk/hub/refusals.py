"""What an error of the hub means, by its SQLSTATE.

| SQLSTATE | is |
|---|---|
| 40001, 40P01, 55P03, 57014 | HubBusy: the whole transaction again after a pause |
| 08…, 57P…, 25006, none | HubUnreachable: connect again |
| 28…, 3D000 | HubLoginRefused: a person has to act |
| 53…, 58…, XX…, 23514 without a constraint | HubNeedsOperator: wait |
| 22…, 23…, 42… and all others | HubRefused: it will be refused again |

A text that cannot be stored fails before it leaves: a zero byte as an error without SQLSTATE, half
of a character as UnicodeEncodeError.  Both are HubRefused.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kiosk.hub.errors import (
    HubBusy,
    HubError,
    HubLoginRefused,
    HubNeedsOperator,
    HubRefused,
    HubUnreachable,
    HubUntrusted,
)

BUSY = frozenset({"40001", "40P01", "55P03", "57014"})
LOST = ("08", "57P", "25006")
REFUSED_LOGIN = ("28", "3D000")
FOR_OPERATORS = ("53", "58", "XX")
NO_PARTITION = "23514"
NOT_STORABLE = "22021"  # character_not_in_repertoire
# An error while connecting carries no SQLSTATE.  These are the words of libpq, and of a server that
# speaks English; another one's refusal counts as unreachable.
UNTRUSTED_WORDS = (
    "certificate verify failed",
    "does not match host name",
    "server does not support SSL",
    "root certificate",
)
FULL_WORDS = ("too many connections", "remaining connection slots")
REFUSED_WORDS = ("authentication failed", "not permitted to log in", "no pg_hba.conf entry")


@contextmanager
def translated(driver: Any) -> Iterator[None]:
    """Turn the errors of psycopg (`driver`) into HubErrors, which hold no value of a row."""
    try:
        yield
    except driver.Error as exc:
        raise hub_error(exc, driver) from None
    except UnicodeEncodeError:
        raise HubRefused("a text cannot be sent to the hub", NOT_STORABLE) from None


def hub_error(exc: Any, driver: Any) -> HubError:
    """Return what an error of psycopg means."""
    state, kind = exc.sqlstate or "", type(exc).__name__
    shown = f"{kind}, SQLSTATE {state}" if state else kind
    if state in BUSY:
        return HubBusy(f"the hub was busy ({shown})", state)
    if state.startswith(REFUSED_LOGIN):
        return HubLoginRefused(f"the hub refuses the account or its password ({shown})", state)
    if state.startswith(LOST):
        return HubUnreachable(f"the hub went away ({shown})", state)
    is_partition = state == NO_PARTITION and not exc.diag.constraint_name
    if state.startswith(FOR_OPERATORS) or is_partition:
        why = "a partition is missing" if is_partition else "it is full or in trouble"
        return HubNeedsOperator(f"the hub takes nothing: {why} ({shown})", state)
    if state:
        return HubRefused(f"the hub refuses it ({shown})", state)
    if isinstance(exc, driver.OperationalError | driver.InterfaceError):
        words = str(exc)
        if any(part in words for part in UNTRUSTED_WORDS):
            return HubUntrusted(
                "the server does not prove that it is the hub: expected TLS, and a certificate for"
                " the host in [hub] url from the authority in [hub] ca_file"
            )
        if any(part in words for part in REFUSED_WORDS):
            return HubLoginRefused("the hub refuses the account or its password", "28000")
        if any(part in words for part in FULL_WORDS):
            return HubUnreachable("the hub has no connection left for this account", "53300")
        return HubUnreachable(f"the hub does not answer ({shown})")
    return HubRefused(f"a value cannot be sent to the hub ({shown})", NOT_STORABLE)
