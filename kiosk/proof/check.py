"""Compares the whole logbook with its chain, or the part since a link, row by row.

1.  Everything is read in one snapshot, so that the desk can go on writing, and as a stream: the
    memory does not grow with the logbook.
2.  After a fault the check goes on as if the stored hash were right, so that one broken place does
    not hide the next.
3.  A page that SQLite cannot read is a fault of its table; the other tables are checked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from kiosk.logbook import (
    DELETED,
    GENESIS,
    LINKED,
    LINKED_BY_CODE,
    LINKED_BY_NAME,
    LINKED_LATER,
    NUMBERS,
    ChainLink,
    Database,
    LinkedTable,
    LogbookUnavailable,
    TextBytes,
    body_of,
    row_number,
)
from kiosk.proof.faults import FaultKind, LogbookFault
from kiosk.proof.signed_roots import count_unsigned_keys, key_faults, root_faults
from kiosk.proof.states import message_faults, ticket_faults
from kiosk.runtime import sqlite

MAX_FAULTS = 100
READ_LINKS = "select id, at, source, act, row, body, hash from link where id > ? order by id"
# Names of rows that say more than a number: an expression on the row.
NAMES = {"visit": "t.id", "outbox": "t.visit", "attempt": "t.id"}


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check found. `faults` come in the order of the chain, at most MAX_FAULTS of them.

    `since` is the link after which it began (0: at the first), and `newest` the end of the chain.
    `later` counts the links of rows that were older than the chain, `unsigned_keys` the keys that
    the one before did not sign, because its file was lost; that is no fault of the logbook.
    """

    since: int
    newest: ChainLink
    rows: int
    later: int
    unsigned_keys: int
    faults: tuple[LogbookFault, ...]
    is_cut_off: bool  # there were more faults

    @property
    def is_good(self) -> bool:
        """Whether nothing was found."""
        return not self.faults


def check_logbook(
    database: Database, since: ChainLink | None = None, expected: tuple[int, str] | None = None
) -> CheckResult:
    """Check the whole logbook, or what was linked after `since`, which an earlier check has seen.

    `expected` are the number of a link and the first hexadecimal digits of its hash, as a root says
    that was kept elsewhere.

    Raises LogbookUnavailable if the file cannot be opened at all.
    """
    try:
        with database.snapshot() as conn:
            conn.create_function("link_key", 2, _link_key, deterministic=True)
            return _LogbookCheck(conn, since, expected).run()
    except sqlite.errors() as exc:
        raise LogbookUnavailable(f"{type(exc).__name__}: {sqlite.words_of(exc)}") from exc


_BY_KEY = next(table for table in LINKED if not table.has_number)


def _link_key(first: Any, second: Any) -> int:
    return row_number(_BY_KEY, _as_text(first), _as_text(second))


def _as_text(value: Any) -> Any:
    """Return a part of a key as it was linked: none is a blob."""
    return TextBytes(value) if isinstance(value, bytes) else value


class _TooManyFaults(Exception):
    """The check ends: more faults than anybody reads."""


