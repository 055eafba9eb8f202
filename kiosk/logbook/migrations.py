"""The logbook's schema, step by step; the later steps are in `kiosk.logbook.desk_migrations`.

- A step and the record that it ran are one transaction.
- A step that was released is never changed; a new step follows it.
- Times are ISO 8601 in UTC with microseconds, so that they sort as text.  Days are the clinic's.
"""

from __future__ import annotations

import json

import sqlite_utils
from sqlite_utils import Migrations

from kiosk.logbook.old_referrals import referral_among
from kiosk.logbook.schema import (
    ATTEMPT,
    CLOCK_FLOOR_CLEARED,
    CLOCK_READING,
    CLOCK_START,
    COMMUNE_NOTICE,
    EXPORT,
    IDENTITY,
    JOB,
    LOOK_BACK,
    LOOKUP,
    LOOKUP_READING,
    NEWEST_MESSAGE,
    OUTAGE_VERSION,
    OUTBOX,
    OUTBOX_2,
    OUTBOX_COUNT,
    OUTBOX_COUNT_TRIGGERS,
    OUTBOX_EVENT,
    PERSON_NUMBER,
    PROGRAM_RUN,
    PROPOSAL,
    READER_CHECK,
    SENT_FILE,
    SENT_MESSAGE,
    SUSPICION,
    VISIT,
    VISIT_CLOCK,
    VISIT_VERSION,
)
from kiosk.logbook.visit import referral_json

MIGRATIONS = Migrations("logbook")


@MIGRATIONS()
def m001_attempts_visits_and_outbox(db: sqlite_utils.Database) -> None:
    """Create the tables for readings, visits and messages."""
    for statement in (IDENTITY, ATTEMPT, VISIT, OUTBOX):
        db.execute(statement)
    db.execute("create index visit_day_person on visit (day, person)")
    db.execute("create index visit_arrived_at on visit (arrived_at)")
    db.execute("create index outbox_visit on outbox (visit)")
    db.execute(
        "create index outbox_open on outbox (next_try_at) where state in ('queued', 'in_flight')"
    )


@MIGRATIONS()
def m002_reader_checks(db: sqlite_utils.Database) -> None:
    """Keep the newest results of the reader check."""
    db.execute(READER_CHECK)


@MIGRATIONS()
def m003_versions_and_history(db: sqlite_utils.Database) -> None:
    """Let a visit be corrected and cancelled, and keep the history of its messages."""
    db.execute(OUTBOX_2)
    db.execute(
        "insert into outbox_2 (id, visit, person, state, body, tries, next_try_at, lease_until,"
        " transaction_code, code, message, answer, changed_at)"
        " select o.id, o.visit, v.person, o.state, o.body, o.tries, o.next_try_at, o.lease_until,"
        " o.transaction_code, o.code, o.message, o.answer, o.changed_at"
        " from outbox o join visit v on v.id = o.visit"
    )
    db.execute("drop table outbox")
    db.execute("alter table outbox_2 rename to outbox")
    db.execute(
        "create index outbox_open on outbox (next_try_at) where state in ('queued', 'in_flight')"
    )
    db.execute(
        "create index outbox_person on outbox (person, id) where state in ('queued', 'in_flight')"
    )
    db.execute(
        "create index outbox_troubled on outbox (changed_at) where state in ('refused', 'parked')"
    )
    db.execute(OUTBOX_EVENT)
    db.execute("create index outbox_event_outbox on outbox_event (outbox)")
    db.execute(
        "insert into outbox_event (outbox, at, state, code, message, transaction_code)"
        " select id, changed_at, state, code, message, transaction_code from outbox order by id"
    )
    db.execute("create index outbox_state on outbox (state)")
    db.execute(VISIT_VERSION)
    db.execute("alter table visit add column version integer not null default 1")
    db.execute("alter table visit add column cancelled_at text")


@MIGRATIONS()
def m004_nightly_job(db: sqlite_utils.Database) -> None:
    """Keep the runs of the nightly job and what the look-back found."""
    db.execute(JOB)
    db.execute(LOOK_BACK)
    db.execute("create index visit_outcome on visit (outcome, arrived_at)")


@MIGRATIONS()
def m005_citizen_numbers(db: sqlite_utils.Database) -> None:
    """Let visits be found by the citizen number in their record."""
    db.execute(
        "alter table visit add column citizen_number text"
        " generated always as (json_extract(record, '$.citizen_number')) virtual"
    )
    db.execute("create index visit_citizen_number on visit (citizen_number, person)")


