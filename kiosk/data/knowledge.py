"""What this kiosk knows when it judges: trusted keys, remembered words, how old they may be."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TypeVar

from kiosk.data.answers_cache import CoverageCache
from kiosk.data.coverage import Memory
from kiosk.data.store import Held, Holdings
from kiosk.errors import SettingsError
from kiosk.runtime.paths import holdings_folder, place
from kiosk.settings import FreshnessLimits, Settings
from verify import (
    BUILT,
    CLINIC_ZONE,
    BadKeys,
    BadTable,
    Freshness,
    Issuers,
    Knowledge,
    Law,
    Revocations,
    read_jwks,
    read_law,
    read_revocations,
)

T = TypeVar("T")
LOOK_EVERY_S = 1.0
SKEW = timedelta(hours=1)  # that a publisher's clock may stand ahead of all desks'
LONGEST_SERVICE = timedelta(days=3 * 365)  # of a program that is never brought up to date


def knowledge(
    settings: Settings,
    cache: CoverageCache,
    last_visit: datetime | None,
    demo: bool,
    rules: date | None = None,
    holdings: Holdings | None = None,
) -> Knowledge:
    """Return what is known when judging.

    `rules` is the day of the law's tables.  What came by a feed comes on top: see Known.
    """
    issuers, revocations = Issuers(), Revocations()
    if settings.trust.keys_file:
        issuers = read_keys(Path(settings.trust.keys_file))
        if issuers.issued is None:
            raise SettingsError(
                f'{settings.trust.keys_file}: "issued" is missing; it tells how old the keys are'
            )
    if settings.trust.revocations_file:
        revocations = _read(Path(settings.trust.revocations_file), read_revocations)
    memory = cache if holdings is None else Memory(cache, holdings)
    return Knowledge(
        issuers=issuers,
        revocations=revocations,
        recall=memory.recall,
        newest_word=memory.newest_word,
        freshness=limits(settings.freshness),
        floor=_floor(issuers.issued, last_visit),
        demo=demo,
        rules=None if rules is None else _midnight(rules),
    )


def limits(of: FreshnessLimits) -> Freshness:
    """Return how old each set of data may be."""
    return Freshness(
        soft=timedelta(hours=of.soft_hours),
        hard=timedelta(days=of.hard_days),
        keys_soft=timedelta(hours=of.keys_soft_hours),
        keys_hard=timedelta(days=of.keys_hard_days),
        revocations_soft=timedelta(hours=of.revocations_soft_hours),
        revocations_hard=timedelta(days=of.revocations_hard_days),
        tables_soft=timedelta(days=of.tables_soft_days),
    )


class Known:
    """What this kiosk knows now: a newer version of what it was given is taken up when it comes.

    Any thread may call; who comes while another takes a version up waits for it.
    """

    def __init__(
        self, base: Knowledge, holdings: Holdings, take_up: Callable[[Held], date | None]
    ) -> None:
        """`take_up` goes on with a version's tables, and returns their day."""
        self._base, self._holdings, self._take_up = base, holdings, take_up
        self._lock = threading.Lock()
        self._of: Held | None = None
        self._knowledge = base

    def __call__(self) -> Knowledge:
        """Return what is known now."""
        if self._holdings.now() is not self._of:
            with self._lock:
                held = self._holdings.now()  # another may have come while this waited
                if held is not self._of:
                    rules = self._take_up(held)
                    self._knowledge = _with(self._base, held, rules)
                    self._of = held
        return self._knowledge

    def floor(self) -> datetime:
        """Return a moment that is known to have passed, whatever the feed says of itself."""
        return self._base.floor

    def run(self, stop: threading.Event) -> None:
        """Take versions up as they come, so that no scan has to."""
        while not stop.wait(LOOK_EVERY_S):
            self()


def _with(base: Knowledge, held: Held, rules: date | None) -> Knowledge:
    """Return what is known with a version of what came by a feed, or was built here."""
    passed = [one.issued - SKEW for one in held.pointed.sets.values()]
    if held.pointed.confirmed is not None:
        passed.append(held.pointed.confirmed - SKEW)
    return replace(
        base,
        issuers=held.issuers or base.issuers,
        revocations=held.revocations or base.revocations,
        floor=max([base.floor, *passed]),
        rules=base.rules if rules is None else _midnight(rules),
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), CLINIC_ZONE)


def law(folder: Path, *newer: Path) -> Law:
    """Return the law's tables: the shipped ones, each replaced by that of its name in `newer`,
    and that by a site's own.

    `folder` is the data directory; its own are in `tables/` there.  SettingsError for bad ones.
    """
    own, shipped = folder / "tables", place("config") / "tables"
    known = {path.name for path in shipped.glob("*.csv")}
    for path in sorted(own.glob("*.csv")):
        if path.name not in known:
            raise SettingsError(
                f"{path}: no table has this name; known: {', '.join(sorted(known))}"
            )
    try:
        return read_law(own, *newer, shipped)
    except BadTable as exc:
        name = str(exc).partition(",")[0].partition(":")[0]
        where = next((one for one in (own, *newer) if (one / name).is_file()), shipped)
        raise SettingsError(f"{where / str(exc)}") from exc


def law_now(folder: Path, held: Held) -> tuple[Law, str]:
    """Return the tables with those that came by a feed, and why these are not gone by, if so:
    a site's own tables may not go with them."""
    named = held.pointed.sets.get("tables")
    if named is None:
        return law(folder), ""
    try:
        return law(folder, holdings_folder(folder) / named.file), ""
    except (SettingsError, OSError) as exc:
        return law(folder), str(exc)


def _floor(keys_issued: datetime | None, last_visit: datetime | None) -> datetime:
    """Return the latest moment that is known to have passed.

    A visit far beyond the program's own age was written while a clock stood ahead: believing it
    would leave every verdict in doubt for years.
    """
    floor = max(BUILT, keys_issued or BUILT)
    plausible = last_visit is not None and last_visit < floor + LONGEST_SERVICE
    return max(floor, last_visit) if last_visit and plausible else floor


def read_keys(path: Path) -> Issuers:
    """Return the keys in a file; SettingsError names the file and what is wrong in it."""
    return _read(path, read_jwks)


def _read(path: Path, read: Callable[[str], T]) -> T:
    try:
        return read(path.read_text("utf-8-sig"))
    except BadKeys as exc:
        raise SettingsError(f"{path}: {exc}") from exc
    except (OSError, ValueError) as exc:
        raise SettingsError(f"{path}: cannot be read ({type(exc).__name__})") from exc
