"""The way to a hub on another machine: encrypted, and to the right machine only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from kiosk.errors import SettingsError
from kiosk.hub.access import HubAccess
from kiosk.hub.connection import HubConnection
from kiosk.hub.errors import HubUntrusted
from kiosk.hub.watchdog import Watchdog
from kiosk.runtime.local_authority import make_authority, make_site_certificate
from kiosk.settings import HubAddress
from tests.hub.cluster import (
    FACILITY,
    Cluster,
    HubDatabase,
    give_away,
    hub_database,
    make_template,
)
from tests.hub.conftest import require_postgres
from tests.hub.rows import today

NAMES = ["127.0.0.1", "hub.example"]
TLS = "ssl = on\nssl_cert_file = 'site.pem'\nssl_key_file = 'site.key'\n"


def certify(folder: Path, names: list[str], now: datetime) -> Path:
    """Make an authority and a certificate; return the file of the authority's."""
    folder.mkdir(exist_ok=True)
    make_authority(folder, folder / "authority.key", names, now)
    make_site_certificate(folder, folder / "authority.key", names, now)
    return folder / "authority.pem"


def serve_with(cluster: Cluster, folder: Path) -> None:
    """Let a server show the certificate of a folder from now on."""
    for name in ("site.pem", "site.key"):
        (cluster.data / name).write_bytes((folder / name).read_bytes())
        (cluster.data / name).chmod(0o600)
    give_away(cluster.data)
    cluster.sql("select pg_reload_conf()")


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cluster, Path]]:
    """A server that takes desks by TLS only, and the authority of its certificate."""
    require_postgres()
    folder = tmp_path_factory.mktemp("authority")
    authority = certify(folder, NAMES, datetime.now(UTC))
    cluster = Cluster.create(tls=True)
    try:
        make_template(cluster, today())
        serve_with(cluster, folder)
        cluster.configure(TLS, tls=True)
        cluster.sql("select pg_reload_conf()")
        yield cluster, authority
    finally:
        cluster.remove()


@pytest.fixture
def access(encrypted: tuple[Cluster, Path], tmp_path: Path) -> Iterator[HubAccess]:
    """The access of a desk, as its settings say."""
    cluster, authority = encrypted
    with hub_database(cluster, tmp_path) as hub:
        own = replace(hub.add_desk(1), ca_file=str(authority))
        yield HubDatabase.access(own)


@pytest.fixture
def open_hub() -> Iterator[Any]:
    """Open connections that are closed after the test."""
    watchdog = Watchdog()
    opened: list[HubConnection] = []

    def connect(access: HubAccess) -> HubConnection:
        opened.append(HubConnection(access, watchdog))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()
    watchdog.close()


def test_a_hub_that_proves_who_it_is_is_used_by_tls(access: HubAccess, open_hub: Any) -> None:
    hub = open_hub(access)

    assert hub.is_encrypted
    assert hub.rows("select version from pg_stat_ssl where pid = pg_backend_pid()")[0][
        "version"
    ].startswith("TLSv1.")


def test_another_authority_s_certificate_is_refused(
    access: HubAccess, open_hub: Any, tmp_path: Path
) -> None:
    other = certify(tmp_path / "other", NAMES, datetime.now(UTC))

    with pytest.raises(HubUntrusted):
        open_hub(replace(access, ca_file=str(other)))


def test_a_certificate_for_another_host_is_refused(access: HubAccess, open_hub: Any) -> None:
    """`localhost` is the same machine, and not the name in the certificate."""
    there = replace(access.address, hosts=("localhost",))

    with pytest.raises(HubUntrusted):
        open_hub(replace(access, address=there))


def test_a_server_without_tls_is_refused_if_an_authority_is_named(
    hub: HubDatabase, encrypted: tuple[Cluster, Path], open_hub: Any
) -> None:
    own = replace(hub.add_desk(1), ca_file=str(encrypted[1]))

    with pytest.raises(HubUntrusted):
        open_hub(HubDatabase.access(own))


def test_a_certificate_that_is_over_is_refused(
    encrypted: tuple[Cluster, Path], access: HubAccess, open_hub: Any, tmp_path: Path
) -> None:
    cluster, authority = encrypted
    years_ago = datetime.now(UTC) - timedelta(days=800)
    over = tmp_path / "over"
    over.mkdir()
    for name in ("authority.pem", "authority.key"):
        (over / name).write_bytes((authority.parent / name).read_bytes())
    make_site_certificate(over, over / "authority.key", NAMES, years_ago)
    serve_with(cluster, over)
    try:
        with pytest.raises(HubUntrusted):
            open_hub(access)
    finally:
        serve_with(cluster, authority.parent)


def test_a_server_that_wants_tls_refuses_a_desk_without_it(
    encrypted: tuple[Cluster, Path],
) -> None:
    """The recipe's pg_hba.conf has `hostssl` only."""
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        psycopg.connect(
            host="127.0.0.1",
            port=encrypted[0].port,
            dbname="postgres",
            user=f"desk_{FACILITY}_1",
            sslmode="disable",
        )


def test_nothing_goes_over_a_network_without_an_authority(open_hub: Any) -> None:
    far = HubAccess(HubAddress(("192.0.2.7",), (5432,), "tiepdon"), f"desk_{FACILITY}_1")

    with pytest.raises(SettingsError, match="expected a ca_file"):
        open_hub(far)
    with pytest.raises(SettingsError, match="there is no such file"):
        open_hub(replace(far, ca_file="/nowhere.pem"))
