"""Several threads refine one reading: no verdict hides another that it did not take into account.

The tests do another thread's work in the middle of a judgement, where the desk asks what the holder
has paid this year.  So no test depends on timing.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kiosk.desk import Desk
from kiosk.logbook import Attempt
from tests.cast import BHYT17, CCCD, make_coverage
from tests.conftest import Kiosk
from verify import Birth, Card, Coverage, Reason, Standing, Verdict, judge

ID_CARD = CCCD.replace("001099999901", "001080999901")
NUMBER = "9999900020"


def meanwhile(kiosk: Kiosk, work: Callable[[], object], judgement: int = 1) -> None:
    """Do some work once, in the middle of the desk's next judgement or of a later one."""
    left = [judgement]

    def copaid_of(_card: Card, _coverage: Coverage | None) -> int | None:
        left[0] -= 1
        if left[0] == 0:
            work()
        return None

    kiosk.entitlements.copaid_of = copaid_of


def read(kiosk: Kiosk, scanned: str) -> tuple[Attempt, Verdict]:
    attempt = kiosk.attempts.get(kiosk.scan(scanned))
    assert attempt is not None
    return attempt, judge(scanned.encode(), kiosk.clock(), kiosk.knowledge)


def newest(kiosk: Kiosk, reading: int) -> Attempt:
    found = kiosk.attempts.newest_verdict_on(reading)
    assert found is not None
    return found


def test_of_two_simultaneous_answers_the_first_one_recorded_stays(kiosk: Kiosk) -> None:
    attempt, verdict = read(kiosk, BHYT17)
    quick: list[tuple[Attempt, Verdict] | None] = []
    in_force, ended = make_coverage(NUMBER), make_coverage(NUMBER, Standing.ENDED)
    meanwhile(kiosk, lambda: quick.append(kiosk.desk.refine(attempt, verdict, ended)))

    slow = kiosk.desk.refine(attempt, verdict, in_force)

    assert slow is None
    assert quick[0] is not None
    assert newest(kiosk, attempt.id) == kiosk.attempts.get(quick[0][0].id)
    assert [row.reason for row in kiosk.attempts.since(attempt.id)] == [Reason.ENDED]


def test_an_answer_does_not_hide_a_name_that_was_typed_meanwhile(kiosk: Kiosk) -> None:
    attempt, verdict = read(kiosk, BHYT17)
    typed: list[Attempt] = []
    meanwhile(kiosk, lambda: typed.append(complete(kiosk.desk, attempt.id)))

    assert kiosk.desk.refine(attempt, verdict, make_coverage(NUMBER)) is None

    assert newest(kiosk, attempt.id).id == typed[0].id


def test_an_answer_refines_the_newest_verdict(kiosk: Kiosk) -> None:
    attempt, verdict = read(kiosk, BHYT17)
    first = kiosk.desk.refine(attempt, verdict, make_coverage(NUMBER))
    assert first is not None

    second = kiosk.desk.refine(*first, make_coverage(NUMBER, Standing.WITHDRAWN))

    assert second is not None
    assert newest(kiosk, attempt.id).id == second[0].id
    assert second[0].reading == attempt.id


def test_a_typed_name_is_judged_on_a_verdict_that_was_recorded_meanwhile(
    kiosk: Kiosk,
) -> None:
    attempt, verdict = read(kiosk, NUMBER)
    assert verdict.card is not None
    joined = verdict._replace(card=verdict.card._replace(citizen_number="001080999901"))
    written: list[Attempt | None] = []
    meanwhile(kiosk, lambda: written.append(kiosk.attempts.refine(joined, attempt, kiosk.clock())))

    completed = complete(kiosk.desk, attempt.id)

    assert written[0] is not None
    assert newest(kiosk, attempt.id).id == completed.id > written[0].id
    assert completed.verdict.card is not None
    assert completed.verdict.card.holder == "Lê Văn Khác"
    assert completed.verdict.card.citizen_number == "001080999901"


def test_joining_two_cards_does_not_hide_a_name_that_was_typed_meanwhile(kiosk: Kiosk) -> None:
    kiosk.scan(BHYT17)
    typed: list[Attempt] = []
    second = kiosk.attempts.last_id() + 1
    meanwhile(kiosk, lambda: typed.append(complete(kiosk.desk, second)), judgement=2)

    assert kiosk.scan(ID_CARD) == second

    assert newest(kiosk, second).id == typed[0].id
    assert [row.id for row in kiosk.attempts.since(second)] == [typed[0].id]


def complete(desk: Desk, attempt: int) -> Attempt:
    """Type a name for the card on the screen."""
    return desk.add_holder(attempt, "Lê Văn Khác", Birth(1980))


@pytest.mark.parametrize("newer", [0, 1, 2])
def test_a_verdict_is_refined_only_if_it_is_the_newest(kiosk: Kiosk, newer: int) -> None:
    attempt, verdict = read(kiosk, BHYT17)
    for _ in range(newer):
        assert kiosk.attempts.refine(verdict, newest(kiosk, attempt.id), kiosk.clock())
    read(kiosk, BHYT17)  # another reading: newer, but not of this chain

    refined = kiosk.attempts.refine(verdict, attempt, kiosk.clock())

    assert (refined is None) is bool(newer)
    assert len(list(kiosk.attempts.since(0))) == 2 + max(newer, 1)
