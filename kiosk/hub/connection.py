"""A connection to the hub: the only home of psycopg (the extra `hub`).

1. The account's host list is tried in its order, and only a server that takes writing is used
   (`target_session_attrs=read-write`), so that a promoted standby is found without a setting.
2. A server with an older timeline than one seen before is refused: an old primary that came back
   still takes writing, and what is written there is lost (`TimelineGuard`).
3. A server that stops in the middle of a statement is noticed by nothing in PostgreSQL.  A
   `Watchdog` shuts the socket of a statement that takes too long, from another thread.
4. Between machines only TLS is used, with a certificate for the host's name from the authority that
   the settings name (`verify-full`).
5. Errors of psycopg hold values of rows.  None leaves this module: each becomes a HubError that
   names what happened and the SQLSTATE (`kiosk.hub.refusals`).

Nothing imports psycopg before a connection is opened.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kiosk.errors import SettingsError
from kiosk.hub.access import HubAccess
from kiosk.hub.errors import HubError, HubRefused, HubUnfit
from kiosk.hub.refusals import translated
from kiosk.hub.timelines import TimelineGuard
from kiosk.hub.watchdog import Watchdog

if TYPE_CHECKING:
    import psycopg

STATEMENT_LIMIT_S = 10.0  # after which the watchdog shuts the socket
NOTICE_CHANNEL = "hub_{facility}"
INSTALL = 'pip install "tiepdon[hub]"'
# Of a database that has these functions, which other engines may not have.
SELECT_TIMELINE = "select substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) as timeline"
SELECT_SYSTEM = "select system_identifier::text as system from pg_control_system()"
SELECT_STEP = """
select max(step) as step, max(oldest_reader) as oldest_reader,
    (select id::text from hub.identity) as hub, session_user::text as login
