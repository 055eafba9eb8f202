"""The steps of the logbook's schema that the desk and the queue brought.

They follow those of `kiosk.logbook.migrations`, under the same rules.
"""

from __future__ import annotations

import secrets

import sqlite_utils

from kiosk.logbook.chain import link_earlier_rows
from kiosk.logbook.chain_schema import DAY_ROOT, LINK, LINK_INDEX, PROOF_KEY
from kiosk.logbook.decision_schema import (
    DECISION_COLUMNS,
    DECISION_KINDS,
    DECISION_KINDS_2,
    decision_table,
)
from kiosk.logbook.desk_schema import (
    CLOSED_KEY,
    CONSENT,
    CONSENT_FIXED,
    CONSENT_VALUE,
    HELP_COUNT,
    PAPER_LINE,
    PAPER_SHEET,
    SET_ASIDE,
    TICKET,
    TICKET_EVENT,
    TICKET_KEY,
    TICKET_PRINT,
)
from kiosk.logbook.hub_schema import (
    CHANGE_ELSEWHERE_PARTS,
    HUB_BEGUN,
    HUB_JOURNAL,
    HUB_JOURNAL_TRIGGERS,
)
from kiosk.logbook.migrations import MIGRATIONS
from kiosk.logbook.privacy_schema import (
    ACCESS_FIXED_2,
    ACCESS_REVIEW,
    ADDED_ONLY,
    BREACH,
    CONSENT_FIXED_2,
    ERASURE,
    PERSON_REQUEST,
    PURGE,
    purgeable,
)
from kiosk.logbook.report_schema import (
    FILL_VISIT_FACT,
    REPORT_INDEXES,
    REPORT_TABLES,
    VISIT_FACT,
    VISIT_FACT_TRIGGERS,
)
from kiosk.logbook.room_names import room_key
from kiosk.logbook.search_schema import (
    FILL_SEARCH_COLUMNS,
    SAME_PERSON,
    SAME_PERSON_INDEXES,
    SAME_PERSON_TRIGGERS,
    SEARCH_COLUMN_INDEXES,
    SEARCH_COLUMN_TRIGGERS,
    SEARCH_COLUMNS,
    SEARCH_INDEXES,
    SEARCH_TRIGGERS,
    SEARCH_VALUE,
    SEARCH_WAITING_INDEX,
    VISIT_SEARCH,
    VISIT_WORDS,
)
from kiosk.logbook.sending_schema import SENDING_DECISION, SHARED_LIST
from kiosk.logbook.staff_schema import (
    ACCESS,
    ACCESS_PRUNED,
    API_TOKEN,
    APPROVAL,
    BADGE,
    FIRST_CODE,
    FIRST_NUMBER,
    MEMBER,
    MEMBER_EVENT,
    ONLY_ADDED,
    RECOVERY_CODE,
    SECOND_FACTOR,
    SIGN_IN,
    STAFF_SESSION,
    only_added,
)
from kiosk.logbook.visit_index import index_all
from kiosk.logbook.webhook_schema import WEBHOOK, WEBHOOK_INDEXES, WEBHOOK_MESSAGE

__all__ = ["MIGRATIONS"]


@MIGRATIONS()
def m022_closed_keys_and_patients_set_aside(db: sqlite_utils.Database) -> None:
    """Close keys under which nothing was recorded, and take readings off the desk's list."""
    db.execute(CLOSED_KEY)
    db.execute(SET_ASIDE)


@MIGRATIONS()
def m023_tickets_of_rooms(db: sqlite_utils.Database) -> None:
    """Give each room a series of numbers of its own. Earlier numbers stay, as done.

    `visit.ticket` counts the visits of a day from now on; the number that the patient has is in
    the table `ticket`.
    """
    for statement in (TICKET, TICKET_EVENT):
        db.execute(statement)
    db.register_function(room_key, deterministic=True)
    db.execute(
        "insert into ticket (visit, reading, day, room, room_key, prefix, number, priority, state,"
        " issued_at) select id, attempt, day, room, room_key(room), '', ticket, '',"
        " case when cancelled_at is null then 'done' else 'cancelled' end, arrived_at"
        " from (select *, coalesce(json_extract(record, '$.room'), '') as room from visit)"
        " order by row"
    )
    db.execute("create unique index ticket_visit on ticket (visit) where state <> 'moved'")
    db.execute("create index ticket_reading on ticket (reading)")
    db.execute("create index ticket_slip on ticket (day) where prefix = 'Q' and visit is null")
    db.execute("create index ticket_called on ticket (called_at) where called_at is not null")
    db.execute("create index ticket_event_ticket on ticket_event (ticket)")


