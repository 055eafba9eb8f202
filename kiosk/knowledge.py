"""What this kiosk knows when it judges: trusted keys, remembered words, how old they may be."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TypeVar

from kiosk.errors import SettingsError
from kiosk.places import place
from kiosk.sandbox import fill_cache, trusted_keys
from kiosk.settings import Settings
from verify import (
    BUILT,
    CLINIC_ZONE,
    BadKeys,
    BadTable,
    Card,
    CoverageCache,
    Freshness,
    Holdings,
    Issuers,
    Knowledge,
    Law,
    Recollection,
    RegistryUnreadable,
    Revocations,
    read_jwks,
    read_law,
    read_revocations,
)

log = logging.getLogger(__name__)

T = TypeVar("T")
LONGEST_SERVICE = timedelta(days=3 * 365)  # of a program that is never brought up to date


def knowledge(
    settings: Settings,
    cache: CoverageCache,
    moment: datetime,
    last_visit: datetime | None,
    demo: bool,
    rules: date | None = None,
    holdings: Holdings | None = None,
) -> Knowledge:
    """Return what is known when judging; in demo mode the sandbox's keys and people too.

    `rules` is the day of the law's tables.
    """
    issuers, revocations = Issuers(), Revocations()
    if demo:
        fill_cache(cache, moment)
        issuers = read_jwks(trusted_keys(moment))
    elif settings.trust.keys_file:
        issuers = read_keys(Path(settings.trust.keys_file))
        if issuers.issued is None:
            raise SettingsError(
                f'{settings.trust.keys_file}: "issued" is missing; it tells how old the keys are'
            )
    if demo:
        revocations = Revocations(issued=moment)
    elif settings.trust.revocations_file:
        revocations = _read(Path(settings.trust.revocations_file), read_revocations)
    limits = settings.freshness
    return Knowledge(
        issuers=issuers,
        revocations=revocations,
        recall=cache.recall if holdings is None else _newest_of(cache, holdings),
        newest_word=cache.newest_word,
        freshness=Freshness(timedelta(hours=limits.soft_hours), timedelta(days=limits.hard_days)),
        floor=_floor(issuers.issued, last_visit),
        demo=demo,
        rules=None if rules is None else datetime.combine(rules, time(), CLINIC_ZONE),
    )


def _newest_of(cache: CoverageCache, holdings: Holdings) -> Callable[[Card], Recollection]:
    """Return what recalls the newest word on a card, whether the gateway or the registry said it.

    A registry that cannot be read any more leaves what is remembered, and says so in the log.
    """

    def recall(card: Card) -> Recollection:
        remembered = cache.recall(card)
        try:
            registered = holdings.recall(card)
        except RegistryUnreadable as exc:
            log.error("the registry cannot be read: %s", exc)
            return remembered
        word, newest = remembered
        if registered is None or (word is not None and word.as_of >= registered.as_of):
            return remembered
        return Recollection(registered, max(registered.as_of, newest or registered.as_of))

    return recall


def law(folder: Path) -> Law:
    """Return the law's tables: the shipped ones, each replaced by a site's own of its name.

    `folder` is the data directory; its own are in `tables/` there.
    """
    own, shipped = folder / "tables", place("config") / "tables"
    known = {path.name for path in shipped.glob("*.csv")}
    for path in sorted(own.glob("*.csv")):
        if path.name not in known:
            raise SettingsError(
                f"{path}: no table has this name; known: {', '.join(sorted(known))}"
            )
    try:
        return read_law(own, shipped)
    except BadTable as exc:
        name = str(exc).partition(",")[0].partition(":")[0]
        where = own if (own / name).is_file() else shipped
        raise SettingsError(f"{where / str(exc)}") from exc


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
