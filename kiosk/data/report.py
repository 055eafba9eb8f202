"""The state of all data as pages and commands show it: JSON values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from kiosk.data.freshness import MAX_CLOCK_DRIFT, DataSet, worst_set
from kiosk.data.sync_status import SyncStatus
from kiosk.runtime.progress import ProgressUpdate


def data_report(
    sets: Sequence[DataSet],
    status: SyncStatus,
    work: ProgressUpdate | None,
    drifts: Mapping[str, timedelta | None],
    now: datetime,
) -> dict[str, Any]:
    """Return the state of all data at `now` (aware), as JSON values.

    `badge` is the worst set; `synced` is the worst set apart from the gateway's answers, whose age
    the desk shows anyway.  `work` is the progress of a download or a build that goes on now.
    `drifts` gives, for each other clock, how far it is ahead of ours; None: not known.
    """
    synced = [data_set for data_set in sets if data_set.name != "word"]
    worst, worst_synced = worst_set(sets, now), worst_set(synced, now)
    return {
        "badge": worst and as_json(worst, now),
        "synced": worst_synced and as_json(worst_synced, now),
        "sets": [as_json(data_set, now) for data_set in sets],
        "tries": {
            name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in asdict(status).items()
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


def as_json(data_set: DataSet, now: datetime) -> dict[str, Any]:
    """Return a set and its state at `now` (aware) as JSON values."""
    return {
        "name": data_set.name,
        "state": data_set.state(now).value,
        "origin": data_set.origin,
        "version": data_set.version,
        "issued": data_set.issued and data_set.issued.isoformat(),
        "came_at": data_set.came_at and data_set.came_at.isoformat(),
        "required": data_set.required,
        "soft_hours": data_set.soft.total_seconds() / 3600,
        "hard_hours": None if data_set.hard is None else data_set.hard.total_seconds() / 3600,
        "missing": list(data_set.missing),
    }
