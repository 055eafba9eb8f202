"""The log: its lines, its files, and the ids of requests."""

from __future__ import annotations

import errno
import json
import logging
import os
import shutil
import sys
import time
import urllib.request
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from kiosk.errors import SettingsError
from kiosk.runtime.log_files import MAX_WAITING, LogFiles
from kiosk.runtime.log_lines import BURST, FloodGate, JsonLines
from kiosk.runtime.request_id import is_request_id, new_request_id
from tests.cast import BHYT17, NOW
from tests.conftest import Kiosk
from tests.process import serving, until

SECRET = "Nguyễn Thị Mẫu"
BIG = 1_000_000
NOON = (NOW + timedelta(hours=9)).timestamp()  # a new file begins at midnight, which is far
needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")


def record(text: str, *values: object, name: str = "kiosk", at: float = NOON) -> logging.LogRecord:
    made = logging.LogRecord(name, logging.WARNING, "", 1, text, values, None)
    made.created = at
    return made


def files_in(folder: Path, file_bytes: int = BIG, total_bytes: int = 10 * BIG) -> LogFiles:
    files = LogFiles(folder, "serve", "jsonl", file_bytes, total_bytes, timedelta(days=30))
    files.setFormatter(JsonLines())
    return files


def lines_in(folder: Path) -> list[dict[str, object]]:
    return [
        json.loads(line)
        for path in sorted(folder.iterdir())
        for line in path.read_text("utf-8").splitlines()
    ]


def test_a_line_of_json_has_what_a_collector_needs_and_no_text_of_an_error() -> None:
    try:
        raise ValueError(SECRET)
    except ValueError:
        made = record("a scan of %s is lost\n\x1b[2J", "front")
        made.exc_info = sys.exc_info()
    text = JsonLines().format(made)
    line = json.loads(text)

    assert set(line) == {"at", "level", "logger", "thread", "message", "error"}
    assert line["at"].endswith("+00:00")
    assert line["error"][-1] == "ValueError"
    assert SECRET not in text
    assert text.isprintable()


def test_a_message_that_floods_is_written_a_few_times_and_counted() -> None:
    seconds = [0.0]
    gate = FloodGate(lambda: seconds[0])
    passed = [gate.filter(record("reader %s is absent", "front")) for _ in range(500)]
    others = [gate.filter(record("another")) for _ in range(3)]
    seconds[0] = 61.0
    late = record("reader %s is absent", "front")

    assert (sum(passed), others) == (BURST, [True] * 3)
    assert gate.filter(late)
    assert f"({500 - BURST} more like it were left out)" in JsonLines().format(late)


def test_waiting_requests_are_one_line_a_minute_with_the_worst() -> None:
    seconds = [0.0]
    gate = FloodGate(lambda: seconds[0])
    queue = "waitress.queue"
    passed = [
        gate.filter(record("Task queue depth is %d", depth, name=queue)) for depth in range(1, 200)
    ]
    seconds[0] = 61.0
    late = record("Task queue depth is %d", 3, name=queue)

    assert sum(passed) == 1
    assert gate.filter(late)
    assert "requests wait for a thread: 199 at most" in late.getMessage()


def test_a_record_is_counted_once_for_several_handlers() -> None:
    gate = FloodGate()
    made = [record("x") for _ in range(BURST)]

    assert [gate.filter(one) and gate.filter(one) for one in made] == [True] * BURST


def test_a_new_file_is_begun_each_day_and_at_its_size_and_none_is_renamed(tmp_path: Path) -> None:
    files = files_in(tmp_path, file_bytes=400)
    day = 1_780_000_000.0
    for at in (day, day + 1, day + 2, day + 86_400, day + 86_401):
        files.emit(record("x" * 60, at=at))
    files.flush()

    names = sorted(path.name for path in tmp_path.iterdir())
    assert len(names) >= 3
    assert len({name[14:22] for name in names}) == 2  # two days
    assert len(lines_in(tmp_path)) == 5
    assert all(path.stat().st_size <= 400 for path in tmp_path.iterdir())


def test_old_files_and_more_than_all_may_have_are_deleted_but_nobody_else_s(tmp_path: Path) -> None:
    day = 1_780_000_000.0
    (tmp_path / "notes.txt").write_text("x" * 5_000, "utf-8")
    (tmp_path / "tiepdon-serve-20200101T000000Z-1.jsonl").write_text("old\n", "utf-8")
    files = files_in(tmp_path, file_bytes=1_000, total_bytes=4_000)
    for number in range(60):
        files.emit(record("x" * 100, at=day + number))
    files.flush()

    ours = [path for path in tmp_path.iterdir() if path.name != "notes.txt"]
    assert (tmp_path / "notes.txt").exists()
    assert not any("20200101" in path.name for path in ours)
    assert sum(path.stat().st_size for path in ours) <= 4_000
    assert f"{'x' * 100}" in ours[-1].read_text("utf-8")


def test_two_programs_write_into_files_of_their_own(tmp_path: Path) -> None:
    one, other = files_in(tmp_path), LogFiles(tmp_path, "sync", "log", BIG, BIG * 9, timedelta(1))
    other.setFormatter(logging.Formatter("%(message)s"))
    for files in (one, other):
        files.emit(record("x"))
        files.flush()

    assert len({path.name.split("-")[1] for path in tmp_path.iterdir()}) == 2


