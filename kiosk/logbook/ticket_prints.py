"""Tickets to be printed, and what became of each.

    waiting ──▶ printing ──▶ printed
       ▲            ├──────▶ failed ──▶ (tried again) ──▶ given_up
       │            ╰──────▶ unknown      paper may have come out: a person looks
     asked

1.  Only what certainly printed nothing is tried again by itself.  Whatever may have come out is
    printed again only if a person asks, and then carries the mark of a reprint.
2.  The tickets of one job are printed together, or none of them is; those that are not to be
    printed any more are left out and given up.
3.  A ticket that waits already is not queued a second time, however often the key is pressed.
4.  Printing changes neither the ticket nor its number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from kiosk.logbook.database import Database
from kiosk.logbook.times import from_utc_text, to_utc_text

BROWSER = ""  # in the place of a printer's name


class PrintState(StrEnum):
    """How far a print is. The values are stored, and other programs read them."""

    WAITING = "waiting"
    PRINTING = "printing"
    PRINTED = "printed"
    FAILED = "failed"  # it is tried again
    GIVEN_UP = "given_up"  # it is not tried again, and nothing came out
    UNKNOWN = "unknown"  # paper may have come out


@dataclass(frozen=True, slots=True)
class TicketPrint:
    """One print of a ticket. Times are aware."""

    id: int
    job: int
    ticket: int
    printer: str
    language: str
    with_share: bool
    asked_at: datetime
    state: PrintState
    tries: int
    trouble: str | None  # the value of a `kiosk.tickets.PrinterTrouble`
    is_again: bool  # whether an earlier print of the ticket may have come out


class TicketPrints:
    """The table `ticket_print`.

    Methods that read raise LogbookUnavailable if the logbook cannot be read, methods that write
    raise NotRecorded if it cannot be written.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def key(self) -> bytes:
        """Return the key of the codes on our tickets."""
        return bytes(self._database.rows("select key from ticket_key")[0]["key"])

    def ask(
        self,
        tickets: Sequence[int],
        printer: str,
        now: datetime,
        *,
        language: str = "vi",
        with_share: bool = True,
        author: str = "",
    ) -> None:
        """Queue tickets for a printer, as one job.

        Those that wait or are being printed already are left out; they are due at once.
        """
        at = to_utc_text(now)
        with self._database.transaction() as db:
            marks = ", ".join("?" * len(tickets))
            waiting = {
                row["ticket"]
                for row in db.execute(
                    f"select ticket from ticket_print where ticket in ({marks})"
                    " and state in ('waiting', 'failed', 'printing')",
                    list(tickets),
                ).fetchall()
            }
            db.execute(
                f"update ticket_print set due_at = ?, printer = ?, asked_at = ?"
                f" where job in (select job from ticket_print where ticket in ({marks}))"
                " and state in ('waiting', 'failed')",
                [at, printer, at, *tickets],
            )
            job = None
            for ticket in dict.fromkeys(tickets):
                if ticket in waiting:
                    continue
                row_id = db.execute(
                    "insert into ticket_print (job, ticket, printer, language, with_share, author,"
                    " asked_at, due_at) values (?, ?, ?, ?, ?, ?, ?, ?)",
                    [job or 0, ticket, printer, language, int(with_share), author, at, at],
                ).lastrowid
                if job is None:
                    job = row_id
                    db.execute("update ticket_print set job = id where id = ?", [row_id])

    def note_browser(self, tickets: Sequence[int], now: datetime, author: str) -> None:
        """Note that a browser is about to print tickets. Whether paper comes out is not known."""
        at = to_utc_text(now)
        with self._database.transaction() as db:
            for ticket in tickets:
                db.execute(
                    "insert into ticket_print (job, ticket, printer, language, with_share, author,"
                    " asked_at, state, due_at, ended_at)"
                    " values (0, ?, ?, 'vi', 1, ?, ?, 'printed', ?, ?)",
                    [ticket, BROWSER, author, at, at, at],
                )

    def claim(self, printer: str, now: datetime) -> list[TicketPrint]:
        """Return the oldest job of a printer that is due, now in the state `printing`.

        Empty if nothing is due.
        """
        if not self._has_due(printer, now):
            return []
        with self._database.transaction() as db:
            found = db.execute(
                "select job from ticket_print where printer = ? and due_at <= ?"
                " and state in ('waiting', 'failed') order by id limit 1",
                [printer, to_utc_text(now)],
            ).fetchone()
            if found is None:
                return []
            db.execute(
                "update ticket_print set state = 'printing', tries = tries + 1"
                " where job = ? and state in ('waiting', 'failed')",
                [found["job"]],
            )
            rows = db.execute(
                f"{SELECT} where p.job = ? and p.state = 'printing' order by p.id", [found["job"]]
            ).fetchall()
        return [_print(row) for row in rows]

    def _has_due(self, printer: str, now: datetime) -> bool:
        rows = self._database.rows(
            "select 1 from ticket_print where printer = ? and due_at <= ?"
            " and state in ('waiting', 'failed') limit 1",
            [printer, to_utc_text(now)],
        )
        return bool(rows)

    def settle(
        self,
        prints: Sequence[int],
        state: PrintState,
        now: datetime,
        trouble: str | None = None,
        due_at: datetime | None = None,
    ) -> None:
        """Record what became of prints that were being printed; `due_at` is the next try.

        `prints` are the ids of their rows.
        """
        marks = ", ".join("?" * len(prints))
        values = [state, trouble, to_utc_text(now), to_utc_text(due_at or now), *prints]
        with self._database.transaction() as db:
            db.execute(
                "update ticket_print set state = ?, trouble = ?, ended_at = ?, due_at = ?"
                f" where id in ({marks}) and state = 'printing'",
                values,
            )

    def interrupted(self, printers: Sequence[str], now: datetime) -> None:
        """Settle what an earlier run of the program left; `printers` are those there are now.

        What was being printed is unknown: paper may have come out.  What waits for a printer that
        is not set up any more is given up.
        """
        with self._database.transaction() as db:
            db.execute(
                "update ticket_print set state = 'unknown', trouble = 'restarted', ended_at = ?"
                " where state = 'printing'",
                [to_utc_text(now)],
            )
            marks = ", ".join("?" * len(printers))
            db.execute(
                "update ticket_print set state = 'given_up', trouble = 'unreachable', ended_at = ?"
                f" where state in ('waiting', 'failed') and printer not in ({marks})",
                [to_utc_text(now), *printers],
            )

    def newest(self, tickets: Sequence[int]) -> dict[int, TicketPrint]:
        """Return the newest print of each of these tickets, by ticket."""
        marks = ", ".join("?" * len(tickets))
        rows = self._database.rows(
            f"{SELECT} where p.id in (select max(id) from ticket_print"
            f" where ticket in ({marks}) group by ticket)",
            list(tickets),
        )
        return {row["ticket"]: _print(row) for row in rows}

    def last_change(self) -> str:
        """Return a text that is another one after each change of a print."""
        row = self._database.rows(
            "select max(id), max(ended_at),"
            " (select count(*) from ticket_print where state = 'printing') from ticket_print"
        )[0]
        return f"{row[0]} {row[1]} {row[2]}"

    def waiting(self, printer: str) -> int:
        """Return how many tickets wait for a printer."""
        rows = self._database.rows(
            "select count(*) from ticket_print"
            " where printer = ? and state in ('waiting', 'failed')",
            [printer],
        )
        return int(rows[0][0])


SELECT = """
select p.*, exists (
    select 1 from ticket_print e where e.ticket = p.ticket and e.id < p.id
    and e.state in ('printed', 'unknown', 'printing')
) as is_again from ticket_print p
"""


def _print(row: Any) -> TicketPrint:
    return TicketPrint(
        id=row["id"],
        job=row["job"],
        ticket=row["ticket"],
        printer=row["printer"],
        language=row["language"],
        with_share=bool(row["with_share"]),
        asked_at=from_utc_text(row["asked_at"]),
        state=PrintState(row["state"]),
        tries=row["tries"],
        trouble=row["trouble"],
        is_again=bool(row["is_again"]),
    )
