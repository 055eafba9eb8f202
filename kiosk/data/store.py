"""The store of what this kiosk knows: one owner, one consistent view, one way to change it.

1. A manifest names one file for each synced set; nothing that it names is ever changed.
2. A new version is opened beside the one in use and replaces it in one step.
3. A version that cannot be opened changes nothing: the one before stays in use, all of it.
4. `current()` waits for no disk and no lock.  A reader calls it once for each piece of work.
5. Only `refresh()` changes what is in use.  The feed's schedule calls it when it has adopted a
   version; `run` calls it every second, because another process may have adopted one.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from kiosk.data.answers_cache import AnswersCache
from kiosk.data.coverage import CoverageLookup
from kiosk.data.errors import DataUnreadable
from kiosk.data.law import SiteTables, made_at
from kiosk.data.manifest import Manifest, read_manifest, written_at
from kiosk.data.version import NO_VERSION, DataVersion, open_version, salvage
from kiosk.errors import SettingsError
from kiosk.help import HelpTables
from kiosk.registry import RegistryUnreadable
from verify import Card, Coverage, Knowledge, Law

log = logging.getLogger(__name__)

POLL_INTERVAL_S = 1.0
PUBLISHER_CLOCK_TOLERANCE = timedelta(hours=1)  # how far it may be ahead of the desks' clocks


@dataclass(frozen=True, slots=True)
class SiteData:
    """What the site itself brings to the store.

    `knowledge` is what its settings bring (keys, limits, clock floor) and `answers` what the
    gateway answered.  `tables_of` reads the tables, with those that a manifest names, and
    returns them with the reason why those are not used; an empty text if they are.
    """

    knowledge: Knowledge
    answers: AnswersCache
    tables_of: Callable[[Manifest], tuple[SiteTables, str]]


@dataclass(frozen=True, slots=True)
class CurrentData:
    """One consistent view of all that this kiosk knows; it never changes.

    `tables_failure` says why tables that came by the feed are not used; empty if they are.
    """

    version: DataVersion
    knowledge: Knowledge
    law: Law
    help: HelpTables
    tables_failure: str = ""


class DataStore:
    """The synced data in use.  Any thread may call."""

    def __init__(self, folder: Path, site: SiteData) -> None:
        """Open what the manifest in `folder` names; without a manifest, nothing is synced yet.

        Raises SettingsError if the law's tables cannot be used.
        """
        self._folder, self._site = folder, site
        self._lock = threading.Lock()  # held by a refresh; readers never take it
        # A manifest and when it was written: the one in use, and the last one that failed.
        self._read: tuple[Manifest, int] | None = None
        self._failed: tuple[Manifest, int] | None = None
        self.failure: str | None = None  # why the newest version is not in use, or not all of it
        tables, tables_failure = site.tables_of(NO_VERSION.manifest)
        self._current = self._view(NO_VERSION, tables, tables_failure)
        self.refresh()

    def current(self) -> CurrentData:
        """Return what is in use now."""
        return self._current

    @property
    def floor(self) -> datetime:
        """A moment (aware) that is known to have passed, whatever the feed says of itself."""
        return self._site.knowledge.floor

    def refresh(self) -> None:
        """Open the version that the manifest names, if it is new, and put it in use.

        A manifest that was written again and names the same files was written because a damaged
        file was repaired: then all files are opened again.  A version that failed is not tried
        again until its manifest is written again.  Raises nothing; `failure` says what is wrong.
        """
        with self._lock:
            manifest = None
            try:
                found = read_manifest(self._folder)
                manifest = None if found is None else (found, written_at(self._folder))
                if found is None or manifest in (self._read, self._failed):
                    return
                in_use = self._current.version
                # The files of the version before stay open: readers may still be using them.
                is_repaired = self.failure is not None or found == in_use.manifest
                before = NO_VERSION if is_repaired else in_use
                self._use(open_version(self._folder, found, before))
                self._read, self.failure, self._failed = manifest, None, None
            except DataUnreadable as exc:
                if str(exc) != self.failure:
                    log.error("the newest data cannot be used: %s", exc)
                self.failure, self._failed = str(exc), manifest
                if self._current.version is NO_VERSION and manifest is not None:
                    self._use(salvage(self._folder, manifest[0]))

    def run(self, stop: threading.Event) -> None:
        """Refresh every second until `stop` is set."""
        while not stop.wait(POLL_INTERVAL_S):
            self.refresh()

    def registered(self, card: Card) -> Coverage | None:
        """Return what the registry in use says of a card; None if it says nothing.

        Raises RegistryUnreadable if a file of it can no longer be read.
        """
        return self._registered(self._current.version, card)

    def close(self) -> None:
        """Close all files."""
        self._current.version.close()

    def _use(self, version: DataVersion) -> None:
        """Put a version in use, in one step."""
        entry, before = version.manifest.sets.get("tables"), self._current
        tables, failure = SiteTables(before.law, before.help), before.tables_failure
        if failure or entry != before.version.manifest.sets.get("tables"):
            try:
                tables, failure = self._site.tables_of(version.manifest)
            except SettingsError as exc:  # the site's own tables were changed meanwhile
                failure = str(exc)
        if failure:
            log.error("not all tables of the feed are used: %s", failure)
        self._current = self._view(version, tables, failure)

    def _view(self, version: DataVersion, tables: SiteTables, tables_failure: str) -> CurrentData:
        base = self._site.knowledge
        manifest = version.manifest
        passed = [entry.issued for entry in manifest.sets.values()]
        passed += [manifest.confirmed] if manifest.confirmed else []
        passed = [moment - PUBLISHER_CLOCK_TOLERANCE for moment in passed]
        lookup = CoverageLookup(
            self._site.answers, version.registry, partial(self._registered, version)
        )
        knowledge = replace(
            base,
            issuers=version.issuers or base.issuers,
            revocations=version.revocations or base.revocations,
            floor=max([base.floor, *passed]),
            rules=made_at(tables.law),
            recall=lookup.recall,
            newest_answer=lookup.newest_answer,
        )
        return CurrentData(version, knowledge, tables.law, tables.help, tables_failure)

    def _registered(self, version: DataVersion, card: Card) -> Coverage | None:
        """Return what a version's registry says of a card; None if it says nothing.

        The files of a version are removed when a newer one has been adopted.  A thread that has
        not opened them before then gets the answer of the newest version.
        """
        try:
            return None if version.registry is None else version.registry.recall(card)
        except RegistryUnreadable:
            self.refresh()
            registry = self._current.version.registry
            try:
                return None if registry is None else registry.recall(card)
            except RegistryUnreadable as exc:
                self.failure = str(exc)
                raise
