"""Let the parts of a kiosk tell what happens, and read their state when somebody asks."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from kiosk.assembly import Kiosk
from kiosk.backup import BackupCopy
from kiosk.doctor import HubCondition
from kiosk.metrics.metrics import Metrics, Values
from kiosk.runtime.disk_state import disk_state
from kiosk.runtime.log_files import lines_lost
from kiosk.runtime.program import program_version
from kiosk.runtime.webserver import WebServer


def watch_kiosk(metrics: Metrics, kiosk: Kiosk, is_ready: Callable[[], bool]) -> None:
    """Count what a kiosk does from now on, and serve its states.

    `is_ready` returns whether visits are recorded.
    """
    kiosk.desk.observe = metrics.scan
    kiosk.database.watch_commits(metrics.commit)
    kiosk.staff.observe(metrics.sign_in, metrics.throttled)
    if kiosk.gateway is not None:
        kiosk.gateway.watch_calls(metrics.insurer_call)
    started = kiosk.clock().timestamp()
    backups = _NewestBackup(kiosk)
    for part, values in {
        "program": lambda: _program(kiosk, started, is_ready),
        "logbook": lambda: _logbook(kiosk),
        "chain": lambda: _chain(kiosk),
        "outbox": lambda: _outbox(kiosk),
        "webhooks": lambda: _webhooks(kiosk),
        "data": lambda: _data(kiosk),
        "hub": lambda: _hub(kiosk),
        "backup": backups.values,
        "disk": lambda: _disk(kiosk),
        "devices": lambda: _devices(kiosk),
        "people": lambda: {
            "tiepdon_streams": kiosk.notifier.streams(),
            "tiepdon_sessions": len(kiosk.staff.sessions.open()),
        },
    }.items():
        metrics.read(part, values)


def watch_server(metrics: Metrics, server: WebServer) -> None:
    """Serve how many connections a server has."""
    metrics.read(
        "server",
        lambda: {
            "tiepdon_connections": server.connections(),
            "tiepdon_slow_closed_total": server.slow_closed(),
        },
    )


def _program(kiosk: Kiosk, started: float, is_ready: Callable[[], bool]) -> dict[str, Values]:
    return {
        "tiepdon_info": {program_version(): 1.0},
        "tiepdon_start_time_seconds": started,
        "tiepdon_ready": float(is_ready()),
        "tiepdon_not_recording_seconds": _since(kiosk, kiosk.desk.not_recording_since),
        "tiepdon_threads": threading.active_count(),
        "tiepdon_log_lines_lost_total": lines_lost(),
    }


def _logbook(kiosk: Kiosk) -> dict[str, Values]:
    guard = kiosk.guard
    is_held = guard is not None and guard.holds
    night = kiosk.nightly_runs.last_finished_at(kiosk.clock()) if kiosk.gateway else None
    return {
        "tiepdon_logbook_ok": float(not is_held),
        "tiepdon_logbook_faults": None if guard is None else guard.faults,
        # While the logbook is held another one stands in: nothing is known of today.
        "tiepdon_visits_today": None if is_held else kiosk.visits_today(),
        "tiepdon_nightly_age_seconds": None if night is None else _since(kiosk, night),
    }


def _chain(kiosk: Kiosk) -> dict[str, Values]:
    newest = kiosk.database.rows("select max(id) from link")[0][0]
    return {"tiepdon_chain_last_id": newest or 0}


def _outbox(kiosk: Kiosk) -> dict[str, Values]:
    failing = kiosk.gateway.session.failing_since if kiosk.gateway else None
    return {
        "tiepdon_outbox_items": dict(kiosk.outbox.counts()),
        "tiepdon_outbox_oldest_seconds": _since(kiosk, kiosk.outbox.oldest_waiting()),
        "tiepdon_insurer_failing_seconds": _since(kiosk, failing) if kiosk.gateway else None,
    }


def _webhooks(kiosk: Kiosk) -> dict[str, Values]:
    if not kiosk.settings.webhooks:
        return {}
    return {
        "tiepdon_webhook_messages": {
            (state.name, kind): count
            for state in kiosk.webhook_messages.states()
            for kind, count in (("waiting", state.waiting), ("parked", state.parked))
        }
    }


def _data(kiosk: Kiosk) -> dict[str, Values]:
    report = kiosk.data_report()
    ages = {
        _name_of(row): _since(kiosk, datetime.fromisoformat(row["issued"]))
        for row in report["sets"]
        if row["issued"]
    }
    return {
        "tiepdon_data_age_seconds": dict(ages),
        "tiepdon_data_too_old": {_name_of(row): float(_is_unusable(row)) for row in report["sets"]},
        "tiepdon_clock_drift_seconds": {
            whose: float(clock["ahead_s"]) for whose, clock in report["clocks"].items()
        },
    }


def _hub(kiosk: Kiosk) -> dict[str, Values]:
    """Return how this desk stands with its hub; nothing without one."""
    seen = kiosk.hub_seen()
    if seen is None:
        return {}
    is_up = seen.condition is HubCondition.CONNECTED
    is_known = seen.condition is not HubCondition.STARTING
    others_at = seen.others_at
    return {
        "tiepdon_hub_up": float(is_up) if is_known else None,
        "tiepdon_hub_failing_seconds": 0.0 if is_up else _since_known(kiosk, seen.answered_at),
        "tiepdon_hub_waiting_changes": seen.waiting,
        "tiepdon_hub_behind_seconds": (
            0.0 if seen.waiting == 0 else _since_known(kiosk, seen.behind_since)
        ),
        "tiepdon_hub_others_age_seconds": _since_known(kiosk, others_at),
        "tiepdon_hub_set_aside": seen.set_aside,
    }


def _name_of(row: Mapping[str, Any]) -> str:
    """Return the name of a set of data; `word` is the older name of the insurer's answers."""
    return "answers" if row["name"] == "word" else str(row["name"])