from hub.step
"""

Values = Sequence[object] | Mapping[str, object] | None


class HubConnection:
    """One open connection. One thread uses it; `interrupt` and `is_open` are for all.

    Rows are dicts by column; times of the hub are aware (UTC).  All methods raise a HubError: after
    HubUnreachable and HubBehind open another connection, after the others go on with this one.
    """

    def __init__(
        self,
        access: HubAccess,
        watchdog: Watchdog,
        guard: TimelineGuard | None = None,
        limit_s: float = STATEMENT_LIMIT_S,
    ) -> None:
        """Connect, and look whether this is our hub.

        `limit_s` is the time that each call may take.  Raises HubUnreachable (HubLoginRefused if
        the account is refused), HubBehind, HubUnfit, and SettingsError if the extra is missing or
        the password's file cannot be read.
        """
        self._driver = _driver()
        self._watchdog, self._limit_s = watchdog, limit_s
        self._lock = threading.Lock()  # closing, and shutting from another thread
        self._in_transaction = False
        with translated(self._driver):
            self._connection = self._connect(access)
        try:
            self.login, self.hub, self.step = access.user, "", 0
            self.timeline = ""
            if access.facilities is not None:
                self._look(access.facilities, guard)
        except BaseException:
            self.close()
            raise

    @property
    def facility(self) -> str:
        """The facility of the account, by its name; empty for an administrator's."""
        parts = self.login.split("_")
        return parts[1] if len(parts) > 1 and parts[0] in ("desk", "report") else ""

    @property
    def desk(self) -> int:
        """The desk of the account; 0 for another account."""
        parts = self.login.split("_")
        return int(parts[2]) if len(parts) == 3 and parts[0] == "desk" else 0

    @property
    def is_open(self) -> bool:
        """Whether it was neither closed nor lost, as far as is known."""
        return not self._connection.closed

    @property
    def is_encrypted(self) -> bool:
        """Whether TLS is used."""
        return bool(self._connection.pgconn.ssl_in_use)

    def rows(self, sql: str, values: Values = None, limit_s: float = 0) -> list[dict[str, Any]]:
        """Run a statement, and return its rows; `values` are for its `%s` or `%(name)s`."""
        with self._call(limit_s):
            cursor = self._connection.execute(sql.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def execute(self, sql: str, values: Values = None, limit_s: float = 0) -> int:
        """Run a statement; return how many rows it changed."""
        with self._call(limit_s):
            return self._connection.execute(sql.encode(), values).rowcount

    def batch(
        self, statements: Sequence[tuple[str, Values]], limit_s: float = 0
    ) -> list[list[dict[str, Any]]]:
        """Run statements without waiting in between (a pipeline); return the rows of each.

        The first that fails is raised; those behind it are not run.
        """
        with self._call(limit_s):
            with self._connection.pipeline():
                cursors = [
                    self._connection.execute(sql.encode(), values) for sql, values in statements
                ]
            return [cursor.fetchall() if cursor.description else [] for cursor in cursors]

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run a block as one transaction; it is rolled back if the block raises.

        If the commit gets no answer, HubUnreachable is raised, and the hub may have it or not.
        """
        assert not self._in_transaction, "transactions are not nested"
        self.execute("begin")
        self._in_transaction = True
        try:
            yield
            self.execute("commit")
        except BaseException:
            with suppress(HubError):
                self.execute("rollback")
            raise
        finally:
            self._in_transaction = False

    def listen(self) -> bool:
        """Ask for notices of the facility's changes; return whether the engine has them."""
        channel = NOTICE_CHANNEL.format(facility=self.facility)
        try:
            self.execute(f'listen "{channel}"')
        except HubRefused:
            return False
        return True

    def notify(self) -> None:
        """Say to the facility's desks, at the commit, that something has changed."""
        channel = NOTICE_CHANNEL.format(facility=self.facility)
        self.execute("select pg_notify(%s, '')", [channel])

    def wait(self, timeout_s: float) -> bool:
        """Wait for a notice, at most `timeout_s`; return whether one came."""
        with self._call(timeout_s + self._limit_s):
            notices = self._connection.notifies(timeout=timeout_s, stop_after=1)
            return sum(1 for _ in notices) > 0

    def clock(self) -> datetime:
        """Return the hub's time."""
        moment: datetime = self.rows("select clock_timestamp() as moment")[0]["moment"]
        return moment

    def interrupt(self) -> None:
        """Shut the socket: whatever waits for the hub raises HubUnreachable at once."""
        with self._lock, suppress(OSError, self._driver.Error):  # it is lost already
            if not self._connection.closed:
                _shut(self._connection.fileno())

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._connection.close()

    def scram(self, password: str, login: str) -> str:
        """Return what the hub keeps of a password, so that the password itself is not sent."""
        with translated(self._driver):
            made = self._connection.pgconn.encrypt_password(
                password.encode(), login.encode(), b"scram-sha-256"
            )
        return made.decode("ascii")

    def _connect(self, access: HubAccess) -> psycopg.Connection[dict[str, Any]]:
        from psycopg.rows import dict_row

        opened: psycopg.Connection[dict[str, Any]] = self._driver.connect(
            **access.parameters(),
            password=access.password(),
            autocommit=True,
            prepare_threshold=None,  # nothing is kept at the server: a pooler may be in between
            row_factory=dict_row,
        )
        return opened

    def _look(self, facilities: frozenset[str], guard: TimelineGuard | None) -> None:
        """Look which server this is, before anything is read or written there."""
        try:
            found = self.rows(SELECT_STEP)[0]
        except HubRefused as exc:
            raise HubUnfit(
                "the database has no tables of a hub that this account may read; `hub migrate`"
                " makes them",
                exc.sqlstate,
            ) from None
        self.login, self.hub, self.step = found["login"], found["hub"], found["step"] or 0
        if self.facility not in facilities:
            raise HubUnfit("the account belongs to another facility than [facility] code")
        if (found["oldest_reader"] or 0) > known_step():
            raise HubUnfit(
                f"the hub asks for programs that know step {found['oldest_reader']}; this one"
                f" knows {known_step()}. Upgrade this desk; until then it works alone"
            )
        self.timeline = self._asked_if_there(SELECT_TIMELINE, "timeline")
        if guard is not None and self.timeline:
            guard.check(self._asked_if_there(SELECT_SYSTEM, "system"), int(self.timeline, 16))

    def _asked_if_there(self, sql: str, column: str) -> str:
        """Return what a function of PostgreSQL says; empty if this engine does not have it."""
        try:
            return self.rows(sql)[0][column] or ""
        except HubRefused:
            return ""

    @contextmanager
    def _call(self, limit_s: float) -> Iterator[None]:
        with (
            translated(self._driver),
            self._watchdog.limit(self.interrupt, limit_s or self._limit_s),
        ):
            yield


def known_step() -> int:
    """Return the newest step of the hub that this program knows."""
    folder = Path(__file__).parent / "steps"
    return max(int(path.name[:4]) for path in folder.glob("[0-9]*.sql"))


def require_extra() -> None:
    """Raise SettingsError, with the command that installs it, if the extra is missing."""
    _driver()


def _driver() -> Any:
    try:
        import psycopg
    except ImportError as exc:
        raise SettingsError(
            f"[hub] url is set, but the hub's extra is not installed: {INSTALL}"
        ) from exc
    return psycopg


def _shut(descriptor: int) -> None:
    """Shut a socket that libpq owns, so that the thread that waits for it wakes up."""
    ours = socket.socket(fileno=descriptor)
    try:
        ours.shutdown(socket.SHUT_RDWR)
    finally:
        ours.detach()  # libpq closes it
