"""The one-time code by which the first administrator is made.

Whoever sees the terminal of this PC, or may run its commands, gets a code of 80 random bits.  It is
good for 30 minutes, once, and only while there is no member yet.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from kiosk.logbook import Database, from_utc_text, to_utc_text
from kiosk.staff.codes import code_sha256, plain_code, random_code
from kiosk.staff.members import Role, add_member, clean_citizen_number, clean_name

GOOD_FOR = timedelta(minutes=30)
AUTHOR = "one-time code"


class FirstCodes:
    """The table `first_code`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def make(self, now: datetime) -> str:
        """Make a code; return it, to be shown once. An earlier one does not count any more."""
        code = random_code()
        with self._database.transaction() as db:
            db.execute(
                "insert into first_code (code, made_at) values (?, ?)",
                [code_sha256(plain_code(code)), to_utc_text(now)],
            )
        return code

    def make_administrator(
        self, typed: str, name: str, citizen_number: str, now: datetime
    ) -> int | None:
        """Make the first administrator, who has no PIN yet; return the number.

        None if the code is wrong, used or too old, or there is a member already.  Raises
        WrongMember if a field cannot be right; the code can then be used again.
        """
        name, citizen_number = clean_name(name), clean_citizen_number(citizen_number)
        with self._database.transaction() as db:
            row = db.execute("select * from first_code order by id desc limit 1").fetchone()
            has_members = db.execute("select exists (select 1 from member)").fetchone()[0]
            if row is None or has_members or row["used_at"] is not None:
                return None
            age = now - from_utc_text(row["made_at"])
            is_right = row["code"] == code_sha256(plain_code(typed))
            if not is_right or not -GOOD_FOR < age < GOOD_FOR:
                return None
            db.execute("update first_code set used_at = ?", [to_utc_text(now)])
            return add_member(db, name, Role.ADMINISTRATOR, citizen_number, now, AUTHOR)
