"""The proxies of docs/network.md, as written there, in front of the program."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask, jsonify, request

from kiosk.logbook import Database
from kiosk.runtime.local_authority import make_authority, make_site_certificate
from kiosk.runtime.secret_file import read_or_make_secret
from kiosk.runtime.webserver import WebServer
from kiosk.staff import Role
from kiosk.staff.members import Members
from kiosk.staff.pins import Pins
from tests.browser import CHROMIUM, lend_browser
from tests.process import ROOT, serving, until
from tests.process import site as site_options

pytestmark = pytest.mark.slow

PIN = "402957"
NAME = "tiepdon.benhvien.vn"  # as in the document
NGINX = """
daemon off; master_process off; error_log stderr; pid {folder}/pid;
events {{}}
http {{
{paths}
{site}
}}
"""
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def recipe(language: str) -> str:
    """Return the block of docs/network.md in a language."""
    text = (ROOT / "docs/network.md").read_text("utf-8")
    (block,) = re.findall(rf"^```{language}\n(.+?)^```", text, re.M | re.S)
    return str(block)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


class Proxy:
    """A proxy in front of a port of this machine."""

    def __init__(self, port: int, authority: Path) -> None:
        self.port = port
        self._context = ssl.create_default_context(cafile=str(authority))
        self.cookie = ""  # of the person who is signed in

    @property
    def origin(self) -> str:
        return f"https://{NAME}:{self.port}"

    def connect(self, server_name: str = NAME) -> http.client.HTTPConnection:
        """Return a connection over TLS, as a browser makes it."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        plain = socket.create_connection(("127.0.0.1", self.port), 20)
        connection.sock = self._context.wrap_socket(plain, server_hostname=server_name)
        return connection

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Return the answer to a call, and its body; headers may have `_` in place of `-`."""
        with contextlib.closing(self.connect()) as connection:
            sent = {"Host": f"{NAME}:{self.port}", "Content-Type": "application/json"}
            sent |= {"Cookie": self.cookie} if self.cookie else {}
            sent |= {name.replace("_", "-"): value for name, value in headers.items()}
            content = None if body is None else json.dumps(body)
            connection.request(method, path, content, sent)
            answer = connection.getresponse()
            return answer, answer.read()


@pytest.fixture
def tls(tmp_path: Path) -> Path:
    folder = tmp_path / "tls"
    folder.mkdir()
    make_authority(folder, tmp_path / "authority.key", [NAME], datetime.now(UTC))
    make_site_certificate(folder, tmp_path / "authority.key", [NAME], datetime.now(UTC))
    return folder


@contextlib.contextmanager
def proxy(kind: str, behind: int, tls: Path) -> Iterator[Proxy]:
    """Run a proxy by its recipe, with other ports and files; skip the test if it is absent."""
    program = shutil.which(kind, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        pytest.skip(f"no {kind} on this machine: its recipe in docs/network.md is not run")
    folder, port = tls.parent / kind, free_port()
    folder.mkdir()
    site = recipe("nginx" if kind == "nginx" else "caddyfile")
    site = site.replace("/etc/tiepdon/tls", str(tls)).replace(":8080", f":{behind}")
    if kind == "nginx":
        paths = "".join(f"{name}_temp_path {folder}/{name};\n" for name in TEMPORARY)
        paths += "access_log off;"
        site = site.replace("listen 443", f"listen 127.0.0.1:{port}")
        (folder / "conf").write_text(NGINX.format(folder=folder, paths=paths, site=site), "utf-8")
        words = [program, "-p", str(folder), "-c", "conf", "-e", "stderr"]
    else:
        site = site.replace(f"https://{NAME}", f"https://{NAME}:{port}")
        site = site.replace("https:// {", f"https://:{port} {{")
        (folder / "conf").write_text(site, "utf-8")
        words = [program, "run", "--config", str(folder / "conf"), "--adapter", "caddyfile"]
    homes = {name: str(folder) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")}
    log = (folder / "log").open("wb")
    process = subprocess.Popen(words, stdout=log, stderr=log, env=os.environ | homes)

    def is_open() -> bool:
        assert process.poll() is None, (folder / "log").read_text("utf-8")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True
        return False

    try:
        until(is_open)
        yield Proxy(port, tls / "authority.pem")
    finally:
        process.terminate()
        process.wait(20)
        log.close()


@pytest.fixture(params=["nginx", "caddy"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def site(kind: str, tls: Path, tmp_path: Path) -> Iterator[Proxy]:
    """The program behind a proxy, and a clerk who has signed in through it."""
    web = f'[web]\nnames = ["{NAME}"]\nproxy = "127.0.0.1"\ncertificate = "{tls}/site.pem"\n'
    options = site_options(tmp_path, "", web)
    number = hire(tmp_path / "data")
    with serving(*options) as server:
        port = urlsplit(server.url).port
        assert port is not None
        with proxy(kind, port, tls) as running:
            typed = {"account": str(number), "pin": PIN}
            answer, body = running.call("POST", "/sign-in", typed, Origin=running.origin)
            assert answer.status == 200, body
            running.cookie = answer.headers["Set-Cookie"].partition(";")[0]
            yield running


def hire(data: Path) -> int:
    """Make a clerk in a data directory; return their number."""
    data.mkdir()
    database, now = Database(data / "logbook.db"), datetime.now(UTC)
    number = Members(database).add("Lê Thu Hà", Role.CLERK, "", now, "a test").id
    Pins(database, read_or_make_secret(data / "secrets" / "staff.key")).set(
        number, PIN, now, "a test"
    )
    database.close()
    return number


def test_a_desk_works_through_the_proxy(site: Proxy) -> None:
    page, _ = site.call("GET", "/?lang=en")
    assert page.status == 200
    assert "Secure" in page.headers["Set-Cookie"]
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert page.headers["Cross-Origin-Opener-Policy"] == "same-origin"

    scan, body = site.call("POST", "/api/scans", {"payload": "x"}, Origin=site.origin)
    assert (scan.status, "outcome" in json.loads(body)) == (200, True)
    for origin in ("https://evil.example", f"http://{NAME}:{site.port}", f"https://{NAME}"):
        assert site.call("POST", "/api/scans", {"payload": "x"}, Origin=origin)[0].status == 403

    with contextlib.closing(site.connect()) as stream:
        host = f"{NAME}:{site.port}"
        stream.request("GET", "/events", headers={"Host": host, "Cookie": site.cookie})
        answer = stream.getresponse()
        begun = time.monotonic()
        lines = [answer.readline() for _ in range(6)]
        assert lines[0] == b"retry: 1000\n"
        assert time.monotonic() - begun < 15
        site.call("POST", "/api/scans", {"payload": "y"}, Origin=site.origin)
        begun = time.monotonic()
        while b"event" not in answer.readline():
            assert time.monotonic() - begun < 10
        answer.close()


def test_another_name_gets_nothing(site: Proxy) -> None:
    for host in ("evil.example", "localhost", "127.0.0.1", f"evil.example:{site.port}"):
        answer, body = site.call("GET", "/", Host=host)
        assert answer.status == 421
        assert b"<html lang" not in body


def test_forged_forwarded_headers_have_no_effect(kind: str, tls: Path) -> None:
    app = Flask("echo")

    @app.get("/")
    def echo() -> Any:
        return jsonify([request.remote_addr, request.scheme, request.host])

    server = WebServer(app, "127.0.0.1", 0, threads=2, proxy="127.0.0.1")
    server.start()
    try:
        with proxy(kind, server.port, tls) as running:
            expected = ["127.0.0.1", "https", f"{NAME}:{running.port}"]
            for forged in (
                {},
                {"X_Forwarded_For": "9.9.9.9", "X_Forwarded_Proto": "http"},
                {"X_Forwarded_For": "9.9.9.9, 8.8.8.8", "X_Forwarded_Host": "evil.example"},
                {"Forwarded": "for=9.9.9.9;host=evil.example;proto=http"},
                {"X_Forwarded_Port": "80", "X_Forwarded_By": "evil.example"},
            ):
                answer, body = running.call("GET", "/", **forged)
                assert (answer.status, json.loads(body)) == (200, expected), forged
    finally:
        server.stop()


def test_another_site_keeps_no_hold_on_a_window_over_tls(site: Proxy) -> None:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    with lend_browser(f"--host-resolver-rules=MAP {NAME} 127.0.0.1") as browser:
        context = browser.new_context(ignore_https_errors=True)
        tab = context.new_page()
        tab.set_content(f"<button onclick=\"w = window.open('{site.origin}/')\">x</button>")
        with context.expect_page() as opened:
            tab.click("button")
        ours = opened.value
        ours.wait_for_selector("#account")  # this browser has not signed in

        assert ours.evaluate("opener") is None
        assert tab.evaluate("w.closed") is True
        assert ours.evaluate("isSecureContext") is True  # so that it may use a camera


@pytest.mark.parametrize("begin", ["head", "body"])
def test_a_clerk_is_answered_while_connections_drip_through_the_proxy(
    site: Proxy, kind: str, begin: str
) -> None:
    head = f"POST /api/pictures HTTP/1.1\r\nHost: {NAME}:{site.port}\r\n".encode()
    if begin == "body":
        head += b"Content-Length: 999999\r\n\r\n"
    with contextlib.ExitStack() as stack:
        drippers = []
        for _ in range(50):
            connection = site.connect()
            stack.callback(connection.close)
            connection.sock.sendall(head)
            drippers.append(connection.sock)
        answered = 0
        deadline = time.monotonic() + 6
        while time.monotonic() < deadline:
            for dripper in drippers:
                with contextlib.suppress(OSError):
                    dripper.sendall(b"x")
            answer, _ = site.call("POST", "/api/scans", {"payload": "x"}, Origin=site.origin)
            assert answer.status == 200
            answered += 1

    assert answered > 5, kind
