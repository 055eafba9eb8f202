"""What a ticket may be: its prefix, its priority, its state, and which state follows which."""

from __future__ import annotations

from enum import StrEnum


class Prefix(StrEnum):
    """What stands before a number.  A desk of several has a prefix of its own: `desk_prefix`."""

    ROOM = ""  # the series of a room
    TO_DESK = "Q"  # a slip that sends the patient to the desk
    PAPER = "G"  # a number that was given on paper


# The letters of desks, which stand before the numbers that a desk counts by itself.  Left out:
# - Q and G, which stand for something else;
# - I and O, which look like digits;
# - A, E, O, U, Y, D and W: with a digit behind them, or alone, an input method makes Vietnamese
#   letters of them (VNI: A1 is Á, D9 is Đ; Telex: W is Ư), and readers type a ticket's code.
# Letters that sound like an earlier one when they are called (N and L, X and S, P and B), or that
# are not in the Vietnamese alphabet (F, J, Z), come last.
DESK_LETTERS = "BCHKLMRSTVNPXFJZ"
MAX_DESK = 999  # the highest number of a desk: a prefix has three letters at most


def desk_prefix(desk: int) -> str:
    """Return what stands before the numbers that a desk counts by itself.

    `desk` is the number of the desk in its facility: 1 is "B", 16 is "Z", 17 is "BB".  The prefix
    follows from it alone, so that no desk has to ask which one is its own.  Raises ValueError if
    the number is not from 1 to MAX_DESK.
    """
    if not 1 <= desk <= MAX_DESK:
        raise ValueError(f"a desk has a number from 1 to {MAX_DESK}, not {desk}")
    prefix = ""
    while desk:
        desk, letter = divmod(desk - 1, len(DESK_LETTERS))
        prefix = DESK_LETTERS[letter] + prefix
    return prefix


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
