"""Two versions of one visit: which fields differ, and one corrected into the other."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from kiosk.logbook import corrected, differing_fields, person_words
from tests.conftest import Kiosk
from tests.kiosk.machine import admit
from verify import Sex


def test_a_visit_takes_all_that_differs_in_another_version(kiosk: Kiosk) -> None:
    visit = kiosk.visits.by_id(admit(kiosk, "an"))
    assert visit is not None
    other = replace(
        visit,
        card=replace(visit.card, holder="Tên Khác", sex=Sex.FEMALE, valid_from=date(2026, 1, 1)),
        arrival=replace(visit.arrival, phone="0999000111"),
        service=replace(visit.service, room="Phòng 9"),
    )
    found = differing_fields(visit, other)

    assert set(found) == {"holder", "sex", "valid_from", "phone", "room"}
    assert differing_fields(corrected(visit, found), other) == {}
    assert differing_fields(visit, visit) == {}


def test_a_name_without_marks_is_found_by_marks_too() -> None:
    assert list(person_words("LE VAN AN", "1980-02")) == [
        *("le", "0le", "van", "0van", "an", "0an"),
        "\u00a7b198002",
    ]
    assert list(person_words(None, None)) == []
