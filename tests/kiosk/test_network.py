"""Under which names, and to whom, the pages are served."""

from __future__ import annotations

import contextlib
import http.client
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from kiosk.errors import SettingsError
from kiosk.runtime.webserver import WebServer
from kiosk.settings import is_reached_from_outside, load_settings
from tests.conftest import Kiosk
from tests.process import run, serving

SITE = '[facility]\ncode = "01999"\n[web]\n'
NAME = "tiepdon.example"
CROSS = {"Sec-Fetch-Site": "cross-site"}
LINK = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
FRAME = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}
IMAGE = {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}


def load(folder: Path, web: str) -> Any:
    (folder / "own.toml").write_text(SITE + web, "utf-8")
    return load_settings(folder / "own.toml").web


@pytest.fixture
def served(kiosk: Kiosk, make_client: Callable[..., FlaskClient]) -> Iterator[Callable[..., int]]:
    """Serve the pages with settings; a call returns the port."""
    servers = []

    def serve(host: str = "127.0.0.1", **web: Any) -> int:
        own = replace(kiosk.settings.web, host=host, **web)
        app = make_client(replace(kiosk.settings, web=own)).application
        is_wide = host not in ("127.0.0.1", "::1")
        server = WebServer(app, host, 0, threads=4, proxy=own.proxy, wide=is_wide)
        servers.append(server)
        server.start()
        return server.port

    yield serve
    for server in servers:
        server.stop()


def get(
    port: int, address: str = "127.0.0.1", path: str = "/healthz", source: str = "", **headers: str
) -> http.client.HTTPResponse:
    """Send a request whose headers are exactly these, and return the answer."""
    here = (source, 0) if source else None
    connection = http.client.HTTPConnection(address, port, timeout=10, source_address=here)
    with contextlib.closing(connection):
        connection.putrequest("GET", path, skip_host=True)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        answer = connection.getresponse()
        answer.read()
        return answer


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.5", "tiepdon.example"])
@pytest.mark.parametrize("more", ["", 'names = ["tiepdon.example"]', 'proxy = "127.0.0.1"'])
def test_other_machines_are_served_only_behind_a_proxy_and_under_names(
    tmp_path: Path, host: str, more: str
) -> None:
    with pytest.raises(SettingsError, match=r"\[web\] host is .*\[web\] names .*network\.md"):
        load(tmp_path, f'host = "{host}"\n{more}')

    both = 'names = ["tiepdon.example"]\nproxy = "127.0.0.1"'
    assert load(tmp_path, f'host = "{host}"\n{both}').host == host


def test_a_start_for_other_machines_stops_with_exit_code_2() -> None:
    done = run("serve", "--demo", "--no-browser", "--port", "0", "--host", "0.0.0.0")

    assert done.returncode == 2
    assert b"[web] names" in done.stderr
    assert len(done.stderr.decode().strip().splitlines()) == 1


@pytest.mark.parametrize(
    "web",
    [
        'names = ["https://tiepdon.example"]',
        'names = ["tiepdon.example:8080"]',
        'names = ["*"]',
        'names = [".example"]',
        'names = ["Tiepdon.example"]',
        'names = "tiepdon.example"',
        "names = [1]",
        'proxy = "proxy.example"',
        'proxy = "*"',
    ],
)
def test_a_name_or_a_proxy_that_cannot_be_right_is_refused(tmp_path: Path, web: str) -> None:
    with pytest.raises(SettingsError, match=r"\[web\] (names|proxy)"):
        load(tmp_path, web)


@pytest.mark.parametrize(
    ("web", "required"),
    [
        ("", False),
        ('host = "::1"', False),
        ('names = ["tiepdon.example"]', True),
        ('proxy = "127.0.0.1"', True),
    ],
)
def test_who_is_reached_from_other_machines_asks_for_a_sign_in(
    tmp_path: Path, web: str, required: bool
) -> None:
    settings = load(tmp_path, web)

    assert is_reached_from_outside(settings) is required


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("localhost", 200),
        ("LOCALHOST", 200),
        ("[::1]", 200),
        (NAME, 200),
        ("evil.example", 400),
        ("127.0.0.1.evil.example", 400),
        ("localhost.", 400),
        ("x" + NAME, 400),
        ("a." + NAME, 400),
        ("[::1].evil.example", 400),
        ("0.0.0.0", 400),
        ("127.0.0.1@evil.example", 400),
        ("", 400),
    ],
)
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_only_the_listed_names_are_served(
    served: Callable[..., int], address: str, host: str, status: int
) -> None:
    port = served(address, names=(NAME,))

    assert get(port, address, Host=f"{host}:{port}" if host else "").status == status