def _is_unusable(row: Mapping[str, Any]) -> bool:
    return row["state"] in ("too_old", "damaged") or (row["required"] and row["state"] == "never")


def _disk(kiosk: Kiosk) -> dict[str, Values]:
    path = kiosk.database.path
    state = disk_state(path.parent)
    log = path.with_name(f"{path.name}-wal")
    return {
        "tiepdon_disk_free_bytes": state.free_bytes,
        "tiepdon_disk_read_only": float(state.is_read_only),
        "tiepdon_logbook_bytes": path.stat().st_size,
        "tiepdon_wal_bytes": log.stat().st_size if log.exists() else 0,
    }


def _devices(kiosk: Kiosk) -> dict[str, Values]:
    return {
        "tiepdon_reader_up": {reader.name: float(reader.state.up) for reader in kiosk.readers},
        "tiepdon_printer_up": {
            spool.name: float(not spool.trouble) for spool in kiosk.printing.spools
        },
    }


def _since(kiosk: Kiosk, moment: datetime | None) -> float:
    """Return the seconds since a moment (aware); 0 without one, and for one in the future."""
    return 0.0 if moment is None else max(0.0, (kiosk.clock() - moment).total_seconds())


def _since_known(kiosk: Kiosk, moment: datetime | None) -> float | None:
    """Return the seconds since a moment (aware); None if it is not known."""
    return None if moment is None else _since(kiosk, moment)


class _NewestBackup:
    """Looks for the newest backup, by one thread at a time.

    Backups may lie on a share that does not answer: then one thread hangs, and the others serve
    what was seen last.
    """

    def __init__(self, kiosk: Kiosk) -> None:
        self._kiosk = kiosk
        self._looking = threading.Lock()
        self._seen: tuple[BackupCopy | None, BackupCopy | None] = (None, None)

    def values(self) -> Mapping[str, Any]:
        """Return the age of the newest verified backup, and whether the newest one was verified."""
        if self._kiosk.guard is None:
            return {}
        if self._looking.acquire(blocking=False):
            try:
                copies = self._kiosk.guard.copies
                self._seen = copies.newest(), next(iter(copies.all()), None)
            finally:
                self._looking.release()
        verified, newest = self._seen
        age = verified.made_at if verified else None
        return {
            "tiepdon_backup_age_seconds": None if age is None else _since(self._kiosk, age),
            "tiepdon_backup_verified": None if newest is None else float(newest.is_verified),
        }
