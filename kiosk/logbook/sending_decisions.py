"""What people decided about who sends messages, where several desks share a hub.

- A desk took over what a retired desk had not sent.
- A desk whose outbox had waited, because nobody could say whether another desk sends its messages,
  sends again.

A decision is a row that is only added.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kiosk.logbook.database import Database
from kiosk.logbook.times import from_utc_text, to_utc_text


class SendingDecisionKind(StrEnum):
    """What was decided. The values are stored."""

    TOOK_OVER = "took_over"
    SENDS_AGAIN = "sends_again"


@dataclass(frozen=True, slots=True)
class SendingDecision:
    """A decision."""

    at: datetime  # aware
    author: str  # see `kiosk.logbook.author`
    kind: SendingDecisionKind
    desk: str  # whose messages: its number in the hub
    reason: str


class SendingDecisions:
    """The table `sending_decision`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, decision: SendingDecision) -> None:
        """Write a decision. Raises NotRecorded if the logbook cannot be written."""
        with self._database.transaction() as db:
            db.execute(
                "insert into sending_decision (at, author, kind, desk, reason)"
                " values (?, ?, ?, ?, ?)",
                [
                    to_utc_text(decision.at),
                    decision.author,
                    decision.kind,
                    decision.desk,
                    decision.reason,
                ],
            )

    def newest(self, limit: int = 20) -> list[SendingDecision]:
        """Return the newest decisions, newest first. Raises LogbookUnavailable."""
        rows = self._database.rows(
            "select * from sending_decision order by id desc limit ?", [limit]
        )
        return [
            SendingDecision(
                from_utc_text(row["at"]),
                row["author"],
                SendingDecisionKind(row["kind"]),
                row["desk"],
                row["reason"],
            )
            for row in rows
        ]
