"""The state of readers, outbox, gateway and data, as JSON for the pages."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from kiosk.assembly import Kiosk
from kiosk.readers import reader_states
from kiosk.runtime.disk_state import disk_state
from verify import clinic_day

NIGHTLY_JOB_LATE_AFTER = timedelta(hours=26)  # a night and a morning


def status_of(kiosk: Kiosk) -> dict[str, Any]:
    """Return the state of a kiosk, as JSON.

    Raises an error of the logbook if it cannot be read.
    """
    newest_answer = kiosk.newest_answer()
    not_recording_since = kiosk.desk.not_recording_since
    failing_since = kiosk.gateway.session.failing_since if kiosk.gateway else None
    paused_since = kiosk.query_policy.paused_since
    report = kiosk.data_report()
    last_nightly_run = kiosk.nightly_runs.last_finished_at(kiosk.clock()) if kiosk.gateway else None
    return {
        "nightly": {
            "last": _isoformat(last_nightly_run),
            "late": _is_nightly_job_late(kiosk, last_nightly_run),
        },
        "clock": _clock_status(kiosk),
        "instance": kiosk.instance,
        "logbook": {
            "state": logbook_ready(kiosk),
            "faults": kiosk.guard.faults if kiosk.guard else None,
        },
        "not_recording_since": _isoformat(not_recording_since),
        # while the logbook is held another one stands in: nothing is known of today
        "visits_today": None
        if kiosk.guard is not None and kiosk.guard.holds
        else kiosk.visits.count_on(clinic_day(kiosk.clock())),
        "outbox": kiosk.outbox.counts(),
        "overdue": kiosk.reporting.recent_overdue(kiosk.clock()) if kiosk.gateway else None,
        "insurer": {
            "configured": kiosk.gateway is not None,
            "failing_since": _isoformat(failing_since),
            "not_asked_since": _isoformat(paused_since),
            "not_asked_why": kiosk.query_policy.why,
        },
        "obstacles": report["obstacles"],
        "signature": report["signature"],
        "webhooks": report["webhooks"],
        "newest_word": _isoformat(newest_answer),
        "data": report["synced"],
        "prints": kiosk.ticket_prints.last_change(),
        "printers": [
            {
                "name": spool.name,
                "trouble": spool.trouble,
                "waiting": kiosk.ticket_prints.waiting(spool.name),
            }
            for spool in kiosk.printing.spools
        ],
        "readers": reader_states(kiosk.readers, kiosk.checkups.is_open),
        "self_service": {
            "calls": kiosk.self_service.calls.as_json(),
            "newest_slip": kiosk.self_service.newest_slip,
        },
    }


def readiness(kiosk: Kiosk) -> dict[str, Any]:
    """Return whether visits are recorded now, and each condition of that by its name, as JSON.

    - `logbook`: `ok`, or what is wrong with it (docs/backup.md);
    - `recording`: whether the last scan could be recorded;
    - `disk`: `ok`, `full` or `read_only`, or `unknown`;
    - `threads`: those that have ended too early;
    - `data`: the state of the worst set of data.  It says nothing about recording: with old data
      the desk works with more caution.
    """
    try:
        disk = disk_state(kiosk.database.path.parent).word
    except OSError:
        disk = "unknown"
    state = {
        "logbook": logbook_ready(kiosk),
        "recording": kiosk.desk.not_recording_since is None,
        "disk": disk,
        "threads": kiosk.dead_threads(),
    }
    is_ready = state == {"logbook": "ok", "recording": True, "disk": "ok", "threads": []}
    badge = kiosk.data_report()["badge"]
    return {"ready": is_ready, **state, "data": badge and badge["state"]}


def logbook_ready(kiosk: Kiosk) -> str:
    """Return whether the logbook can be recorded in: `ok`, or the trouble by its name."""
    trouble = kiosk.guard.state.trouble if kiosk.guard else None
    return "ok" if trouble is None else str(trouble)


def _clock_status(kiosk: Kiosk) -> dict[str, Any]:
    """Return what other clocks say of ours, and how many visits have a wrong time, as JSON."""
    state = kiosk.clock_check.state()
    return {
        "wrong": state.is_wrong,
        "ahead_s": None if state.ahead is None else round(state.ahead.total_seconds()),
        "witness": state.witness,
        "disputed_by": state.disputed_by,
        "wrong_times": kiosk.wrong_times.count(),
    }


def _is_nightly_job_late(kiosk: Kiosk, last_run: datetime | None) -> bool:
    """Return whether the nightly job is late, counted from its last run or the first visit."""
    if kiosk.gateway is None:
        return False
    since = last_run or kiosk.visits.oldest_at()
    return since is not None and kiosk.clock() - since > NIGHTLY_JOB_LATE_AFTER


def _isoformat(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
