"""The insurer's answers, kept in a file and read from memory."""

from __future__ import annotations

import sqlite3
import threading
import time
from datetime import date, timedelta
from pathlib import Path

import pytest

from kiosk.data import AnswersCache
from tests.cast import NOW, TODAY, make_coverage
from verify import Birth, Card, CoverageUnreadable, NewCard, Sex, Standing

CARD = Card("DN4019999900041")


@pytest.fixture
def cache(tmp_path: Path) -> AnswersCache:
    return AnswersCache(tmp_path / "coverage.db")


def test_an_answer_is_returned_as_it_was_given(cache: AnswersCache) -> None:
    coverage = make_coverage(
        CARD.number,
        Standing.REPLACED_OLD_GOOD,
        holder="Nguyễn Văn Mẫu",
        born=Birth(1980, 2),
        sex=Sex.FEMALE,
        five_years_on=date(2025, 1, 1),
        living_area="K1",
        new_card=NewCard("HT3019999900041", TODAY, None, "01999"),
    )
    cache.remember(coverage, NOW)

    assert cache.recall(CARD).coverage == coverage
    assert cache.newest_answer() == coverage.as_of


def test_without_an_answer_nothing_is_known(cache: AnswersCache) -> None:
    assert cache.recall(CARD).coverage is None
    assert cache.newest_answer() is None


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_the_newest_answer_counts_in_whatever_order_they_arrive(
    cache: AnswersCache, order: tuple[int, int]
) -> None:
    answers = {
        1: make_coverage(CARD.number, as_of=NOW - timedelta(days=2)),
        2: make_coverage(CARD.number, Standing.ENDED, as_of=NOW - timedelta(days=1)),
    }
    for number in order:
        cache.remember(answers[number], NOW)

    assert cache.recall(CARD).coverage == answers[2]


def test_a_card_in_force_is_found_by_each_of_its_numbers(cache: AnswersCache) -> None:
    cache.remember(
        make_coverage("001099999941", card_number="DN4019999900041", insurance_number="9999900041"),
        NOW,
    )

    for number in ("001099999941", "DN4019999900041", "9999900041"):
        assert cache.recall(Card(number)).coverage is not None, number


def test_an_answer_on_one_card_does_not_count_for_another_card_of_the_person(
    cache: AnswersCache,
) -> None:
    cache.remember(
        make_coverage("9999900041", card_number="DN4019999900041", insurance_number="9999900041"),
        NOW,
    )

    assert cache.recall(Card("GD4019999900041")).coverage is None


def test_a_damaged_row_is_reported_without_its_content(tmp_path: Path) -> None:
    cache = AnswersCache(tmp_path / "coverage.db")
    cache.remember(make_coverage(CARD.number), NOW)
    spoil = "update word set coverage = ?, change = change + 1"
    db = sqlite3.connect(tmp_path / "coverage.db")
    db.execute(spoil, ['{"holder": "Nguyễn"}'])
    db.commit()
    db.close()

    with pytest.raises(CoverageUnreadable) as raised:
        cache.recall(CARD)
    assert "Nguyễn" not in str(raised.value)


def test_a_damaged_file_is_set_aside_and_a_new_one_is_created(tmp_path: Path) -> None:
    (tmp_path / "coverage.db").write_bytes(b"not a database" * 100)

    cache = AnswersCache(tmp_path / "coverage.db")
    cache.remember(make_coverage(CARD.number), NOW)

    assert cache.recall(CARD).coverage is not None
    assert (tmp_path / "coverage.damaged").read_bytes().startswith(b"not a database")


def test_a_file_that_cannot_be_opened_is_reported_and_kept(tmp_path: Path) -> None:
    (tmp_path / "coverage.db").mkdir()

    with pytest.raises(CoverageUnreadable) as raised:
        AnswersCache(tmp_path / "coverage.db")
    assert raised.value.damaged is False


DN, TEN = "DN4019999900041", "9999900041"
LATER = {"as_of": NOW}


@pytest.mark.parametrize("asked_first", [DN, TEN])
@pytest.mark.parametrize("asked_later", [DN, TEN])
@pytest.mark.parametrize("scanned", [DN, TEN])
def test_the_newest_answer_counts_across_the_numbers_of_one_card(
    cache: AnswersCache, asked_first: str, asked_later: str, scanned: str
) -> None:
    cache.remember(make_coverage(asked_first, card_number=DN, insurance_number=TEN), NOW)
    cache.remember(make_coverage(asked_later, Standing.WITHDRAWN, card_number=DN, **LATER), NOW)

    coverage = cache.recall(Card(scanned)).coverage

    assert coverage is not None
    assert coverage.standing is Standing.WITHDRAWN


CITIZEN = "001099999941"


@pytest.mark.parametrize("comes_first", [0, 1])
@pytest.mark.parametrize(("shown", "other"), [(DN, TEN), (TEN, DN), (CITIZEN, DN)])
def test_of_the_same_moment_the_answer_about_the_number_that_is_shown_counts(
    cache: AnswersCache, shown: str, other: str, comes_first: int
) -> None:
    answers = [
        make_coverage(shown, Standing.ENDED, card_number=DN, **LATER),
        make_coverage(other, Standing.WITHDRAWN, card_number=DN, **LATER),
    ]
    for answer in (answers[comes_first], answers[1 - comes_first]):
        cache.remember(answer, NOW)

    assert cache.recall(Card(shown)).coverage == answers[0]


def test_of_the_same_moment_and_number_the_answer_that_came_last_counts(
    cache: AnswersCache,
) -> None:
    for standing in (Standing.WITHDRAWN, Standing.ENDED, Standing.IN_FORCE):
        cache.remember(make_coverage(DN, standing, **LATER), NOW)

        coverage = cache.recall(CARD).coverage
        assert coverage is not None
        assert coverage.standing is standing


