"""Real PostgreSQL servers for tests: a primary, its standby, a database for each test.

They are those of Debian's packages.  As root they run as the account `postgres`, because PostgreSQL
refuses root.  Nothing is written safely (fsync off): a server that a test kills loses nothing, only
a machine without power would.

Through the socket everybody is trusted; through 127.0.0.1 only the superuser is, and desks have to
give their passwords.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from kiosk.hub.access import HubAccess, desk_access
from kiosk.hub.connection import HubConnection
from kiosk.hub.desks import add_desk, add_report
from kiosk.hub.migrate import migrate
from kiosk.hub.partitions import make_partitions
from kiosk.hub.timelines import TimelineGuard
from kiosk.hub.watchdog import Watchdog
from kiosk.settings import HubAddress, Settings, hub_address
from kiosk.settings.sections import HubSettings

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
NEEDED = os.environ.get("TIEPDON_NEEDS_POSTGRES") == "1"
MISSING = "PostgreSQL is not installed (apt install postgresql)"
SUPERUSER = "postgres"
TEMPLATE = "tiepdon_template"
START_TIMEOUT_S = 30
OWNER = "owner"  # the file with the process whose server it is
FACILITY, OTHER_FACILITY = "01999", "79888"
FACILITY_NAMES = {FACILITY: "Bệnh viện Một", OTHER_FACILITY: "Bệnh viện Hai"}
HBA = """
local all all trust
host all postgres 127.0.0.1/32 trust
host replication postgres 127.0.0.1/32 trust
local replication all trust
{tls} all all 127.0.0.1/32 scram-sha-256
"""
CONFIGURATION = """
fsync = off
shared_buffers = 32MB
max_connections = 100
listen_addresses = '127.0.0.1'
unix_socket_directories = '{folder}'
port = {port}
wal_level = replica
max_wal_senders = 4
wal_keep_size = 64MB
hot_standby = on
wal_receiver_status_interval = 1s
log_min_messages = fatal
jit = off
"""


def have_postgres() -> bool:
    """Whether PostgreSQL is installed here."""
    return bool(BINARIES)


class Cluster:
    """One server and its data directory."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self.data = folder / "data"

    @classmethod
    def create(cls, extra: str = "", tls: bool = False) -> Cluster:
        """Make and start a primary; `extra` is added to postgresql.conf."""
        remove_left_behind()
        cluster = cls(_folder(), free_port())
        cluster.run(
            *("initdb", "-N", "-A", "trust", "-U", SUPERUSER, "--locale=C.UTF-8", "-E", "UTF8"),
            *("-D", str(cluster.data)),
        )
        cluster.configure(extra, tls)
        cluster.start()
        return cluster

    def standby(self, name: str = "standby", synchronous: bool = False) -> Cluster:
        """Make and start a standby of this server, which commits wait for if `synchronous`."""
        other = Cluster(_folder(), free_port())
        source = f"host=127.0.0.1 port={self.port} user={SUPERUSER} application_name={name}"
        other.run(
            *("pg_basebackup", "-R", "-X", "stream", "-c", "fast", "-N", "-d", source),
            *("-D", str(other.data)),
        )
        other.configure()
        other.start()
        if synchronous:
            self.sql(f"alter system set synchronous_standby_names = '{name}'")
            self.sql("select pg_reload_conf()")
            waits = "select 1 from pg_stat_replication where sync_state = 'sync'"
            until(lambda: self.sql(waits))
        return other

    def configure(self, extra: str = "", tls: bool = False) -> None:
        """Write the settings that differ from PostgreSQL's own."""
        text = CONFIGURATION.format(folder=self.folder, port=self.port) + extra
        (self.data / "tiepdon.conf").write_text(text)
        main = self.data / "postgresql.conf"
        if "tiepdon.conf" not in main.read_text():
            with main.open("a") as file:
                file.write("\ninclude 'tiepdon.conf'\n")
        (self.data / "pg_hba.conf").write_text(HBA.format(tls="hostssl" if tls else "host"))
        give_away(self.folder)

    def start(self) -> None:
        """Start the server, also after it was killed."""
        for left in (self.data / "postmaster.pid", self.folder / f".s.PGSQL.{self.port}.lock"):
            left.unlink(missing_ok=True)  # nobody reaps a killed server in a container
        self.run(
            *("pg_ctl", "-w", "-t", str(START_TIMEOUT_S), "-D", str(self.data)),
            *("-l", str(self.folder / "log"), "start"),
        )

    def stop(self) -> None:
        """Stop the server; what it has is kept."""
        if self.is_running():
            self.run("pg_ctl", "-w", "-m", "immediate", "-D", str(self.data), "stop")

    def kill(self) -> None:
        """Kill all processes of the server at once, as a machine that loses its power."""
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def freeze(self) -> None:
        """Let all processes of the server stand still: they accept, and answer nothing."""
        for pid in self.processes():
            os.kill(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen server go on."""
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def promote(self) -> None:
        """Make a standby the primary."""
        self.run("pg_ctl", "-w", "promote", "-D", str(self.data))

    def remove(self) -> None:
        """Stop the server, and delete all that it has."""
        with contextlib.suppress(RuntimeError, PermissionError):
            self.thaw()
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def is_running(self) -> bool:
        """Whether the server runs."""
        return bool(self.processes())

    def processes(self) -> list[int]:
        """Return the server's processes: the first is the parent of the others."""
        try:
            parent = int((self.data / "postmaster.pid").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return []
        return [pid for pid in [parent, *_children(parent)] if _is_alive(pid)]

    def run(self, program: str, *words: str) -> None:
        """Run one of PostgreSQL's programs."""
        # pg_ctl leaves the server behind, which would keep a pipe open.
        output = subprocess.DEVNULL if program == "pg_ctl" else subprocess.PIPE
        done = subprocess.run(
            [str(BINARIES[-1].with_name(program)), *words],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output == subprocess.PIPE else output,
            cwd="/",
            **_as_postgres(),
        )
        if done.returncode:
            log = self.folder / "log"
            seen = (done.stdout or b"").decode() + (log.read_text() if log.exists() else "")
            raise RuntimeError(f"{program} failed: {seen[-2_000:]}")

    def connect(self, database: str = "postgres", user: str = SUPERUSER) -> psycopg.Connection[Any]:
        """Return a connection through the socket, where everybody is trusted."""
        return psycopg.connect(
            host=str(self.folder),
            port=self.port,
            dbname=database,
            user=user,
            autocommit=True,
            row_factory=dict_row,
        )

    def sql(self, sql: str, values: Any = None, database: str = "postgres") -> list[dict[str, Any]]:
        """Run a statement as the superuser; return its rows."""
        with self.connect(database) as connection:
            cursor = connection.execute(sql.encode(), values)
            return cursor.fetchall() if cursor.description else []

    def address(self, database: str, *others: Cluster) -> str:
        """Return the URL of a database here, or on `others` if this one takes no writing."""
        hosts = ",".join(f"127.0.0.1:{each.port}" for each in (self, *others))
        return f"postgresql://{hosts}/{database}"


@dataclass
class HubDatabase:
    """A hub of its own for one test."""

    cluster: Cluster
    name: str
    folder: Path  # of the test, for files with passwords
    watchdog: Watchdog
    others: tuple[Cluster, ...] = ()
    opened: list[HubConnection] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The address, with all servers."""
        return self.cluster.address(self.name, *self.others)

    def admin(self, on: Cluster | None = None) -> HubConnection:
        """Return an administrator's connection, as `hub migrate` has it."""
        cluster = on or self.cluster
        address = HubAddress((str(cluster.folder),), (cluster.port,), self.name)
        return self._open(HubAccess(address, SUPERUSER))

    def sql(self, sql: str, values: Any = None, on: Cluster | None = None) -> list[dict[str, Any]]:
        """Run a statement as the superuser, whom no policy holds; return its rows."""
        return (on or self.cluster).sql(sql, values, self.name)

    def add_desk(self, desk: int = 1, facility: str = FACILITY) -> HubSettings:
        """Make a desk with its account; return its settings, with its password in a file."""
        account = add_desk(self.admin(), facility, FACILITY_NAMES.get(facility, facility), desk)
        file = self.folder / f"{account.login}.password"
        file.write_text(account.password)
        file.chmod(0o600)
        return HubSettings(url=self.url, password_file=str(file), desk=desk)

    def add_report(self, facility: str = FACILITY) -> str:
        """Make the account of reports; return the file with its password."""
        login, password = add_report(self.admin(), facility)
        file = self.folder / f"{login}.password"
        file.write_text(password)
        file.chmod(0o600)
        return str(file)

    def settings(self, own: Settings, desk: int = 1) -> Settings:
        """Return the settings of a kiosk with this hub, as one of its desks."""
        return replace(own, hub=self.add_desk(desk, own.facility.code))

    def connect(
        self, settings: Settings, guard: TimelineGuard | None = None, limit_s: float = 10.0
    ) -> HubConnection:
        """Return a connection of a desk, as the program opens it."""
        return self._open(desk_access(settings), guard, limit_s)

    def desk(self, desk: int = 1, facility: str = FACILITY, limit_s: float = 10.0) -> HubConnection:
        """Make a desk if it is not there; return a connection of it."""
        hub = self.add_desk(desk, facility)
        return self._open(self.access(hub, facility), None, limit_s)

    @staticmethod
    def access(hub: HubSettings, facility: str = FACILITY) -> HubAccess:
        """Return the access of a desk by its settings."""
        address = hub_address(hub.url)
        assert address is not None
        login = f"desk_{facility}_{hub.desk}"
        return HubAccess(address, login, hub.password_file, hub.ca_file, frozenset({facility}))

    def _open(
        self, access: HubAccess, guard: TimelineGuard | None = None, limit_s: float = 10.0
    ) -> HubConnection:
        connection = HubConnection(access, self.watchdog, guard, limit_s)
        self.opened.append(connection)
        return connection

    def close(self) -> None:
        """Close all connections."""
        for connection in self.opened:
            connection.close()


_NAMES = count(1)


def make_template(cluster: Cluster, today: Any) -> None:
    """Make the database that those of tests are copies of: a hub with all steps."""
    cluster.sql(f"create database {TEMPLATE}")
    watchdog = Watchdog()
    address = HubAddress((str(cluster.folder),), (cluster.port,), TEMPLATE)
    hub = HubConnection(HubAccess(address, SUPERUSER), watchdog)
    migrate(hub)
    make_partitions(hub, today)
    hub.close()
    watchdog.close()


@contextlib.contextmanager
def hub_database(cluster: Cluster, folder: Path, *others: Cluster) -> Iterator[HubDatabase]:
    """Make a hub from the template, and drop it afterwards."""
    name = f"hub_{os.getpid()}_{next(_NAMES)}"
    cluster.sql(f"create database {name} template {TEMPLATE}")
    # Who may connect is not copied.
    cluster.sql(f"revoke connect, temporary on database {name} from public")
    cluster.sql(f"grant connect on database {name} to hub_owner, hub_desk, hub_report, hub_group")
    watchdog = Watchdog()
    database = HubDatabase(cluster, name, folder, watchdog, others)
    try:
        yield database
    finally:
        database.close()
        watchdog.close()
        if not others and cluster.is_running():  # a pair is removed with all its databases
            with contextlib.suppress(psycopg.Error):
                cluster.sql(f"drop database {name} with (force)")


def until(holds: Any, seconds: float = START_TIMEOUT_S) -> Any:
    """Wait until `holds()` is true; return what it returned."""
    deadline = time.monotonic() + seconds
    while True:
        found = holds()
        if found:
            return found
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


def remove_left_behind() -> None:
    """Stop the servers of tests that were killed, and delete what they had."""
    for folder in Path(tempfile.gettempdir()).glob("pg-*"):
        with contextlib.suppress(OSError, ValueError):
            os.kill(int((folder / OWNER).read_text()), 0)
            continue
        if (folder / OWNER).is_file():
            Cluster(folder, 0).remove()


def free_port() -> int:
    """Return a port that nobody uses, and that no connection gets by chance.

    A server that was stopped gets its port back only if the system has not lent it meanwhile.
    """
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def give_away(folder: Path) -> None:
    """Let the account that the server runs as own a folder and what is in it."""
    if os.geteuid() == 0:
        owner = pwd.getpwnam("postgres")
        for path in (folder, *folder.rglob("*")):
            os.chown(path, owner.pw_uid, owner.pw_gid)


def _folder() -> Path:
    """Return a new folder: pytest's are closed for `postgres`, and too long for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    (folder / OWNER).write_text(str(os.getpid()))
    give_away(folder)
    return folder


def _as_postgres() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    return {"user": "postgres", "group": "postgres", "extra_groups": []}


def _children(parent: int) -> list[int]:
    task = Path(f"/proc/{parent}/task/{parent}/children")
    try:
        return [int(pid) for pid in task.read_text().split()]
    except OSError:
        return []


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
