"""A suspicion of misuse rests on a verdict, has an author, and nothing of it is ever rewritten."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kiosk.desk import Confirmation
from kiosk.logbook import Attempt
from kiosk.logbook.errors import ChangedMeanwhile, NoSuchSuspicion, NothingToChange
from kiosk.logbook.suspicions import Ground, SuspicionState, ground_of
from tests.cast import NOW, payload
from tests.conftest import Kiosk
from verify import Outcome, Reason

LATER = NOW + timedelta(hours=1)


def reading(kiosk: Kiosk, key: str = "mai") -> Attempt:
    attempt = kiosk.attempts.get(kiosk.scan(payload(key)))
    assert attempt is not None
    return attempt


def test_a_suspicion_keeps_its_evidence_its_author_and_when_the_insurer_was_informed(
    kiosk: Kiosk,
) -> None:
    attempt = reading(kiosk)
    suspicion_id = kiosk.suspicions.add(attempt, Ground.NAME_DIFFERS, "ảnh khác", NOW, "desk 1")

    first = kiosk.suspicions.get(suspicion_id)
    kiosk.suspicions.report(first, "BHXH cơ sở Mẫu", NOW, "công văn 12", LATER, "desk 2")

    before, now = kiosk.suspicions.versions(suspicion_id)
    assert before == first
    assert (before.state, before.author, before.note) == (SuspicionState.OPEN, "desk 1", "ảnh khác")
    assert (now.reading, now.verdict_of) == (attempt.reading, attempt.id)
    assert (now.state, now.recipient, now.way) == (
        SuspicionState.REPORTED,
        "BHXH cơ sở Mẫu",
        "công văn 12",
    )
    assert (now.reported_at, now.at, now.author) == (NOW, LATER, "desk 2")
    assert kiosk.suspicions.count_open() == 0


def test_the_same_suspicion_is_recorded_once(kiosk: Kiosk) -> None:
    attempt = reading(kiosk)

    ids = {kiosk.suspicions.add(attempt, Ground.NAME_DIFFERS, "", NOW, "desk") for _ in range(3)}
    other = kiosk.suspicions.add(attempt, Ground.OTHER_PERSON, "", NOW, "desk")

    assert len(ids) == 1
    assert other not in ids
    assert kiosk.suspicions.count_open() == 2
    assert [found.id for found in kiosk.suspicions.on_reading(attempt.reading)] == [*ids, other]


def test_a_suspicion_that_was_wrong_is_withdrawn_with_a_reason_and_may_come_again(
    kiosk: Kiosk,
) -> None:
    attempt = reading(kiosk)
    suspicion_id = kiosk.suspicions.add(attempt, Ground.OTHER, "x", NOW, "desk")
    open_one = kiosk.suspicions.get(suspicion_id)

    kiosk.suspicions.withdraw(open_one, "đúng người", LATER, "desk")

    withdrawn = kiosk.suspicions.get(suspicion_id)
    assert (withdrawn.state, withdrawn.why, withdrawn.version) == (
        SuspicionState.WITHDRAWN,
        "đúng người",
        2,
    )
    with pytest.raises(NothingToChange):
        kiosk.suspicions.report(withdrawn, "BHXH", NOW, "", LATER, "desk")
    assert kiosk.suspicions.add(attempt, Ground.OTHER, "y", LATER, "desk") != suspicion_id


def test_two_people_who_report_at_once_do_not_overwrite_each_other(kiosk: Kiosk) -> None:
    suspicion_id = kiosk.suspicions.add(reading(kiosk), Ground.OTHER, "", NOW, "desk")
    seen = kiosk.suspicions.get(suspicion_id)
    kiosk.suspicions.report(seen, "BHXH", NOW, "điện thoại", LATER, "desk 1")

    with pytest.raises(ChangedMeanwhile):
        kiosk.suspicions.report(seen, "BHXH", NOW, "email", LATER, "desk 2")
    with pytest.raises(NoSuchSuspicion):
        kiosk.suspicions.get(10**9)


def test_a_suspicion_keeps_nobody_from_being_taken_in(kiosk: Kiosk) -> None:
    attempt = reading(kiosk, "an")
    suspicion_id = kiosk.suspicions.add(attempt, Ground.OTHER_PERSON, "", NOW, "desk")

    visit, is_new = kiosk.desk.confirm(attempt.id, Confirmation(), "k")

    assert (is_new, visit.outcome, visit.insurer_state) == (True, Outcome.ADMITTED, "queued")
    assert kiosk.suspicions.get(suspicion_id).visit == visit.id


def test_a_verdict_suggests_its_ground() -> None:
    assert ground_of(Reason.FORGED) is Ground.FORGED
    assert ground_of(Reason.SHOWN_BEFORE) is Ground.SHOWN_BEFORE
    assert ground_of(Reason.NAME_DIFFERS) is Ground.NAME_DIFFERS
    assert ground_of(Reason.IN_FORCE) is Ground.OTHER


def test_suspicions_that_are_open_come_first(kiosk: Kiosk) -> None:
    first, second, third = (
        kiosk.suspicions.add(reading(kiosk, key), Ground.OTHER, "", NOW, "desk")
        for key in ("an", "chi", "ha")
    )
    kiosk.suspicions.report(kiosk.suspicions.get(third), "BHXH", NOW, "", LATER, "desk")

    assert [found.id for found in kiosk.suspicions.newest()] == [second, first, third]
