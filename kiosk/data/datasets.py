"""Which sets of data this kiosk has, where each came from, and whether it is too old."""

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
    version, knowledge = current.version, current.knowledge
    manifest, limits = version.manifest, knowledge.freshness
    follows_feed = bool(settings.feed.url or settings.feed.folder)
    asks_gateway = bool(settings.insurer.url)
    sets = [
        DataSet("word", newest_answer, limits.soft, limits.hard, asks_gateway, "gateway"),
        *_registry(version, limits, folder),
        _trusted(
            "keys",
            manifest,
            folder,
            settings.trust.keys_file,
            knowledge.issuers.issued,
            (limits.keys_soft, limits.keys_hard),
        ),
        _trusted(
            "revocations",
            manifest,
            folder,
            settings.trust.revocations_file,
            knowledge.revocations.issued,
            (limits.revocations_soft, limits.revocations_hard),
            knowledge.revocations.missing,
        ),
        _tables(manifest, folder, knowledge, limits),
        *_feed(manifest, limits, follows_feed),
    ]
    damages = _damages(store.failure or "", current.tables_failure)
    return [
        replace(data_set, missing=data_set.missing or (damages[data_set.name],))
        if damages.get(data_set.name)
        else data_set
        for data_set in sets
    ]


def _damages(failure: str, tables_failure: str) -> dict[str, str]:
    """Return what is wrong, by the name of the set; a failure begins with the set's file name."""
    damages = {"tables": tables_failure, failure.partition("-")[0]: failure}
    if "changes" in damages:  # pages show the registry and its changes as one set
        damages["registry"] = failure
    return damages


def _feed(manifest: Manifest, limits: Freshness, follows_feed: bool) -> Iterator[DataSet]:
    """Yield the feed's own statement that nothing is newer; it ages if no source answers."""
    if follows_feed:
        version = manifest.feed or None
        yield DataSet("feed", manifest.confirmed, limits.soft, None, True, "feed", version)


def _registry(version: DataVersion, limits: Freshness, folder: Path) -> Iterator[DataSet]:
    """Yield the registry, together with its changes, if there is one: a site need not have one."""
    newest = "changes" if "changes" in version.manifest.sets else "registry"
    entry = version.manifest.sets.get(newest)
    if entry is not None:
        yield DataSet(
            "registry",
            entry.issued,
            limits.soft,
            limits.hard,
            True,
            _origin(version.manifest, newest),
            entry.version,
            _arrived_at(folder / entry.file),
            () if version.registry else (entry.file,),
        )


def _trusted(
    name: str,
    manifest: Manifest,
    folder: Path,
    file: str,
    issued: datetime | None,
    limits: tuple[timedelta, timedelta],
    missing: tuple[str, ...] = (),
) -> DataSet:
    """Return the set of keys or of revocations; `limits` are soft and hard."""
    entry = manifest.sets.get(name)
    if entry is None:
        required = bool(file) or issued is not None
        return DataSet(name, issued, *limits, required, "file", missing=missing)
    return DataSet(
        name,
        issued,
        *limits,
        True,
        _origin(manifest, name),
        entry.version,
        _arrived_at(folder / entry.file),
        missing,
    )


def _tables(manifest: Manifest, folder: Path, knowledge: Knowledge, limits: Freshness) -> DataSet:
    entry = manifest.sets.get("tables")
    if entry is None:
        return DataSet("tables", knowledge.rules, limits.tables_soft, None, False, "program")
    return DataSet(
        "tables",
        entry.issued,
        limits.tables_soft,
        None,
        True,
        _origin(manifest, "tables"),
        entry.version,
        _arrived_at(folder / entry.file),
    )


def _origin(manifest: Manifest, name: str) -> str:
    return "feed" if manifest.sets[name].origin else "here"


def _arrived_at(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return None