def test_a_request_that_names_no_host_is_refused(served: Callable[..., int]) -> None:
    assert get(served()).status == 400


def test_the_address_of_ipv6_is_served() -> None:
    with serving("--demo", "--host", "::1") as server:
        assert server.url.startswith("http://[::1]:")
        assert server.get("/healthz")["alive"]
        assert server.post("/api/scans", {"payload": "x"}, Origin=server.url)["outcome"]


@pytest.mark.parametrize("address", ["0.0.0.0", "::"])
def test_beyond_this_machine_not_even_its_own_names_are_served(
    served: Callable[..., int], address: str
) -> None:
    port = served(address, names=(NAME,), proxy="127.0.0.1")
    local = "::1" if ":" in address else "127.0.0.1"

    assert get(port, local, Host=NAME).status == 200
    assert get(port, local, Host=f"localhost:{port}").status == 400
    assert get(port, local, Host=f"127.0.0.1:{port}").status == 400


def test_what_a_proxy_says_is_believed_and_of_nobody_else(served: Callable[..., int]) -> None:
    port = served(names=(NAME,), proxy="127.0.0.1")
    https = {"Host": NAME, "X_Forwarded_Proto": "https", "X_Forwarded_For": "10.0.0.9"}
    page = "/?lang=en"

    through = get(port, path=page, **https)
    assert "Secure" in through.headers["Set-Cookie"]
    forged = get(port, path=page, source="127.0.0.2", **https)
    assert "Secure" not in forged.headers["Set-Cookie"]
    # A visitor of the proxy cannot pretend to sit at this machine.
    assert get(port, **(https | {"Host": "localhost"})).status == 400
    # The proxy's word on the host is not asked for.
    assert get(port, **(https | {"X_Forwarded_Host": "evil.example"})).status == 200
    assert get(port, **(https | {"Host": "evil.example", "X_Forwarded_Host": NAME})).status == 400


def test_a_forged_forwarded_header_has_no_effect_without_a_proxy(
    served: Callable[..., int],
) -> None:
    port = served()

    answer = get(port, path="/?lang=en", Host="localhost", X_Forwarded_Proto="https")

    assert "Secure" not in answer.headers["Set-Cookie"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        (CROSS | LINK, 200),
        (CROSS | FRAME, 403),
        (CROSS | IMAGE, 403),
        (CROSS, 403),
        ({"Sec-Fetch-Site": "same-site"} | IMAGE, 403),
        ({"Sec-Fetch-Site": "same-origin"} | IMAGE, 200),
        ({"Sec-Fetch-Site": "none"} | LINK, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "https://localhost"}, 403),
        ({"Origin": "http://localhost"}, 200),
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/visits", "/static/kiosk.css"])
def test_another_site_reads_nothing_but_may_link_here(
    client: FlaskClient, headers: dict[str, str], status: int, path: str
) -> None:
    with client.get(path, headers=headers) as answer:
        assert answer.status_code == status


def test_no_other_site_shares_a_window_or_a_process_with_our_pages(client: FlaskClient) -> None:
    for path in ("/", "/static/kiosk.css", "/no-such-page"):
        with client.get(path) as answer:
            headers = answer.headers
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        for part in ("frame-ancestors 'none'", "object-src 'none'", "base-uri 'none'"):
            assert part in headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/?lang=en", "/?theme=dark"])
def test_cookies_stay_within_tls(client: FlaskClient, path: str) -> None:
    plain = client.get(path).headers["Set-Cookie"]
    encrypted = client.get(path, base_url="https://localhost").headers["Set-Cookie"]

    assert "Secure" not in plain
    assert "Secure" in encrypted
    assert "HttpOnly" in encrypted
