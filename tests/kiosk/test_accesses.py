"""Looks at persons' data are written down, and stay."""

from __future__ import annotations

import pytest

from kiosk.logbook import NotRecorded
from kiosk.logbook.accesses import Accesses, Looker
from tests.cast import NOW
from tests.conftest import Kiosk

AN = Looker("staff 101 An", 101, 7, "1", "10.0.0.5")


@pytest.fixture
def accesses(kiosk: Kiosk) -> Accesses:
    return Accesses(kiosk.database)


def test_a_look_says_who_when_from_where_at_whom_and_why(accesses: Accesses) -> None:
    accesses.record(AN, "logbook.visit_page", NOW, visits=["v1"], why="hỏi lại")
    accesses.record(Looker("desk"), "logbook.visits_page", NOW, person="4019999900021")

    newest, first = accesses.newest()
    assert (first.looker, first.visit, first.what, first.why, first.at) == (
        AN, "v1", "logbook.visit_page", "hỏi lại", NOW,
    )  # fmt: skip
    assert newest.person == "4019999900021"
    assert "4019999900021" not in repr(newest)


def test_looks_are_found_by_visit_person_and_member(accesses: Accesses) -> None:
    accesses.record(AN, "a", NOW, visits=["v1", "v2"])
    accesses.record(Looker("desk"), "b", NOW, person="p")

    assert [look.visit for look in accesses.newest(member=101)] == ["v2", "v1"]
    assert [look.what for look in accesses.newest(person="p")] == ["b"]
    assert [look.visit for look in accesses.newest(visit="v1")] == ["v1"]
    assert [look.visit for look in accesses.newest(before=3, limit=1)] == ["v2"]


@pytest.mark.parametrize("statement", ["update access set author = 'x'", "delete from access"])
def test_looks_are_only_added(kiosk: Kiosk, accesses: Accesses, statement: str) -> None:
    accesses.record(AN, "a", NOW, visits=["v1"])

    with pytest.raises(NotRecorded, match="only added"), kiosk.database.transaction() as db:
        db.execute(statement)
    assert len(accesses.newest()) == 1
