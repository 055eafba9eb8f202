"""The errors that the logbook raises.

KioskError
├── LogbookUnreadable      its file is damaged, or was made for another use
│   └── LogbookTooNew      a newer program wrote it
├── LogbookUnavailable     it could not be read just now: what it holds is not known
│   ├── LogbookDamaged     what is stored in its file cannot be read
│   └── VisitUnreadable    what is stored of one visit is damaged; names its row
├── NotRecorded            it could not be written just now: nothing was changed
├── NoSuchAttempt          no attempt in the logbook has this id
├── NoSuchVisit            no visit in the logbook has this id, or it has no message
├── AlreadySent            the insurer has the visit: it can no longer be kept from it
├── NoSuchOutage           no outage in the logbook has this id
├── WrongOutage            the times of an outage cannot be; names the field
├── OutageKnown            an outage of this kind that began then is written down already
├── StillSending           the visit is being sent to the insurer: change it in a minute
├── ChangedMeanwhile       somebody else changed the visit after the caller looked at it
├── WrongTime              a corrected time of arrival lies in the future, or long ago
├── NoSuchSuspicion        no suspicion in the logbook has this id
├── NothingToChange        the visit was cancelled, or is already as the change would make it
├── KeyUsedBefore          an idempotency key came again with another reading
├── ReadingUsedBefore      the card of a reading was presented for another visit
├── KeyClosed              a page was promised that nothing is recorded under an idempotency key
├── NoSuchConsent          no consent in the logbook has this id
├── NoSuchTicket           no ticket in the logbook has this id
├── NumberTaken            a number that was given on paper is in the logbook already
├── AlreadyHere            the person has a visit today, and nobody said why there is another one
├── WrongLineCode          a text is not the code of a line of a paper sheet
├── NoSuchSheet            no paper sheet with this number, or no such line of it, was printed
├── NoSuchMessage          no message to another program is parked, or no such receiver exists
└── LineUsed               a line of a paper sheet was entered or made void before
"""

from __future__ import annotations

from collections.abc import Sequence

from kiosk.errors import KioskError


class LogbookUnreadable(KioskError):
    """The logbook cannot be opened. The message names the file and what to do."""


class LogbookUnavailable(KioskError):
    """The logbook cannot be read: its disk or file is broken, or another program locks it."""


class LogbookTooNew(LogbookUnreadable):
    """A newer program wrote the file. The message is one line that names both versions."""


class LogbookDamaged(LogbookUnavailable):
    """What is stored in the file, or in a part of it, cannot be read, now or later.

    `tables` are those that were found damaged; empty: an index is, or it is not known.
    """

    def __init__(self, words: str, tables: Sequence[str] = ()) -> None:
        super().__init__(f"{words} ({', '.join(tables)})" if tables else words)
        self.tables = tuple(tables)


class VisitUnreadable(LogbookUnavailable):
    """What is stored of a visit is damaged. `row` and `visit_id` say which; `kind` says how."""

    def __init__(self, row: int, visit_id: str, kind: str) -> None:
        super().__init__(f"visit row {row} cannot be read ({kind})")
        self.row, self.visit_id, self.kind = row, visit_id, kind


class NotRecorded(KioskError):
    """The logbook is busy, or its disk is full or broken. Nothing was changed."""


class NoSuchAttempt(KioskError):
    """No attempt has this id."""


class NoSuchVisit(KioskError):
    """No visit has this id."""


class AlreadySent(KioskError):
    """The insurer has answered a message about the visit."""


class NoSuchSuspicion(KioskError):
    """No suspicion has this id."""


class NoSuchOutage(KioskError):
    """No outage has this id."""


class WrongOutage(KioskError):
    """The times of an outage cannot be. `name` is the field that is wrong."""

    def __init__(self, name: str, why: str) -> None:
        super().__init__(f"{name}: {why}")
        self.name = name


class OutageKnown(KioskError):
    """An outage of the same kind and begin is written down already: `outage` is its id."""

    def __init__(self, outage: int) -> None:
        super().__init__(f"it is outage {outage}")
        self.outage = outage


class StillSending(KioskError):
    """The visit is being sent to the insurer."""


class ChangedMeanwhile(KioskError):
    """The visit has another version now than the one that the caller looked at."""


class WrongTime(KioskError):
    """The time of arrival that was given cannot be right."""


class NoSuchConsent(KioskError):
    """No consent has this id."""


class NothingToChange(KioskError):
    """The visit cannot be changed in this way, or is already as the change would make it."""


class KeyUsedBefore(KioskError):
    """The idempotency key belongs to another visit."""


class ReadingUsedBefore(KioskError):
    """The reading belongs to another visit, which it was recorded or presented for."""


class KeyClosed(KioskError):
    """Nothing is recorded under this idempotency key any more: a page was promised that."""


class AlreadyHere(KioskError):
    """The person has a visit today. Its id is `visit_id`; a second one needs a reason.

    `desk` is the name of the other desk that recorded it; empty if it is in our own logbook.
    """

    def __init__(self, visit_id: str, desk: str = "") -> None:
        super().__init__("the person has a visit today; a second one needs a reason")
        self.visit_id = visit_id
        self.desk = desk


class WrongLineCode(KioskError):
    """The text is not the code of a line, or a character of it is wrong."""


class NoSuchSheet(KioskError):
    """No such paper sheet, or no such line of it, was printed from this logbook."""


class LineUsed(KioskError):
    """The line of a paper sheet is not open. `visit` was entered from it; None: it is void."""

    def __init__(self, visit: str | None) -> None:
        super().__init__("the line was entered before" if visit else "the line is void")
        self.visit = visit


class NoSuchTicket(KioskError):
    """No ticket has this id."""


class NumberTaken(KioskError):
    """The number was given before, in the same room on the same day."""


class NoSuchMessage(KioskError):
    """No such message to another program is parked, or no such receiver exists."""