@pytest.mark.skipif(os.name == "nt", reason="Windows deletes no file that is open")
def test_a_folder_that_somebody_removes_is_made_again(tmp_path: Path) -> None:
    seconds, folder = [0.0], tmp_path / "logs"
    files = LogFiles(folder, "serve", "jsonl", BIG, BIG * 9, timedelta(30), lambda: seconds[0])
    files.setFormatter(JsonLines())
    files.emit(record("before"))
    files.flush()
    shutil.rmtree(folder)
    seconds[0] += 2.0

    files.emit(record("after"))
    files.flush()

    assert [line["message"] for line in lines_in(folder)] == ["after"]


@needs_full
def test_a_full_disk_loses_lines_counts_them_and_heals_by_itself(tmp_path: Path) -> None:
    seconds = [0.0]
    files = LogFiles(tmp_path, "serve", "jsonl", BIG, BIG * 9, timedelta(30), lambda: seconds[0])
    files.setFormatter(JsonLines())
    files.emit(record("before"))
    files.flush()
    assert files._file is not None
    files._file.close()
    files._file = open("/dev/full", "ab", buffering=0)  # noqa: SIM115
    for _ in range(3):
        files.emit(record("lost"))
    until(lambda: files.lost == 3)
    assert files.is_failing
    seconds[0] = 11.0
    files.emit(record("after"))
    until(lambda: len(lines_in(tmp_path)) == 3)

    assert [line["message"] for line in lines_in(tmp_path)] == [
        "before",
        "3 lines of the log were lost: the disk was full, or did not answer",
        "after",
    ]
    assert not files.is_failing


class HangingFile:
    """A file on a disk that does not answer."""

    def write(self, _line: bytes) -> int:
        time.sleep(3600)
        return 0


def test_a_disk_that_hangs_holds_nobody(tmp_path: Path) -> None:
    files = files_in(tmp_path)
    files.emit(record("x"))
    files.flush()
    assert files._file is not None
    files._file.close()
    files._file = HangingFile()  # type: ignore[assignment]  # no disk hangs on demand
    began = time.monotonic()
    for _ in range(MAX_WAITING + 500):
        files.emit(record("x"))

    assert files.lost >= 400
    assert time.monotonic() - began < 20
    files.flush()  # gives up


def test_a_folder_that_cannot_be_used_is_said_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(SettingsError, match=r"\[log\] folder: .*file/logs"):
        files_in(tmp_path / "file" / "logs")
    assert os.strerror(errno.ENOTDIR)


def test_an_id_can_be_read_out_and_a_proxy_s_is_taken_only_if_well_formed() -> None:
    ids = {new_request_id() for _ in range(1_000)}

    assert len(ids) == 1_000
    assert all(is_request_id(one) for one in ids)
    assert not any(set("01OIL") & set(one) for one in ids)
    for bad in ("", "short", "x" * 65, "a b c d e f g", "abcdefgh\n", "ⅷabcdefgh", "-abcdefgh"):
        assert not is_request_id(bad)


def test_the_id_of_a_request_is_in_its_answer_its_log_line_and_its_page(
    kiosk: Kiosk, client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> Any:
        raise RuntimeError(SECRET)

    kiosk.desk._data = fail  # a fault in the middle of a request
    client.application.view_functions["reception.desk"] = fail
    caplog.handler.setFormatter(JsonLines())

    answer = client.post("/api/scans", json={"payload": BHYT17})
    page = client.get("/", headers={"Accept": "text/html", "Accept-Language": "vi"})

    request_id = answer.headers["X-Request-ID"]
    assert (answer.status_code, answer.get_json()["request"]) == (500, request_id)
    assert f'"request": "{request_id}"' in caplog.text
    assert page.status_code == 500
    assert page.headers["X-Request-ID"] in page.text
    assert "Đọc mã này cho CNTT" in page.text
    assert SECRET not in caplog.text + page.text + answer.text


def test_only_the_trusted_proxy_chooses_an_id(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    for proxy, is_taken in (("", False), ("127.0.0.1", True)):
        names = f'names = ["tiepdon.example"]\nproxy = "{proxy}"' if proxy else ""
        own.write_text(f'[facility]\ncode = "01999"\n[web]\n{names}\n', "utf-8")
        with serving("--config", str(own), "--data", str(tmp_path / "data")) as server:
            for sent, right in (("proxy-0123456789", is_taken), ("bad id", False)):
                request = urllib.request.Request(
                    server.url + "/ping",
                    headers={"X-Request-ID": sent, "X-Forwarded-For": "127.0.0.1"},
                )
                with urllib.request.urlopen(request, timeout=20) as answer:
                    assert (answer.headers["X-Request-ID"] == sent) is right


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_site_writes_its_log_into_files_that_name_no_person(
    form: str, tmp_path: Path, make_lines: Callable[[Path], str]
) -> None:
    own, logs = tmp_path / "own.toml", tmp_path / "logs"
    own.write_text(
        f'[facility]\ncode = "01999"\n[log]\nfolder = "{logs}"\nformat = "{form}"\n'
        '[[readers]]\nname = "front"\nkind = "serial"\nport = "/dev/no-such-port"\n', "utf-8"
    )  # fmt: skip
    with serving("--config", str(own), "--data", str(tmp_path / "data")) as server:
        server.post("/api/scans", {"payload": BHYT17})
        until(lambda: "reader front is absent" in make_lines(logs))
        code, errors = server.end()

    written = make_lines(logs)
    assert code == 0
    assert "reader front is absent" in errors
    assert "GD4" not in written
    assert "Nguyễn" not in written
    if form == "json":
        assert all(json.loads(line)["level"] for line in written.splitlines())
        assert all(json.loads(line) for line in errors.splitlines() if line.startswith("{"))


@pytest.fixture
def make_lines() -> Callable[[Path], str]:
    return lambda folder: "".join(path.read_text("utf-8") for path in sorted(folder.iterdir()))
