"""Which rows of the logbook are links of its hash chain, and which of their columns.

This is the one place that decides it; a test compares it with the schema and with docs/proof.md.
The numbers of the tables are stored in links and never change their meaning.

A column that is not linked changes later without a link; the reason stands beside it.  Columns that
SQLite computes are never linked: what they are computed from is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class LinkedTable:
    """A table whose rows are links.

    `code` stands for it in links.  `key` are the columns that name a row: one of integers, or
    others, of which a digest stands in the link.  `columns` are linked; a row that lacks one (null)
    has the same content as before the column existed.  `later` are the others, with the reason.
    `moment` is an SQL expression for when a row was written, as far as it is known; it serves the
    order of rows that are older than the chain.  `goes_with` are the tables one of which says, in
    the same transaction, why a row was deleted; empty: rows are never deleted.
    """

    code: int
    name: str
    key: tuple[str, ...]
    columns: tuple[str, ...]
    later: Mapping[str, str] = field(default_factory=dict)
    moment: str = "at"
    goes_with: tuple[str, ...] = ()
    has_number: bool = True  # the key is an integer

    def sql_key(self, of: str) -> tuple[str, str]:
        """Return the two expressions that name a row of the table `of`, such as `new`."""
        first = f"{of}.{self.key[0]}"
        return first, f"{of}.{self.key[1]}" if len(self.key) > 1 else "null"


PERIODS = ("purge", "erasure")  # what deletes rows of persons
STATE = "each change is a row of {}, which is linked"


def _numbered(code: int, name: str, columns: str, **more: object) -> LinkedTable:
    """Return a table whose key is the first of its columns."""
    words = tuple(columns.split())
    return LinkedTable(code, name, words[:1], words, **more)  # type: ignore[arg-type]


def _keyed(code: int, name: str, key: str, columns: str, **more: object) -> LinkedTable:
    """Return a table whose key is no integer, or several columns."""
    words = tuple(key.split())
    return LinkedTable(
        code,
        name,
        words,
        (*words, *columns.split()),
        has_number=False,
        **more,  # type: ignore[arg-type]
    )


LINKED = (
    _keyed(1, "identity", "instance", "use", moment="''"),
    _numbered(
        2, "attempt", "id at reader outcome reason verdict number refines", goes_with=PERIODS
    ),
    _numbered(
        3,
        "visit",
        "row id attempt verdict_of idempotency_key arrived_at day ticket outcome reason number"
        " person record version cancelled_at",
        moment="arrived_at",
        goes_with=PERIODS,
    ),
    _keyed(
        4,
        "visit_version",
        "visit version",
        "record replaced_at why author",
        moment="replaced_at",
        goes_with=PERIODS,
    ),
    _numbered(
        5,
        "outbox",
        "id visit version person body answer",
        later={
            "state": STATE.format("outbox_event"),
            "code": STATE.format("outbox_event"),
            "message": STATE.format("outbox_event"),
            "transaction_code": STATE.format("outbox_event"),
            "alone": "how the message is to be sent",
            "tries": "a count of tries",
            "next_try_at": "when it is to be sent",
            "lease_until": "who sends it now",
            "changed_at": STATE.format("outbox_event"),
            "answered_at": "taken from outbox_event",
        },
        moment="changed_at",
        goes_with=PERIODS,
    ),
    _numbered(
        6,
        "outbox_event",
        "id outbox at state code message transaction_code author",
        goes_with=PERIODS,
    ),
    _numbered(
        7,
        "lookup",
        "id visit kind purpose at duration_ms author asked result code http_status error answer",
        goes_with=PERIODS,
    ),
    _keyed(
        8,
        "lookup_reading",
        "reading lookup",
        "",
        moment="(select l.at from lookup l where l.id = lookup)",
        goes_with=PERIODS,
    ),
    _numbered(
        9,
        "sent_file",
        "id at sha256 certificate_serial answer account call",
        later={"document": "its SHA-256 is linked, and `check` compares the two"},
        goes_with=PERIODS,
    ),
    _keyed(
        10,
        "sent_message",
        "message file",
        "position",
        moment="(select f.at from sent_file f where f.id = file)",
        goes_with=PERIODS,
    ),
    _numbered(
        11,
        "person_number",
        "row visit kind number valid_from valid_until",
        moment="(select v.arrived_at from visit v where v.row = visit)",
        goes_with=PERIODS,
    ),
    _numbered(12, "export", "id kind visit at author sha256", goes_with=PERIODS),
    _numbered(13, "job", "id started_at finished_at report", moment="started_at"),
    _keyed(14, "look_back", "visit", "at outcome reason", goes_with=PERIODS),
    _keyed(15, "proposal", "visit", "at changes settled_at settled_by result", goes_with=PERIODS),
    _numbered(16, "clock_reading", "id at boot steady_s trusted_at ahead_s source newest_visit"),
    _keyed(
        17,
        "visit_clock",
        "visit",
        "boot steady_s recorded_at settled_at",
        later={
            "ahead_s": "computed afterwards from clock_reading, which is linked",
            "source": "computed afterwards from clock_reading, which is linked",
        },
        moment="recorded_at",
        goes_with=PERIODS,
    ),
    _keyed(18, "clock_start", "boot", "at steady_s newest_visit"),
    _numbered(19, "clock_floor_cleared", "id at author moment last_reading"),
    _numbered(
        20,
        "commune_notice",
        "id visit recipient informed_at way note at author",
        goes_with=PERIODS,
    ),
    _keyed(
        21,
        "suspicion",
        "id version",
        "reading verdict_of ground note state recipient reported_at way why at author",
        goes_with=PERIODS,
    ),
    _keyed(
        22,
        "outage_version",
        "outage version",
        "at author state source begins_at ends_at reported_to reported_at reported_by note noticed",
    ),
    _numbered(
        23,
        "program_run",
        "id started_at",
        later={
            "seen_at": "grows while the program runs",
            "stopped_at": "grows with seen_at",
        },
        moment="started_at",
    ),
    _numbered(24, "set_aside", "reading at author reason", goes_with=PERIODS),
    _numbered(
        25,
        "ticket",
        "id visit reading day room room_key prefix number issued_at",
        later={
            "priority": STATE.format("ticket_event"),
            "state": STATE.format("ticket_event"),
            "called_at": STATE.format("ticket_event"),
            "version": STATE.format("ticket_event"),
        },
        moment="issued_at",
        goes_with=PERIODS,
    ),
    _numbered(26, "ticket_event", "id ticket at state priority author", goes_with=PERIODS),
    _numbered(
        27, "paper_sheet", "id printed_at author lines first_number prefix", moment="printed_at"
    ),
    _keyed(28, "paper_line", "sheet line", "at author visit arrived_at why_void"),
    _numbered(
        29,
        "consent",
        "id at author withdraws key purpose kept until how wording person visit",
        goes_with=PERIODS,
    ),
    _numbered(
        30,
        "member",
        "id name citizen_number role active created_at pin_hash pin_key",
        later={
            "unlocked_at": STATE.format("member_event"),
            "last_sign_in_at": STATE.format("sign_in"),
            "pin_is_temporary": STATE.format("member_event"),
        },
        moment="created_at",
    ),
    _numbered(31, "member_event", "id at member what detail author"),
    _numbered(32, "sign_in", "id at member address device result", goes_with=PERIODS),
    _numbered(
        33,
        "approval",
        "id token action object session approver reason at boot until_s used_at",
        goes_with=PERIODS,
    ),
    _numbered(
        34,
        "staff_session",
        "id token member role address device desk began_at boot began_s ended_at ended_why",
        later={"moved_s": "follows each touch of a key"},
        moment="began_at",
        goes_with=PERIODS,
    ),
    _numbered(35, "badge", "id code member made_at revoked_at", moment="made_at"),
    _numbered(
        36,
        "api_token",
        "id token name scopes reader made_at last_day revoked_at",
        later={"used_on": "follows each day of use"},
        moment="made_at",
    ),
    _numbered(37, "first_code", "id code made_at used_at", moment="made_at"),
    _numbered(
        38,
        "access",
        "id at member author session desk address visit person what why",
        goes_with=PERIODS,
    ),
    _numbered(39, "access_pruned", "id at before author"),
    _numbered(40, "purge", "id at kind before deleted author"),
    _numbered(41, "erasure", "id at author request why erased stays"),
    _keyed(
        42,
        "person_request",
        "id version",
        "kind about contact way received_at state answered_at answer at author",
        goes_with=PERIODS,
    ),
    _keyed(
        43,
        "breach",
        "id version",
        "state noticed_at began_at what data people cause harm measures is_severe contact"
        " first_word_at reported_at people_informed_at at author",
        goes_with=PERIODS,
    ),
    _numbered(44, "access_review", "id at author accounts sha256 note"),
    _numbered(45, "proof_key", "id public made_at signed_by signature", moment="made_at"),
    _numbered(46, "day_root", "id at day first_link last_link hash links key signature"),
    _numbered(47, "day_closing", "id day at author figures note"),
    _numbered(48, "contacted", "id visit at author note undoes", goes_with=PERIODS),
    _numbered(49, "same_person", "id at author visit other undoes why", goes_with=PERIODS),
    _numbered(53, "sending_decision", "id at author kind desk reason"),
    _numbered(
        60,
        "logbook_decision",
        "id at kind trouble author reason backup lost_from lost_to lost_hash numbers_from",
    ),
    _numbered(
        61,
        "change_elsewhere",
        "id at author visit version owner parent ticket person why record",
        goes_with=PERIODS,
    ),
)

NOT_LINKED: Mapping[str, str] = {
    "closed_key": "keys under which nothing was recorded",
    "consent_value": "erased when its consent ends; the consent itself is linked",
    "help_count": "counts without persons",
    "hub_begun": "since when changes are written down for a hub",
    "hub_journal": "which rows changed, for a hub; the rows themselves are linked",
    "link": "the chain itself",
    "outbox_count": "computed from outbox by triggers",
    "reader_check": "the newest result of each check, replaced by the next",
    "recovery_code": "replaced by the next ones; each change is a row of member_event",
    "search_value": "the values that visits are found by, computed from visit",
    "second_factor": "its last step follows each use; each change is a row of member_event",
    "shared_list": "a copy of what the hub holds",
    "ticket_key": "a secret key",
    "ticket_print": "the state of a printer's queue",
    "visit_fact": "computed from visit by triggers",
    "visit_search": "computed from visit",
    "visit_words": "the index of names, computed from visit",
    "visit_words_config": "a part of visit_words",
    "visit_words_data": "a part of visit_words",
    "visit_words_idx": "a part of visit_words",
    "webhook": "a copy of the settings",
    "webhook_message": "the state of a queue to other programs",
}

LINKED_BY_CODE: Mapping[int, LinkedTable] = {table.code: table for table in LINKED}
LINKED_BY_NAME: Mapping[str, LinkedTable] = {table.name: table for table in LINKED}
DAY_ROOT_CODE = LINKED_BY_NAME["day_root"].code
