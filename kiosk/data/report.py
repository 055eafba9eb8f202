"""The state of all data as pages and commands show it: JSON values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from kiosk.data.freshness import MAX_CLOCK_DRIFT, DataSet, badge
from kiosk.data.sync_status import SyncStatus
from kiosk.runtime.progress import ProgressUpdate


def data_report(
    sets: Sequence[DataSet],
    tries: SyncStatus,
    work: ProgressUpdate | None,
    drifts: Mapping[str, timedelta | None],
    now: datetime,
) -> dict[str, Any]:
    """Return all of it as pages and commands show it.

    `badge` is the worst set, `synced` the worst but for the gateway's answers, which the desk
    tells anyway; `drifts` is how far others' clocks stand ahead of ours, by whose they are.
    """
    worst, synced = badge(sets, now), badge([one for one in sets if one.name != "word"], now)
    return {
        "badge": worst and as_json(worst, now),
        "synced": synced and as_json(synced, now),
        "sets": [as_json(one, now) for one in sets],
        "tries": {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in asdict(tries).items()
        },
        "work": work and work._asdict(),
        "clocks": {
            whose: {
                "ahead_s": round(drift.total_seconds()),
                "doubtful": abs(drift) > MAX_CLOCK_DRIFT,
            }
            for whose, drift in drifts.items()
            if drift is not None
        },
    }


def as_json(one: DataSet, now: datetime) -> dict[str, Any]:
    """Return a set as pages and commands show it."""
    return {
        "name": one.name,
        "state": one.state(now).value,
        "origin": one.origin,
        "version": one.version,
        "issued": one.issued and one.issued.isoformat(),
        "came_at": one.came_at and one.came_at.isoformat(),
        "required": one.required,
        "soft_hours": one.soft.total_seconds() / 3600,
        "hard_hours": None if one.hard is None else one.hard.total_seconds() / 3600,
        "missing": list(one.missing),
    }
