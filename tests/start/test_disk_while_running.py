"""The disk becomes full or read-only while the program runs: it says so, and heals by itself."""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cast import BHYT17
from tests.process import Server, serving, until

OWN = '[facility]\ncode = "01999"\n'


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own; skipped where none can be mounted."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "none", str(place)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def answer(server: Server, path: str, body: object = None) -> tuple[int, Any]:
    """Return status and JSON of an answer."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(server.url + path, data, headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as exc:
        with exc:
            return exc.code, json.load(exc)


def scan(server: Server) -> tuple[int, Any]:
    return answer(server, "/api/scans", {"payload": BHYT17})


def said(server: Server) -> tuple[bool, str, bool]:
    """Return whether /readyz and the status say that all is well, and what of the disk."""
    _status, ready = answer(server, "/readyz")
    _status, health = answer(server, "/healthz")
    return ready["ready"], ready["disk"], health["not_recording_since"] is None


def test_a_full_disk_is_said_and_heals_by_itself(disk: Path, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(OWN, "utf-8")
    with serving("--config", str(tmp_path / "own.toml"), "--data", str(disk / "data")) as server:
        before = scan(server)[1]["attempt"]
        with (disk / "ballast").open("wb", buffering=0) as ballast:
            for size in (1 << 20, 4096, 1):
                try:
                    while ballast.write(b"x" * size):
                        pass
                except OSError:
                    continue
        until(lambda: scan(server)[0] == 507)  # what is free within the log is used up first
        assert said(server) == (False, "full", False)
        assert answer(server, "/api/visits?since=2026-01-01T00:00:00Z")[0] in (200, 507)
        (disk / "ballast").unlink()
        until(lambda: scan(server)[0] == 200)
        assert said(server) == (True, "ok", True)
        assert scan(server)[1]["attempt"] > before
        code, errors = server.end()

    assert code == 0
    assert "9999900020" not in errors


def test_a_disk_that_the_system_makes_read_only_is_said(tmp_path: Path) -> None:
    """As after an error: ext4 refuses writing under open files, until it is repaired."""
    (tmp_path / "own.toml").write_text(OWN, "utf-8")
    image, place = tmp_path / "image", tmp_path / "disk"
    place.mkdir()
    with image.open("wb") as file:
        file.truncate(48 << 20)
    make = ["mkfs.ext4", "-q", "-F", str(image)]
    mount = ["mount", "-o", "loop,errors=remount-ro", str(image), str(place)]
    for words in (make, mount):
        if not shutil.which(words[0]) or subprocess.run(words, capture_output=True).returncode:
            pytest.skip("no ext4 can be mounted here")
    find = ["findmnt", "-n", "-o", "SOURCE", str(place)]
    device = Path(subprocess.run(find, capture_output=True, text=True).stdout.strip()).name
    fault = Path("/sys/fs/ext4") / device / "trigger_fs_error"
    try:
        if not device or not fault.exists():
            pytest.skip("ext4 cannot be told to fail here")
        own = ["--config", str(tmp_path / "own.toml"), "--data", str(place / "data")]
        with serving(*own) as server:
            assert scan(server)[0] == 200
            fault.write_text("1", "ascii")
            until(lambda: answer(server, "/readyz")[0] == 503)
            status, body = scan(server)
            assert (status, body["title"]) == (507, "not_recorded")
            assert said(server) == (False, "read_only", False)
    finally:
        subprocess.run(["umount", "-l", str(place)], capture_output=True)
