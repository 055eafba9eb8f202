"""The way out through a hospital's proxy: for the gateway, the feed and webhooks."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kiosk.errors import SettingsError
from kiosk.feed.errors import FeedNotThere, FeedUnreachable
from kiosk.feed.sources import WebSource
from kiosk.insurer.errors import InsurerUnreachable
from kiosk.insurer.transport import Transport
from kiosk.runtime.errors import NotPosted
from kiosk.runtime.http_post import post_once, tls_context
from kiosk.runtime.proxies import Proxies, open_proxies
from kiosk.sandbox import SandboxInsurer
from kiosk.settings import load_settings
from tests.cast import Clock, running_insurer
from tests.network.proxy import NAME, listening, proxying, relay, tls_before
from tests.process import until

ACCOUNT = "phongkham:Mật khẩu 9"
SECRETS = ("Mật khẩu 9", "Secret-of-the-proxy", "UGhvbmc", "cGhvbmdraGFt")
BAD = ["407", "403", "502", "hang", "drip", "garbage", "half"]


@pytest.fixture
def gateway(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[SandboxInsurer, int]]:
    """The pretend insurer behind TLS, and its port; this process trusts its authority."""
    with (
        running_insurer(clock) as (insurer, url),
        tls_before(int(url.rpartition(":")[2]), tmp_path / "tls") as (port, authority),
    ):
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        yield insurer, port


@pytest.fixture
def password_file(tmp_path: Path) -> str:
    (tmp_path / "proxy.password").write_text(ACCOUNT.partition(":")[2] + "\n", "utf-8")
    return str(tmp_path / "proxy.password")


def ask(proxies: Proxies, url: str = f"https://{NAME}", total_s: float = 5.0) -> str:
    """Sign in at the gateway; return how that ended."""
    transport = Transport(url, proxies=proxies)
    try:
        answer = transport.post("/api/token/take", total_s, as_form={"username": "x"})
    except InsurerUnreachable as exc:
        return str(exc)
    return f"code {answer.get('maKetQua')}"


def fetch(proxies: Proxies) -> str:
    """Fetch a file of a feed; return how that ended."""
    source = WebSource(f"https://{NAME}/feed", lambda: datetime.now(UTC), 5.0, proxies)
    try:
        return f"{len(b''.join(source.read('metadata/root.json').blocks))} bytes"
    except (FeedNotThere, FeedUnreachable) as exc:
        return str(exc)


def post(proxies: Proxies, total_s: float = 5.0) -> str:
    """Send a webhook; return how that ended."""
    url, context = f"https://{NAME}/hook", tls_context(os.environ["SSL_CERT_FILE"])
    try:
        return f"HTTP {post_once(url, b'{}', {}, total_s, context, proxies)}"
    except NotPosted as exc:
        return str(exc)


def test_gateway_feed_and_webhooks_pass_a_proxy_as_tunnels(
    gateway: tuple[SandboxInsurer, int], password_file: str
) -> None:
    with proxying(gateway[1], ACCOUNT) as (proxy, address):
        proxies = open_proxies(f"http://phongkham@{address}", password_file)

        assert ask(proxies).startswith("code ")
        assert fetch(proxies).startswith("metadata/root.json: HTTP")  # the gateway has no feed
        assert post(proxies) in ("HTTP 404", "HTTP 405")

    assert {line.rpartition(" ")[0] for line in proxy.asked} == {f"CONNECT {NAME}:443"}
    assert all("username" not in head for head in proxy.heads)  # what is sent is inside the tunnel


def test_without_its_account_the_proxy_s_refusal_is_one_sentence_with_what_to_do(
    gateway: tuple[SandboxInsurer, int],
) -> None:
    with proxying(gateway[1], ACCOUNT) as (_proxy, address):
        for said in (ask, fetch, post):
            words = said(open_proxies(f"http://{address}"))
            assert words.startswith(f"the proxy {address} wants an account")
            assert "[network] proxy" in words
            assert not any(secret in words for secret in SECRETS)


@pytest.mark.parametrize("mode", BAD)
def test_a_proxy_that_misbehaves_is_named_in_time(
    mode: str, gateway: tuple[SandboxInsurer, int], password_file: str
) -> None:
    with proxying(gateway[1]) as (proxy, address):
        proxy.mode = mode
        proxies = open_proxies(f"http://phongkham@{address}", password_file)
        words = ""
        for said in (ask, post):
            began = time.monotonic()
            words = said(proxies, total_s=1.0)
            assert time.monotonic() - began < 15, mode
            assert not any(secret in words for secret in SECRETS)
            assert "\n" not in words
            if mode not in ("half", "hang", "drip"):  # the tunnel of half looks whole: TLS fails
                assert f"the proxy {address}" in words, (mode, words)
        if mode == "407":
            assert "check the user" in words


def test_plain_http_of_a_feed_passes_a_proxy_too(clock: Clock, password_file: str) -> None:
    with (
        running_insurer(clock) as (_insurer, url),
        proxying(int(url.rpartition(":")[2]), ACCOUNT) as (proxy, address),
    ):
        for proxies in (
            open_proxies(f"http://phongkham@{address}", password_file),
            open_proxies(f"http://{address}"),
        ):
            source = WebSource("http://feed.example/f", lambda: datetime.now(UTC), 5.0, proxies)
            with pytest.raises(Exception, match=r"HTTP 4|wants an account"):
                source.read("metadata/root.json")

    assert proxy.asked[0] == "GET http://feed.example/f/metadata/root.json HTTP/1.1"


@pytest.mark.usefixtures("gateway")
def test_a_proxy_that_is_not_there_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    for said in (ask, fetch, post):
        assert f"the proxy {address}" in said(open_proxies(f"http://{address}"))


def test_this_machine_is_never_reached_through_a_proxy(clock: Clock) -> None:
    with running_insurer(clock) as (_insurer, url), proxying(1) as (proxy, address):
        proxies = open_proxies(f"http://{address}")
        assert ask(proxies, url).startswith("code ")
        for host in ("localhost", "127.8.9.1", "[::1]", "[::ffff:127.0.0.1]", "a.localhost"):
            assert proxies.of(f"http://{host}:8080/x") is None

    assert proxy.opened == 0


def test_what_no_proxy_names_is_reached_directly() -> None:
    named = ("his.benhvien.vn", ".bhxh.example", "10.0.0.0/8", "fd00::/8", "192.0.2.7")
    proxies = open_proxies("http://proxy:3128", "", named)

    direct = ("his.benhvien.vn", "HIS.benhvien.vn", "x.his.benhvien.vn", "a.bhxh.example",
              "10.9.8.7", "[fd00::9]", "192.0.2.7")  # fmt: skip
    through = ("benhvien.vn", "xhis.benhvien.vn", "11.0.0.1", "192.0.2.8", "10.0.0.0.example")
    assert [host for host in direct if proxies.of(f"https://{host}/")] == []
    assert [host for host in through if not proxies.of(f"https://{host}/")] == []
    assert open_proxies("http://proxy:3128", "", ("*",)).of("https://x.example/") is None


def test_the_system_s_proxy_is_used_only_if_the_settings_say_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "all_proxy", "ALL_PROXY", "https_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://x:y%40z@proxy.example:8080")
    monkeypatch.setenv("NO_PROXY", "his.benhvien.vn, 10.0.0.0/8")

    assert open_proxies("").of("https://x.example/") is None
    server = (proxies := open_proxies("system")).of("https://x.example/")

    assert server is not None
    assert (server.address, server.authorization) == ("proxy.example:8080", "Basic eDp5QHo=")
    assert "eDp5" not in repr(proxies)
    assert proxies.of("http://x.example/") is None
    assert proxies.of("https://10.1.1.1/") is None
    assert proxies.of("https://his.benhvien.vn/") is None
    monkeypatch.setenv("HTTPS_PROXY", "socks5://x:geheim@proxy:1")
    with pytest.raises(SettingsError, match="no address of an HTTP proxy") as raised:
        open_proxies("system")
    assert "geheim" not in str(raised.value)


@pytest.mark.parametrize(
    "address",
    ["proxy:3128", "https://proxy:3128", "http://", "http://u:geheim@proxy", "http://u@proxy:1",
     "http://proxy:99999", "http://proxy:1/pfad", "http://[::1", "http://pro\nxy:1"],
)  # fmt: skip
def test_a_proxy_s_address_that_cannot_be_used_stops_the_start(
    address: str, tmp_path: Path
) -> None:
    own = tmp_path / "own.toml"
    quoted = address.replace("\n", "\\n")
    own.write_text(f'[facility]\ncode = "01999"\n[network]\nproxy = "{quoted}"\n', "utf-8")

    with pytest.raises(SettingsError, match=r"\[network\] proxy") as raised:
        load_settings(own)
    assert "geheim" not in str(raised.value)
    assert "\n" not in str(raised.value)


def own_address() -> str:
    """Return an address of this machine that is not a loopback one; empty if it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
        probe.connect(("192.0.2.1", 9))  # sends nothing
        address = str(probe.getsockname()[0])
        return "" if address.startswith("127.") else address
    return ""


