"""A hub for `bench/hub.py`: Debian's PostgreSQL, which hangs and stops when it is asked to."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from kiosk.settings.sections import HubSettings
from tests.hub.cluster import (
    FACILITY,
    Cluster,
    HubDatabase,
    hub_database,
    make_template,
    until,
)
from verify import clinic_day

SETTINGS = """
shared_buffers = 1GB
max_connections = 300
max_wal_size = 8GB
checkpoint_timeout = 30min
maintenance_work_mem = 512MB
"""
START_S = 90
LEAST_PRIORITY, BEHIND_DESKS = 19, 15  # as `nice` counts
# What a hub that was restored from an empty backup does not have.
FORGET = """
update hub.stream set acked_seq = 0, acked_chain = '';
truncate hub.visit, hub.visit_version, hub.divergent;
select pg_terminate_backend(pid) from pg_stat_activity where usename like 'desk%'
"""


class BenchHub:
    """One server with one hub; as a context it is made, and removed afterwards."""

    facility = FACILITY

    def __enter__(self) -> BenchHub:
        """Make and start it."""
        self._stack = contextlib.ExitStack()
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        self.cluster = Cluster.create(SETTINGS)
        self._stack.callback(self.cluster.remove)
        make_template(self.cluster, clinic_day(datetime.now(UTC)))
        self._make_way()
        self.database: HubDatabase = self._stack.enter_context(hub_database(self.cluster, folder))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove it, with all that it has."""
        self._stack.__exit__(kind, error, trace)

    def add_desk(self, number: int) -> HubSettings:
        """Make a desk with its account; return its settings."""
        return self.database.add_desk(number)

    def start(self) -> None:
        """Start the server, unless it runs. Its port may be in use for a moment, by a client."""
        deadline = time.monotonic() + START_S
        while not self.cluster.is_running():
            try:
                self.cluster.start()
            except RuntimeError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(1)
        self._make_way()

    def _make_way(self) -> None:
        """Give the server what desks leave of the processors: it should be another machine."""
        if os.name == "posix":
            priority = min(LEAST_PRIORITY, os.getpriority(os.PRIO_PROCESS, 0) + BEHIND_DESKS)
            for process in self.cluster.processes():
                os.setpriority(os.PRIO_PROCESS, process, priority)

    def stop(self) -> None:
        """Kill the server, as if its machine lost its power: what asks it is refused."""
        self.cluster.kill()
        until(lambda: not self.cluster.is_running())

    @contextlib.contextmanager
    def hanging(self) -> Iterator[None]:
        """Let the server accept connections and answer nothing."""
        self.cluster.freeze()
        try:
            yield
        finally:
            self.cluster.thaw()

    def forget(self) -> None:
        """Lose all visits and connections, so that the desks send all of theirs again."""
        self.database.sql(FORGET)

    def wal_bytes(self) -> int:
        """Return how many bytes of its write-ahead log it has written since it was made."""
        found = self.database.sql("select pg_current_wal_lsn() - '0/0'::pg_lsn as bytes")
        return int(found[0]["bytes"])

    def rows(self) -> int:
        """Return how many visits it has."""
        return int(self.database.sql("select count(*) as n from hub.visit")[0]["n"])


def load() -> float:
    """Return the load of the machine in the last minute."""
    return round(os.getloadavg()[0], 1)
