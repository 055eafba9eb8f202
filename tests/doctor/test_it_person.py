"""What goes wrong at a site, tried as its IT person would: `doctor` names it, and what to do."""

from __future__ import annotations

import json
import os
import pty
import shutil
import sqlite3
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from kiosk.runtime.local_authority import make_authority, make_site_certificate
from kiosk.runtime.webserver import WebServer
from kiosk.sandbox import SandboxInsurer
from tests.feed_server import Publisher, line
from tests.kiosk.printing import PAPER_OUT, pretend_printer
from tests.process import call, card, serving, site, until

SENTENCE_END = (".", ")")


class Usage(NamedTuple):
    """The space of a disk, as the system tells it."""

    total: int
    used: int
    free: int


def examined(options: list[str], *more: str) -> dict[str, dict[str, Any]]:
    """Return the lines of `doctor` by the names of what was checked."""
    done = call("doctor", *options, *more)
    assert done.returncode in (0, 1), done.stderr
    return {line["what"]: line for line in map(json.loads, done.stdout.splitlines())}


def named(options: list[str], what: str, seen: str, do: str) -> dict[str, Any]:
    """Return a line that is bad, says in one line what was seen, and what to do."""
    found = examined(options)[what]
    assert found["state"] == "bad", found
    assert seen in found["seen"]
    assert do in found["do"]
    assert found["do"].endswith(SENTENCE_END)
    assert "\n" not in found["seen"] + found["do"]
    assert datetime.fromisoformat(found["since"]) <= datetime.now(UTC)
    return found


@pytest.fixture
def insurer() -> Iterator[str]:
    insurer = SandboxInsurer(lambda: datetime.now(UTC))
    server = WebServer(insurer.app, "127.0.0.1", 0, threads=4)
    server.start()
    yield f"http://127.0.0.1:{server.port}"
    server.stop()


@pytest.mark.skipif(os.name == "nt", reason="a pseudo-terminal")
def test_the_reader_is_unplugged(tmp_path: Path) -> None:
    device, port = pty.openpty()
    link = tmp_path / "ttyACM0"
    link.symlink_to(os.ttyname(port))
    reader = f'[[readers]]\nname = "front"\nkind = "serial"\nport = "{link}"\n'
    options = site(tmp_path, "", reader)
    assert examined(options)["reader front"]["good"]

    link.unlink()
    os.close(device)
    os.close(port)

    named(options, "reader front", "not attached", "Plug it in")


def test_the_printer_is_out_of_paper(tmp_path: Path) -> None:
    with pretend_printer(paper=PAPER_OUT) as printer:
        port = f'[[printers]]\nname = "desk"\nkind = "network"\nport = "127.0.0.1:{printer.port}"\n'
        options = site(tmp_path, "", port)
        named(options, "printer desk", "out of paper", "Put in a new roll")

        printer.paper = b"\x12"
        assert examined(options)["printer desk"]["good"]


def test_the_password_of_the_gateway_is_wrong(tmp_path: Path, insurer: str) -> None:
    options = site(tmp_path, insurer)
    assert examined(options)["sign-in at the gateway"]["state"] == "unknown"
    (tmp_path / "password").write_text("wrong\n", "utf-8")
    with serving(*options) as server:
        server.post("/api/scans", {"payload": card("binh")})
        until(lambda: server.get("/healthz")["insurer"]["failing_since"])
        _looked(server.url)
        named(options, "sign-in at the gateway", "takes neither", "Write the right password")
    named(options, "sign-in at the gateway", "takes neither", "[insurer] password_file")

    (tmp_path / "password").write_text("sandbox\n", "utf-8")
    with serving(*options) as server:
        server.post("/api/scans", {"payload": card("binh")})
        until(lambda: server.get("/healthz")["newest_word"])
        _looked(server.url)
    assert examined(options)["sign-in at the gateway"]["good"]


def _looked(url: str) -> bool:
    """Have the running program check everything now, as the button on its page does."""
    request = urllib.request.Request(f"{url}/doctor/check", b"", {"Origin": url})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return bool(answer.status == 200)


