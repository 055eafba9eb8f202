"""The nightly report as files, and whether it calls for a person."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from kiosk.insurer import SigningTrouble
from kiosk.logbook import NightlyReport, nightly_report_json
from kiosk.runtime.plain_text import spreadsheet_cell

# The CSV's columns: keys of a day in the report's JSON.
COLUMNS = (
    "day",
    "visits",
    "cancelled",
    "not_told",
    "accepted",
    "refused",
    "parked",
    "waiting",
    "closed",
    "adds_up",
)


def needs_person(report: NightlyReport) -> bool:
    """Return whether somebody has to look at what a run left or found.

    That is so if any of these holds:

    - a message waits to be sent, or for a person;
    - the look-back found visits that need a person;
    - lines of the appointments file could not be read;
    - the insurer refuses our account;
    - the certificate ends soon, or nothing can be signed; that visits are sent unsigned is a
      standing condition, which the report names without an alarm every night;
    - the totals of a day do not add up;
    - a commune was not informed of an unknown patient in 48 hours;
    - a paper sheet was not entered to the end;
    - a visit is overdue, or nobody has looked at an outage that the program noticed;
    - the logbook is not what its chain says, or its end could not be signed.
    """
    states = ("queued", "in_flight", "refused", "parked")
    return bool(
        report.communes_to_inform
        or report.unfinished_sheets
        or any(report.outbox[state] for state in states)
        or report.worklist
        or report.unread_appointments
        or report.not_asked == "account"
        or report.signature not in (None, SigningTrouble.UNSIGNED)
        or not report.adds_up
        or report.overdue
        or report.suggested_outages
        or (report.proof is not None and report.proof.needs_person)
    )


def write_report(report: NightlyReport, folder: Path) -> None:
    """Write a report into a folder as JSON and as CSV, named after the day it began (UTC).

    Makes the folder if it is missing, and replaces an earlier report of the same day.  Raises
    OSError if a file cannot be written.
    """
    folder.mkdir(exist_ok=True)
    name = report.started_at.date().isoformat()
    text = json.dumps(nightly_report_json(report), ensure_ascii=False, indent=1)
    (folder / f"{name}.json").write_text(text, "utf-8")
    (folder / f"{name}.csv").write_text(as_csv(report), "utf-8", newline="")


def as_csv(report: NightlyReport) -> str:
    """Return the days of a report as CSV with a header, one line a day."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, extrasaction="ignore", lineterminator="\r\n")
    writer.writeheader()
    for day in nightly_report_json(report)["days"]:
        writer.writerow({name: spreadsheet_cell(value) for name, value in day.items()})
    return out.getvalue()
