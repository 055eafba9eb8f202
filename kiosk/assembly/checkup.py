"""What the doctor looks at in a kiosk, and what the running program sees of its devices."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from kiosk.alerts import Alerts
from kiosk.assembly.parts import Parts
from kiosk.doctor import (
    AlertsSeen,
    Doctor,
    HubCondition,
    HubSeen,
    Observations,
    ReaderSeen,
    SignInRefused,
    Sources,
    service_manager,
)
from kiosk.insurer import SignatureState
from kiosk.logbook import LogbookUnavailable

if TYPE_CHECKING:
    from kiosk.hub import HouseNumbers, Hub, Others

CONDITIONS = {  # by the values of HubTrouble: the room of the hub is imported only with a hub
    "": HubCondition.CONNECTED,
    "not_yet": HubCondition.STARTING,
    "unreachable": HubCondition.UNREACHABLE,
    "login": HubCondition.LOGIN_REFUSED,
    "operator": HubCondition.NEEDS_OPERATOR,
    "behind": HubCondition.BEHIND,
    "unfit": HubCondition.UNFIT,
    "refused": HubCondition.REFUSED,
    "desk": HubCondition.DESK,
}


def doctor_sources(
    parts: Parts, signature: Callable[[], SignatureState | None] | None = None
) -> Sources:
    """Return where the doctor looks. `signature` may touch the token, as only a command may."""
    return Sources(
        instance=parts.instance,
        data=parts.data,
        newest_answer=parts.newest_answer,
        obstacles=parts.obstacles,
        signature=signature or parts.signature_state,
        clock_ahead=parts.clock_readings.ahead_now,
        wrong_times=parts.wrong_times.count,
        outbox=parts.outbox.counts,
        communes_to_inform=parts.communes_to_inform,
        overdue=parts.reporting.count_overdue,
        suggested_outages=parts.outages.count_suggested,
        rooms=parts.rooms.read,
        webhooks=parts.webhook_messages.states,
        privacy=parts.privacy,
        proofs=parts.proofs,
    )


def doctor_of(parts: Parts) -> Doctor:
    """Return the doctor of a command: it may look at a token, which the running program may not."""
    signature = parts.signer.look if parts.signer else parts.signature_state
    sources = doctor_sources(parts, signature)
    return Doctor(parts.settings, parts.folder, parts.guard, sources, parts.clock)


def observations_of(
    parts: Parts,
    alerts: Alerts,
    url: str,
    before: Observations | None,
    now: datetime,
    hub: HubSeen | None,
) -> Observations:
    """Return what the running program sees at `now` (aware).

    `url` is where it serves its pages, `hub` how it stands with its hub. `before` is what was seen
    last, also by a program that ran before this one: whether the gateway takes our account is known
    from there until this program has tried.
    """
    session = parts.gateway.session if parts.gateway else None
    refused = before.sign_in if before else None
    signed_in_at = before.signed_in_at if before else None
    if session is None:
        refused, signed_in_at = None, None
    elif session.refused_since is not None:
        refused = SignInRefused(session.refused_code, session.refused_since)
    elif session.signed_in_at is not None:
        refused, signed_in_at = None, session.signed_in_at
    guard = parts.guard
    return Observations(
        at=now,
        url=url,
        manager=service_manager(),
        readers={
            reader.name: ReaderSeen(reader.state.up, reader.state.why) for reader in parts.readers
        },
        printers={spool.name: str(spool.look() or "") for spool in parts.printing.spools},
        sign_in=refused,
        signed_in_at=signed_in_at,
        page_faults=guard.faults if guard else None,
        unreadable_rows=len(parts.database.unreadable_rows()),
        alerts={
            way: AlertsSeen(failure.since, failure.why) for way, failure in alerts.failing().items()
        },
        hub=hub,
    )


def hub_seen(
    hub: Hub | None, others: Others | None, numbers: HouseNumbers | None, now: datetime
) -> HubSeen | None:
    """Return how this desk stands with its hub at `now` (aware); None without a hub."""
    if hub is None:
        return None
    try:
        state = hub.state()
    except (LogbookUnavailable, OSError) as exc:
        return HubSeen(HubCondition.DESK, why=type(exc).__name__)
    return HubSeen(
        CONDITIONS[state.trouble],
        state.reached_at,
        state.words,
        state.waiting,
        state.seen_until,
        others.state(now).asked_at if others is not None else None,
        len(state.set_aside),
        state.skew,
        state.hold is not None,
        state.has_twin,
        numbers.state().given_twice if numbers is not None else 0,
    )
