"""Fixtures of the tests of reports."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reports.book import Book, make_book, open_book


@pytest.fixture(scope="session")
def filled_book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A logbook for reports, which no test changes."""
    path = tmp_path_factory.mktemp("reports") / "logbook.db"
    make_book(path).database.close()
    return path


@pytest.fixture
def book(filled_book: Path) -> Iterator[Book]:
    """The same, opened."""
    opened = open_book(filled_book)
    yield opened
    opened.database.close()


@pytest.fixture
def own_book(filled_book: Path, tmp_path: Path) -> Iterator[Book]:
    """A copy of it, which the test may change."""
    path = tmp_path / "logbook.db"
    shutil.copy(filled_book, path)
    opened = open_book(path)
    yield opened
    opened.database.close()