@pytest.mark.parametrize(("days", "state"), [(400, "good"), (20, "attention"), (-1, "bad")])
def test_the_certificate_ends(tmp_path: Path, days: int, state: str) -> None:
    made_at = datetime.now(UTC) + timedelta(days=days - 397)
    make_authority(tmp_path, tmp_path / "authority.key", ["tiepdon.example"], made_at)
    make_site_certificate(tmp_path, tmp_path / "authority.key", ["tiepdon.example"], made_at)
    web = '[web]\nnames = ["tiepdon.example"]\nproxy = "127.0.0.1"\n'
    options = site(tmp_path, "", f"{web}certificate = '{tmp_path / 'site.pem'}'\n")

    found = examined(options)["certificate"]

    assert found["state"] == state
    assert found["seen"].startswith("valid until")
    assert ("certificate renew" in found["do"]) is (state != "good")


def test_the_keys_of_the_feed_are_rotated(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path / "publisher")
    publisher.folder.mkdir()
    publisher.init()
    publisher.cards(line(21))
    root = tmp_path / "root.json"
    root.write_bytes(publisher.root)
    feed = f"[feed]\nfolder = '{publisher.feed}'\nroot_file = '{root}'\n"
    options = site(tmp_path, "", feed)
    assert call("feed", "fetch", *options).returncode == 0
    assert examined(options)["feed's last try"]["good"]

    shutil.rmtree(publisher.feed)
    shutil.rmtree(publisher.keys)
    publisher.init()
    publisher.cards(line(22))
    assert call("feed", "fetch", *options).returncode != 0

    found = named(options, "feed's last try", "keys that this kiosk does not trust", "in person")
    assert "[feed] root_file" in found["do"]


def test_the_disk_is_99_percent_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = site(tmp_path, "")
    examined(options)
    total = 500_000_000_000
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(total, 495 * 10**9, 5 * 10**9))

    named(options, "disk", "the disk is 99% full", "Free some space")


def test_the_backup_stick_is_missing(tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    options = site(tmp_path, "", f"[backup]\nfolder = '{stick}'\n")
    with serving(*options) as server:
        server.get("/healthz")
        server.end()
    assert call("backup", *options).returncode == 0
    assert examined(options)["backup"]["good"]

    shutil.rmtree(stick)

    named(options, "backup folder", "is not there", "Plug in the stick")
    assert examined(options)["backup"]["state"] == "attention"


def test_the_newest_backup_is_older_than_a_day(tmp_path: Path) -> None:
    options = site(tmp_path, "")
    with serving(*options) as server:
        server.get("/healthz")
        server.end()
    assert call("backup", *options).returncode == 0
    [file] = (tmp_path / "data" / "backups").glob("*.json")
    about = json.loads(file.read_text("utf-8"))
    made_at = datetime.now(UTC) - timedelta(hours=27)
    file.write_text(json.dumps(about | {"made_at": made_at.isoformat()}), "utf-8")

    named(options, "backup", "27.0 h old", "each night")


@pytest.mark.parametrize("part", ["header", "tickets"])
def test_the_logbook_is_damaged(tmp_path: Path, part: str) -> None:
    options = site(tmp_path, "")
    with serving(*options) as server:
        server.confirm(card("an"), "k1")
        server.end()
    assert all(examined(options)[what]["good"] for what in ("logbook", "logbook's pages"))
    logbook = tmp_path / "data" / "logbook.db"
    with sqlite3.connect(logbook) as db:
        [page] = db.execute("select rootpage from sqlite_schema where name = 'ticket'").fetchone()
        [size] = db.execute("pragma page_size").fetchone()
    db.close()
    with logbook.open("r+b") as file:
        file.seek((page - 1) * size if part == "tickets" else 0)
        file.write(b"\xa5" * size)

    if part == "header":
        named(options, "logbook", "damaged", "`restore`")
    else:
        named(options, "logbook's pages", "fault", "`restore --why REASON`")
        assert len(examined(options)) > 25  # the other checks are made all the same


@pytest.mark.skipif(os.name == "nt", reason="a mode of POSIX")
@pytest.mark.parametrize(("mode", "state"), [(0o600, "good"), (0o640, "attention"), (0o644, "bad")])
def test_other_accounts_may_read_the_password(tmp_path: Path, mode: int, state: str) -> None:
    options = site(tmp_path, "http://127.0.0.1:1")
    (tmp_path / "password").chmod(mode)

    found = examined(options)["file of [insurer] password_file"]

    assert found["state"] == state
    assert ("chmod 600" in found["do"]) is (state != "good")
    assert "sandbox" not in json.dumps(found)
