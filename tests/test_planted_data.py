"""What is entered at a desk is looked for in every file, log, address and argument.

A name, a card's number, a telephone number, a PIN, the secret of a second factor, an API token and
a session's cookie go through a running program, with and without encryption.  They may rest only
where the table in docs/security.md says.
"""

from __future__ import annotations

import contextlib
import http.cookiejar
import json
import os
import re
import sys
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyotp
import pytest

from kiosk.runtime.file_key import FileKey
from kiosk.runtime.key_store import KeyStore
from kiosk.runtime.webserver import WebServer
from kiosk.sandbox import SandboxInsurer, person
from tests.process import Server, call, card, site, started, until

KEY = FileKey("0123456789abcdef" * 4)
PHONE, PIN, STAFF_NAME = "0912345071", "402957", "Vũ Ngọc Kín"
STAFF_NUMBER = "001999990071"
LINKS = re.compile(r"""(?:href|src|action|data-\w+-?url)=["']([^"']+)["']""")
PAGES = (
    "/", "/day", "/data", "/enquiry", "/logbook", "/logbook/nightly", "/logbook/tray", "/queue",
    "/readers/", "/staff", "/staff/accesses", "/staff/me", "/staff/tokens",
)  # fmt: skip
SECRET = re.compile(r'(?<=<p class="once">)[A-Z2-7]{16,}')
SECRETS = {"pin", "first pin", "token", "cookie", "second factor"}


def spellings(text: str) -> set[bytes]:
    """Return how a text may stand in a file: as such, in JSON, in hexadecimal, in other bytes."""
    plain = text.encode()
    return {
        plain,
        text.upper().encode(),
        text.encode("utf-16-le"),
        json.dumps(text)[1:-1].encode(),
        plain.hex().encode(),
        urllib.parse.quote(text).encode(),
    }


class Browser:
    """A browser that keeps its cookies and remembers which addresses its pages name."""

    def __init__(self, url: str) -> None:
        self.url, self.cookies, self.named = url, http.cookiejar.CookieJar(), set[str]()
        cookies = urllib.request.HTTPCookieProcessor(self.cookies)
        self._opener = urllib.request.build_opener(cookies)
        self._opener.addheaders = [("Accept", "text/html")]

    def open(self, path: str, **form: str) -> str:
        data = urllib.parse.urlencode(form).encode() if form else None
        with self._opener.open(self.url + path, data, timeout=30) as answer:
            text: str = answer.read().decode()
            self.named |= {answer.url, *LINKS.findall(text)}
        return text


class Desk:
    """A site on which each of the planted things was used."""

    def __init__(self, server: Server, options: list[str], patient: Any, first_pin: str) -> None:
        self.server, self.options = server, options
        browser = self.browser = Browser(server.url)
        browser.open("/sign-in", account="101", pin=first_pin, new_pin=PIN, new_pin_again=PIN)
        secret = SECRET.search(browser.open("/staff/me/factor", begin="1"))
        assert secret is not None
        browser.open("/staff/me/factor/confirm", code=pyotp.TOTP(secret[0]).now())
        page = browser.open("/staff/tokens", name="HIS", scope="scan")
        token = re.search(r"tdk_[\w-]+", page)
        assert token is not None
        bearer = {"Authorization": f"Bearer {token[0]}"}
        payload = card(patient.key)
        scanned = server.post("/api/scans", {"payload": payload}, **bearer)
        cookies = {cookie.name: cookie.value or "" for cookie in browser.cookies}
        self.planted = {
            "name": patient.holder,
            "number": payload.partition("|")[0],
            "phone": PHONE,
            "payload": payload,
            "staff name": STAFF_NAME,
            "staff number": STAFF_NUMBER,
            "pin": PIN,
            "first pin": first_pin,
            "token": token[0],
            "cookie": cookies["staff_session"],
            "second factor": secret[0],
        }
        visit = {"attempt": scanned["attempt"], "phone": PHONE}
        headers = {
            "Idempotency-Key": "k1",
            "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
        }
        self.visit = server.post("/api/visits", visit, **headers)["id"]
        place = f"/logbook/visits/{self.visit}"
        for path in (*PAGES, place, f"{place}/evidence.json"):
            browser.open(path)

    def found_in(self, content: bytes) -> set[str]:
        """Return which planted things a text or a file holds."""
        return {
            name
            for name, text in self.planted.items()
            if any(spelling in content for spelling in spellings(text))
        }


