"""What a desk has in hand and what it expects to need, without a hub."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from kiosk.hub.number_hand import (
    EXPECTED_FOR_S,
    MAX_IN_HAND,
    MAX_ROOMS,
    NEWER_AFTER_S,
    ROOM_USED_FOR_S,
    NumberHand,
    NumberQuestion,
    RoomDay,
    RoomNumber,
)

TODAY, TOMORROW = date(2026, 11, 28), date(2026, 11, 29)
ONE, TWO = RoomDay(TODAY, "phòng 1"), RoomDay(TODAY, "phòng 2")


def answer_all(hand: NumberHand, now: float, first: int, day: date = TODAY) -> list[RoomNumber]:
    """Answer all questions with consecutive numbers; return what was given."""
    given: list[RoomNumber] = []
    while (question := hand.question(day, now)) is not None:
        number = first + len(given)
        hand.answer(question, number, now)
        given.append(RoomNumber(question.series, number))
    return given


def test_one_place_that_scans_twice_expects_one_number() -> None:
    hand = NumberHand()
    hand.expect(ONE, "front", 0)
    hand.expect(ONE, "front", 1)
    assert answer_all(hand, 1, 41) == [RoomNumber(ONE, 41)]
    assert hand.has(ONE)
    assert [hand.take(ONE, 2), hand.take(ONE, 2)] == [41, None]


def test_two_places_expect_two_numbers_and_get_the_older_one_first() -> None:
    hand = NumberHand()
    hand.expect(ONE, "front", 0)
    hand.expect(ONE, "side", 1)
    assert len(answer_all(hand, 1, 41)) == 2
    assert [hand.take(ONE, 2), hand.take(ONE, 3), hand.take(ONE, 4)] == [41, 42, None]
    assert hand.question(TODAY, 5) is None  # nobody else stands there


def test_more_places_than_fit_in_hand_are_asked_for_as_numbers_are_taken() -> None:
    hand = NumberHand()
    for place in range(MAX_IN_HAND + 2):
        hand.expect(ONE, f"reader {place}", 0)
    assert len(answer_all(hand, 0, 1)) == MAX_IN_HAND
    assert hand.take(ONE, 1) == 1
    assert len(answer_all(hand, 1, 11)) == 1


def test_a_scan_that_comes_to_nothing_leaves_its_number_for_the_next_patient() -> None:
    hand = NumberHand()
    hand.expect(ONE, "front", 0)
    answer_all(hand, 0, 41)
    later = EXPECTED_FOR_S + 1
    hand.expect(ONE, "front", later)
    assert hand.question(TODAY, later) is None
    assert hand.take(ONE, later) == 41


def test_the_rooms_of_the_last_hour_are_expected_too() -> None:
    hand = NumberHand()
    hand.expect(TWO, "front", 0)
    hand.take(TWO, 0)
    hand.expect(ONE, "front", 10)
    assert {given.series for given in answer_all(hand, 10, 1)} == {ONE, TWO}
    later = ROOM_USED_FOR_S + 1
    hand.expect(ONE, "front", later)
    assert {given.series for given in answer_all(hand, later, 7)} == {ONE}


def test_a_number_that_is_old_is_replaced_by_a_newer_one_but_given_if_none_came() -> None:
    hand = NumberHand()
    hand.expect(ONE, "front", 0)
    answer_all(hand, 0, 5)
    later = NEWER_AFTER_S + 1
    hand.expect(ONE, "front", later)
    question = hand.question(TODAY, later)
    assert question is not None
    hand.answer(question, 140, later)
    assert [hand.take(ONE, later), hand.take(ONE, later)] == [140, None]

    hand = NumberHand()
    hand.expect(TWO, "front", 0)
    answer_all(hand, 0, 6)
    hand.expect(TWO, "front", later)
    assert hand.take(TWO, later) == 6  # the hub does not answer


def test_a_question_keeps_its_id_until_it_is_answered_or_nobody_needs_it() -> None:
    hand = NumberHand()
    hand.expect(ONE, "front", 0)
    first = hand.question(TODAY, 0)
    assert first is not None
    assert hand.question(TODAY, 100) == first
    assert hand.question(TODAY, EXPECTED_FOR_S + 1) is None
    hand.expect(ONE, "front", 200)
    second = hand.question(TODAY, 200)
    assert second is not None
    assert second.asked != first.asked


def test_at_midnight_nothing_of_the_day_before_is_given_or_asked_for() -> None:
    hand = NumberHand()
    hand.expect(ONE, "front", 0)
    answer_all(hand, 0, 41)
    hand.expect(RoomDay(TOMORROW, ONE.room), "front", 10)
    assert hand.held(TODAY) == []
    assert hand.take(ONE, 11) is None
    assert {given.series.day for given in answer_all(hand, 11, 1, TOMORROW)} == {TOMORROW}


def test_numbers_that_another_desk_has_are_discarded() -> None:
    hand = NumberHand()
    hand.expect(ONE, "front", 0)
    answer_all(hand, 0, 41)
    assert hand.discard([RoomNumber(ONE, 40), RoomNumber(TWO, 41)]) == set()
    assert hand.discard([RoomNumber(ONE, 41)]) == {RoomNumber(ONE, 41)}
    assert hand.take(ONE, 1) is None


def test_names_of_rooms_that_somebody_makes_up_do_not_fill_the_memory() -> None:
    hand = NumberHand()
    for number in range(2 * MAX_ROOMS):
        hand.expect(RoomDay(TODAY, f"room {number}"), "front", 0)
    assert len(answer_all(hand, 0, 1)) == MAX_ROOMS


steps = st.lists(
    st.tuples(
        st.sampled_from(["expect", "take", "answer", "lose"]),
        st.sampled_from([ONE, TWO]),
        st.sampled_from(["front", "side", "back"]),
        st.floats(0, 4_000),
    ),
    max_size=60,
)


@given(steps)
def test_in_any_order_no_number_is_given_twice_and_few_are_in_hand(
    steps: list[tuple[str, RoomDay, str, float]],
) -> None:
    hand, now, next_number = NumberHand(), 0.0, 1
    given: list[RoomNumber] = []
    answered: dict[object, int] = {}
    for action, series, place, later in steps:
        now += later
        if action == "expect":
            hand.expect(series, place, now)
        elif action == "take":
            number = hand.take(series, now)
            given += [RoomNumber(series, number)] if number is not None else []
        else:
            question: NumberQuestion | None = hand.question(TODAY, now)
            if question is not None:
                if question.asked not in answered:  # the hub gives one number for a question
                    answered[question.asked] = next_number
                    next_number += 1
                if action == "answer":
                    hand.answer(question, answered[question.asked], now)
        assert len(hand.held(TODAY)) <= 2 * (MAX_IN_HAND + 1)
    assert len(set(given)) == len(given)
    assert not set(given) & set(hand.held(TODAY))
