"""A card that replaces a code: how it was presented, whose reading it is, and what was sent."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from kiosk.desk import Confirmation, IdentityChange
from kiosk.logbook import HowPresented, IdentifiedBy, PresentedAs, ReadingUsedBefore
from kiosk.web.language import LANGUAGES
from tests.cast import BHYT17, Clock, payload
from tests.conftest import Kiosk
from tests.kiosk.test_late_presentation import present
from tests.kiosk.test_late_presentation import without_card as uninsured
from tests.kiosk.test_temporary_codes import BABY, TE1, without_card
from tests.kiosk.test_unknown_patients import call, now_of, unknown

HOUR = timedelta(hours=1)
WHY = IdentityChange("người nhà đến nhận", "desk 1")
TO_INFORM = {"vi": "Hãy báo cơ quan BHXH", "en": "Inform the insurer’s office"}
INSURED = replace(WHY, arrival="self")


def join(client: FlaskClient, visit: Any, attempt: int) -> Any:
    return call(client, f"/api/visits/{visit.id}/identity", attempt=attempt, why="x")


@pytest.mark.parametrize("change", [WHY, INSURED])
def test_the_card_of_an_unknown_patient_was_presented_when_it_was_read(
    kiosk: Kiosk, client: FlaskClient, clock: Clock, change: IdentityChange
) -> None:
    visit = unknown(kiosk)
    clock.go(HOUR)
    read_at, reading = clock(), kiosk.scan(BHYT17)
    clock.go(HOUR)

    kiosk.identification.join_reading(visit.id, reading, change)

    how = now_of(kiosk, visit).how
    assert how == HowPresented(PresentedAs.NOT_KNOWN, IdentifiedBy.QR, read_at, reading)
    page = client.get(f"/logbook/visits/{visit.id}?lang=en").text
    assert "Card presented later" not in page


def test_a_card_that_was_read_before_the_visit_was_recorded_is_presented_then_or_on_arrival(
    kiosk: Kiosk, clock: Clock
) -> None:
    read_at, reading = clock(), kiosk.scan(payload("an"))
    clock.go(HOUR / 4)
    emergency, insured = unknown(kiosk, "a"), unknown(kiosk, "b")

    kiosk.identification.join_reading(emergency.id, reading, WHY)
    assert now_of(kiosk, emergency).how.presented_at == read_at
    kiosk.identification.undo(emergency.id, WHY)
    kiosk.identification.join_reading(insured.id, reading, INSURED)
    assert now_of(kiosk, insured).how.presented_at == insured.arrived_at


def test_a_card_in_place_of_a_temporary_number_leaves_what_was_presented_on_arrival(
    kiosk: Kiosk, client: FlaskClient, clock: Clock
) -> None:
    visit = without_card(kiosk, replace(BABY, temporary_code=TE1))
    assert visit.how.presented_at is not None
    clock.go(HOUR)

    reading = kiosk.scan(payload("an"))
    kiosk.identification.join_reading(visit.id, reading, WHY)

    assert now_of(kiosk, visit).how == replace(visit.how, identified_by=IdentifiedBy.QR)
    second = present(client, visit, attempt=kiosk.scan(BHYT17))
    assert (second.status_code, second.json["title"]) == (409, "presented_before")


def test_a_name_that_was_typed_identifies_an_unknown_patient(
    kiosk: Kiosk, client: FlaskClient
) -> None:
    visit = unknown(kiosk)

    call(client, f"/api/visits/{visit.id}/identity", holder="Trần Thị Mẫu", why="x")

    how = now_of(kiosk, visit).how
    assert how == HowPresented(PresentedAs.NONE, IdentifiedBy.TYPED)


def test_undoing_a_joining_takes_back_the_presentation_too(kiosk: Kiosk, clock: Clock) -> None:
    for visit in (unknown(kiosk), without_card(kiosk, replace(BABY, temporary_code=TE1), "b")):
        clock.go(HOUR)
        kiosk.identification.join_reading(visit.id, kiosk.scan(payload("an")), WHY)
        assert now_of(kiosk, visit).how != visit.how

        kiosk.identification.undo(visit.id, WHY)

        back = now_of(kiosk, visit)
        assert (back.how, back.joined_by) == (visit.how, None)


def test_undoing_a_joining_keeps_a_time_that_was_corrected_since(
    kiosk: Kiosk, clock: Clock
) -> None:
    visit = without_card(kiosk, replace(BABY, temporary_code=TE1))
    clock.go(HOUR)
    kiosk.identification.join_reading(visit.id, kiosk.scan(payload("an")), WHY)
    right = visit.arrived_at - 3 * HOUR
    kiosk.corrections.correct_time(visit.id, right, "đồng hồ sai", clock())

    kiosk.identification.undo(visit.id, WHY)

    back = now_of(kiosk, visit)
    assert (back.arrived_at, back.how.presented_at) == (right, right)


def test_a_reading_that_joined_one_visit_belongs_to_no_other(
    kiosk: Kiosk, client: FlaskClient
) -> None:
    first, second = unknown(kiosk, "a"), unknown(kiosk, "b")
    third, late = without_card(kiosk, replace(BABY, temporary_code=TE1), "c"), uninsured(kiosk)
    reading = kiosk.scan(payload("an"))
    assert join(client, first, reading).status_code == 200

    answers = [join(client, visit, reading) for visit in (second, third)]
    answers.append(present(client, late, attempt=reading))
    answers.append(call(client, "/api/visits", attempt=reading))

    found = [(answer.status_code, answer.json["title"]) for answer in answers]
    assert found == [(409, "attempt_used_before")] * 4
    assert now_of(kiosk, second) == second
    assert "<form" not in client.get(f"/desk/attempts/{reading}").text  # offers no second visit
    form = {"attempt": str(reading), "why": "x", "version": "1"}
    page = client.post(f"/logbook/visits/{second.id}/identity?lang=vi", data=form)
    assert page.status_code == 409
    assert "Lần đọc thẻ này đã được dùng cho một lượt khám khác" in page.text


@pytest.mark.parametrize("how", ["confirmed", "presented", "temporary"])
def test_a_reading_of_another_visit_joins_none(kiosk: Kiosk, client: FlaskClient, how: str) -> None:
    visit, reading = unknown(kiosk), kiosk.scan(BHYT17)
    if how == "confirmed":
        kiosk.desk.confirm(reading, Confirmation(), "other")
    elif how == "presented":
        assert present(client, uninsured(kiosk), attempt=reading).status_code == 200
    else:
        other = without_card(kiosk, replace(BABY, temporary_code=TE1), "c")
        assert join(client, other, reading).status_code == 200

    answer = join(client, visit, reading)

    assert (answer.status_code, answer.json["title"]) == (409, "attempt_used_before")
    assert now_of(kiosk, visit) == visit


def test_after_an_undoing_the_reading_is_free_again(kiosk: Kiosk, client: FlaskClient) -> None:
    wrong, right, reading = unknown(kiosk, "a"), unknown(kiosk, "b"), kiosk.scan(payload("an"))
    assert join(client, wrong, reading).status_code == 200
    assert call(client, f"/api/visits/{wrong.id}/identity/undo", why="nhầm").status_code == 200

    assert join(client, right, reading).status_code == 200


def test_of_two_visits_that_are_joined_at_once_one_gets_the_reading(kiosk: Kiosk) -> None:
    visits = [unknown(kiosk, key) for key in "abcd"]
    reading, refused = kiosk.scan(payload("an")), []
    barrier = threading.Barrier(len(visits))

    def act(visit_id: str) -> None:
        barrier.wait()
        try:
            kiosk.identification.join_reading(visit_id, reading, WHY)
        except ReadingUsedBefore:
            refused.append(visit_id)

    threads = [threading.Thread(target=act, args=[visit.id]) for visit in visits]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    known = [visit.id for visit in visits if now_of(kiosk, visit).unknown is None]
    assert len(known) == 1
    assert sorted([*known, *refused]) == sorted(visit.id for visit in visits)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("way", ["undone", "cancelled", "corrected"])
def test_a_visit_that_the_insurer_has_although_it_is_not_reported_says_what_to_do(
    kiosk: Kiosk, client: FlaskClient, clock: Clock, way: str, language: str
) -> None:
    visit = unknown(kiosk)
    kiosk.identification.join_reading(visit.id, kiosk.scan(payload("an")), INSURED)
    items = kiosk.outbox.claim(clock(), timedelta(minutes=1))

    def shown() -> str:
        page = client.get(f"/logbook/visits/{visit.id}?lang={language}").text
        return page.split('<section class="panel" aria-labelledby="correct-heading"')[0]

    assert TO_INFORM[language] not in shown()
    kiosk.outbox.accept(items, clock(), "T1", "200", "{}")
    assert TO_INFORM[language] not in shown()
    if way == "undone":
        kiosk.corrections.correct(visit.id, {"phone": "0900000000"}, "số", clock())
        kiosk.identification.undo(visit.id, WHY)
    elif way == "cancelled":
        kiosk.corrections.cancel(visit.id, "nhầm", clock())
    else:
        kiosk.corrections.correct(visit.id, {"arrival": "uninsured"}, "nhầm", clock())

    assert TO_INFORM[language] in shown()


def test_a_joining_that_was_not_sent_is_undone_without_a_warning(
    kiosk: Kiosk, client: FlaskClient
) -> None:
    visit = unknown(kiosk)
    kiosk.identification.join_reading(visit.id, kiosk.scan(payload("an")), INSURED)
    kiosk.identification.undo(visit.id, WHY)

    assert TO_INFORM["en"] not in client.get(f"/logbook/visits/{visit.id}?lang=en").text