class _LogbookCheck:
    """One check within a snapshot."""

    def __init__(
        self, conn: sqlite.Connection, since: ChainLink | None, expected: tuple[int, str] | None
    ) -> None:
        self._conn = conn
        self._since = since or ChainLink(0, GENESIS)
        self._expected = expected
        self._newest = self._since
        self._rows = self._later = self._unsigned_keys = 0
        self._faults: list[LogbookFault] = []

    def run(self) -> CheckResult:
        """Take all steps; return what they found."""
        is_cut_off = False
        try:
            self._guarded("link", self._check_chain)
            for table in LINKED:
                whole = not self._since.id
                if whole or table.has_number:
                    check = self._check_rows if whole else self._check_new_rows
                    self._guarded(table.name, lambda t=table, c=check: c(t))  # type: ignore[misc]  # bound here
            self._guarded("outbox", self._check_messages)
            self._guarded("ticket", self._check_tickets)
            self._guarded("sent_file", self._check_documents)
            self._guarded("day_root", self._check_roots)
        except _TooManyFaults:
            is_cut_off = True
        faults = tuple(sorted(self._faults, key=lambda fault: fault.place))
        return CheckResult(
            since=self._since.id,
            newest=self._newest,
            rows=self._rows,
            later=self._later,
            unsigned_keys=self._unsigned_keys,
            faults=faults,
            is_cut_off=is_cut_off,
        )

    def _add(self, fault: LogbookFault) -> None:
        self._faults.append(fault)
        if len(self._faults) >= MAX_FAULTS:
            raise _TooManyFaults

    def _guarded(self, table: str, step: Callable[[], None]) -> None:
        """Take a step; what SQLite cannot read is a fault."""
        try:
            step()
        except sqlite.errors() as exc:
            self._add(
                LogbookFault(
                    FaultKind.DAMAGE,
                    table,
                    "",
                    None,
                    f"the table {table} cannot be read ({type(exc).__name__}): the file is damaged",
                )
            )

    def _check_chain(self) -> None:
        """Follow the hashes from link to link, and look for deletions that nothing explains."""
        last, before = self._since.id, self._since.hash
        pack, moment = NUMBERS.pack, -1
        deletions: list[tuple[int, int, int]] = []
        sources: set[int] = set()
        for link, at, source, act, row, body, stored in self._conn.execute(READ_LINKS, (last,)):
            if link != last + 1:
                self._add(_broken(link, source, row, f"links {last + 1} to {link - 1} are missing"))
            leaf = sha256(pack(link, at, source, act, row) + (body or b"")).digest()
            if sha256(before + leaf).digest() != stored and link == last + 1:
                self._add(_broken(link, source, row, "it does not follow from the link before"))
            if at != moment:
                self._explain(deletions, sources)
                deletions, sources, moment = [], set(), at
            if act == DELETED:
                deletions.append((link, source, row))
            elif act == LINKED_LATER:
                self._later += 1
            sources.add(source)
            last, before = link, stored
            if self._expected and self._expected[0] == link:
                self._compare_expected(stored)
        self._explain(deletions, sources)
        self._newest = ChainLink(last, before)
        if self._expected and self._expected[0] > last:
            self._add(
                LogbookFault(
                    FaultKind.ROOT,
                    "link",
                    "",
                    last,
                    f"the chain ends at link {last}; a root that was kept elsewhere says that it"
                    f" reached link {self._expected[0]}: newer rows were cut off",
                )
            )

    def _compare_expected(self, stored: bytes) -> None:
        assert self._expected is not None
        link, digits = self._expected
        if not stored.hex().startswith(digits):
            what = "its hash is not the one of the root that was kept elsewhere"
            self._add(LogbookFault(FaultKind.ROOT, "link", "", link, f"link {link}: {what}"))

    def _explain(self, deletions: list[tuple[int, int, int]], sources: set[int]) -> None:
        """Look for what explains the deletions of one transaction among its other links."""
        for link, source, row in deletions:
            table = LINKED_BY_CODE.get(source)
            reasons = table.goes_with if table else ()
            if not sources & {LINKED_BY_NAME[name].code for name in reasons}:
                name = table.name if table else str(source)
                what = f"{name}, row {row}: deleted without a purge or an erasure"
                self._add(LogbookFault(FaultKind.UNEXPLAINED, name, str(row), link, what))

    def _check_rows(self, table: LinkedTable) -> None:
        """Compare all rows of a table with their newest links, and look for those that are gone."""
        number = _number(table)
        sql = (
            f"select {_name(table)}, l.id, l.act, l.salt, l.body, {_columns(table)}"
            f" from {table.name} t left join link l on l.id = (select max(k.id) from link k"
            f" where k.source = {table.code} and k.row = {number})"
        )
        for row in self._conn.execute(sql):
            self._rows += 1
            name, link, act, salt, body = row[:5]
            self._compare(table, name, link, act, salt, body, row[5:])
        exists = (
            f"exists (select 1 from {table.name} t where {number} = k.row)"
            if table.has_number
            else f"k.row in (select {number} from {table.name} t)"
        )
        gone = (
            f"select k.row, max(k.id), k.act from link k where k.source = {table.code}"
            f" group by k.row having k.act <> {DELETED} and not {exists}"
        )
        for row_id, link, _act in self._conn.execute(gone):
            self._miss(table, row_id, link)

    def _check_new_rows(self, table: LinkedTable) -> None:
        """Compare the rows whose newest link is new, and look for rows behind the linked ones."""
        number = _number(table)
        sql = (
            f"select {_name(table)}, l.id, l.act, l.salt, l.body, l.row, {number},"
            f" {_columns(table)} from link l left join {table.name} t on {number} = l.row"
            f" where +l.source = {table.code} and l.id > ? and not exists (select 1 from link k"
            " where k.source = l.source and k.row = l.row and k.id > l.id)"
        )
        for row in self._conn.execute(sql, (self._since.id,)):
            self._rows += 1
            name, link, act, salt, body, row_id, key = row[:7]
            if key is not None:
                self._compare(table, name, link, act, salt, body, row[7:])
            elif act != DELETED:
                self._miss(table, row_id, link)
        behind = (
            f"select {_name(table)} from {table.name} t where {number} >"
            f" coalesce((select max(k.row) from link k where k.source = {table.code}), -1)"
        )
        for (name,) in self._conn.execute(behind):
            self._compare(table, name, None, None, None, None, ())

    def _miss(self, table: LinkedTable, row_id: int, link: int) -> None:
        row = str(row_id) if table.has_number else ""
        what = f"{table.name}, row {row or 'of link ' + str(link)}: it is gone, and no link says so"
        self._add(LogbookFault(FaultKind.MISSING, table.name, row, link, what))

    def _compare(
        self,
        table: LinkedTable,
        name: Any,
        link: int | None,
        act: int | None,
        salt: bytes | None,
        body: bytes | None,
        values: tuple[Any, ...],
    ) -> None:
        """Compare a row with its newest link; None: it has none."""
        if link is None:
            kind, what = FaultKind.UNLINKED, "no link speaks of it: it was not written by us"
        elif act == DELETED:
            kind, what = FaultKind.DELETED, f"link {link} says that it was deleted"
        elif salt is None or body_of(table, salt, values) != body:
            kind, what = FaultKind.CONTENT, f"its content is not the one of its link {link}"
        else:
            return
        row = _shown(name)
        self._add(LogbookFault(kind, table.name, row, link, f"{table.name}, row {row}: {what}"))

    def _check_messages(self) -> None:
        for fault in message_faults(self._conn):
            self._add(fault)

    def _check_tickets(self) -> None:
        for fault in ticket_faults(self._conn):
            self._add(fault)

    def _check_documents(self) -> None:
        """Compare the documents that were sent since with their SHA-256, which is linked."""
        first = 0
        if self._since.id:
            code = LINKED_BY_NAME["sent_file"].code
            [(first,)] = self._conn.execute(
                f"select coalesce(max(row), 0) from link where source = {code} and id <= ?",
                (self._since.id,),
            ).fetchall()
        sql = "select id, sha256, document from sent_file where id > ?"
        for file, digest, document in self._conn.execute(sql, (first,)):
            if sha256(document).hexdigest().encode() != digest:
                what = f"sent_file, row {file}: the document is not the one that was sent"
                self._add(LogbookFault(FaultKind.DOCUMENT, "sent_file", str(file), None, what))

    def _check_roots(self) -> None:
        self._unsigned_keys = count_unsigned_keys(self._conn)
        for fault in _faults_of_roots(self._conn, self._newest):
            self._add(fault)