@MIGRATIONS()
def m024_ticket_prints(db: sqlite_utils.Database) -> None:
    """Keep which tickets are to be printed, and the key of the codes on them."""
    db.execute(TICKET_PRINT)
    db.execute("create index ticket_print_ticket on ticket_print (ticket, id)")
    db.execute(
        "create index ticket_print_due on ticket_print (printer, due_at)"
        " where state in ('waiting', 'failed')"
    )
    db.execute(TICKET_KEY)
    db.execute("insert into ticket_key (key) values (?)", [secrets.token_bytes(32)])


@MIGRATIONS()
def m025_paper_sheets(db: sqlite_utils.Database) -> None:
    """Keep which sheets of paper were printed, and what became of each of their lines."""
    db.execute(PAPER_SHEET)
    db.execute(PAPER_LINE)
    db.execute("create index paper_line_at on paper_line (at, visit)")


@MIGRATIONS()
def m026_consents(db: sqlite_utils.Database) -> None:
    """Keep what people consented to, and the data that are kept by that until they are erased."""
    for statement in (CONSENT, *CONSENT_FIXED, CONSENT_VALUE):
        db.execute(statement)
    db.execute("create unique index consent_withdraws on consent (withdraws)")


@MIGRATIONS()
def m027_help_counts(db: sqlite_utils.Database) -> None:
    """Count how often the help with VssID and VNeID was used, without persons."""
    db.execute(HELP_COUNT)


@MIGRATIONS()
def m028_staff_and_accesses(db: sqlite_utils.Database) -> None:
    """Keep who works here, who signed in, what supervisors approved, and who looked at whom."""
    for statement in (
        MEMBER,
        MEMBER_EVENT,
        SIGN_IN,
        STAFF_SESSION,
        SECOND_FACTOR,
        RECOVERY_CODE,
        BADGE,
        APPROVAL,
        API_TOKEN,
        FIRST_CODE,
        ACCESS,
        ACCESS_PRUNED,
    ):
        db.execute(statement)
    db.execute("create index member_event_member on member_event (member, id)")
    db.execute("create index sign_in_member on sign_in (member, at)")
    db.execute("create index staff_session_open on staff_session (member) where ended_at is null")
    db.execute("create index access_at on access (at)")
    db.execute("create index access_visit on access (visit, id) where visit is not null")
    db.execute("create index access_person on access (person, id) where person is not null")
    db.execute("create index access_member on access (member, id)")
    for table in ONLY_ADDED:
        for statement in only_added(table):
            db.execute(statement)
    # The first member gets this number.
    db.execute("insert into sqlite_sequence (name, seq) values ('member', ?)", [FIRST_NUMBER - 1])


@MIGRATIONS()
def m030_retention_and_requests(db: sqlite_utils.Database) -> None:
    """Let old rows be deleted when their time is over, and keep what was deleted and why.

    Keep requests of persons, breaches, and reviews of who may do what.  The indexes are for the
    foreign keys that a deletion checks: without them each one reads a whole table.
    """
    for statement in (PURGE, ERASURE, PERSON_REQUEST, BREACH, ACCESS_REVIEW):
        db.execute(statement)
    for table in ADDED_ONLY:
        for statement in only_added(table):
            db.execute(statement)
    db.execute("create index purge_kind on purge (kind, before)")
    db.execute("create index if not exists visit_verdict_of on visit (verdict_of)")
    db.execute("create index ticket_of_visit on ticket (visit) where visit is not null")
    db.execute("create index paper_line_visit on paper_line (visit) where visit is not null")
    db.execute("create index consent_visit on consent (visit) where visit is not null")
    db.execute("create index suspicion_verdict_of on suspicion (verdict_of)")
    db.execute("create index approval_session on approval (session)")
    for trigger in (
        *("sign_in_no_delete", "access_no_delete", "access_no_update"),
        *("consent_no_delete", "consent_no_update"),
    ):
        db.execute(f"drop trigger {trigger}")
    for statement in (
        ACCESS_FIXED_2,
        CONSENT_FIXED_2,
        purgeable("sign_in", "sign_ins", "at"),
        purgeable("access", "looks", "at"),
        purgeable("consent", "consents", "until"),
    ):
        db.execute(statement)


@MIGRATIONS()
def m032_webhooks(db: sqlite_utils.Database) -> None:
    """Keep what other programs are sent about visits, and which of them want no more."""
    for statement in (WEBHOOK, WEBHOOK_MESSAGE, *WEBHOOK_INDEXES):
        db.execute(statement)


