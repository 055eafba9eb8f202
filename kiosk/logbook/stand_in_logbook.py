"""Who works here, copied into the logbook that stands in for one that is held.

While a logbook is held, the program works on an empty one in a temporary folder, so that cards are
judged and people sign in as ever.  Their accounts come from the logbook that is held, if it can be
read; sessions do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import sqlite_utils

from kiosk.logbook.file_facts import file_opened
from kiosk.runtime.file_key import FileKey

TABLES = ("member", "member_event", "second_factor", "recovery_code", "badge", "api_token")


Accounts = dict[str, tuple[list[str], list[tuple[object, ...]]]]


def read_accounts(held: Path, keys: Sequence[FileKey]) -> Accounts:
    """Return the accounts of the logbook in the file `held`: by table, the columns and the rows.

    Its schema must be the current one.  Raises LogbookUnavailable if they cannot be read.
    """
    rows: Accounts = {}
    with file_opened(held, keys) as db:
        for table in TABLES:
            found = db.execute(f"select * from {table}")
            rows[table] = [column[0] for column in found.description], found.fetchall()
    return rows


def write_accounts(db: sqlite_utils.Database, accounts: Accounts) -> None:
    """Write accounts into an empty logbook, within a transaction."""
    for table, (names, values) in accounts.items():
        marks = ", ".join("?" * len(names))
        sql = f"insert into {table} ({', '.join(names)}) values ({marks})"
        db.conn.executemany(sql, map(tuple, values))