def tinyproxy(folder: Path, port: int) -> list[str]:
    (folder / "tiny.conf").write_text(
        f"Port {port}\nListen 127.0.0.1\nTimeout 30\nMaxClients 10\nBasicAuth phongkham matkhau\n"
        f'PidFile "{folder}/tiny.pid"\nLogLevel Error\nLogFile "{folder}/tiny.log"\n',
        "utf-8",
    )
    return ["tinyproxy", "-d", "-c", str(folder / "tiny.conf")]


def squid(folder: Path, port: int) -> list[str]:
    (folder / "squid.conf").write_text(
        f"http_port 127.0.0.1:{port}\nhttp_access allow localhost\nhttp_access deny all\n"
        "pid_filename none\ncache_log /dev/null\naccess_log none\nshutdown_lifetime 0 seconds\n",
        "utf-8",
    )
    return ["squid", "-N", "-n", f"tiepdon{port}", "-f", str(folder / "squid.conf")]


@pytest.mark.parametrize("make", [tinyproxy, squid], ids=["tinyproxy", "squid"])
def test_a_proxy_of_debian_lets_the_gateway_through(
    make: object, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert callable(make)
    address, program = own_address(), make.__name__  # type: ignore[attr-defined]
    if shutil.which(program) is None or not address:
        pytest.skip(f"needs {program} and an address that is not a loopback one")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    (tmp_path / "password").write_text("matkhau", "utf-8")
    with running_insurer(clock) as (_insurer, url), contextlib.ExitStack() as stack:
        plain = int(url.rpartition(":")[2])
        tls, authority = stack.enter_context(tls_before(plain, tmp_path / "tls", address))
        server = socket.create_server((address, 0))
        stack.callback(server.close)

        def forward() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection, socket.create_connection(("127.0.0.1", tls)) as inner:
                        relay(connection, inner)

        threading.Thread(target=forward, daemon=True).start()
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        process = subprocess.Popen(make(tmp_path, port), stderr=subprocess.DEVNULL)
        stack.callback(process.wait)
        stack.callback(process.terminate)  # squid leaves shared memory behind if it is killed

        def is_up() -> bool:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                return True
            return False

        until(is_up)
        target = f"https://{address}:{server.getsockname()[1]}"
        proxies = open_proxies(f"http://phongkham@127.0.0.1:{port}", str(tmp_path / "password"))
        assert ask(proxies, target).startswith("code ")
        if program == "tinyproxy":
            without = ask(open_proxies(f"http://127.0.0.1:{port}"), target)
            assert "wants an account" in without


def test_the_watchdog_of_headers_is_there_behind_a_proxy_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def drip(connection: socket.socket) -> None:
        connection.recv(65_536)
        for octet in b"HTTP/1.1 200 OK\r\n" + b"X" * 5_000:
            connection.sendall(bytes([octet]))
            time.sleep(0.02)

    with listening(drip) as port, contextlib.ExitStack() as stack:
        tls, authority = stack.enter_context(tls_before(port, tmp_path / "tls"))
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        _proxy, address = stack.enter_context(proxying(tls))
        began = time.monotonic()

        words = ask(open_proxies(f"http://{address}"), total_s=1.0)

    assert not words.startswith("code")
    assert time.monotonic() - began < 15