@pytest.mark.parametrize("standing", [Standing.NAME_DIFFERS, Standing.BIRTH_DIFFERS])
def test_a_wrong_name_does_not_count_against_the_card_s_true_holder(
    cache: AnswersCache, standing: Standing
) -> None:
    cache.remember(make_coverage(DN), NOW)
    cache.remember(make_coverage(DN, standing, **LATER), NOW)

    coverage = cache.recall(CARD).coverage

    assert coverage is not None
    assert coverage.standing is Standing.IN_FORCE


def test_several_threads_can_write_and_read_at_the_same_time(cache: AnswersCache) -> None:
    def work(number: int) -> None:  # an error that it raises fails the test
        for step in range(20):
            coverage = make_coverage(CARD.number, as_of=NOW + timedelta(seconds=number + step))
            cache.remember(coverage, NOW + timedelta(minutes=1))
            assert cache.recall(CARD).coverage is not None
        cache.close()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert cache.newest_answer() == NOW + timedelta(seconds=3 + 19)


def test_an_answer_written_by_another_process_is_seen(cache: AnswersCache, tmp_path: Path) -> None:
    assert cache.recall(CARD).coverage is None
    AnswersCache(tmp_path / "coverage.db").remember(make_coverage(CARD.number), NOW)

    until = time.monotonic() + 10
    while cache.recall(CARD).coverage is None:
        assert time.monotonic() < until
        time.sleep(0.05)

    assert cache.recall(CARD).newest == NOW - timedelta(hours=1)


def test_old_answers_are_deleted(cache: AnswersCache, tmp_path: Path) -> None:
    for number, days in (("GD4019999900044", 61), (CARD.number, 20), ("9999900049", 0)):
        at = NOW - timedelta(days=days)
        cache.remember(make_coverage(number, as_of=at), at)

    again = AnswersCache(tmp_path / "coverage.db")

    assert again.recall(Card("GD4019999900044")).coverage is None
    assert again.recall(CARD).coverage is not None
    assert again.recall(Card("9999900049")).coverage is not None


def test_a_clock_that_jumps_ahead_deletes_nothing(cache: AnswersCache, tmp_path: Path) -> None:
    cache.remember(make_coverage(CARD.number), NOW)
    later = NOW + timedelta(days=400)
    cache.remember(make_coverage("9999900049", as_of=later), later)

    assert AnswersCache(tmp_path / "coverage.db").recall(CARD).coverage is not None


def test_an_older_answer_never_replaces_a_newer_one(
    cache: AnswersCache,
) -> None:
    cache.remember(make_coverage(DN, Standing.WITHDRAWN, as_of=NOW), NOW)
    cache.remember(make_coverage(DN, as_of=NOW - timedelta(hours=5)), NOW)

    coverage = cache.recall(CARD).coverage

    assert coverage is not None
    assert coverage.standing is Standing.WITHDRAWN


def test_an_answer_on_the_person_does_not_replace_one_on_the_card(cache: AnswersCache) -> None:
    cache.remember(make_coverage(DN, Standing.WITHDRAWN), NOW)
    cache.remember(make_coverage(TEN, as_of=NOW), NOW)  # in force, but the answer names no card

    coverage = cache.recall(CARD).coverage

    assert coverage is not None
    assert coverage.standing is Standing.WITHDRAWN


def test_answers_in_memory_still_count_when_the_file_cannot_be_read(
    cache: AnswersCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kiosk.data.answers_cache.READ_INTERVAL_S", 0.0)
    cache.remember(make_coverage(DN, Standing.WITHDRAWN), NOW)
    assert cache.recall(CARD).coverage is not None
    cache.close()
    for path in tmp_path.iterdir():
        path.unlink()
    (tmp_path / "coverage.db").mkdir()

    assert cache.recall(CARD).coverage is not None


def test_several_threads_may_open_a_new_file_at_once(tmp_path: Path) -> None:
    together = threading.Barrier(8)

    def open_one() -> None:  # an error that it raises fails the test
        together.wait()
        AnswersCache(tmp_path / "coverage.db").close()

    threads = [threading.Thread(target=open_one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_an_answer_from_a_clock_that_was_ahead_is_replaced(cache: AnswersCache) -> None:
    cache.remember(
        make_coverage(CARD.number, as_of=NOW + timedelta(days=365)), NOW + timedelta(days=365)
    )
    cache.remember(make_coverage(CARD.number, Standing.ENDED, as_of=NOW), NOW)

    coverage = cache.recall(CARD).coverage

    assert coverage is not None
    assert coverage.standing is Standing.ENDED


def test_answers_about_a_person_are_shown_and_erased_from_memory_and_file(
    cache: AnswersCache, tmp_path: Path
) -> None:
    cache.remember(make_coverage("9999900021", holder="Mai Thị Xoá"), NOW)
    cache.remember(make_coverage("9999900022", holder="Lê Văn Ở"), NOW)
    assert [number for number, _found in cache.about({"9999900021"})] == ["9999900021"]

    assert cache.forget({"9999900021"}) == 1

    assert cache.about({"9999900021"}) == []
    left = b"".join(path.read_bytes() for path in tmp_path.glob("coverage.db*"))
    assert "Mai Thị Xoá".encode() not in left
    assert "Lê Văn Ở".encode() in left
    cache.remember(make_coverage("9999900021", holder="Mai Thị Xoá"), NOW)
    assert len(cache.about({"9999900021"})) == 1  # running numbers that come again are read