def _faults_of_roots(conn: sqlite.Connection, newest: ChainLink) -> Iterator[LogbookFault]:
    yield from key_faults(conn)
    yield from root_faults(conn, newest)


def _broken(link: int, source: int, row: int, what: str) -> LogbookFault:
    table = LINKED_BY_CODE.get(source)
    name = table.name if table else f"table {source}"
    of = f"link {link} (of {name}, row {row}): {what}"
    return LogbookFault(FaultKind.CHAIN, name, str(row), link, of)


def _number(table: LinkedTable) -> str:
    """Return an SQL expression for the number by which links name a row `t`."""
    if table.has_number:
        return f"t.{table.key[0]}"
    # Damaged text would end the query if it were passed as text.
    first, second = table.sql_key("t")
    return f"link_key({_passed(first)}, {_passed(second)})"


def _passed(value: str) -> str:
    if value == "null":
        return value
    return f"case typeof({value}) when 'text' then cast({value} as blob) else {value} end"


def _name(table: LinkedTable) -> str:
    if table.name in NAMES:
        return NAMES[table.name]
    if len(table.key) == 1:
        return f"t.{table.key[0]}"
    return " || ' / ' || ".join(f"t.{key}" for key in table.key)


def _columns(table: LinkedTable) -> str:
    return ", ".join(f"t.{name}" for name in table.columns)


def _shown(name: Any) -> str:
    """Return the name of a row; text comes as bytes."""
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
