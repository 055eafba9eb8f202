"""The recipe of docs/hub.md for two servers, followed on pretend machines as it is written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hub.machines import Machine, machines, missing
from tests.process import until
from tests.shell_blocks import shell_blocks

PAGE = "docs/hub.md"
DEBIAN = Path("/usr/bin/pg_createcluster")  # of the package postgresql-common
VERSION = "15"
ADDRESSES = {"hub1": "10.20.0.11/16", "hub2": "10.20.0.12/16", "desk": "10.20.3.1/16"}
NAME = "Nguyễn Văn Thử"
PLANTED = "KHONGDUOCLO"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not Path(f"/usr/lib/postgresql/{VERSION}/bin/initdb").exists() or not DEBIAN.exists(),
        reason=f"needs Debian's PostgreSQL {VERSION} (apt install postgresql)",
    ),
    pytest.mark.skipif(bool(missing()), reason=missing() or "they can be"),
]


def block(beginning: str) -> str:
    """Return the block of the page that begins so."""
    (found,) = [each.text for each in shell_blocks(PAGE) if each.text.startswith(beginning)]
    return found


SERVER = "install -d -o postgres"
STANDBY = "primary=hub1.benhvien.vn"
SYNC = 'echo "synchronous_standby_names'


def sql(machine: Machine, text: str, database: str = "tiepdon") -> str:
    """Run SQL on a server as its owner; return the rows, without their heads."""
    return machine.run(f"runuser -u postgres -- psql -qAtX {database} <<'END'\n{text}\nEND").strip()


def is_synchronous(primary: Machine, standby: str) -> bool:
    return sql(
        primary, "select application_name, state, sync_state from pg_stat_replication"
    ) == (f"{standby}|streaming|sync")


@pytest.fixture
def three(tmp_path: Path) -> Iterator[dict[str, Machine]]:
    with machines(tmp_path, "benhvien.vn", ADDRESSES) as made:
        for name in ("hub1", "hub2"):  # as `apt-get install postgresql` leaves it
            made[name].run(f"pg_createcluster {VERSION} main --start")
        yield made


def test_two_servers_are_set_up_fail_over_and_come_back_by_the_page(
    three: dict[str, Machine],
) -> None:
    hub1, hub2, desk = three["hub1"], three["hub2"], three["desk"]
    hub1.run(block("cd /media/stick"))
    for server in (hub1, hub2):
        server.run(block(SERVER))
    hub1.run(block("runuser -u postgres -- psql -v"))
    hub2.run(block(STANDBY))
    assert "hub2" in hub1.run(block(SYNC))
    until(lambda: is_synchronous(hub1, "hub2"))

    sql(hub1, f"create table note (text text unique); insert into note values ('{NAME}')")
    assert sql(hub2, "select text from note") == NAME

    hub1.cut_power()
    hub2.run(block("pg_ctlcluster 15 main promote"))
    until(lambda: sql(hub2, "select pg_is_in_recovery()") == "f")
    sql(hub2, "insert into note values ('after')")

    hub1.boot()
    hub1.run(block(STANDBY).replace(STANDBY, "primary=hub2.benhvien.vn"))
    hub2.run(block(SYNC).replace("hub2", "hub1"))
    until(lambda: is_synchronous(hub2, "hub1"))
    assert sql(hub1, "select count(*) from note") == "2"
    assert desk.name == "desk"
