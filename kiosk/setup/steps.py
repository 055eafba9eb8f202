"""The steps of setting up, by name."""

from __future__ import annotations

from enum import StrEnum


class SetupStep(StrEnum):
    """The steps in the order in which they are offered; the values are in addresses and notes."""

    FACILITY = "facility"
    STAFF = "staff"
    READER = "reader"
    PRINTER = "printer"
    GATEWAY = "gateway"
    CERTIFICATE = "certificate"
    FEED = "feed"
    BACKUP = "backup"
    TEST = "test"


class StepState(StrEnum):
    """How far a step is."""

    DONE = "done"
    OPEN = "open"
    WAITING = "waiting"  # something was typed and is not written yet
    WRONG = "wrong"  # it is set, and the last trial failed
    NOT_NEEDED = "not_needed"