@MIGRATIONS()
def m006_attempts_by_time(db: sqlite_utils.Database) -> None:
    """Let the readings of some days be found, and all verdicts on a reading."""
    db.execute("create index attempt_at on attempt (at)")
    db.execute("create index attempt_refines on attempt (refines) where refines is not null")


@MIGRATIONS()
def m007_counts_and_newest_messages(db: sqlite_utils.Database) -> None:
    """Keep how many messages are in each state, and define the newest message of a visit."""
    db.execute(OUTBOX_COUNT)
    db.execute(
        "insert into outbox_count (state, messages)"
        " select value, (select count(*) from outbox where state = value) from json_each(?)",
        ['["queued", "in_flight", "accepted", "refused", "parked", "closed"]'],
    )
    for trigger in OUTBOX_COUNT_TRIGGERS:
        db.execute(trigger)
    db.execute("drop index outbox_state")  # only the count used it
    db.execute(NEWEST_MESSAGE)
    db.execute("create index outbox_newest on outbox (visit, version, state)")


@MIGRATIONS()
def m008_visits_by_verdict_person_and_day(db: sqlite_utils.Database) -> None:
    """Let visits be found by verdict and by person, and counted by day from an index alone."""
    db.execute("create index visit_verdict_of on visit (verdict_of)")
    db.execute("create index visit_person on visit (person)")
    db.execute("create index visit_counted on visit (day, id, cancelled_at)")


@MIGRATIONS()
def m009_referrals(db: sqlite_utils.Database) -> None:
    """Turn referrals that are text among the papers of a visit into data.

    Text that cannot be read as a referral stays among the papers.
    """
    for table in ("visit", "visit_version"):
        mentions = db.execute(
            f"select rowid from {table} where json_extract(record, '$.papers') like '%referral%'"
        ).fetchall()
        for (rowid,) in mentions:
            [text] = db.execute(f"select record from {table} where rowid = ?", [rowid]).fetchone()
            record = json.loads(text)
            referral, papers = referral_among(record["papers"])
            if referral is None or record.get("referral"):
                continue
            record |= {"referral": referral_json(referral), "papers": papers}
            db.execute(
                f"update {table} set record = ? where rowid = ?",
                [json.dumps(record, ensure_ascii=False), rowid],
            )


@MIGRATIONS()
def m010_evidence_and_authors(db: sqlite_utils.Database) -> None:
    """Keep look-ups and sent files, and who did a thing.

    An empty author means that nobody was written down: the row is from before this step.
    """
    for statement in (LOOKUP, LOOKUP_READING, SENT_FILE, SENT_MESSAGE):
        db.execute(statement)
    db.execute("create index lookup_visit on lookup (visit) where visit is not null")
    db.execute("create index lookup_at on lookup (at)")
    db.execute("create index lookup_reading_lookup on lookup_reading (lookup)")
    db.execute("create index sent_message_file on sent_message (file)")
    for table in ("visit_version", "outbox_event"):
        db.execute(f"alter table {table} add column author text not null default ''")


@MIGRATIONS()
def m011_proposals(db: sqlite_utils.Database) -> None:
    """Keep what the insurer's later answer would add to a visit, until a person decides."""
    db.execute(PROPOSAL)
    db.execute("create index proposal_open on proposal (at) where result is null")


@MIGRATIONS()
def m012_exports(db: sqlite_utils.Database) -> None:
    """Keep who exported what."""
    db.execute(EXPORT)
    db.execute("create index export_visit on export (visit) where visit is not null")


@MIGRATIONS()
def m013_rows_of_sent_files(db: sqlite_utils.Database) -> None:
    """Keep which row of a file each message was: a portal may read only the first."""
    db.execute("alter table sent_message add column position integer not null default 1")
    db.execute("create index sent_message_later on sent_message (file) where position > 1")


@MIGRATIONS()
def m014_clocks(db: sqlite_utils.Database) -> None:
    """Keep what other clocks showed, and how wrong ours was when a visit was recorded."""
    for statement in (CLOCK_READING, CLOCK_START, VISIT_CLOCK, CLOCK_FLOOR_CLEARED):
        db.execute(statement)
    db.execute("create index clock_reading_newest_visit on clock_reading (newest_visit)")
    db.execute("create index visit_clock_boot on visit_clock (boot) where ahead_s is null")
    db.execute(
        "create index visit_clock_wrong on visit_clock (visit)"
        " where settled_at is null and abs(ahead_s) > 300"
    )


