"""Messages go in order per visit; what cannot be delivered waits, then is parked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from kiosk.logbook.errors import NoSuchMessage
from kiosk.logbook.webhook_messages import MIN_TRIES, PARKED_AFTER
from kiosk.webhooks import WebhookDelivery
from tests.cast import NOW
from tests.conftest import Kiosk
from tests.webhooks.messages import (
    NAME,
    deliver_all,
    fail_until_parked,
    state_of,
    visit,
)
from tests.webhooks.receiver import WebhookReceiver


def test_the_messages_of_one_visit_go_in_order_and_those_of_others_do_not_wait(
    kiosk: Kiosk, lane: Callable[..., WebhookDelivery], receiver: WebhookReceiver
) -> None:
    first = visit(kiosk)
    kiosk.corrections.correct(first, {"holder": "Nguyễn Văn Ân"}, "dấu sai", NOW)
    other = visit(kiosk, "binh")
    receiver.behaviours = ["fails"]
    sender = lane()
    assert deliver_all(sender) == 2
    assert [message.json["data"]["visit"] for message in receiver.accepted] == [other]
    kiosk.clock.go(timedelta(seconds=5))
    deliver_all(sender)

    sent = [(row.json["data"]["visit"], row.json["data"]["version"]) for row in receiver.accepted]
    assert sent == [(other, 1), (first, 1), (first, 2)]


def test_a_message_is_parked_after_three_days_and_holds_back_the_later_ones_of_its_visit(
    kiosk: Kiosk, lane: Callable[..., WebhookDelivery], receiver: WebhookReceiver
) -> None:
    visit_id = visit(kiosk)
    receiver.behaviour = "fails"
    sender = lane()

    assert fail_until_parked(kiosk, sender) == 3 * 24 * 4 + 1

    kiosk.corrections.correct(visit_id, {"holder": "Nguyễn Văn Ân"}, "dấu sai", kiosk.clock())
    receiver.behaviour = "ok"
    assert deliver_all(sender) == 0
    assert state_of(kiosk) == (1, 1, False)
    [parked] = kiosk.webhook_messages.parked()
    assert (parked.visit, parked.kind, parked.why) == (visit_id, "visit.recorded", "HTTP 500")
    assert kiosk.webhook_messages.send_again(NAME, kiosk.clock(), "desk 1", parked.message) == 1
    assert deliver_all(sender) == 2
    assert [message.json["data"]["version"] for message in receiver.accepted] == [1, 2]


def test_a_message_is_not_parked_because_the_clock_or_the_machine_jumped(
    kiosk: Kiosk, lane: Callable[..., WebhookDelivery], receiver: WebhookReceiver
) -> None:
    visit(kiosk)
    receiver.behaviour = "fails"
    sender = lane()
    for _ in range(MIN_TRIES - 1):
        assert sender.deliver_next()
        kiosk.clock.go(PARKED_AFTER)

    assert state_of(kiosk) == (1, 0, False)


def test_a_parked_message_can_be_given_up(
    kiosk: Kiosk, lane: Callable[..., WebhookDelivery], receiver: WebhookReceiver
) -> None:
    visit_id = visit(kiosk)
    receiver.behaviour = "fails"
    sender = lane()
    fail_until_parked(kiosk, sender)
    kiosk.corrections.cancel(visit_id, "nhầm người", kiosk.clock())
    receiver.behaviour = "ok"

    assert kiosk.webhook_messages.close(NAME, kiosk.clock(), "desk 1", "không cần nữa") == 1

    assert deliver_all(sender) == 1
    assert [message.json["type"] for message in receiver.accepted] == ["visit.cancelled"]
    with pytest.raises(NoSuchMessage):
        kiosk.webhook_messages.send_again(NAME, kiosk.clock(), "desk 1")


def test_a_wrong_time_in_the_future_holds_no_message(
    kiosk: Kiosk, lane: Callable[..., WebhookDelivery]
) -> None:
    kiosk.clock.go(timedelta(days=400))
    visit(kiosk)
    kiosk.clock.go(timedelta(days=-400))

    assert deliver_all(lane()) == 1


def test_a_lease_that_ran_out_settles_nothing(kiosk: Kiosk) -> None:
    kiosk.webhook_messages.configure({NAME: ()})
    visit(kiosk)
    messages = kiosk.webhook_messages
    slow = messages.claim(NAME, kiosk.clock(), timedelta(seconds=15))
    assert slow is not None
    assert messages.claim(NAME, kiosk.clock(), timedelta(seconds=15)) is None
    kiosk.clock.go(timedelta(seconds=16))
    second = messages.claim(NAME, kiosk.clock(), timedelta(seconds=15))
    assert second is not None
    assert (second.id, second.tries) == (slow.id, 2)

    messages.note_delivered(slow, kiosk.clock(), 200)

    assert state_of(kiosk) == (1, 0, False)


def test_after_an_outage_all_that_waits_is_sent_at_once(
    kiosk: Kiosk, lane: Callable[..., WebhookDelivery], receiver: WebhookReceiver
) -> None:
    receiver.behaviour = "fails"
    visit(kiosk)
    sender = lane()
    for _ in range(10):
        sender.deliver_next()
        kiosk.clock.go(timedelta(minutes=15))
    visit(kiosk, "binh")
    sender.deliver_next()  # now the first one waits for a quarter of an hour
    sender.deliver_next()
    receiver.behaviour = "ok"
    visit(kiosk, "dung")

    assert deliver_all(sender) == 3
