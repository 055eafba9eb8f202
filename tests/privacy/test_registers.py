"""Requests of persons, breaches and reviews: their clocks, and that every version stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kiosk.logbook import NotRecorded
from kiosk.privacy.access_reviews import list_sha256
from kiosk.privacy.breaches import BreachFacts, BreachState
from kiosk.privacy.errors import NoSuchBreach, NoSuchRequest, NotTheSame
from kiosk.privacy.requests import RequestKind, RequestState
from kiosk.staff import Role
from tests.cast import NOW
from tests.conftest import Kiosk

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def add_request(kiosk: Kiosk, received_at: datetime = NOW) -> int:
    return kiosk.privacy.requests.add(
        RequestKind.ERASE, "bà Nguyễn Thị Thử", "0900000003", "viết tay", received_at, NOW, "desk"
    )


@pytest.mark.parametrize(
    ("received", "by"),
    [
        ("2026-11-25T03:00", "2026-11-28"),  # Wednesday: Thursday and Friday
        ("2026-11-26T16:59", "2026-12-01"),  # Thursday: Friday and Monday
        ("2026-11-26T17:01", "2026-12-02"),  # at the clinic it is Friday by now
        ("2026-12-31T02:00", "2027-01-06"),  # New Year's Day is no working day
    ],
)
def test_a_person_is_answered_within_two_working_days(kiosk: Kiosk, received: str, by: str) -> None:
    received_at = datetime.fromisoformat(received).replace(tzinfo=UTC)
    requests = kiosk.privacy.requests
    request = requests.get(add_request(kiosk, received_at))

    ends = datetime.fromisoformat(f"{by}T00:00+07:00")
    assert requests.answer_by(request) == ends
    assert not requests.is_late(request, ends - HOUR)
    assert requests.is_late(request, ends)
    assert requests.count_late(ends) == 1


def test_an_answer_starts_the_longer_clock_and_the_end_stops_it(kiosk: Kiosk) -> None:
    requests = kiosk.privacy.requests
    request = requests.get(add_request(kiosk))

    requests.answer(request, RequestState.ANSWERED, "đang làm", NOW + HOUR, "desk")
    answered = requests.get(request.id)
    assert not requests.is_late(answered, NOW + 19 * DAY)
    assert requests.is_late(answered, NOW + 20 * DAY)

    requests.answer(answered, RequestState.DONE, "xong", NOW + 2 * DAY, "desk")
    done = requests.get(request.id)
    assert not requests.is_late(done, NOW + 99 * DAY)
    assert done.answered_at == NOW + HOUR
    assert [version.state for version in requests.versions(1)] == ["open", "answered", "done"]
    assert "Nguyễn" not in repr(done)


def test_two_people_who_answer_at_once_do_not_overwrite_each_other(kiosk: Kiosk) -> None:
    requests = kiosk.privacy.requests
    request = requests.get(add_request(kiosk))
    requests.answer(request, RequestState.DONE, "a", NOW, "desk")

    with pytest.raises(NotTheSame):
        requests.answer(request, RequestState.REFUSED, "b", NOW, "desk")
    with pytest.raises(NoSuchRequest):
        requests.get(7)


def test_a_breach_has_a_clock_of_72_hours_and_a_severe_one_of_24_too(kiosk: Kiosk) -> None:
    breaches = kiosk.privacy.breaches
    facts = BreachFacts(NOW, "mất máy tính xách tay", is_severe=True, people=40)
    breach = breaches.get(breaches.add(facts, NOW, "desk"))

    assert breach.facts == facts
    assert not facts.is_late(NOW + 24 * HOUR - timedelta(seconds=1))
    assert facts.is_late(NOW + 24 * HOUR)
    assert not replace(facts, is_severe=False).is_late(NOW + 71 * HOUR)
    assert replace(facts, is_severe=False).is_late(NOW + 72 * HOUR)
    told = replace(facts, first_word_at=NOW + HOUR)
    assert not told.is_late(NOW + 71 * HOUR)
    assert told.is_late(NOW + 72 * HOUR)
    reported = replace(told, reported_at=NOW + 70 * HOUR)
    assert not reported.is_late(NOW + 99 * DAY)
    assert not replace(facts, state=BreachState.NO_BREACH).is_late(NOW + 99 * DAY)


def test_every_version_of_a_breach_stays(kiosk: Kiosk) -> None:
    breaches = kiosk.privacy.breaches
    breach = breaches.get(breaches.add(BreachFacts(NOW, "a"), NOW, "desk"))
    breaches.change(breach, replace(breach.facts, what="b"), NOW + HOUR, "desk 2")

    with pytest.raises(NotTheSame):
        breaches.change(breach, replace(breach.facts, what="c"), NOW, "desk")
    assert [version.facts.what for version in breaches.versions(breach.id)] == ["a", "b"]
    assert breaches.count_late(NOW + 4 * DAY) == 1
    with pytest.raises(NoSuchBreach):
        breaches.get(9)


def test_a_review_is_due_every_six_months_and_signs_what_was_seen(kiosk: Kiosk) -> None:
    reviews = kiosk.privacy.reviews
    assert reviews.due_at() is None
    kiosk.staff.members.add("Lê Thu Hà", Role.CLERK, "", NOW, "a test")
    assert not reviews.is_due(NOW + 182 * DAY)
    assert reviews.is_due(NOW + 183 * DAY)

    seen = list_sha256(reviews.accounts(NOW))
    kiosk.staff.members.add("Phạm Gia Huy", Role.ADMINISTRATOR, "", NOW, "a test")
    with pytest.raises(NotTheSame):
        reviews.sign_off(seen, "", NOW, "desk")
    later = NOW + 200 * DAY
    reviews.sign_off(list_sha256(reviews.accounts(later)), "ổn", later, "desk")

    assert not reviews.is_due(later + 182 * DAY)
    assert reviews.newest()[0].accounts == 0  # both are locked by then
    assert [account.remark for account in reviews.accounts(NOW)] == ["never_signed_in", "no_factor"]


@pytest.mark.parametrize("table", ["erasure", "access_review"])
def test_what_was_erased_and_reviewed_cannot_be_changed(kiosk: Kiosk, table: str) -> None:
    with kiosk.database.transaction() as db:
        values = {
            "erasure": "'t', 'a', null, '', '{}', '{}'",
            "access_review": "'t', 'a', 1, '', ''",
        }
        columns = {
            "erasure": "at, author, request, why, erased, stays",
            "access_review": "at, author, accounts, sha256, note",
        }
        db.execute(f"insert into {table} ({columns[table]}) values ({values[table]})")

    with pytest.raises(NotRecorded, match="only added"), kiosk.database.transaction() as db:
        db.execute(f"delete from {table}")
