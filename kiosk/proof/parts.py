"""The parts of the proof of one logbook, and what the nightly job does with them."""

from __future__ import annotations

import logging
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from kiosk.errors import SettingsError
from kiosk.logbook import ChainLink, Database, NightlyProof
from kiosk.proof.bundle import make_bundle
from kiosk.proof.check import CheckResult, check_logbook
from kiosk.proof.day_roots import DayRoots
from kiosk.proof.keys import KioskKeys
from verify import clinic_day

log = logging.getLogger(__name__)

KEY_FILE = "proof.key"
WHOLE_EVERY = timedelta(days=7)


class Proofs:
    """The keys, the roots and the checks of one logbook."""

    def __init__(self, database: Database, folder: Path) -> None:
        """`folder` is the data directory; the key lies in its folder `secrets`."""
        self._database = database
        self.keys = KioskKeys(database, folder / "secrets" / KEY_FILE)
        self.roots = DayRoots(database, self.keys)

    def check(
        self, since: ChainLink | None = None, expected: tuple[int, str] | None = None
    ) -> CheckResult:
        """Check the logbook; the arguments are those of `check_logbook`."""
        return check_logbook(self._database, since, expected)

    def prove(self, visit: str, now: datetime) -> dict[str, Any]:
        """Return the bundle of a visit as JSON; sign a root first if none covers it yet.

        Raises NotProvable if there is no such visit, or its rows lack their links.
        """
        self.roots.make(now)
        return make_bundle(self._database, visit, self.roots.reaching)

    def nightly(self, now: datetime, last: NightlyProof | None) -> NightlyProof:
        """Check what was linked since the `last` run, and once a week all; sign the end.

        `now` is aware.  After a run that found something, all is checked.

        Raises LogbookUnavailable or NotRecorded if the logbook cannot be read or written.
        """
        today = clinic_day(now)
        since = None
        if last is not None and not last.faults and last.hash:
            whole_on = date.fromisoformat(last.whole_on)
            if timedelta(0) <= today - whole_on < WHOLE_EVERY:
                since = ChainLink(last.link, bytes.fromhex(last.hash))
        result = self.check(since)
        try:
            root = self.roots.make(now)
            line, trouble = root.line, None
        except SettingsError as exc:
            log.error("the root of the day could not be signed: %s", exc)
            line, trouble = None, "key"
        return NightlyProof(
            link=result.newest.id,
            hash=result.newest.hash.hex(),
            whole_on=last.whole_on if since and last else today.isoformat(),
            faults=len(result.faults),
            first_fault=result.faults[0].what if result.faults else None,
            root=line,
            trouble=trouble,
        )
