"""One message as it is sent: its body, and the headers that sign it (Standard Webhooks 1.0.0).

The body is the same in each try of an event.  It holds ids, a kind and a time, nothing of a person.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

from standardwebhooks import Webhook

from kiosk.logbook import VisitEvent

TEST_KIND = "webhook.test"


def message_body(event: VisitEvent) -> str:
    """Return the JSON of an event."""
    return json.dumps(
        {
            "type": event.kind,
            "timestamp": event.at.astimezone(UTC).isoformat(timespec="milliseconds"),
            "data": {
                "event": event.id,
                "visit": event.visit,
                "version": event.version,
                "facility": event.facility,
            },
        },
        separators=(",", ":"),
    )


def signed_headers(
    event_id: str, body: str, signing_secrets: Sequence[str], now: datetime
) -> dict[str, str]:
    """Return the headers of a message: with one signature for each secret.

    `now` (aware) is signed too: a receiver refuses what is older than five minutes.
    """
    moment = now.astimezone(UTC).replace(microsecond=0)
    signatures = [Webhook(secret).sign(event_id, moment, body) for secret in signing_secrets]
    return {
        "Content-Type": "application/json",
        "User-Agent": "TiepDon-Webhooks",
        "webhook-id": event_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def trial_event(facility: str, now: datetime) -> VisitEvent:
    """Return an event of the kind `webhook.test`, about no visit."""
    return VisitEvent(
        message=0,
        id=f"evt_{secrets.token_hex(16)}",
        kind=TEST_KIND,
        visit="",
        version=0,
        facility=facility,
        at=now,
        tries=1,
        first_try_at=now,
        lease_until=now,
    )