@MIGRATIONS()
def m034_hash_chain(db: sqlite_utils.Database) -> None:
    """Begin the hash chain, and link what was written before, marked as linked later."""
    for statement in (LINK, PROOF_KEY, DAY_ROOT):
        db.execute(statement)
    link_earlier_rows(db)
    db.execute(LINK_INDEX)


@MIGRATIONS()
def m036_search_of_visits(db: sqlite_utils.Database) -> None:
    """Let visits be found by the words of names, by birth, telephone, room and author."""
    for statement in (VISIT_SEARCH, VISIT_WORDS, SEARCH_VALUE, *SEARCH_TRIGGERS, *SEARCH_INDEXES):
        db.execute(statement)
    index_all(db)


@MIGRATIONS()
def m038_decisions_about_the_logbook(db: sqlite_utils.Database) -> None:
    """Keep what people decided about a logbook that was missing, damaged or older."""
    db.execute(decision_table(DECISION_KINDS))
    for statement in only_added("logbook_decision"):
        db.execute(statement)


@MIGRATIONS()
def m040_reports_and_closings(db: sqlite_utils.Database) -> None:
    """Keep what reports count visits by, closed days, and which patients were contacted."""
    for statement in (
        VISIT_FACT,
        *REPORT_INDEXES,
        FILL_VISIT_FACT,
        *VISIT_FACT_TRIGGERS,
        *REPORT_TABLES,
        *only_added("day_closing"),
    ):
        db.execute(statement)


@MIGRATIONS()
def m042_joined_persons(db: sqlite_utils.Database) -> None:
    """Keep which records are of one person, although no number joins them."""
    for statement in (SAME_PERSON, *SAME_PERSON_INDEXES, *SAME_PERSON_TRIGGERS):
        db.execute(statement)


@MIGRATIONS()
def m044_search_by_state_and_ticket(db: sqlite_utils.Database) -> None:
    """Keep the state and the ticket of a visit in the index of the search, in its order.

    Two indexes that no query reads, or only for few of its rows, go: 85 bytes of each visit.
    """
    for statement in (
        *SEARCH_COLUMNS,
        FILL_SEARCH_COLUMNS,
        *SEARCH_COLUMN_INDEXES,
        *SEARCH_COLUMN_TRIGGERS,
        "drop index visit_day_person",
        "drop index visit_outcome",
        "create index visit_unconfirmed on visit (arrived_at) where outcome = 'unconfirmed'",
    ):
        db.execute(statement)


@MIGRATIONS()
def m046_search_among_those_that_wait(db: sqlite_utils.Database) -> None:
    """Let the visits whose messages are not accepted be searched without reading other rows."""
    db.execute(SEARCH_WAITING_INDEX)


@MIGRATIONS()
def m048_rebuilt_logbooks(db: sqlite_utils.Database) -> None:
    """Let it be written down that what is computed was made again. No row changes."""
    rows = db.execute(f"select {DECISION_COLUMNS} from logbook_decision").fetchall()
    db.execute("drop table logbook_decision")
    db.execute(decision_table(DECISION_KINDS_2))
    marks = ", ".join("?" * len(DECISION_COLUMNS.split(", ")))
    for row in rows:
        db.execute(
            f"insert into logbook_decision ({DECISION_COLUMNS}) values ({marks})", tuple(row)
        )
    for statement in only_added("logbook_decision"):
        db.execute(statement)


@MIGRATIONS()
def m050_journal_for_a_hub(db: sqlite_utils.Database) -> None:
    """Let changes of visits be written down for a hub, once the logbook has one."""
    for statement in (HUB_BEGUN, HUB_JOURNAL, *HUB_JOURNAL_TRIGGERS):
        db.execute(statement)


@MIGRATIONS()
def m052_letters_on_paper(db: sqlite_utils.Database) -> None:
    """Keep what stands before the numbers of a sheet: of several desks, each has a letter.

    Null: G alone, as on all sheets that were printed before.
    """
    db.execute("alter table paper_sheet add column prefix text")


@MIGRATIONS()
def m053_sending_and_lists_of_several_desks(db: sqlite_utils.Database) -> None:
    """Keep what people decided about who sends messages, and what was taken of shared lists."""
    db.execute(SENDING_DECISION)
    db.execute(SHARED_LIST)
    for statement in only_added("sending_decision"):
        db.execute(statement)


@MIGRATIONS()
def m054_changes_of_visits_elsewhere(db: sqlite_utils.Database) -> None:
    """Keep the changes that were made here to visits of other desks, and bring them to the hub."""
    for statement in CHANGE_ELSEWHERE_PARTS:
        db.execute(statement)
