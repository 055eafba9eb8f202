"""An ID card and a BHYT card of one person, scanned one after the other."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from kiosk.desk import Confirmation
from kiosk.logbook.errors import NoSuchAttempt
from kiosk.sandbox import DEMO
from kiosk.sandbox.issuer import days
from scanner import Scan
from tests.cast import BHYT15, BHYT17, CCCD, make_coverage, payload
from tests.conftest import Kiosk
from verify import Birth, Coverage, Note, Proof, Reason, Sex, Standing, differences, judge

ID_CARD = CCCD.replace("001099999901", "001080999901")
NUMBER = "9999900020"


def newest(kiosk: Kiosk, reading: int) -> Any:
    attempt = kiosk.attempts.newest_verdict_on(reading)
    assert attempt is not None
    return attempt.verdict


@pytest.mark.parametrize("order", [(BHYT17, ID_CARD), (ID_CARD, BHYT17)])
def test_the_identity_comes_from_the_id_card_and_the_cover_from_the_other(
    kiosk: Kiosk, order: tuple[str, str]
) -> None:
    kiosk.scan(order[0])
    kiosk.clock.go(timedelta(seconds=30))
    verdict = newest(kiosk, kiosk.scan(order[1]))

    assert (verdict.card.number, verdict.card.citizen_number) == (
        NUMBER,
        "001080999901",
    )
    assert verdict.card.holder == "Nguyễn Văn Mẫu"
    assert "joined_with_id_card" in verdict.notes
    assert verdict.identity.number == "001080999901"


@pytest.mark.parametrize(
    "other",
    [
        ID_CARD.replace("Mẫu", "Khác"),
        ID_CARD.replace("Mẫu", "Mậu"),
        ID_CARD.replace("|Nam|", "|Nữ|"),
        ID_CARD.replace("01021980", "02021980"),
        BHYT17,
        "nothing to read",
    ],
)
def test_the_cards_of_two_people_are_not_joined(kiosk: Kiosk, other: str) -> None:
    kiosk.scan(BHYT17)

    assert newest(kiosk, kiosk.scan(other)).identity is None


def test_two_scans_too_far_apart_or_with_a_visit_between_are_not_joined(kiosk: Kiosk) -> None:
    kiosk.scan(BHYT17)
    kiosk.clock.go(timedelta(seconds=121))
    late = newest(kiosk, kiosk.scan(ID_CARD))
    reading = kiosk.scan(NUMBER)
    kiosk.desk.confirm(reading, Confirmation(), "k1")
    after = newest(kiosk, kiosk.scan(ID_CARD))

    assert (late.identity, after.identity) == (None, None)


def test_a_visit_on_joined_cards_reports_both_numbers_to_the_insurer(kiosk: Kiosk) -> None:
    kiosk.scan(BHYT17)
    visit, _ = kiosk.desk.confirm(kiosk.scan(ID_CARD), Confirmation(), "k1")

    [item] = kiosk.outbox.claim(kiosk.clock(), timedelta(seconds=5))

    assert item is not None
    assert "<SO_CCCD>001080999901</SO_CCCD>" in item.body
    assert f"<MA_THE_BHYT>{NUMBER}</MA_THE_BHYT>" in item.body
    assert visit.card.citizen_number == "001080999901"


@pytest.mark.parametrize("number", [NUMBER, "001099999902", "999900035"])
def test_a_card_without_a_name_is_not_joined(kiosk: Kiosk, number: str) -> None:
    for order in ((number, ID_CARD), (ID_CARD, number)):
        readings = [kiosk.scan(card) for card in order]
        assert newest(kiosk, readings[-1]).identity is None


def test_each_reader_has_its_own_patient_and_a_card_is_joined_once(kiosk: Kiosk) -> None:
    kiosk.scan(BHYT17)
    elsewhere = kiosk.desk.receive(Scan(ID_CARD.encode(), "desk 2", kiosk.clock()))
    joined = kiosk.scan(ID_CARD)
    again = kiosk.scan(BHYT17.replace("9999900020", "9999900022"))

    assert newest(kiosk, elsewhere.id).identity is None
    assert newest(kiosk, joined).identity is not None
    assert newest(kiosk, again).identity is None


def test_a_clock_that_went_back_joins_nothing(kiosk: Kiosk) -> None:
    kiosk.scan(BHYT17)
    kiosk.clock.go(timedelta(days=-1))

    assert newest(kiosk, kiosk.scan(ID_CARD)).identity is None


def test_no_name_can_be_added_to_a_number_that_was_only_offered(kiosk: Kiosk) -> None:
    reading = kiosk.scan("999900035")

    with pytest.raises(NoSuchAttempt):
        kiosk.desk.add_holder(reading, "Nguyễn Văn Mẫu", Birth(1980))


def test_a_signed_card_with_another_name_is_no_longer_vouched_for(kiosk: Kiosk) -> None:
    reading = kiosk.scan(payload("binh"))
    signed = newest(kiosk, reading)
    renamed = kiosk.desk.add_holder(reading, "Lê Văn Khác", Birth(1980)).verdict

    assert (signed.reason, signed.card.vouched_by is None) == ("vouched", False)
    assert renamed.card is not None
    assert (renamed.outcome, renamed.card.vouched_by) == ("unconfirmed", None)


def test_an_answer_to_an_older_verdict_does_not_change_a_newer_one(kiosk: Kiosk) -> None:
    first = kiosk.attempts.get(kiosk.scan(BHYT17))
    assert first is not None
    verdict = judge(BHYT17.encode(), kiosk.clock(), kiosk.knowledge)
    kiosk.desk.add_holder(first.id, "Lê Văn Khác", Birth(1980))

    assert kiosk.desk.refine(first, verdict, make_coverage(NUMBER)) is None
    assert newest(kiosk, first.id).card.holder == "Lê Văn Khác"


@pytest.mark.parametrize(
    ("other", "field"),
    [
        (ID_CARD.replace("Mẫu", "Mậu"), "holder"),
        (ID_CARD.replace("Nguyễn", "Nguyên").replace("|Nam|", "|Nữ|"), "holder"),
        (ID_CARD.replace("01021980", "02021980"), "born"),
        (ID_CARD.replace("|Nam|", "|Nữ|"), "sex"),
        (ID_CARD.replace("Nguyễn Văn Mẫu", "Trần Thị Khác"), "holder"),
    ],
)
@pytest.mark.parametrize("id_card_first", [True, False])
def test_cards_that_only_resemble_each_other_are_shown_side_by_side(
    kiosk: Kiosk, other: str, field: str, id_card_first: bool
) -> None:
    order = (other, BHYT17) if id_card_first else (BHYT17, other)
    kiosk.scan(order[0])
    verdict = newest(kiosk, kiosk.scan(order[1]))
    unlike = differences(verdict.card, verdict.beside)

    assert "other_card_differs" in verdict.notes
    assert field in {difference.name for difference in unlike}
    assert verdict.identity is None
    assert (
        verdict.card.number == NUMBER
    ) is id_card_first  # the newest scan's card, not the other's


@pytest.mark.parametrize("other", [ID_CARD.replace("Mẫu|01021980", "Khác|03031990"), "junk"])
def test_cards_of_two_people_are_not_compared(kiosk: Kiosk, other: str) -> None:
    kiosk.scan(other)

    assert newest(kiosk, kiosk.scan(BHYT17)).beside is None


def test_a_comparison_stays_when_the_insurer_answers(kiosk: Kiosk) -> None:
    kiosk.scan(ID_CARD.replace("Mẫu", "Mậu"))
    first = kiosk.attempts.get(kiosk.scan(BHYT17))
    assert first is not None
    verdict = judge(BHYT17.encode(), kiosk.clock(), kiosk.knowledge)._replace(
        beside=first.verdict.beside,
        notes=(Note.OTHER_CARD_DIFFERS,),
    )

    refined = kiosk.desk.refine(first, verdict, make_coverage(NUMBER))

    assert refined is not None
    newer, _ = refined
    assert newer.verdict.beside == first.verdict.beside
    assert "other_card_differs" in newer.verdict.notes


def test_a_typed_number_is_offered_the_id_card_that_was_read_before_it(kiosk: Kiosk) -> None:
    kiosk.scan(ID_CARD)
    typed = kiosk.desk.receive(Scan(NUMBER.encode(), "typed", kiosk.clock()))
    verdict = newest(kiosk, typed.id)

    assert "id_card_before" in verdict.notes
    assert verdict.beside.holder == "Nguyễn Văn Mẫu"
    assert (verdict.card.holder, verdict.identity) == (None, None)


def test_a_typed_number_is_joined_if_the_insurer_named_its_holder(kiosk: Kiosk) -> None:
    cache = kiosk.cache
    answer = make_coverage(NUMBER, holder="NGUYỄN VĂN MẪU", born=Birth(1980, 2, 1), sex=Sex.MALE)
    cache.remember(answer, kiosk.clock())

    kiosk.scan(ID_CARD)
    typed = kiosk.desk.receive(Scan(NUMBER.encode(), "typed", kiosk.clock()))
    verdict = newest(kiosk, typed.id)

    assert "joined_with_id_card" in verdict.notes
    assert verdict.card.citizen_number == "001080999901"


def test_a_typed_number_is_compared_if_the_insurer_names_another_holder(kiosk: Kiosk) -> None:
    cache = kiosk.cache
    cache.remember(make_coverage(NUMBER, holder="Nguyễn Văn Mẫu", born=Birth(1979)), kiosk.clock())

    kiosk.scan(ID_CARD)
    typed = kiosk.desk.receive(Scan(NUMBER.encode(), "typed", kiosk.clock()))

    assert "other_card_differs" in newest(kiosk, typed.id).notes


ID_NUMBER = "001080999901"


def remember(kiosk: Kiosk, *answers: Coverage) -> None:
    for answer in answers:
        kiosk.cache.remember(answer, kiosk.clock())


def test_cards_are_not_joined_if_the_insurer_knows_two_people(kiosk: Kiosk) -> None:
    same: dict[str, Any] = {"holder": "Nguyễn Văn Mẫu", "born": Birth(1980, 2, 1), "sex": Sex.MALE}
    remember(
        kiosk,
        make_coverage(ID_NUMBER, insurance_number="9999900001", **same),
        make_coverage(NUMBER, insurance_number=NUMBER, **same),
    )

    kiosk.scan(ID_CARD)
    verdict = newest(kiosk, kiosk.scan(BHYT17))

    assert (verdict.identity, verdict.beside) == (None, None)


def test_a_year_of_birth_is_not_enough_to_join_cards(kiosk: Kiosk) -> None:
    kiosk.scan(ID_CARD)

    assert newest(kiosk, kiosk.scan(BHYT17.replace("01/02/1980", "1980"))).identity is None


def test_joining_does_not_take_an_admission_away(kiosk: Kiosk) -> None:
    remember(kiosk, make_coverage(ID_NUMBER), make_coverage(NUMBER, Standing.WITHDRAWN))

    kiosk.scan(BHYT17)
    verdict = newest(kiosk, kiosk.scan(ID_CARD))

    assert (verdict.outcome, verdict.identity) == ("admitted", None)


def test_only_the_code_of_an_id_card_counts_as_an_identity(kiosk: Kiosk) -> None:
    fields = {1: ID_NUMBER, 2: "Nguyễn Văn Mẫu", 3: days(date(1980, 2, 1)), 4: 1}
    signed = DEMO.sign_card(fields, kiosk.clock() - timedelta(days=1))

    kiosk.scan(BHYT17)
    verdict = newest(kiosk, kiosk.scan(signed))

    assert (verdict.reason, verdict.identity) == ("vouched", None)


def test_a_typed_citizen_number_is_not_offered_another_citizens_card(kiosk: Kiosk) -> None:
    kiosk.scan(ID_CARD)
    typed = kiosk.desk.receive(Scan(b"079090123456", "typed", kiosk.clock()))

    assert newest(kiosk, typed.id).beside is None


def test_a_typed_number_is_offered_no_card_if_two_readers_have_just_read_one(kiosk: Kiosk) -> None:
    kiosk.scan(ID_CARD)
    kiosk.desk.receive(Scan(ID_CARD.replace("Mẫu", "Hai").encode(), "desk 2", kiosk.clock()))
    typed = kiosk.desk.receive(Scan(NUMBER.encode(), "typed", kiosk.clock()))

    assert newest(kiosk, typed.id).beside is None


def test_a_visit_at_one_reader_does_not_forget_the_patient_at_another(kiosk: Kiosk) -> None:
    kiosk.desk.receive(Scan(ID_CARD.encode(), "desk 2", kiosk.clock()))
    kiosk.desk.confirm(kiosk.scan(BHYT15), Confirmation(), "k1")
    joined = kiosk.desk.receive(Scan(BHYT17.encode(), "desk 2", kiosk.clock()))

    assert newest(kiosk, joined.id).identity is not None


def test_a_failed_scan_between_two_cards_does_not_separate_them(kiosk: Kiosk) -> None:
    kiosk.scan(ID_CARD)
    kiosk.scan("junk")

    assert newest(kiosk, kiosk.scan(BHYT17)).identity is not None


def test_a_number_that_was_only_offered_is_not_joined(kiosk: Kiosk) -> None:
    remember(kiosk, make_coverage("0999900035", holder="Nguyễn Văn Mẫu", born=Birth(1980, 2, 1)))
    kiosk.scan(ID_CARD)

    verdict = newest(kiosk, kiosk.scan("999900035"))

    assert (verdict.reason, verdict.identity) == ("leading_zero_lost", None)


def test_a_newer_answer_makes_a_newer_verdict_only_if_it_says_something_else(kiosk: Kiosk) -> None:
    first = kiosk.attempts.get(kiosk.scan(BHYT17))
    assert first is not None
    verdict = judge(BHYT17.encode(), kiosk.clock(), kiosk.knowledge)
    refined = kiosk.desk.refine(first, verdict, make_coverage(NUMBER))
    assert refined is not None
    second, _ = refined
    known = verdict._replace(
        reason=Reason.IN_FORCE, proof=Proof.INSURER, coverage=make_coverage(NUMBER)
    )

    later = make_coverage(NUMBER, as_of=kiosk.clock())
    moved = make_coverage(NUMBER, facility="79001")

    assert kiosk.desk.refine(second, known, later) is None
    assert kiosk.desk.refine(second, known, moved) is not None


@pytest.mark.parametrize(
    ("first", "second", "meet"),
    [
        ("keyboard-a", "typed-a", True),
        ("camera-a", "keyboard-a", True),
        ("camera-a", "camera-b", False),
        ("keyboard-a", "typed-b", False),
        ("front", "typed-a", True),
        ("front", "keyboard-a", False),
    ],
)
def test_cards_are_paired_within_one_browser_but_not_between_two(
    kiosk: Kiosk, first: str, second: str, meet: bool
) -> None:
    kiosk.desk.receive(Scan(ID_CARD.encode(), first, kiosk.clock()))
    typed = kiosk.desk.receive(Scan(NUMBER.encode(), second, kiosk.clock()))

    assert (newest(kiosk, typed.id).beside is not None) is meet


@pytest.mark.parametrize(
    ("on_id_card", "on_bhyt_card"),
    [
        ("Đặng Thị Hòa", "Đặng Thị Hoà"),
        ("H’Mai Niê", "H'Mai Niê"),
        ("Đặng Văn Mẫu", "\u00d0ặng Văn Mẫu"),
        ("A Lăng Mẫu", "A-Lăng Mẫu"),
    ],
)
def test_two_cards_are_joined_however_they_spell_the_name(
    kiosk: Kiosk, on_id_card: str, on_bhyt_card: str
) -> None:
    kiosk.scan(ID_CARD.replace("Nguyễn Văn Mẫu", on_id_card))
    line = BHYT17.replace("4e677579e1bb856e2056c4836e204de1baab75", on_bhyt_card.encode().hex())

    assert "joined_with_id_card" in newest(kiosk, kiosk.scan(line)).notes


def test_a_card_without_marks_is_compared_by_a_person_and_not_joined(kiosk: Kiosk) -> None:
    kiosk.scan(ID_CARD)
    line = BHYT17.replace("4e677579e1bb856e2056c4836e204de1baab75", b"Nguyen Van Mau".hex())

    assert "other_card_differs" in newest(kiosk, kiosk.scan(line)).notes
