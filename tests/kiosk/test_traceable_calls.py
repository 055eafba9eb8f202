"""Each call to the gateway can be traced: who, under which account, which call, what came back."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

from flask import Response

from kiosk.desk import Confirmation
from kiosk.logbook import SYSTEM, LookupPurpose, Visit
from kiosk.logbook.sent_files import SentFiles
from tests.cast import NOW, Clock, payload
from tests.conftest import Kiosk
from tests.kiosk.stub_gateway import Running, card_of

ACCOUNT = "01999_BV"


def reported_visit(kiosk: Kiosk) -> Visit:
    """Record a visit at a desk, send it, and ask about its card again at another desk."""
    confirmation = Confirmation(author="desk 2")
    visit = kiosk.desk.confirm(kiosk.scan(payload("an")), confirmation, "an")[0]
    assert kiosk.delivery is not None
    kiosk.delivery.deliver_all()
    kiosk.visit_lookup.look_up(visit.id, LookupPurpose.END, "desk 3", True)
    return visit


def test_each_question_names_who_asked_under_which_account_and_what_came_back(
    make_kiosk: Callable[..., Kiosk], insurer: Running
) -> None:
    kiosk = make_kiosk(insurer[1])
    visit = reported_visit(kiosk)

    card, payments = kiosk.lookups.of_visit(visit.id)

    for asked in (card, payments):
        assert (asked.author, asked.asked["username"]) == ("desk 3", ACCOUNT)
        assert asked.code
        assert json.loads(asked.answer or "")
        assert "password" not in asked.asked
    assert (card.kind, payments.kind) == ("card", "copayments")


def test_each_report_names_who_recorded_it_its_account_its_call_and_its_transaction(
    make_kiosk: Callable[..., Kiosk], make_client: Callable[..., Any], insurer: Running
) -> None:
    kiosk = make_kiosk(insurer[1])
    visit = reported_visit(kiosk)

    [file] = kiosk.sent_files.of_visit(visit.id)
    queued, *_, accepted = kiosk.outbox.history(visit.id)

    assert (file.account, file.call) == (ACCOUNT, "Qd3176")
    assert (queued.state, queued.author) == ("queued", "desk 2")
    assert (accepted.state, accepted.author) == ("accepted", SYSTEM)
    assert accepted.transaction
    assert accepted.transaction == json.loads(file.answer or "")["maGiaoDich"]
    page = make_client(kiosk.settings).get(f"/logbook/visits/{visit.id}/evidence.json").get_json()
    [in_bundle] = page["evidence"]["files"]
    assert (in_bundle["account"], in_bundle["call"]) == (ACCOUNT, "Qd3176")


def test_a_file_of_an_older_version_has_no_account(kiosk: Kiosk) -> None:
    visit = kiosk.desk.confirm(kiosk.scan(payload("an")), Confirmation(), "an")[0].id
    [item] = kiosk.outbox.claim(NOW, timedelta(minutes=1))
    SentFiles(kiosk.database).record([item.id], b"<x/>", None, NOW)

    [file] = kiosk.sent_files.of_visit(visit)

    assert (file.account, file.call) == ("", "")


def test_receipts_are_kept_as_long_as_the_visit(
    make_kiosk: Callable[..., Kiosk], insurer: Running, clock: Clock
) -> None:
    """TT 12/2026 Điều 2 khoản 3: the portal itself answers for 60 days only."""

    def at_our_time(response: Response) -> Response:  # only then old look-ups are deleted
        response.headers["Date"] = format_datetime(clock(), usegmt=True)
        return response

    insurer[0].app.after_request(at_our_time)
    kiosk = make_kiosk(insurer[1])
    visit = reported_visit(kiosk)
    [before] = kiosk.sent_files.of_visit(visit.id)
    clock.go(timedelta(days=6 * 366))
    assert kiosk.nightly is not None

    kiosk.nightly.run([card_of("an")])

    assert kiosk.lookups.of_visit(visit.id) == []  # five years
    [after] = kiosk.sent_files.of_visit(visit.id)
    assert after == before
    assert {"maGiaoDich", "thoiGianTiepNhan"} <= json.loads(after.answer or "").keys()
    assert kiosk.outbox.history(visit.id)[-1].transaction
