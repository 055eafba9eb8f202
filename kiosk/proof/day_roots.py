"""The signed roots of the days: made when the day is closed, by the nightly job, or by a command.

A root covers what was linked since the root before, whatever the clock showed.  Only a root that
has left this machine, on paper or in somebody else's hands, stops those who administer it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from kiosk.logbook import DAY_ROOT_CODE, Database, newest_link, to_utc_text
from kiosk.proof.keys import KioskKeys
from kiosk.proof.signed_roots import SELECT_ROOTS, SignedRoot, root_from
from verify import clinic_day


class DayRoots:
    """The table `day_root`."""

    def __init__(self, database: Database, keys: KioskKeys) -> None:
        self._database = database
        self._keys = keys

    def make(self, now: datetime, day: date | None = None) -> SignedRoot:
        """Sign the end of the chain for a day at the clinic, by default that of `now` (aware).

        If nothing was written since the newest root, which is of the same day, that one is
        returned.

        Raises NotRecorded if the logbook cannot be written, and SettingsError if the key file
        cannot be read or made.
        """
        text = (day or clinic_day(now)).isoformat()
        with self._database.transaction() as db:
            newest = newest_link(db)
            last = db.execute(f"{SELECT_ROOTS} order by r.id desc limit 1").fetchone()
            before = root_from(last) if last else None
            if before is not None and before.day == text and newest.id == before.last_link + 1:
                [source] = db.execute(
                    "select source from link where id = ?", [newest.id]
                ).fetchone()
                if source == DAY_ROOT_CODE:  # the root itself
                    return before
            unsigned = SignedRoot(
                instance=self._database.instance,
                day=text,
                at=to_utc_text(now),
                first_link=before.last_link + 1 if before else 1,
                last_link=newest.id,
                hash=newest.hash,
                key=b"",
            )
            key, public, signature = self._keys.sign(
                db, now, lambda public: replace(unsigned, key=public).message
            )
            root = replace(unsigned, key=public, signature=signature)
            db.execute(
                "insert into day_root (at, day, first_link, last_link, hash, links, key, signature)"
                " values (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    root.at,
                    root.day,
                    root.first_link,
                    root.last_link,
                    root.hash,
                    root.links,
                    key,
                    root.signature,
                ],
            )
        return root

    def of(self, day: date) -> SignedRoot | None:
        """Return the newest root of a day at the clinic. None if none was made.

        Raises LogbookUnavailable if the logbook cannot be read.
        """
        return self._first("where r.day = ? order by r.id desc", day.isoformat())

    def newest(self) -> SignedRoot | None:
        """Return the newest root of all. None if none was made."""
        return self._first("order by r.id desc")

    def reaching(self, link: int) -> SignedRoot | None:
        """Return the first root that covers a link. None if none does yet."""
        return self._first("where r.last_link >= ? order by r.id", link)

    def _first(self, where: str, *values: object) -> SignedRoot | None:
        rows = self._database.rows(f"{SELECT_ROOTS} {where} limit 1", values)
        return root_from(rows[0]) if rows else None