@MIGRATIONS()
def m015_deadlines_and_outages(db: sqlite_utils.Database) -> None:
    """Keep when the insurer first judged each message, outages, and when the program ran."""
    db.execute("alter table outbox add column answered_at text")  # accepted or refused; null: never
    db.execute(
        "update outbox set answered_at = (select min(e.at) from outbox_event e"
        " where e.outbox = outbox.id and e.state in ('accepted', 'refused'))"
    )
    db.execute(
        "update outbox set answered_at = changed_at"
        " where answered_at is null and state in ('accepted', 'refused')"
    )
    # Each replaces an index with the same columns except the last one.
    db.execute("drop index outbox_newest")
    db.execute("create index outbox_reported on outbox (visit, version, state, answered_at)")
    db.execute("drop index visit_counted")
    db.execute("create index visit_reported on visit (day, id, cancelled_at, arrived_at)")
    db.execute("create index sent_file_signed on sent_file (id, certificate_serial)")
    db.execute(OUTAGE_VERSION)
    db.execute(
        "create unique index outage_noticed on outage_version (noticed)"
        " where version = 1 and noticed <> ''"
    )
    db.execute(PROGRAM_RUN)


@MIGRATIONS()
def m017_person_numbers_and_appointments(db: sqlite_utils.Database) -> None:
    """Keep further numbers of a person, and let visits be found by them and by appointment slip."""
    db.execute(PERSON_NUMBER)
    db.execute("create index person_number_number on person_number (number)")
    db.execute(
        "alter table visit add column appointment_number text"
        " generated always as (json_extract(record, '$.appointment.number')) virtual"
    )
    db.execute(
        "create index visit_appointment on visit (appointment_number)"
        " where appointment_number is not null"
    )


@MIGRATIONS()
def m018_stand_ins_and_suspicions(db: sqlite_utils.Database) -> None:
    """Find visits by the codes that stand in for a patient or a card; keep suspicions.

    Two visits cannot have the same code of an unknown patient.
    """
    for column, path in (
        ("unknown_code", "unknown.code"),
        ("temporary_code", "temporary_code.code"),
    ):
        db.execute(
            f"alter table visit add column {column} text"
            f" generated always as (json_extract(record, '$.{path}')) virtual"
        )
    db.execute(
        "create unique index visit_unknown_code on visit (unknown_code)"
        " where unknown_code is not null"
    )
    db.execute(
        "create index visit_temporary_code on visit (temporary_code)"
        " where temporary_code is not null"
    )
    for statement in (COMMUNE_NOTICE, SUSPICION):
        db.execute(statement)
    db.execute("create index commune_notice_visit on commune_notice (visit)")
    db.execute("create index suspicion_reading on suspicion (reading)")


@MIGRATIONS()
def m019_accounts_of_sent_files(db: sqlite_utils.Database) -> None:
    """Keep under which account, and by which call of the gateway, each file was sent.

    Both are empty in rows from before this step.
    """
    for column in ("account", "call"):
        db.execute(f"alter table sent_file add column {column} text not null default ''")


@MIGRATIONS()
def m020_impossible_times(db: sqlite_utils.Database) -> None:
    """Remove what broken clocks showed (the year 9999), and what was measured by it.

    Such a time is no longer read (`kiosk.runtime.server_time`).
    """
    db.execute("delete from clock_reading where trusted_at not between '2020' and '2200'")
    db.execute(
        "update visit_clock set ahead_s = null, source = null"
        " where settled_at is null and ahead_s is not null"
        " and julianday(recorded_at) - ahead_s / 86400.0"
        " not between julianday('2020-01-01') and julianday('2200-01-01')"
    )


@MIGRATIONS()
def m021_days_of_arrival_and_later_readings(db: sqlite_utils.Database) -> None:
    """Count visits by the day of their arrival, which may be corrected, from an index alone.

    Find visits by the reading of a card that was presented after the visit was recorded.
    """
    db.execute("drop index visit_reported")
    db.execute("drop index visit_arrived_at")
    db.execute("create index visit_arrived on visit (arrived_at, id, cancelled_at)")
    db.execute(
        "create index visit_clock_settled on visit_clock (visit) where settled_at is not null"
    )
    db.execute(
        "alter table visit add column later_reading integer generated always as ("
        "coalesce(json_extract(record, '$.joined_by'), json_extract(record, '$.how.reading')))"
        " virtual"
    )
    db.execute(
        "create index visit_later_reading on visit (later_reading) where later_reading is not null"
    )
