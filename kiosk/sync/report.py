"""The nightly report as a table that any program opens."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

COLUMNS = ("day", "visits", "cancelled", "not_told", "accepted", "refused", "parked", "waiting",
           "closed", "adds_up")  # fmt: skip


def needs_person(report: dict[str, Any]) -> bool:
    """Tell whether somebody has to look at what a run left or found."""
    outbox = report["outbox"]
    open_ones = sum(outbox[state] for state in ("queued", "in_flight", "refused", "parked"))
    is_refused = report["not_asked"] == "account"
    adds_up = all(day["adds_up"] for day in report["days"])
    return bool(
        open_ones
        or report["worklist"]
        or report["unread_appointments"]
        or is_refused
        or not adds_up
    )


def write_report(report: dict[str, Any], folder: Path) -> None:
    """Write a report beside the logbook, as JSON and CSV, by the day it was begun (UTC)."""
    folder.mkdir(exist_ok=True)
    name = report["started_at"][:10]
    text = json.dumps(report, ensure_ascii=False, indent=1)
    (folder / f"{name}.json").write_text(text, "utf-8")
    (folder / f"{name}.csv").write_text(as_csv(report), "utf-8", newline="")


def as_csv(report: dict[str, Any]) -> str:
    """Return the days of a report, a line each."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, extrasaction="ignore", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(report["days"])
    return out.getvalue()
