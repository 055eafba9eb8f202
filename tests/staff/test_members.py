"""Members of staff: changes, the last administrator, the lock of idle accounts, events."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kiosk.logbook import NotRecorded
from kiosk.staff.errors import LastAdministrator, NoSuchMember, WrongMember
from kiosk.staff.members import IDLE_LIMIT, Role
from tests.cast import NOW
from tests.staff.conftest import Staff


def test_numbers_begin_with_101(staff: Staff) -> None:
    assert [staff.hire("An"), staff.hire("Bình")] == [101, 102]


def test_there_is_nobody_at_first(staff: Staff) -> None:
    assert not staff.members.exist()

    staff.hire("An")
    assert staff.members.exist()


@pytest.mark.parametrize(
    "name",
    ["", "   ", "x" * 81, "An\nBình", "An\x1b[31m", "An\u202eBình", "An\u200b", "An\u2028Bình"],
)
def test_a_name_that_does_not_show_as_it_is_is_refused(staff: Staff, name: str) -> None:
    with pytest.raises(WrongMember) as refused:
        staff.members.add(name, Role.CLERK, "", NOW, "a test")

    assert refused.value.name == "name"
    assert not staff.members.exist()


@pytest.mark.parametrize("name", ["Nguyễn Thị Ánh", "=1+1", "<b>An</b>", "'; drop table member"])
def test_a_name_is_kept_as_it_was_typed(staff: Staff, name: str) -> None:
    assert staff.members.add(f" {name} ", Role.CLERK, "", NOW, "a test").name == name


@pytest.mark.parametrize("number", ["12345678901", "1234567890123", "12345678901x", "١٢٣٤٥٦٧٨٩٠١٢"])
def test_a_citizen_number_has_twelve_digits(staff: Staff, number: str) -> None:
    with pytest.raises(WrongMember):
        staff.members.add("An", Role.CLERK, number, NOW, "a test")


def test_the_repr_of_a_member_holds_no_citizen_number(staff: Staff) -> None:
    member = staff.members.add("An", Role.CLERK, "099 999 000 001", NOW, "a test")

    assert member.citizen_number == "099999000001"
    assert "099999000001" not in repr(member)


def test_the_last_administrator_stays(staff: Staff) -> None:
    first = staff.hire("An", Role.ADMINISTRATOR)
    staff.members.add("has no PIN yet", Role.ADMINISTRATOR, "", NOW, "a test")

    with pytest.raises(LastAdministrator):
        staff.members.deactivate(first, NOW, "a test")
    with pytest.raises(LastAdministrator):
        staff.members.change(first, NOW, "a test", role=Role.CLERK)

    staff.hire("Bình", Role.ADMINISTRATOR)
    assert not staff.members.deactivate(first, NOW, "a test").is_active


def test_whoever_is_idle_for_45_days_is_locked_until_unlocked(staff: Staff) -> None:
    number = staff.hire("An")
    late = NOW + IDLE_LIMIT + timedelta(seconds=1)

    assert not staff.members.find(number).is_locked(NOW + IDLE_LIMIT)
    assert staff.members.find(number).is_locked(late)
    assert not staff.members.activate(number, late, "a test").is_locked(late)


def test_a_screen_is_never_locked(staff: Staff) -> None:
    screen = staff.members.add("hall", Role.KIOSK, "", NOW, "a test")

    assert not screen.is_locked(NOW + timedelta(days=400))


def test_every_change_is_an_event_with_its_author(staff: Staff) -> None:
    number = staff.hire("An")
    staff.members.change(number, NOW, "the boss", name="Ân", role=Role.SUPERVISOR)
    staff.members.change(number, NOW, "the boss", name="Ân")  # changes nothing
    staff.members.deactivate(number, NOW, "the boss")
    staff.members.activate(number, NOW, "the boss")

    events = staff.members.events(number)
    assert [event.what for event in reversed(events)] == [
        "added", "pin_set", "changed", "deactivated", "activated",
    ]  # fmt: skip
    assert events[2].detail == {"name": ["An", "Ân"], "role": ["clerk", "supervisor"]}
    assert events[0].author == "the boss"


@pytest.mark.parametrize("statement", ["update member_event set author = 'x'",
                                       "delete from member_event"])  # fmt: skip
def test_events_are_only_added(staff: Staff, statement: str) -> None:
    staff.hire("An")

    with pytest.raises(NotRecorded, match="only added"), staff.database.transaction() as db:
        db.execute(statement)


def test_nobody_has_another_number(staff: Staff) -> None:
    with pytest.raises(NoSuchMember):
        staff.members.find(7)
    with pytest.raises(NoSuchMember):
        staff.members.change(7, NOW, "a test", name="An")
