"""The metrics: their names, kinds, labels and meanings.  docs/monitoring.md has the same table.

Labels come from closed sets: a route's rule, a method, a status, names from the settings, and the
program's own words.  None can hold a path, an address, or anything that a person typed or scanned.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal["counter", "gauge", "histogram"]


class Family(NamedTuple):
    """A metric. A counter's name ends in `_total`; a histogram has `_bucket`, `_sum`, `_count`."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    help: str

    @property
    def series(self) -> tuple[str, ...]:
        """The names under which its values are served."""
        if self.kind != "histogram":
            return (self.name,)
        return tuple(f"{self.name}_{part}" for part in ("bucket", "sum", "count"))


def _family(name: str, kind: Kind, labels: str, text: str) -> Family:
    return Family(f"tiepdon_{name}", kind, tuple(labels.split()), text)


# What is counted as it happens.
REQUEST_SECONDS = _family(
    "request_seconds",
    "histogram",
    "route method status",
    "Time until the headers of an answer, by the rule of its route.",
)
SCANS = _family("scans_total", "counter", "outcome reason", "Scans that got a verdict.")
SCAN_SECONDS = _family(
    "scan_to_verdict_seconds", "histogram", "", "Time from a scan to its recorded verdict."
)
COMMIT_SECONDS = _family(
    "commit_seconds", "histogram", "", "Time of a commit of the logbook: the wait for the disk."
)
CALL_SECONDS = _family(
    "insurer_call_seconds",
    "histogram",
    "call result",
    "Time of a call to the insurer; result: answered or no_answer.",
)
SIGN_INS = _family("sign_in_total", "counter", "result", "Tries to sign in, by how they ended.")
THROTTLED = _family(
    "throttled_total", "counter", "bucket", "Tries to sign in that were refused as too many."
)
COUNTED = (
    REQUEST_SECONDS,
    SCANS,
    SCAN_SECONDS,
    COMMIT_SECONDS,
    CALL_SECONDS,
    SIGN_INS,
    THROTTLED,
)

# What is read when somebody asks.
READ = tuple(
    _family(*row)
    for row in (
        ("info", "gauge", "version", "Always 1; the version of the program."),
        ("start_time_seconds", "gauge", "", "When the program started, in Unix time."),
        ("ready", "gauge", "", "1 if visits are recorded now, as /readyz says."),
        ("logbook_ok", "gauge", "", "1 if this is the right logbook and it can be recorded in."),
        ("logbook_faults", "gauge", "", "Faults that were found in the logbook's pages."),
        ("not_recording_seconds", "gauge", "", "For how long scans fail to be recorded."),
        ("visits_today", "gauge", "", "Visits of today."),
        ("outbox_items", "gauge", "state", "Messages to the insurer, by their state."),
        ("outbox_oldest_seconds", "gauge", "", "Age of the oldest message that waits."),
        ("insurer_failing_seconds", "gauge", "", "For how long calls to the insurer fail."),
        ("webhook_messages", "gauge", "webhook state", "Messages to other programs."),
        ("data_age_seconds", "gauge", "set", "Age of each set of data that is in use."),
        ("data_too_old", "gauge", "set", "1 if a set is too old to be used."),
        ("clock_drift_seconds", "gauge", "against", "How far another clock is ahead of ours."),
        ("hub_up", "gauge", "", "1 if the hub answers this desk."),
        ("hub_failing_seconds", "gauge", "", "For how long the hub does not answer this desk."),
        ("hub_waiting_changes", "gauge", "", "Changes of this desk that the hub does not have."),
        ("hub_behind_seconds", "gauge", "", "For how long the hub lacks something of this desk."),
        ("hub_others_age_seconds", "gauge", "", "Age of what this desk knows of other desks."),
        ("hub_set_aside", "gauge", "", "Changes that the hub refuses, and that were set aside."),
        ("backup_age_seconds", "gauge", "", "Age of the newest verified backup of the logbook."),
        ("backup_verified", "gauge", "", "1 if the newest backup in the folder was verified."),
        ("nightly_age_seconds", "gauge", "", "Time since the nightly job last ended."),
        ("chain_last_id", "gauge", "", "Number of the newest link of the logbook's chain."),
        ("wal_bytes", "gauge", "", "Size of the logbook's write-ahead log."),
        ("logbook_bytes", "gauge", "", "Size of the logbook's file."),
        ("disk_free_bytes", "gauge", "", "Free space where the data directory is."),
        ("disk_read_only", "gauge", "", "1 if the data directory's disk is mounted read-only."),
        ("reader_up", "gauge", "reader", "1 if a reader of the settings is there."),
        ("printer_up", "gauge", "printer", "1 if a printer of the settings has no trouble."),
        ("streams", "gauge", "", "Pages of desks that follow events."),
        ("sessions", "gauge", "", "People who are signed in; locked pages count."),
        ("connections", "gauge", "", "Open connections of browsers and programs."),
        ("slow_closed_total", "counter", "", "Connections closed because they were slow."),
        ("log_lines_lost_total", "counter", "", "Lines of log files that were not written."),
        ("threads", "gauge", "", "Threads of the program."),
        ("unreadable", "gauge", "part", "1 for each part of this page that could not be read now."),
    )
)
FAMILIES = {family.name: family for family in (*COUNTED, *READ)}
