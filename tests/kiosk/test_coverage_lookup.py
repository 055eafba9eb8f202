"""The newest coverage counts, of the gateway's answers and the registry, and names are kept."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from kiosk.data import AnswersCache, build_registry
from kiosk.data.knowledge import site_knowledge
from tests.cast import BHYT15, NOW, make_coverage, settings_for
from tests.data_store import store_at
from tests.feed_server import HEADING, quiet
from verify import (
    Birth,
    Card,
    Coverage,
    CoverageUnreadable,
    Knowledge,
    NewCard,
    Note,
    Outcome,
    Reason,
    Standing,
    judge,
    judge_card,
)

NUMBER = "9999900021"
CARD = Card(NUMBER, "Nguyễn Văn Ấn", Birth(1980, 2, 1))
OTHER = Card(NUMBER, "Trần Thị Khác", Birth(1980, 2, 1))
HOUR = timedelta(hours=1)


def registry(folder: Path, issued: datetime, line: str) -> Path:
    """Build a registry of one card; `line` has its columns from the holder on."""
    source = folder / "records.csv"
    source.write_text(f"{HEADING}\nDN401{NUMBER},,{line}\n", "utf-8")
    (folder / "feed").mkdir()
    build_registry(folder / "feed", source, issued, quiet)
    return folder / "feed"


def knowing(feed: Path, folder: Path, cache: AnswersCache) -> Knowledge:
    """Return what a kiosk with this registry and these answers knowledge."""
    site = site_knowledge(settings_for(folder), None, demo=False)
    return store_at(feed, site, cache).current().knowledge


def known(folder: Path, line: str, *answers: Coverage) -> Knowledge:
    cache = AnswersCache(folder / "coverage.db")
    for answer in answers:
        cache.remember(answer, NOW)
    feed = registry(folder, NOW - 2 * HOUR, line)
    return knowing(feed, folder, cache)


def reason(card: Card, known: Knowledge) -> Reason:
    return judge_card(card, None, (), NOW, known).reason


def test_a_newer_registry_without_names_keeps_the_holder_that_was_answered(tmp_path: Path) -> None:
    new = NewCard("DN4019999900029", date(2027, 1, 1))
    answered = make_coverage(NUMBER, as_of=NOW - 5 * HOUR, holder="Nguyễn Văn Ấn", new_card=new,
                    facility="01999", valid_until=date(2026, 12, 31))  # fmt: skip
    knowledge = known(tmp_path, ",,,2026-01-01,2027-06-30,", answered)
    found = knowledge.recall(CARD).coverage

    assert found is not None
    assert (found.source, found.valid_until) == ("registry", date(2027, 6, 30))
    assert (found.holder, found.facility, found.new_card) == ("Nguyễn Văn Ấn", "01999", new)
    assert reason(CARD, knowledge) is Reason.IN_FORCE
    assert reason(OTHER, knowledge) is Reason.NAME_DIFFERS


def test_a_check_of_eight_bits_does_not_count_against_a_gateway_that_named_the_holder(
    tmp_path: Path,
) -> None:
    answered = make_coverage(NUMBER, as_of=NOW - 5 * HOUR, holder="Nguyễn Văn Ấn")
    knowledge = known(tmp_path, "Lê Văn Chín,1980,,2026-01-01,2027-06-30,", answered)

    assert reason(CARD, knowledge) is Reason.IN_FORCE
    assert reason(OTHER, knowledge) is Reason.NAME_DIFFERS


def test_an_answer_newer_than_the_registry_counts(tmp_path: Path) -> None:
    knowledge = known(tmp_path, ",,withdrawn,,,", make_coverage(NUMBER, as_of=NOW - HOUR))

    assert reason(CARD, knowledge) is Reason.IN_FORCE


@pytest.mark.parametrize(
    ("registered", "answered", "expected"),
    [
        ("withdrawn", Standing.IN_FORCE, Reason.IN_FORCE),
        ("", Standing.WITHDRAWN, Reason.WITHDRAWN),
    ],
)
def test_of_the_same_moment_the_gateway_s_answer_on_this_card_counts(
    tmp_path: Path, registered: str, answered: Standing, expected: Reason
) -> None:
    same = NOW - 2 * HOUR
    knowledge = known(tmp_path, f",,{registered},,,", make_coverage(NUMBER, answered, as_of=same))
    found = knowledge.recall(CARD).coverage

    assert found is not None
    assert (found.source, found.as_of) == ("gateway", same)
    assert reason(CARD, knowledge) is expected


def test_if_the_answers_cannot_be_read_the_registry_counts_and_a_note_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = AnswersCache(tmp_path / "coverage.db")
    feed = registry(tmp_path, NOW - HOUR, ",,withdrawn,,,")

    def damaged(_card: Card) -> None:
        raise CoverageUnreadable("a damaged row")

    monkeypatch.setattr(cache, "recall", damaged)
    knowledge = store_at(feed, answers=cache).current().knowledge
    verdict = judge_card(CARD, None, (), NOW, knowledge)

    assert verdict.reason is Reason.WITHDRAWN
    assert Note.CACHE_UNREADABLE in verdict.notes
    bare = store_at(tmp_path, answers=cache).current().knowledge
    assert Note.CACHE_UNREADABLE in judge_card(CARD, None, (), NOW, bare).notes


def test_the_newest_coverage_counts_whichever_source_gave_it(tmp_path: Path) -> None:
    cache = AnswersCache(tmp_path / "coverage.db")
    feed = registry(tmp_path, NOW - 2 * HOUR, ",,withdrawn,,,")
    known = knowing(feed, tmp_path, cache)

    assert judge(BHYT15.encode(), NOW, known).reason is Reason.WITHDRAWN
    cache.remember(make_coverage(NUMBER, as_of=NOW - 3 * HOUR), NOW)
    assert judge(BHYT15.encode(), NOW, known).reason is Reason.WITHDRAWN
    cache.remember(make_coverage(NUMBER, as_of=NOW - HOUR), NOW)
    assert judge(BHYT15.encode(), NOW, known).reason is Reason.IN_FORCE


def test_a_registry_that_is_too_old_decides_nothing(tmp_path: Path) -> None:
    cache = AnswersCache(tmp_path / "coverage.db")
    feed = registry(tmp_path, NOW - timedelta(days=30), ",,,,,")
    known = knowing(feed, tmp_path, cache)

    assert judge(BHYT15.encode(), NOW, known).outcome is Outcome.UNCONFIRMED
