"""What happens to a visit is a message for each receiver that wants it, and names nobody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from kiosk.desk import Confirmation, IdentityChange, LatePresentation, unknown_patient
from kiosk.errors import SettingsError
from kiosk.logbook import (
    Admission,
    VisitEvent,
    VisitEventKind,
)
from kiosk.logbook.errors import NoSuchMessage
from kiosk.logbook.webhook_messages import KEPT_FOR
from kiosk.settings.sections import WebhookTarget
from kiosk.webhooks import WebhookDelivery, open_receiver
from tests.cast import BHYT17, NOW, payload
from tests.conftest import Kiosk
from tests.webhooks.messages import (
    NAME,
    deliver_all,
    kinds,
    state_of,
    visit,
)
from tests.webhooks.receiver import WebhookReceiver
from verify import Birth


def test_each_change_of_a_visit_is_an_event(kiosk: Kiosk) -> None:
    kiosk.webhook_messages.configure({NAME: ()})
    visit_id = visit(kiosk)
    kiosk.corrections.correct(visit_id, {"holder": "Nguyễn Văn Ân"}, "dấu sai", NOW)
    kiosk.clock.go(timedelta(hours=1))
    kiosk.admissions.admit(visit_id, Admission(kiosk.clock(), "03", "Viêm phổi"), kiosk.clock(), "")
    kiosk.corrections.cancel(visit_id, "nhầm người", kiosk.clock())

    assert kinds(kiosk, visit_id) == [
        "visit.recorded",
        "visit.corrected",
        "visit.admitted",
        "visit.cancelled",
    ]


def test_a_card_that_comes_later_and_a_patient_who_becomes_known_are_events(kiosk: Kiosk) -> None:
    kiosk.webhook_messages.configure({NAME: ()})
    attempt = kiosk.desk.record_no_card("front").id
    holder = Confirmation(arrival="uninsured", holder="Nguyễn Văn Mẫu", born=Birth(1980, 2, 1))
    without = kiosk.desk.confirm(attempt, holder, "a")[0].id
    kiosk.late_presentations.record(without, LatePresentation(kiosk.scan(BHYT17)))
    attempt = kiosk.desk.record_no_card("front").id
    nobody = kiosk.desk.confirm(attempt, Confirmation(unknown=unknown_patient(40, "")), "b")[0].id
    change = IdentityChange("người nhà đến nhận", "desk 1")
    kiosk.identification.join_reading(nobody, kiosk.scan(payload("an")), change)

    assert kinds(kiosk, without) == ["visit.recorded", "visit.presented"]
    assert kinds(kiosk, nobody)[:2] == ["visit.recorded", "visit.identified"]


def test_a_change_that_is_refused_is_no_event(kiosk: Kiosk) -> None:
    kiosk.webhook_messages.configure({NAME: ()})
    visit_id = visit(kiosk)

    def fails(_db: object) -> None:
        raise NoSuchMessage("no approval")

    with pytest.raises(NoSuchMessage):
        kiosk.corrections.cancel(visit_id, "x", NOW, within=fails)

    assert kinds(kiosk, visit_id) == ["visit.recorded"]


def test_a_state_secret_is_never_sent_and_what_waited_about_it_is_closed(
    kiosk: Kiosk, lane: Callable[..., WebhookDelivery], receiver: WebhookReceiver
) -> None:
    kept, becomes = visit(kiosk, "binh", secret=True), visit(kiosk)
    kiosk.corrections.correct(becomes, {"secret": True}, "bí mật nhà nước", NOW)

    assert kinds(kiosk, kept) == []
    assert deliver_all(lane()) == 0
    assert receiver.seen == []


def test_a_receiver_gets_the_kinds_that_it_wants_and_each_receiver_the_same_event_once(
    kiosk: Kiosk,
) -> None:
    kiosk.webhook_messages.configure({"a": ["visit.cancelled"], "b": ()})
    visit_id = visit(kiosk)
    kiosk.corrections.cancel(visit_id, "nhầm người", NOW)

    rows = kiosk.database.rows("select webhook, kind, event from webhook_message order by id")

    assert [(row["webhook"], row["kind"]) for row in rows] == [
        ("b", "visit.recorded"),
        ("a", "visit.cancelled"),
        ("b", "visit.cancelled"),
    ]
    assert rows[1]["event"] == rows[2]["event"] != rows[0]["event"]


def test_without_webhooks_nothing_is_queued_and_one_that_is_taken_out_gets_nothing_more(
    kiosk: Kiosk, lane: Callable[..., WebhookDelivery], receiver: WebhookReceiver
) -> None:
    visit(kiosk)
    kiosk.webhook_messages.configure({})
    visit(kiosk, "binh")
    assert deliver_all(lane()) == 0
    assert kiosk.webhook_messages.states() == []
    kiosk.webhook_messages.configure({NAME: ()})

    assert deliver_all(lane()) == 1  # nothing that waited was lost
    assert len(receiver.accepted) == 1


def test_delivered_messages_are_deleted_after_a_month_and_others_never(
    kiosk: Kiosk, lane: Callable[..., WebhookDelivery]
) -> None:
    visit(kiosk)
    deliver_all(lane())
    visit(kiosk, "binh")
    kiosk.clock.go(KEPT_FOR + timedelta(seconds=1))

    assert kiosk.webhook_messages.prune(NAME, kiosk.clock()) == 1
    assert state_of(kiosk) == (1, 0, False)


def test_a_kind_that_there_is_not_is_refused(secret_file: Path) -> None:
    target = WebhookTarget("his", "https://x.example", str(secret_file), "", ("visit.seen",))
    with pytest.raises(SettingsError, match=r"visit\.seen"):
        open_receiver(target)


def test_no_event_has_a_field_for_a_person() -> None:
    assert set(VisitEvent.__slots__).isdisjoint({"person", "holder", "number", "record"})
    assert all(kind.startswith("visit.") for kind in VisitEventKind)
