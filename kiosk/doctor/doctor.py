"""The doctor: makes all checks, one after the other, and lets none keep another from being made."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from kiosk.backup import LogbookGuard
from kiosk.doctor.alerts import alert_checks
from kiosk.doctor.check import NOT_DONE, UNKNOWN, Check
from kiosk.doctor.data_sets import data_checks, holidays_check
from kiosk.doctor.duties import privacy_checks, unknown_patients_check
from kiosk.doctor.encryption import disk_encryption_check, encryption_check
from kiosk.doctor.hub import hub_checks
from kiosk.doctor.insurer import deadline_checks, outbox_check, sign_in_checks
from kiosk.doctor.logbook import logbook_checks
from kiosk.doctor.machine import (
    clock_check,
    disk_check,
    log_checks,
    other_clock_checks,
    zbar_check,
)
from kiosk.doctor.memory import CheckMemory
from kiosk.doctor.network import certificate_checks, pages_check, webhook_check
from kiosk.doctor.observations import Observations
from kiosk.doctor.obstacles import obstacle_checks
from kiosk.doctor.printers import printer_check
from kiosk.doctor.proof import proof_check
from kiosk.doctor.readers import reader_check
from kiosk.doctor.secret_files import secret_file_checks
from kiosk.doctor.service import program_check
from kiosk.doctor.signature import signature_check
from kiosk.doctor.site import facility_check, rooms_check
from kiosk.doctor.sources import Sources
from kiosk.doctor.way_out import gateway_check, proxy_check
from kiosk.doctor.words import Words, plain
from kiosk.doctor.words import words as _
from kiosk.errors import KioskError
from kiosk.logbook import LogbookUnavailable
from kiosk.runtime.disk_encryption import disk_state, has_tpm
from kiosk.runtime.file_access import FileAccess, file_access
from kiosk.runtime.key_store import file_keys
from kiosk.runtime.paths import synced_folder
from kiosk.settings import Settings

log = logging.getLogger(__name__)

T = TypeVar("T")
MAX_ANSWER_AGE = timedelta(hours=1)

Step = tuple[Words, Callable[[], Iterable[Check]]]  # what is looked at, and how


class Doctor:
    """The doctor of one data directory. One thread may use it at a time.

    `guard` has looked at the logbook; None: a demonstration, which has no marker and no backups.
    `sources` are the parts of the kiosk; None: they could not be built, because of `trouble`.
    `now` returns the time (aware).
    """

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        guard: LogbookGuard | None,
        sources: Sources | None,
        now: Callable[[], datetime],
        trouble: KioskError | None = None,
    ) -> None:
        self._settings, self._folder, self._guard = settings, folder, guard
        self._sources, self._now, self._trouble = sources, now, trouble
        self.memory = CheckMemory(folder)
        self.at = _("checks")  # what is looked at: if it hangs, somebody wants to know
        self._asked: dict[object, tuple[datetime, Any]] = {}  # of Windows
        self._is_routine = False

    def examine(self, program: Observations | None = None, is_routine: bool = False) -> list[Check]:
        """Make all checks, in the same order each time, with since when each is as it is.

        `program` is what the running program sees, which asks for its own checks; None: a command
        asks, and what the program saw last is read from the file.  `is_routine` lets answers of
        Windows, which take a second of PowerShell each, be as old as an hour.
        """
        self._is_routine = is_routine
        now = self._now()
        checks: list[Check] = []
        for what, make in self._steps(now, program):
            self.at = what
            checks += made(what, make)
        if self._trouble is not None:
            seen = plain(str(self._trouble))
            do = _("Mend what this says; the other checks were not made.")
            checks.append(Check(NOT_DONE, _("program's parts"), UNKNOWN, seen, do))
        return self.memory.remember(checks, now, program)

    def _steps(self, now: datetime, program: Observations | None) -> Iterator[Step]:
        is_here = program is not None
        last = program or self.memory.observations()
        current = last if last is not None and last.is_fresh(now) else None
        sources = self._sources
        yield from self._machine_steps(last, current, is_here)
        if sources is not None:
            yield _("clock"), lambda: [clock_check(sources.data.current().knowledge, now)]
            yield (
                _("clock against the last one read"),
                lambda: other_clock_checks(sources.clock_ahead(now), sources.wrong_times()),
            )
        yield from self._settings_steps(now)
        yield from self._device_steps(current)
        yield from self._insurer_steps(last)
        if sources is not None:
            yield from self._inner_steps(sources, now)
        hub = current.hub if current else None
        yield _("hub"), lambda: hub_checks(bool(self._settings.hub.url), hub, now)
        guard = self._guard
        if guard is not None:
            reads = not is_here
            yield _("logbook"), lambda: logbook_checks(guard, current, now, reads)
        if sources is not None:
            yield _("proof"), lambda: [proof_check(sources.proofs, now)]
        yield _("alerts"), lambda: alert_checks(self._settings.alerts, last)

    def _machine_steps(
        self, last: Observations | None, current: Observations | None, is_here: bool
    ) -> Iterator[Step]:
        settings, folder = self._settings, self._folder
        disk = self._answer("disk", lambda: disk_state(folder), self._now())
        place = settings.encryption
        if self._guard is not None:
            holds, sources = self._guard.holds, self._sources
            instance = "" if holds or sources is None else sources.instance
            seen = last if is_here else current
            yield (
                _("program"),
                lambda: [program_check(folder, settings.web, instance, seen, is_here)],
            )
        yield _("disk"), lambda: [disk_check(folder)]
        yield _("encryption of the disk"), lambda: [disk_encryption_check(disk)]

        def encryption() -> list[Check]:
            keys = file_keys(place.keys, place.key_file, folder)
            return [encryption_check(place.keys, place.key_file, keys, disk, has_tpm())]

        yield _("encryption of the logbook"), encryption

    def _settings_steps(self, now: datetime) -> Iterator[Step]:
        settings = self._settings
        yield _("zbar"), lambda: [zbar_check()]
        yield _("facility"), lambda: [facility_check(settings.facility)]
        yield _("pages"), lambda: [pages_check(settings.web)]
        yield _("certificate"), lambda: certificate_checks(settings.web, now)

        def access(path: Path) -> FileAccess:
            return self._answer(path, lambda: file_access(path), now)

        yield _("log"), lambda: log_checks(settings.log)
        yield _("proxy to the internet"), lambda: proxy_check(settings.network)
        yield _("files of secrets"), lambda: secret_file_checks(settings, self._folder, access)

    def _answer(self, key: object, ask: Callable[[], T], now: datetime) -> T:
        """Return what the system answers; in a routine look on Windows, what it did lately."""
        asked = self._asked.get(key)
        if self._is_routine and os.name == "nt" and asked and now - asked[0] < MAX_ANSWER_AGE:
            answer: T = asked[1]
            return answer
        answer = ask()
        self._asked[key] = now, answer
        return answer

    def _device_steps(self, current: Observations | None) -> Iterator[Step]:
        seen = current.readers if current else {}
        printed = current.printers if current else {}

        def readers() -> Iterator[Check]:
            for port in self._settings.readers:
                yield reader_check(port, seen.get(port.name))

        def printers() -> Iterator[Check]:
            for port in self._settings.printers:
                yield printer_check(port, printed.get(port.name))

        yield _("readers"), readers
        yield _("printers"), printers

    def _insurer_steps(self, last: Observations | None) -> Iterator[Step]:
        insurer, way_out = self._settings.insurer, self._settings.network.proxies
        yield _("gateway"), lambda: [gateway_check(insurer, way_out)]
        yield _("sign-in at the gateway"), lambda: sign_in_checks(insurer, last)

    def _inner_steps(self, sources: Sources, now: datetime) -> Iterator[Step]:
        settings = self._settings
        yield _("visits"), lambda: obstacle_checks(settings, sources.obstacles())
        yield (
            _("signature"),
            lambda: [signature_check(settings.insurer, sources.signature())],
        )
        yield (
            _("data"),
            lambda: data_checks(
                settings, synced_folder(self._folder), sources.data, sources.newest_answer(), now
            ),
        )
        yield _("outbox"), lambda: [outbox_check(sources.outbox())]
        yield (
            _("unknown patients"),
            lambda: [unknown_patients_check(sources.communes_to_inform())],
        )
        yield (
            _("deadlines"),
            lambda: deadline_checks(
                sources.overdue(now), sources.suggested_outages(), sources.outbox()
            ),
        )
        yield _("rooms"), lambda: [rooms_check(sources.rooms())]
        yield _("webhooks"), lambda: [webhook_check(state) for state in sources.webhooks()]
        yield (
            _("holidays"),
            lambda: [holidays_check(sources.data.current().law.holidays_known_until(), now)],
        )
        yield _("kept data"), lambda: privacy_checks(sources.privacy, now)


def made(what: Words, make: Callable[[], Iterable[Check]]) -> list[Check]:
    """Return the checks of a step; if it fails, those before the failure, and a check that says so.

    An error's text may hold what is stored, so only its kind is shown.
    """
    checks: list[Check] = []
    try:
        for check in make():
            checks.append(check)
    except LogbookUnavailable as exc:
        seen = _("not known: the logbook cannot be read (%(why)s)", why=type(exc).__name__)
        do = _("See what the lines about the logbook say; else look into the log.")
        checks.append(Check(NOT_DONE, what, UNKNOWN, seen, do, subject=what.text))
    except Exception as exc:  # noqa: BLE001  (one check may not keep others from being made)
        log.error("the check %r failed: %s", what.text, type(exc).__name__)
        seen = _("not known: the check failed (%(why)s)", why=type(exc).__name__)
        do = _("Look into the log, and send a support bundle to whoever looks after the program.")
        checks.append(Check(NOT_DONE, what, UNKNOWN, seen, do, subject=what.text))
    return checks
