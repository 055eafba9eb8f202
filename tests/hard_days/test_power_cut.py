"""A power cut at any moment: what was acknowledged is in the logbook, and the program goes on.

A real run of the program is recorded by strace (write_log.py); then the power is cut at hundreds of
places of the record, and the program's own checks look at what the disk may have kept.
"""

from __future__ import annotations

import json
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kiosk.backup import LogbookGuard
from kiosk.settings import load_settings
from tests.hard_days.hospital import Arrival
from tests.hard_days.write_log import Disk, Operation, operations, strace
from tests.process import ROOT, call

VISITS = 25
CUTS_AT_ONE_PLACE = 3

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed"),
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Operation]]:
    """Return the folder of a site, and what a run of the program did there."""
    folder = tmp_path_factory.mktemp("site").resolve()
    (folder / "kiosk.toml").write_text('[facility]\ncode = "01999"\n', "utf-8")
    log = folder.parent / "strace.txt"
    words = [sys.executable, str(ROOT / "run_kiosk.py"), "serve", "--no-browser", "--port", "0"]
    with subprocess.Popen(
        strace(log, *words, *options(folder)),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[1]
        for number in range(VISITS):
            scan = post(f"{url}/api/scans", {"payload": Arrival(number).payload})
            post(f"{url}/api/visits", {"attempt": scan["attempt"]}, f"patient-{number}")
        child = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text("ascii")
        subprocess.run(["kill", f"-{signal.SIGTERM}", *child.split()], check=True)
    return folder, operations(log, folder / "data")


def options(folder: Path) -> list[str]:
    return ["--config", str(folder / "kiosk.toml"), "--data", str(folder / "data")]


def post(url: str, value: object, key: str = "") -> dict[str, Any]:
    headers = {"Content-Type": "application/json", "Idempotency-Key": key}
    request = urllib.request.Request(url, json.dumps(value).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        result = json.load(answer)
        assert isinstance(result, dict)
        return result


def acknowledged(sent: bytes) -> Iterator[tuple[str, int]]:
    """Yield the visits of the answers in what was sent: id and number."""
    for visit, ticket in re.findall(rb'\{"id": ?"([\w-]+)", ?"ticket": ?(\d+)', sent):
        yield visit.decode(), int(ticket)


def test_the_record_holds_what_the_clients_were_told(run: tuple[Path, list[Operation]]) -> None:
    sent = b"".join(operation.data for operation in run[1] if operation.kind == "sent")

    assert len(dict(acknowledged(sent))) == VISITS
    assert sum(operation.kind == "sync" for operation in run[1]) > 2 * VISITS


@pytest.mark.parametrize(
    "places",
    [pytest.param(60, id="sample"), pytest.param(600, id="all", marks=pytest.mark.long)],
)
def test_a_power_cut_loses_nothing_that_was_acknowledged(
    run: tuple[Path, list[Operation]], places: int, tmp_path: Path
) -> None:
    folder, done = run
    chance = random.Random(20261129)
    answers = [i for i, operation in enumerate(done) if operation.kind == "sent"]
    cuts = set(chance.sample(range(len(done)), min(places, len(done)))) | set(answers[-places:])
    disk, told = Disk(), dict[str, int]()
    for place, operation in enumerate(done):
        disk.happen(operation)
        told.update(acknowledged(operation.data) if operation.kind == "sent" else ())
        if place in cuts:
            for turn in range(CUTS_AT_ONE_PLACE):
                site = tmp_path / f"{place}-{turn}"
                put(disk.cut_power(chance), folder, site)
                look(site, told)
                shutil.rmtree(site)


def put(files: dict[str, bytes], original: Path, site: Path) -> None:
    """Write what a disk kept into the folder of another site."""
    (site / "data").mkdir(parents=True)
    shutil.copy(original / "kiosk.toml", site)
    for path, content in files.items():
        target = site / Path(path).relative_to(original)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def look(site: Path, told: dict[str, int]) -> None:
    """Start from what is there as the program does, and check it."""
    data, config = site / "data", site / "kiosk.toml"
    guard = LogbookGuard(load_settings(config), data, config, lambda: datetime.now(UTC))
    if not told and not (data / "logbook.db").exists():
        return
    assert not guard.holds, guard.state
    checked = call("logbook", "check", *options(site))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    with closing(sqlite3.connect(data / "logbook.db")) as database:
        kept = dict(database.execute("select id, ticket from visit"))
        assert database.execute("pragma integrity_check").fetchone() == ("ok",)
    assert told.items() <= kept.items()
    assert len(set(kept.values())) == len(kept)


def test_a_disk_that_lies_is_found_out(run: tuple[Path, list[Operation]], tmp_path: Path) -> None:
    """The check itself can fail: if nothing of the second half is synchronised, visits are lost."""
    folder, done = run
    chance = random.Random(1)
    disk, told = Disk(), dict[str, int]()
    for place, operation in enumerate(done):
        if operation.kind != "sync" or place < len(done) // 2:
            disk.happen(operation)
        told.update(acknowledged(operation.data) if operation.kind == "sent" else ())
    for turn in range(20):
        put(disk.cut_power(chance), folder, tmp_path / str(turn))
    with pytest.raises(AssertionError):
        _look_at_all(tmp_path, told)


def _look_at_all(folder: Path, told: dict[str, int]) -> None:
    for site in folder.iterdir():
        look(site, told)
