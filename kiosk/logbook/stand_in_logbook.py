"""Who works here, copied into the logbook that stands in for one that is held.

While a logbook is held, the program works on an empty one in a temporary folder, so that cards are
judged and people sign in as ever.  Their accounts come from the logbook that is held, if it can be
read; sessions do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kiosk.logbook.database import Database
from kiosk.logbook.file_facts import file_opened
from kiosk.runtime.file_key import FileKey

TABLES = ("member", "member_event", "second_factor", "recovery_code", "badge", "api_token")


def copy_accounts(held: Path, keys: Sequence[FileKey], stand_in: Database) -> None:
    """Copy the accounts of the logbook in the file `held` into an empty logbook.

    Its schema must be the current one.  Raises LogbookUnavailable if they cannot be read, and
    NotRecorded if they cannot be written.
    """
    rows = {}
    with file_opened(held, keys) as db:
        for table in TABLES:
            found = db.execute(f"select * from {table}")
            rows[table] = [column[0] for column in found.description], found.fetchall()
    with stand_in.transaction() as db:
        for table, (names, values) in rows.items():
            marks = ", ".join("?" * len(names))
            sql = f"insert into {table} ({', '.join(names)}) values ({marks})"
            db.conn.executemany(sql, map(tuple, values))
