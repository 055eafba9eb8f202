"""A printer's queue in Windows, through pywin32 (`pip install "tiepdon[print-windows]"`).

Windows takes every job, also for a printer that is switched off, and prints it whenever it can.  So
that no ticket comes out an hour later, a job that is not printed in time is taken back.
"""

from __future__ import annotations

import time
from typing import Any

import win32print
from escpos.printer import Win32Raw

from kiosk.tickets.errors import PrinterFailed, PrinterTrouble

WAIT_S = 5.0  # for a ticket to leave the queue
POLL_S = 0.1
JOB_NAME = "Tiep Don"  # other people see it in the queue: no personal data
MAX_JOBS = 200
LEVEL_JOB, LEVEL_PRINTER = 1, 2
JOB_CONTROL_DELETE = 5
# Bits of JOB_INFO_1.Status and PRINTER_INFO_2.Status and .Attributes (winspool.h).
JOB_PRINTING, JOB_OFFLINE, JOB_PAPER_OUT = 0x10, 0x20, 0x40
JOB_ERROR = 0x02 | 0x0200 | 0x0400  # an error, blocked, waiting for a person
PRINTER_PAPER_OUT = 0x10
PRINTER_OFFLINE = 0x02 | 0x08 | 0x80 | 0x400000  # an error, a paper jam, offline, the cover is open
WORK_OFFLINE = 0x0400


class WindowsQueue(Win32Raw):  # type: ignore[misc]
    """A printer by its name in Windows."""

    device: Any  # a handle of Windows

    def open(self, job_name: str = JOB_NAME, raise_not_found: bool = True) -> None:
        """Look at the printer, and begin a job.

        Raises PrinterFailed if it cannot print now: then no job was begun.
        """
        trouble = self.look()
        if trouble is not None:
            raise PrinterFailed(trouble)
        super().open(job_name, raise_not_found)

    def abandon(self) -> None:
        """Take back a job that was begun and not finished, so that no part of it is printed."""
        if self._device:
            win32print.SetJob(self._device, self.current_job, 0, None, JOB_CONTROL_DELETE)

    def look(self) -> PrinterTrouble | None:
        """Return what keeps the printer from printing, without a job. None: nothing that is known.

        Raises PrinterFailed if Windows has no such printer.
        """
        if self.printer_name not in self.printers:
            raise PrinterFailed(PrinterTrouble.UNREACHABLE)
        self.device = win32print.OpenPrinter(self.printer_name)
        try:
            return self._trouble()
        finally:
            win32print.ClosePrinter(self.device)
            self.device = False

    def finish(self) -> None:
        """End the job, and wait until it is printed.

        Raises PrinterFailed if it is not printed in time; it is taken back then.
        """
        win32print.EndPagePrinter(self.device)
        win32print.EndDocPrinter(self.device)
        try:
            self._await_printed()
        finally:
            win32print.ClosePrinter(self.device)
            self.device = False

    def _trouble(self) -> PrinterTrouble | None:
        info = win32print.GetPrinter(self.device, LEVEL_PRINTER)
        if info["Status"] & PRINTER_PAPER_OUT:
            return PrinterTrouble.PAPER_OUT
        if info["Status"] & PRINTER_OFFLINE or info["Attributes"] & WORK_OFFLINE:
            return PrinterTrouble.OFFLINE
        return None

    def _await_printed(self) -> None:
        until, has_begun = time.monotonic() + WAIT_S, False
        while True:
            status = self._job_status()
            if status is None:
                return
            has_begun = has_begun or bool(status & JOB_PRINTING)
            trouble = _trouble_of(status)
            if trouble is None and time.monotonic() > until:
                trouble = PrinterTrouble.NOT_CONFIRMED
            if trouble is not None:
                win32print.SetJob(self.device, self.current_job, 0, None, JOB_CONTROL_DELETE)
                raise PrinterFailed(trouble, may_have_printed=has_begun)
            time.sleep(POLL_S)

    def _job_status(self) -> int | None:
        """Return the state of our job. None if it has left the queue."""
        jobs: list[dict[str, Any]] = win32print.EnumJobs(self.device, 0, MAX_JOBS, LEVEL_JOB)
        return next((job["Status"] for job in jobs if job["JobId"] == self.current_job), None)


def _trouble_of(status: int) -> PrinterTrouble | None:
    if status & JOB_PAPER_OUT:
        return PrinterTrouble.PAPER_OUT
    if status & (JOB_OFFLINE | JOB_ERROR):
        return PrinterTrouble.OFFLINE
    return None
