"""Deletes readings and visits with all that belongs to them, within a transaction.

1.  What belongs to several visits, such as a file with many records, goes with the last of them.
2.  A visit takes its readings along, its look-ups, messages, versions, ticket and prints.
3.  The line of a paper sheet stays, as a void one: otherwise it would wait to be entered.
4.  Exports and consents stay, without the visit that they name.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import sqlite_utils

GONE = "—"  # why a line is void whose visit was deleted
IDS = "(select value from json_each(:ids))"

# What belongs to visits, by their `id`; the order follows the foreign keys.
OF_VISITS = (
    f"delete from ticket_print where ticket in (select id from ticket where visit in {IDS})",
    f"delete from ticket_event where ticket in (select id from ticket where visit in {IDS})",
    f"delete from ticket where visit in {IDS}",
    f"delete from person_number where visit in (select row from visit where id in {IDS})",
    f"delete from visit_version where visit in {IDS}",
    f"delete from visit_clock where visit in {IDS}",
    f"delete from look_back where visit in {IDS}",
    f"delete from proposal where visit in {IDS}",
    f"delete from commune_notice where visit in {IDS}",
    f"update export set visit = null where visit in {IDS}",
    f"update consent set visit = null where visit in {IDS}",
    f"update paper_line set visit = null, arrived_at = null, why_void = '{GONE}'"
    f" where visit in {IDS}",
    f"delete from outbox_event where outbox in (select id from outbox where visit in {IDS})",
    f"delete from sent_message where message in (select id from outbox where visit in {IDS})",
    f"delete from outbox where visit in {IDS}",
    f"delete from lookup_reading where lookup in (select id from lookup where visit in {IDS})",
    f"delete from lookup where visit in {IDS}",
    f"delete from visit where id in {IDS}",
    f"delete from contacted where visit in {IDS} and undoes is not null",  # after their visit
    f"delete from contacted where visit in {IDS}",
)
READINGS_OF_VISITS = (
    f"select attempt from visit where row in {IDS}"
    f" union select coalesce(a.refines, a.id) from visit v join attempt a on a.id = v.verdict_of"
    f" where v.row in {IDS}"
    f" union select later_reading from visit where row in {IDS} and later_reading is not null"
)
# What belongs to readings and the later verdicts on them, by their ids.
OF_READINGS = (
    "delete from ticket_print where ticket in"
    f" (select id from ticket where reading in {IDS} and visit is null)",
    "delete from ticket_event where ticket in"
    f" (select id from ticket where reading in {IDS} and visit is null)",
    f"delete from ticket where reading in {IDS} and visit is null",
    f"update ticket set reading = null where reading in {IDS}",
    f"delete from set_aside where reading in {IDS}",
    f"delete from lookup_reading where reading in {IDS} or reading in"
    f" (select id from attempt where refines in {IDS})",
    f"delete from attempt where refines in {IDS}",
    f"delete from attempt where id in {IDS}",
)
# Of a reading `a`: no visit and no suspicion needs it.
UNNEEDED = (
    "a.refines is null"
    " and not exists (select 1 from visit v where v.attempt = a.id)"
    " and not exists (select 1 from visit v where v.later_reading = a.id)"
    " and not exists (select 1 from visit v where v.verdict_of = a.id)"
    " and not exists (select 1 from attempt r join visit v on v.verdict_of = r.id"
    " where r.refines = a.id)"
    " and not exists (select 1 from suspicion s where s.reading = a.id)"
)
ORPHANED_LOOKUPS = (
    f"delete from lookup where id in {IDS} and visit is null"
    " and not exists (select 1 from lookup_reading r where r.lookup = lookup.id)"
)
ORPHANED_FILES = (
    f"delete from sent_file where id in {IDS}"
    " and not exists (select 1 from sent_message m where m.file = sent_file.id)"
)


def delete_visits(db: sqlite_utils.Database, rows: Sequence[int]) -> None:
    """Delete visits by their rows. None of them waits to be sent, nor is suspected of anything."""
    visits = _texts(db, f"select id from visit where row in {IDS}", rows)
    readings = _numbers(db, READINGS_OF_VISITS, rows)
    of_visits = f"select id from outbox where visit in {IDS}"
    files = _numbers(db, f"select file from sent_message where message in ({of_visits})", visits)
    for statement in OF_VISITS:
        db.execute(statement, {"ids": json.dumps(visits)})
    db.execute(ORPHANED_FILES, {"ids": json.dumps(files)})
    delete_readings(db, readings)


def delete_readings(db: sqlite_utils.Database, readings: Iterable[int]) -> None:
    """Delete readings with the later verdicts on them and the look-ups that are about them alone.

    Those that a visit or a suspicion still needs stay.
    """
    unneeded = _numbers(
        db,
        f"select a.id from attempt a where a.id in {IDS} and {UNNEEDED}",
        list(readings),
    )
    lookups = _numbers(db, f"select lookup from lookup_reading where reading in {IDS}", unneeded)
    for statement in OF_READINGS:
        db.execute(statement, {"ids": json.dumps(unneeded)})
    db.execute(ORPHANED_LOOKUPS, {"ids": json.dumps(lookups)})


def _numbers(db: sqlite_utils.Database, sql: str, ids: Sequence[object]) -> list[int]:
    return [int(row[0]) for row in db.execute(sql, {"ids": json.dumps(ids)}).fetchall()]


def _texts(db: sqlite_utils.Database, sql: str, ids: Sequence[object]) -> list[str]:
    return [str(row[0]) for row in db.execute(sql, {"ids": json.dumps(ids)}).fetchall()]
