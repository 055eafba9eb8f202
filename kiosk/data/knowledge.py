"""What the site's settings bring to judging: trusted keys, revocations, limits, the clock floor."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

from kiosk.data.answers_cache import AnswersCache
from kiosk.data.law import tables_of
from kiosk.data.replay_guard import ReplayGuard
from kiosk.data.store import SiteData
from kiosk.errors import SettingsError
from kiosk.settings import FreshnessLimits, Settings
from verify import (
    BUILD_TIME,
    BadKeys,
    Freshness,
    Issuers,
    Knowledge,
    Revocations,
    read_jwks,
    read_revocations,
)

T = TypeVar("T")


def site_data(
    settings: Settings,
    folder: Path,
    answers: AnswersCache,
    passed: datetime | None,
    demo: bool,
) -> SiteData:
    """Return what a site brings to the data store: its settings, answers and tables.

    `folder` is the data directory, `passed` a moment (aware) that has passed by another clock than
    ours; None if no other is known.  With `demo`, keys that are only for demonstration are trusted.
    Raises SettingsError if a file that the settings name cannot be used.
    """
    return SiteData(site_knowledge(settings, passed, demo), answers, partial(tables_of, folder))


def site_knowledge(settings: Settings, passed: datetime | None, demo: bool) -> Knowledge:
    """Return what the settings alone bring: keys and revocations from files, limits, clock floor.

    The arguments and errors are those of `site_data`.
    """
    issuers, revocations = Issuers(), Revocations()
    if settings.trust.keys_file:
        issuers = read_keys(Path(settings.trust.keys_file))
        if issuers.issued is None:
            raise SettingsError(
                f'{settings.trust.keys_file}: "issued" is missing; expected when the keys were made'
            )
    if settings.trust.revocations_file:
        revocations = _read(Path(settings.trust.revocations_file), read_revocations)
    return Knowledge(
        issuers=issuers,
        revocations=revocations,
        freshness=limits(settings.freshness),
        floor=_floor(issuers.issued, passed),
        check_presentation=ReplayGuard().note,
        demo=demo,
    )


def limits(settings: FreshnessLimits) -> Freshness:
    """Return how old each set of data may be: the one place where the limits are made.

    `settings` is the section `[freshness]`.  `verify/decision.py` applies the limits to each
    verdict; `kiosk/data/freshness.py` shows them on pages and in `doctor`.
    """
    return Freshness(
        soft=timedelta(hours=settings.soft_hours),
        hard=timedelta(days=settings.hard_days),
        keys_soft=timedelta(hours=settings.keys_soft_hours),
        keys_hard=timedelta(days=settings.keys_hard_days),
        revocations_soft=timedelta(hours=settings.revocations_soft_hours),
        revocations_hard=timedelta(days=settings.revocations_hard_days),
        tables_soft=timedelta(days=settings.tables_soft_days),
    )


def _floor(keys_issued: datetime | None, passed: datetime | None) -> datetime:
    """Return the latest moment (aware) that is known to have passed.

    Our own visits prove nothing: they are as wrong as our clock was when they were recorded.
    """
    return max(BUILD_TIME, keys_issued or BUILD_TIME, passed or BUILD_TIME)


def read_keys(path: Path) -> Issuers:
    """Return the keys in a file, a JWK set.

    Raises SettingsError, naming the file and what is wrong with it, if it cannot be read.
    """
    return _read(path, read_jwks)


def _read(path: Path, read: Callable[[str], T]) -> T:
    try:
        return read(path.read_text("utf-8-sig"))
    except BadKeys as exc:
        raise SettingsError(f"{path}: {exc}") from exc
    except (OSError, ValueError) as exc:
        raise SettingsError(f"{path}: cannot be read ({type(exc).__name__})") from exc
