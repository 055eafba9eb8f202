"""What differs between a card and the insurer's record, beside a verdict and behind a newer one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kiosk.logbook import Attempt
from kiosk.web.pages.what_differs import marked_syllables, what_differs
from tests.cast import payload
from tests.conftest import Kiosk
from verify import Coverage, Reason


def first_verdict(kiosk: Kiosk) -> Attempt:
    """Scan the card on which the insurer has another name; its record here gives the name."""
    attempt = kiosk.attempts.get(kiosk.scan(payload("mai").decode()))
    assert attempt is not None
    return attempt


def newer(first: Attempt, coverage: Coverage | None, reason: Reason) -> Attempt:
    """Return a newer verdict on the same reading."""
    verdict = first.verdict._replace(coverage=coverage, reason=reason)
    return replace(first, id=first.id + 1, refines=first.id, reason=reason, verdict=verdict)


def without_identity(first: Attempt) -> Coverage:
    """Return the insurer's answer with a code only."""
    assert first.verdict.coverage is not None
    return first.verdict.coverage._replace(holder=None, born=None, sex=None)


def test_a_code_alone_keeps_the_name_that_was_known_before(kiosk: Kiosk) -> None:
    first = first_verdict(kiosk)
    newest = newer(first, without_identity(first), Reason.NAME_DIFFERS)

    found = what_differs(newest, first)

    assert [(field.name, field.other) for field in found.fields] == [("holder", "Ngô Thị Mây")]
    assert found.unnamed is None


@pytest.mark.parametrize(
    ("reason", "field", "value"),
    [
        (Reason.NAME_DIFFERS, "holder", "Ngô Thị Mai"),
        (Reason.BIRTH_DIFFERS, "born", "1992-04-18"),
        (Reason.SEX_DIFFERS, "sex", "female"),
        (Reason.FACILITY_DIFFERS, "facility", "01999"),
    ],
)
def test_a_code_alone_says_which_field_differs(
    kiosk: Kiosk, reason: Reason, field: str, value: str
) -> None:
    first = first_verdict(kiosk)
    newest = newer(first, without_identity(first)._replace(facility=None), reason)

    assert what_differs(newest).unnamed == (field, value)


def test_a_code_about_a_field_that_the_card_lacks_is_shown_all_the_same(kiosk: Kiosk) -> None:
    first = first_verdict(kiosk)
    newest = newer(first, without_identity(first), Reason.SEX_DIFFERS)
    assert newest.verdict.card is not None
    bare = newest.verdict._replace(card=newest.verdict.card._replace(sex=None))

    assert what_differs(replace(newest, verdict=bare)).unnamed == ("sex", "")


@pytest.mark.parametrize(
    ("text", "other", "marked"),
    [
        ("Ngô Thị Mai", "Ngô Thị Mây", ["Mai"]),
        ("Ngô Thị Mây", "Ngô Thị Mai", ["Mây"]),
        ("Nguyễn Văn An", "Nguyễn Văn Bảo An", []),
        ("Nguyễn Văn Bảo An", "Nguyễn Văn An", ["Bảo"]),
        ("Lê Chi", "Trần Bình", ["Lê", "Chi"]),
        ("AN", "An", []),
        ("", "An", []),
    ],
)
def test_only_the_syllables_that_differ_are_marked(
    text: str, other: str, marked: list[str]
) -> None:
    assert [word for word, differs in marked_syllables(text, other) if differs] == marked
