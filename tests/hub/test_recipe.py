"""The recipe of docs/hub.md for two servers, followed on pretend machines as it is written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hub.machines import Machine, machines, missing
from tests.process import until
from tests.shell_blocks import ROOT, shell_blocks
from tests.test_shell_blocks import reason_of

PAGE = "docs/hub.md"
DEBIAN = Path("/usr/bin/pg_createcluster")  # of the package postgresql-common
VERSION = "15"
ADDRESSES = {"hub1": "10.20.0.11/16", "hub2": "10.20.0.12/16", "desk": "10.20.3.1/16"}
PLANTED, PLANTED_CODE = "KHONGDUOCLO", "79888"  # a name that must not come into a log

needs_debian = pytest.mark.skipif(
    not Path(f"/usr/lib/postgresql/{VERSION}/bin/initdb").exists() or not DEBIAN.exists(),
    reason=f"needs Debian's PostgreSQL {VERSION} (apt install postgresql)",
)
needs_machines = pytest.mark.skipif(bool(missing()), reason=missing() or "there are machines")


def block(beginning: str) -> str:
    """Return the block of the page that begins so."""
    (found,) = [each.text for each in shell_blocks(PAGE) if each.text.startswith(beginning)]
    return found


CERTIFICATES = "cd /media/stick"
SERVER = "install -d -o postgres"
DATABASE = "runuser -u postgres -- psql -v ON_ERROR_STOP"
ACCOUNTS = "export TIEPDON_HUB_ADMIN"
STANDBY = "primary=hub1.benhvien.example"
SYNC = 'echo "synchronous_standby_names'
PROMOTE = "pg_ctlcluster 15 main promote"
BACKUP = "umask 077"
RESTORE = "runuser -u postgres -- psql -q <"
WATCH = "runuser -u postgres -- psql -qAtX tiepdon"
FOLLOWED = (
    *(CERTIFICATES, SERVER, DATABASE, ACCOUNTS, STANDBY, SYNC, PROMOTE, BACKUP, RESTORE, WATCH),
)


def test_each_block_of_the_page_is_followed_here_or_listed() -> None:
    for each in shell_blocks(PAGE):
        followed = any(each.text.startswith(beginning) for beginning in FOLLOWED)
        assert followed or reason_of(each), each.first_line


def sql(machine: Machine, text: str, database: str = "tiepdon") -> str:
    """Run SQL on a server as its owner; return the rows, without their heads."""
    return machine.run(f"runuser -u postgres -- psql -qAtX {database} <<'END'\n{text}\nEND").strip()


def is_synchronous(primary: Machine, standby: str) -> bool:
    return (
        sql(primary, "select application_name, state, sync_state from pg_stat_replication")
        == f"{standby}|streaming|sync"
    )


def settings_of_the_page() -> str:
    """Return the settings of a desk that the page names, and a facility."""
    page = (ROOT / PAGE).read_text("utf-8")
    (found,) = re.findall(r"```toml\n(\[hub\]\nurl = [^`]+hub1\.benhvien\.example,[^`]+)```", page)
    return f'[facility]\ncode = "01999"\nname = "Bệnh viện Mẫu"\n{found}'


def checked(desk: Machine) -> dict[str, Any]:
    """Return what `hub check` says at the desk."""
    found: dict[str, Any] = json.loads(desk.run("tiepdon hub check --data /var/lib/tiepdon"))
    return found


@pytest.fixture
def three(tmp_path: Path) -> Iterator[dict[str, Machine]]:
    with machines(tmp_path, "benhvien.example", ADDRESSES) as made:
        for name in ("hub1", "hub2"):  # as `apt-get install postgresql` leaves it
            made[name].run(f"pg_createcluster {VERSION} main --start")
        yield made


@needs_debian
@needs_machines
@pytest.mark.slow
def test_two_servers_are_set_up_fail_over_and_come_back_by_the_page(
    three: dict[str, Machine],
) -> None:
    hub1, hub2, desk = three["hub1"], three["hub2"], three["desk"]
    hub1.run(block(CERTIFICATES))
    for server in (hub1, hub2):
        server.run(block(SERVER))
    hub1.run(block(DATABASE))
    desk.run(block(ACCOUNTS))
    desk.run(
        "cp /media/stick/desk-1.password /var/lib/tiepdon/hub.password\n"
        "cp /media/stick/authority.pem /var/lib/tiepdon/hub-authority.pem\n"
        f"cat > /var/lib/tiepdon/kiosk.toml <<'END'\n{settings_of_the_page()}\nEND"
    )
    hub2.run(block(STANDBY))
    assert "hub2" in hub1.run(block(SYNC))
    until(lambda: is_synchronous(hub1, "hub2"))

    seen = checked(desk)
    assert (seen["facility"], seen["desk"], seen["encrypted"]) == ("01999", 1, True)
    assert (seen["timeline"], seen["troubles"]) == ("00000001", [])
    hub1.run(block(ACCOUNTS).partition("tiepdon hub desk")[0])  # again, as each month: no change
    planted = f"insert into hub.facility (code, name) values ('{PLANTED_CODE}', '{PLANTED}')"
    sql(hub1, planted)
    assert sql(hub2, f"select name from hub.facility where code = '{PLANTED_CODE}'") == PLANTED
    hub1.fails(f'runuser -u postgres -- psql -v ON_ERROR_STOP=1 tiepdon -c "{planted}"')
    log = hub1.run("cat /var/log/postgresql/*.log")
    assert "duplicate key" in log
    assert PLANTED not in log
    assert PLANTED_CODE not in log
    assert hub1.run(block(WATCH)).splitlines()[-1].startswith("connections: ")

    hub1.cut_power()
    hub2.run(block(PROMOTE))
    until(lambda: sql(hub2, "select pg_is_in_recovery()") == "f")
    assert checked(desk)["timeline"] == "00000002"

    hub1.boot()
    hub1.run(block(STANDBY).replace(STANDBY, "primary=hub2.benhvien.example"))
    hub2.run(block(SYNC).replace("hub2", "hub1"))
    until(lambda: is_synchronous(hub2, "hub1"))
    assert sql(hub1, f"select name from hub.facility where code = '{PLANTED_CODE}'") == PLANTED

    hub2.run(block(BACKUP))
    day = hub2.run("date +%F; cp /var/backups/hub-* /media/stick").strip()
    desk.run(f"cp /media/stick/hub-* /var/backups\npg_createcluster {VERSION} main --start")
    desk.run(block(RESTORE).replace("RESTORE", day))
    counted = "select (select count(*) from hub.facility), (select max(step) from hub.step)"
    assert sql(desk, counted) == sql(hub2, counted)
