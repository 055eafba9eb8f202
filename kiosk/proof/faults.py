"""What a check of the logbook may find, in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """A kind of fault; `logbook check` prints it."""

    CHAIN = "chain"  # a link was changed, taken out or put in
    CONTENT = "content"  # a row is not what its newest link says
    MISSING = "missing"  # a row is gone, and no link says that it was deleted
    UNLINKED = "unlinked"  # a row was written past the program
    DELETED = "deleted"  # a row is there, though its newest link says that it was deleted
    UNEXPLAINED = "unexplained"  # a row was deleted without a purge or an erasure
    STATE = "state"  # a message or a ticket is in another state than its newest event says
    DOCUMENT = "document"  # a sent file is not the one whose SHA-256 was linked
    ROOT = "root"  # a signed root does not agree with the chain
    KEY = "key"  # the signature of a key by the one before is wrong
    DAMAGE = "damage"  # SQLite cannot read it


@dataclass(frozen=True, slots=True)
class LogbookFault:
    """One place at which the logbook is not what its chain says.

    `row` names the row as the program does (a visit by its id); it is empty if no row is meant.
    `link` is the link that shows it; None: no link does.  `what` is a sentence without data of
    persons.
    """

    kind: FaultKind
    table: str
    row: str
    link: int | None
    what: str

    @property
    def place(self) -> tuple[bool, int]:
        """Sorts faults by their place in the chain; those without a link come last."""
        return self.link is None, self.link or 0

    def as_json(self) -> dict[str, object]:
        """Return the fault as `logbook check` prints it."""
        return {
            "kind": self.kind,
            "table": self.table,
            "row": self.row,
            "link": self.link,
            "what": self.what,
        }
