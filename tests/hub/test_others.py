"""What other desks recorded is known at this desk from a local file, and how old that is."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from kiosk.assembly.other_desks import OTHERS_FILE
from kiosk.hub.others import ALIVE_S, REACHED_S, Others
from kiosk.runtime.file_key import FileKey
from tests.cast import NOW
from tests.hub.mirrors import AN, BINH, DESK_B, STREAM, bring, mirrored
from verify import clinic_day

DAY = timedelta(days=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / OTHERS_FILE


@pytest.fixture
def others(path: Path) -> Others:
    return Others(path, "01999")


def opened_again(others: Others, path: Path, facility: str = "01999") -> Others:
    others.close()
    return Others(path, facility)


def test_a_visit_at_another_desk_is_found_by_any_number_of_its_person(others: Others) -> None:
    visit = replace(mirrored(AN), numbers=(AN, "001099999901"))
    bring(others, visit)

    for number in visit.numbers:
        found = others.here_today([BINH, number], NOW)
        assert found is not None
        assert (found.id, found.desk, found.room, found.ticket_label) == (
            visit.id, "B", "Phòng 3", "B 12",
        )  # fmt: skip
        assert found.arrived_at == visit.arrived_at
    assert others.here_today([BINH], NOW) is None


def test_cancelled_visits_and_those_of_yesterday_do_not_count(others: Others) -> None:
    bring(others, mirrored(AN, is_cancelled=True), mirrored(BINH, NOW - DAY))

    assert others.here_today([AN], NOW) is None
    assert others.here_today([BINH], NOW) is None


def test_a_newer_version_replaces_an_older_one_and_never_the_other_way_round(
    others: Others,
) -> None:
    bring(others, mirrored(AN))
    bring(others, mirrored(AN, version=2, is_cancelled=True))
    assert others.here_today([AN], NOW) is None

    bring(others, mirrored(AN))  # the hub went back after a failover
    assert others.here_today([AN], NOW) is None


def test_a_number_that_a_correction_took_away_finds_the_visit_no_more(others: Others) -> None:
    bring(others, mirrored(AN))
    bring(others, replace(mirrored(AN, version=2), numbers=(BINH,)))

    assert others.here_today([AN], NOW) is None
    assert others.here_today([BINH], NOW) is not None


def test_what_was_brought_is_there_after_a_restart_with_its_cursors(
    others: Others, path: Path
) -> None:
    bring(others, mirrored(AN), cursors={STREAM: 41})
    again = opened_again(others, path)

    assert again.here_today([AN], NOW) == others.here_today([AN], NOW)
    assert again.cursors() == {STREAM: 41}
    assert again.state(NOW).desks == others.state(NOW).desks


def empty(path: Path) -> None:
    path.write_bytes(b"")


def write_over(path: Path) -> None:
    path.write_bytes(b"\0" * 4096 + b"x" * 8192)


def damage_a_page(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)


def write_another_format(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("pragma user_version = 999")
    db.close()


def write_a_day_that_is_none(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("update visit set day = 'yesterday'")
    db.close()


@pytest.mark.parametrize(
    "harm", [Path.unlink, empty, write_over, damage_a_page, write_another_format,
             write_a_day_that_is_none],
)  # fmt: skip
def test_a_file_that_is_gone_or_damaged_is_fetched_again(
    others: Others, path: Path, harm: Callable[[Path], None]
) -> None:
    bring(others, mirrored(AN))
    others.close()
    harm(path)
    again = Others(path, "01999")
    assert again.cursors() is None  # the days are fetched first
    assert again.state(NOW).known_until is None

    bring(again, mirrored(BINH))
    assert opened_again(again, path).here_today([BINH], NOW) is not None


@pytest.mark.parametrize("harm", [empty, write_over])
def test_a_file_that_is_damaged_while_the_program_runs_is_no_loss(
    others: Others, path: Path, harm: Callable[[Path], None]
) -> None:
    bring(others, mirrored(AN))
    harm(path)
    bring(others, mirrored(BINH), cursors={STREAM: 2})
    bring(others, cursors={STREAM: 3})

    assert others.here_today([AN], NOW) is not None  # from memory, all the while
    again = opened_again(others, path)
    if again.cursors() is not None:  # written again; otherwise it is fetched again
        assert again.cursors() == {STREAM: 3}
        assert again.here_today([AN], NOW) is not None
        assert again.here_today([BINH], NOW) is not None


def test_a_disk_that_takes_nothing_leaves_the_desk_its_memory(tmp_path: Path) -> None:
    path = tmp_path / OTHERS_FILE
    path.mkdir()  # neither opened nor deleted
    others = Others(path, "01999")
    bring(others, mirrored(AN))
    assert others.here_today([AN], NOW) is not None

    path.rmdir()
    bring(others, mirrored(BINH), cursors={STREAM: 2})
    assert opened_again(others, path).here_today([AN], NOW) is not None


def test_the_file_of_another_facility_is_not_used(others: Others, path: Path) -> None:
    bring(others, mirrored(AN))

    assert opened_again(others, path, "01998").here_today([AN], NOW) is None


def test_the_file_is_encrypted_where_the_logbook_is(path: Path) -> None:
    pytest.importorskip("sqlcipher3")
    plain = Others(path, "01999")
    bring(plain, mirrored(AN))
    plain.close()
    key = FileKey.make()
    others = Others(path, "01999", key)
    assert others.cursors() is None  # a plain file is not taken over
    bring(others, mirrored(AN))
    others.close()

    assert AN.encode() not in path.read_bytes()
    assert Others(path, "01999", key).here_today([AN], NOW) is not None
    assert Others(path, "01999", FileKey.make()).cursors() is None


def test_visits_before_yesterday_are_removed_from_memory_and_file(
    others: Others, path: Path
) -> None:
    bring(others, mirrored(AN), mirrored(BINH, NOW + DAY))
    others.remove_old(NOW + DAY)
    others.remove_old(NOW + 2 * DAY)
    others.close()

    with sqlite3.connect(path) as db:
        rows = db.execute("select numbers from visit").fetchall()
    db.close()
    assert rows == [(f'["{BINH}"]',)]


@pytest.mark.parametrize("jump", [30 * DAY, -30 * DAY])
def test_a_clock_that_jumps_by_days_makes_the_desk_fetch_all_again(
    others: Others, jump: timedelta
) -> None:
    bring(others, mirrored(AN))
    others.remove_old(NOW + jump)

    assert others.cursors() is None
    assert others.state(NOW + jump).known_until is None


def test_a_desk_whose_clock_is_an_hour_wrong_near_midnight_hides_no_visit(
    others: Others,
) -> None:
    late = NOW.replace(hour=16, minute=30)  # 23:30 at the clinic
    ahead = replace(DESK_B, seen_at=late, complete_at=late, skew_ms=-3_600_000)
    visit = mirrored(AN, late + timedelta(hours=1))  # its desk writes tomorrow
    assert visit.day != clinic_day(late)
    bring(others, visit, now=late, desks=[ahead])

    assert others.here_today([AN], late) is not None


def test_our_own_clock_an_hour_ahead_near_midnight_hides_no_visit(others: Others) -> None:
    late = NOW.replace(hour=16, minute=30)
    ours = late + timedelta(hours=1)
    bring(others, mirrored(AN, late - DAY / 24), now=ours, hub_at=late)

    assert others.here_today([AN], ours) is not None


def test_a_desk_is_known_until_now_while_the_hub_hears_of_it(others: Others) -> None:
    bring(others)
    state = others.state(NOW + timedelta(seconds=REACHED_S))

    assert state.is_complete
    assert [desk.is_current for desk in state.desks] == [True]


def test_a_hub_that_does_not_answer_is_named_with_the_moment_of_its_last_answer(
    others: Others,
) -> None:
    bring(others)
    state = others.state(NOW + timedelta(minutes=5))

    assert not state.is_complete
    assert state.known_until == NOW


def test_a_desk_that_is_cut_off_is_named_alone(others: Others) -> None:
    silent_for = timedelta(seconds=ALIVE_S + 1)
    cut_off = replace(
        DESK_B, id=3, name="C", seen_at=NOW - silent_for, complete_at=NOW - silent_for
    )
    bring(others, desks=[DESK_B, cut_off])
    state = others.state(NOW)

    assert not state.is_complete
    assert [desk.desk for desk in state.behind] == ["C"]
    assert state.known_until == NOW - silent_for


@pytest.mark.parametrize("complete_at", [NOW - timedelta(minutes=3), NOW - 2 * DAY, None])
def test_a_desk_that_sends_the_rest_of_an_outage_is_named(
    others: Others, complete_at: datetime | None
) -> None:
    bring(others, desks=[DESK_B, replace(DESK_B, id=3, name="C", complete_at=complete_at)])
    state = others.state(NOW)

    assert not state.is_complete
    assert [desk.desk for desk in state.behind] == ["C"]
    assert state.known_until == complete_at


def test_a_desk_that_was_not_seen_today_is_taken_for_switched_off(others: Others) -> None:
    bring(
        others,
        desks=[
            DESK_B,
            replace(DESK_B, id=3, name="C", seen_at=NOW - 2 * DAY, complete_at=NOW - 2 * DAY),
        ],
    )
    state = others.state(NOW)

    assert state.is_complete
    assert [desk.is_current for desk in state.desks] == [True, False]


def test_before_the_hub_has_ever_answered_nothing_is_known(others: Others) -> None:
    state = others.state(NOW)

    assert not state.is_complete
    assert (state.asked_at, state.known_until) == (None, None)


def test_moments_of_the_hub_are_shown_by_our_clock(others: Others) -> None:
    ahead = timedelta(minutes=10)
    seen = NOW + ahead - timedelta(minutes=2)
    bring(others, hub_at=NOW + ahead, desks=[replace(DESK_B, seen_at=seen, complete_at=seen)])

    assert others.state(NOW).desks[0].known_until == NOW - timedelta(minutes=2)