@pytest.fixture
def gateway() -> Iterator[str]:
    insurer = SandboxInsurer(lambda: datetime.now(UTC))
    server = WebServer(insurer.app, "127.0.0.1", 0, threads=4)
    server.start()
    yield f"http://127.0.0.1:{server.port}"
    server.stop()


@pytest.fixture(params=["plain", "encrypted"])
def options(
    request: pytest.FixtureRequest, tmp_path: Path, gateway: str, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """Return the options of a site, whose temporary files are in `tmp` beside its data."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    if request.param == "plain":
        return site(tmp_path, gateway)
    pytest.importorskip("sqlcipher3", reason='encryption needs pip install "tiepdon[encrypt]"')
    file = tmp_path / "keys" / "key"
    KeyStore("file", file, tmp_path / "data").write([KEY])
    return site(tmp_path, gateway, f"[encryption]\nkeys = 'file'\nkey_file = '{file}'\n")


def where(desk: Desk, folder: Path) -> dict[str, set[str]]:
    """Return, by planted thing, the files that hold it; the write-ahead log is of its file."""
    places: dict[str, set[str]] = {}
    for path in folder.rglob("*"):
        if path.is_file():
            name = re.sub(r"-(wal|shm|journal)$", "", path.relative_to(folder).as_posix())
            for thing in desk.found_in(path.read_bytes()):
                places.setdefault(thing, set()).add(name)
    return places


def test_what_was_planted_rests_only_where_the_table_says(
    tmp_path: Path, options: list[str], request: pytest.FixtureRequest
) -> None:
    is_encrypted = "encrypted" in request.node.name
    patient = person("an")
    assert patient is not None
    added = call("staff", "add", "--name", STAFF_NAME, "--role", "administrator",
                 "--citizen-number", STAFF_NUMBER, *options)  # fmt: skip
    assert added.returncode == 0, added.stderr
    logs = [added.stderr]
    with contextlib.closing(started(*options)) as server:
        desk = Desk(server, options, patient, json.loads(added.stdout)["temporary_pin"])
        until(lambda: not desk.server.get("/healthz")["outbox"]["queued"])
        running = where(desk, tmp_path)
        if sys.platform == "linux":
            arguments = Path(f"/proc/{server.process.pid}/cmdline").read_bytes()
            assert desk.found_in(arguments) == set()
            assert KEY.hex.encode() not in arguments
        server.process.kill()  # as a power cut, so that the write-ahead log stays
        logs.append(server.process.communicate()[1].encode())
        killed = where(desk, tmp_path)
    with contextlib.closing(started(*options)) as server:
        server.get("/healthz")
        code, errors = server.end()
        assert code == 0
        logs.append(errors.encode())
    for words in (("sync",), ("doctor",), ("staff", "list"), ("encryption", "status")):
        done = call(*words, *options)
        logs.append(done.stderr + (b"" if words == ("staff", "list") else done.stdout))
    ended = where(desk, tmp_path)

    for log in logs:
        assert desk.found_in(log) == set()
    assert desk.found_in("\n".join(desk.browser.named).encode()) == set()
    assert (tmp_path / "data" / "reports").is_dir()
    if is_encrypted:
        assert running == killed == ended == {}
        holding = [
            path.relative_to(tmp_path).as_posix()
            for path in tmp_path.rglob("*")
            if path.is_file()
            and any(
                form in path.read_bytes() for form in (KEY.hex.encode(), bytes.fromhex(KEY.hex))
            )
        ]
        assert holding == ["keys/key"]
        return
    for places in (running, killed, ended):
        assert not places.keys() & SECRETS
        files = set().union(*places.values())
        copies = {name for name in files if re.fullmatch(r"data/backups/logbook-\w+\.db", name)}
        assert files - copies <= {"data/logbook.db", "data/coverage.db"}
    # The search finds what is there: else the rest of this test would say nothing.
    assert running.keys() >= {"name", "number", "phone", "staff name", "staff number"}
    assert "data/coverage.db" in running["name"]


@pytest.mark.skipif(os.name == "nt", reason="a mode of POSIX")
def test_only_this_account_reads_the_data(tmp_path: Path, options: list[str]) -> None:
    assert call("staff", "list", *options).returncode == 0
    with contextlib.closing(started(*options)) as server:
        server.get("/healthz")
    for path in (tmp_path / "data").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
