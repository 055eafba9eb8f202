"""Fixtures of the tests of reports."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.reports import ReportPeriod
from tests.cast import NOW, TODAY
from tests.conftest import Kiosk
from tests.reports.book import Book, open_book
from tests.reports.plain_book import PlainBook
from tests.reports.random_book import RandomBook, write_random_book

SEEDS = (1, 2, 3)


@pytest.fixture(scope="session", params=SEEDS, ids=lambda seed: f"seed {seed}")
def filled_book(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A logbook for reports, which no test changes."""
    path = tmp_path_factory.mktemp("reports") / "logbook.db"
    write_random_book(path, request.param)
    return path


@pytest.fixture(scope="session")
def book(filled_book: Path) -> Iterator[Book]:
    """The same, opened."""
    opened = open_book(filled_book)
    yield opened
    opened.database.close()


@pytest.fixture
def own_book(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Iterator[Book]:
    """A book that the test may change."""
    path = tmp_path / "logbook.db"
    first = tmp_path_factory.getbasetemp() / "random-book.db"
    if not first.exists():
        write_random_book(first, SEEDS[0])
    shutil.copy(first, path)
    opened = open_book(path)
    yield opened
    opened.database.close()


@pytest.fixture
def plain(kiosk: Kiosk) -> PlainBook:
    """The rows of a kiosk's logbook, which were drawn by chance."""
    RandomBook(kiosk.database, 7, 200).write()
    return PlainBook(Path(kiosk.database._path), ReportPeriod(TODAY, TODAY), NOW)
