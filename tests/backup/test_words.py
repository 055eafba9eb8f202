"""What is said of an error of SQLite holds nothing of a person."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from kiosk.logbook import Database, LogbookUnavailable, NotRecorded

NAME = "Nguyễn Thị Thử"


@pytest.mark.parametrize(
    ("sql", "values"),
    [
        ("select row from visit_search where visit_search match ?", [f'"{NAME}']),
        ("select row from visit_search where visit_search match ?", [f"{NAME}: x"]),
        ("select json_extract('{}', ?)", [f"$.[{NAME}"]),
    ],
)
def test_an_error_never_quotes_what_somebody_searched_for(
    sql: str, values: list[str], tmp_path: Path
) -> None:
    database = Database(tmp_path / "logbook.db")

    with pytest.raises(LogbookUnavailable) as raised:
        database.rows(sql, values)

    assert "Th" not in str(raised.value)
    assert "SQLITE_ERROR" in str(raised.value)


def test_a_locked_logbook_is_told_in_words(tmp_path: Path) -> None:
    path = tmp_path / "logbook.db"
    database = Database(path, busy_timeout_s=0.01)
    with sqlite3.connect(path) as other:
        other.execute("begin exclusive")

        with pytest.raises(NotRecorded, match="database is locked"), database.transaction():
            pass
    other.close()
