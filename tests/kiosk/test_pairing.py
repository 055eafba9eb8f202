"""An ID card and a BHYT card of one person, scanned one after the other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from kiosk.desk import Confirmation
from kiosk.errors import NoSuchAttempt
from scanner import Scan
from tests.cast import BHYT17, CCCD, word
from tests.conftest import Kiosk
from verify import Birth, judge

ID_CARD = CCCD.replace("001099999901", "001080999901")
NUMBER = "9999900020"


def newest(kiosk: Kiosk, reading: int) -> Any:
    attempt = kiosk.attempts.newest_verdict_on(reading)
    assert attempt is not None
    return attempt.verdict


@pytest.mark.parametrize("order", [(BHYT17, ID_CARD), (ID_CARD, BHYT17)])
def test_identity_comes_from_the_id_card_and_cover_from_the_other(
    kiosk: Kiosk, order: tuple[str, str]
) -> None:
    kiosk.scan(order[0])
    kiosk.clock.go(timedelta(seconds=30))
    verdict = newest(kiosk, kiosk.scan(order[1]))

    assert (verdict["card"]["number"], verdict["card"]["citizen_number"]) == (
        NUMBER,
        "001080999901",
    )
    assert verdict["card"]["holder"] == "Nguyễn Văn Mẫu"
    assert "joined_with_id_card" in verdict["notes"]
    assert verdict["identity"]["number"] == "001080999901"


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
def test_two_people_are_not_made_one(kiosk: Kiosk, other: str) -> None:
    kiosk.scan(BHYT17)

    assert newest(kiosk, kiosk.scan(other))["identity"] is None


def test_two_scans_too_far_apart_or_with_a_visit_between_are_not_joined(kiosk: Kiosk) -> None:
    kiosk.scan(BHYT17)
    kiosk.clock.go(timedelta(seconds=121))
    late = newest(kiosk, kiosk.scan(ID_CARD))
    reading = kiosk.scan(NUMBER)
    kiosk.desk.confirm(reading, Confirmation(), "k1")
    after = newest(kiosk, kiosk.scan(ID_CARD))

    assert (late["identity"], after["identity"]) == (None, None)


def test_a_joined_visit_tells_the_insurer_both_numbers(kiosk: Kiosk) -> None:
    kiosk.scan(BHYT17)
    visit, _ = kiosk.desk.confirm(kiosk.scan(ID_CARD), Confirmation(), "k1")

    item = kiosk.outbox.claim(kiosk.clock(), timedelta(seconds=5))

    assert item is not None
    assert "<SO_CCCD>001080999901</SO_CCCD>" in item.body
    assert f"<MA_THE_BHYT>{NUMBER}</MA_THE_BHYT>" in item.body
    assert visit.record["citizen_number"] == "001080999901"


@pytest.mark.parametrize("number", [NUMBER, "001099999902", "999900035"])
def test_a_card_that_names_nobody_is_joined_to_nobody(kiosk: Kiosk, number: str) -> None:
    for order in ((number, ID_CARD), (ID_CARD, number)):
        readings = [kiosk.scan(one) for one in order]
        assert newest(kiosk, readings[-1])["identity"] is None


def test_each_reader_has_its_own_patient_and_a_pair_is_made_once(kiosk: Kiosk) -> None:
    kiosk.scan(BHYT17)
    elsewhere = kiosk.desk.receive(Scan(ID_CARD.encode(), "desk 2", kiosk.clock()))
    joined = kiosk.scan(ID_CARD)
    again = kiosk.scan(BHYT17.replace("9999900020", "9999900022"))

    assert newest(kiosk, elsewhere.id)["identity"] is None
    assert newest(kiosk, joined)["identity"] is not None
    assert newest(kiosk, again)["identity"] is None


def test_a_clock_that_went_back_joins_nothing(kiosk: Kiosk) -> None:
    kiosk.scan(BHYT17)
    kiosk.clock.go(timedelta(days=-1))

    assert newest(kiosk, kiosk.scan(ID_CARD))["identity"] is None


def test_an_offered_number_cannot_be_completed(kiosk: Kiosk) -> None:
    reading = kiosk.scan("999900035")

    with pytest.raises(NoSuchAttempt):
        kiosk.desk.complete(reading, "Nguyễn Văn Mẫu", Birth(1980))


def test_an_answer_on_an_older_verdict_changes_no_newer_one(kiosk: Kiosk) -> None:
    first = kiosk.attempts.get(kiosk.scan(BHYT17))
    assert first is not None
    verdict = judge(BHYT17.encode(), kiosk.clock(), kiosk.knowledge)
    kiosk.desk.complete(first.id, "Lê Văn Khác", Birth(1980))

    assert kiosk.desk.refine(first, verdict, word(NUMBER)) is None
    assert newest(kiosk, first.id)["card"]["holder"] == "Lê Văn Khác"
