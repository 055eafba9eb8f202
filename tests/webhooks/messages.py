"""What the tests of webhooks do with messages and read of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from kiosk.desk import Confirmation
from kiosk.webhooks import WebhookDelivery
from tests.cast import payload
from tests.conftest import Kiosk

NAME = "his"
FEW_S = 0.6  # all that an exchange may take in these tests


def visit(kiosk: Kiosk, key: str = "an", **fields: Any) -> str:
    confirmation = Confirmation(clerk_reason="x", **fields)
    return kiosk.desk.confirm(kiosk.scan(payload(key)), confirmation, key)[0].id


def kinds(kiosk: Kiosk, visit_id: str) -> list[str]:
    sql = "select kind from webhook_message where visit = ? order by id"
    return [row["kind"] for row in kiosk.database.rows(sql, [visit_id])]


def state_of(kiosk: Kiosk) -> tuple[int, int, bool]:
    [state] = kiosk.webhook_messages.states()
    return state.waiting, state.parked, state.stopped_at is not None


def tries(kiosk: Kiosk) -> list[tuple[int, str]]:
    sql = "select tries, message from webhook_message order by id"
    return [(row["tries"], row["message"]) for row in kiosk.database.rows(sql)]


def deliver_all(lane: WebhookDelivery) -> int:
    count = 0
    while lane.deliver_next():
        count += 1
    return count


def fail_until_parked(kiosk: Kiosk, sender: WebhookDelivery) -> int:
    """Try a message until it is parked; return how often it was tried."""
    for number in range(1, 1000):
        assert sender.deliver_next()
        if kiosk.webhook_messages.parked():
            return number
        kiosk.clock.go(timedelta(minutes=15))
    raise AssertionError("it was never parked")
