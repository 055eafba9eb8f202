"""What a ticket may be: its prefix, its priority, its state, and which state follows which."""

from __future__ import annotations

from enum import StrEnum


class Prefix(StrEnum):
    """What stands before a number.  A desk that is cut off has one of `CUT_OFF_PREFIXES`."""

    ROOM = ""  # the series of a room
    TO_DESK = "Q"  # a slip that sends the patient to the desk
    PAPER = "G"  # a number that was given on paper


# The letters of desks that are cut off from the others and count by themselves, one for each desk.
CUT_OFF_PREFIXES = ("A", "B", "C", "D", "E", "F")


class TicketState(StrEnum):
    """Where a patient is in the queue."""

    WAITING = "waiting"
    CALLED = "called"
    ABSENT = "absent"
    CALLED_AGAIN = "called_again"
    IN_ROOM = "in_room"
    DONE = "done"
    MOVED = "moved"  # to another room, with another ticket
    CANCELLED = "cancelled"


class Priority(StrEnum):
    """Why a patient is called before others (Luật 15/2023/QH15 Điều 3 khoản 2)."""

    EMERGENCY = "emergency"
    UNDER_6 = "under_6"
    FROM_75 = "from_75"
    PREGNANT = "pregnant"
    DISABLED = "disabled"
    MERIT = "merit"


class QueueAction(StrEnum):
    """What a person does with a ticket."""

    CALL = "call"
    ABSENT = "absent"
    ENTER = "enter"
    DONE = "done"
    PUT_BACK = "put_back"


OPEN_STATES = frozenset(TicketState) - {
    TicketState.DONE,
    TicketState.MOVED,
    TicketState.CANCELLED,
}
# From a state and an action to the next state; what is not in it cannot be done.
ACTIONS = {
    (TicketState.WAITING, QueueAction.CALL): TicketState.CALLED,
    (TicketState.WAITING, QueueAction.ENTER): TicketState.IN_ROOM,
    (TicketState.WAITING, QueueAction.DONE): TicketState.DONE,
    (TicketState.CALLED, QueueAction.CALL): TicketState.CALLED,
    (TicketState.CALLED, QueueAction.ABSENT): TicketState.ABSENT,
    (TicketState.CALLED, QueueAction.ENTER): TicketState.IN_ROOM,
    (TicketState.CALLED, QueueAction.PUT_BACK): TicketState.WAITING,
    (TicketState.ABSENT, QueueAction.CALL): TicketState.CALLED_AGAIN,
    (TicketState.ABSENT, QueueAction.ENTER): TicketState.IN_ROOM,
    (TicketState.ABSENT, QueueAction.DONE): TicketState.DONE,
    (TicketState.ABSENT, QueueAction.PUT_BACK): TicketState.WAITING,
    (TicketState.CALLED_AGAIN, QueueAction.CALL): TicketState.CALLED_AGAIN,
    (TicketState.CALLED_AGAIN, QueueAction.ABSENT): TicketState.ABSENT,
    (TicketState.CALLED_AGAIN, QueueAction.ENTER): TicketState.IN_ROOM,
    (TicketState.CALLED_AGAIN, QueueAction.PUT_BACK): TicketState.WAITING,
    (TicketState.IN_ROOM, QueueAction.DONE): TicketState.DONE,
    (TicketState.IN_ROOM, QueueAction.PUT_BACK): TicketState.WAITING,
    (TicketState.DONE, QueueAction.PUT_BACK): TicketState.WAITING,
}
