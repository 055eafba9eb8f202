"""Which sets of data this kiosk has, where each came from, and how old it may be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kiosk.data.freshness import DataSet
from kiosk.data.manifest import Manifest
from kiosk.data.store import DataStore
from kiosk.data.version import DataVersion
from kiosk.settings import Settings
from verify import Freshness, Knowledge


def data_sets(
    settings: Settings, folder: Path, store: DataStore, newest_answer: datetime | None
) -> list[DataSet]:
    """Return all sets of the data in use.

    `folder` holds the adopted files, `newest_answer` (aware) is when the gateway last answered.
    A set that is damaged names what is wrong with it.
    """
    current = store.current()
    version, known = current.version, current.knowledge
    pointed, limits = version.manifest, known.freshness
    by_feed = bool(settings.feed.url or settings.feed.folder)
    sets = [
        DataSet(
            "word", newest_answer, limits.soft, limits.hard, bool(settings.insurer.url), "gateway"
        ),
        *_registry(version, limits, folder),
        _trusted(
            "keys",
            pointed,
            folder,
            settings.trust.keys_file,
            known.issuers.issued,
            (limits.keys_soft, limits.keys_hard),
        ),
        _trusted(
            "revocations",
            pointed,
            folder,
            settings.trust.revocations_file,
            known.revocations.issued,
            (limits.revocations_soft, limits.revocations_hard),
            known.revocations.missing,
        ),
        _tables(pointed, folder, known, limits),
        *_feed(pointed, limits, by_feed),
    ]
    damages = _damages(store.failure or "", current.tables_failure)
    return [
        replace(data_set, missing=data_set.missing or (damages[data_set.name],))
        if damages.get(data_set.name)
        else data_set
        for data_set in sets
    ]


def _damages(failure: str, tables_failure: str) -> dict[str, str]:
    """Return what is wrong with which set; a failure begins with the name of the set's file."""
    damages = {"tables": tables_failure, failure.partition("-")[0]: failure}
    if "changes" in damages:  # people see the registry and its changes as one
        damages["registry"] = failure
    return damages


def _feed(pointed: Manifest, limits: Freshness, by_feed: bool) -> Iterator[DataSet]:
    """Yield the feed's own word that there is nothing newer: it ages when nobody can be asked."""
    if by_feed:
        yield DataSet(
            "feed", pointed.confirmed, limits.soft, None, True, "feed", pointed.feed or None
        )


def _registry(version: DataVersion, limits: Freshness, folder: Path) -> Iterator[DataSet]:
    """Yield the registry, changes and all, where there is one: no site must have one."""
    newest = "changes" if "changes" in version.manifest.sets else "registry"
    named = version.manifest.sets.get(newest)
    if named is not None:
        lost = () if version.registry else (named.file,)
        yield DataSet(
            "registry",
            named.issued,
            limits.soft,
            limits.hard,
            True,
            _origin(version.manifest, newest),
            named.version,
            _came_at(folder / named.file),
            lost,
        )


def _trusted(
    name: str,
    pointed: Manifest,
    folder: Path,
    file: str,
    issued: datetime | None,
    ages: tuple[timedelta, timedelta],
    missing: tuple[str, ...] = (),
) -> DataSet:
    named = pointed.sets.get(name)
    if named is not None:
        return DataSet(
            name,
            issued,
            *ages,
            True,
            _origin(pointed, name),
            named.version,
            _came_at(folder / named.file),
            missing,
        )
    return DataSet(name, issued, *ages, bool(file) or issued is not None, "file", missing=missing)


def _tables(pointed: Manifest, folder: Path, known: Knowledge, limits: Freshness) -> DataSet:
    named = pointed.sets.get("tables")
    if named is None:
        return DataSet("tables", known.rules, limits.tables_soft, None, False, "program")
    return DataSet(
        "tables",
        named.issued,
        limits.tables_soft,
        None,
        True,
        _origin(pointed, "tables"),
        named.version,
        _came_at(folder / named.file),
    )


def _origin(pointed: Manifest, name: str) -> str:
    return "feed" if pointed.sets[name].origin else "here"


def _came_at(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return None
