"""The errors of reports."""

from __future__ import annotations

from enum import StrEnum

from kiosk.errors import KioskError


class PeriodFault(StrEnum):
    """What is wrong with the days that somebody asked for."""

    NOT_A_DAY = "not_a_day"  # 30 February, or a text that is no date
    REVERSED = "reversed"  # the last day lies before the first
    TOO_LONG = "too_long"
    TO_COME = "to_come"  # it has not begun


class WrongPeriod(KioskError):
    """A report cannot be made for the days that were asked for."""

    def __init__(self, fault: PeriodFault) -> None:
        super().__init__(f"no report can be made for these days: {fault}")
        self.fault = fault


class AlreadyContacted(KioskError):
    """The mark was set by somebody else in the meantime, or taken back."""
