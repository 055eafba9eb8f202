"""Since when a check is in its state: kept across restarts and beside another process."""

from __future__ import annotations

import json
import multiprocessing
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kiosk.doctor import AlertsSeen, Check, CheckState, Observations, ReaderSeen, SignInRefused
from kiosk.doctor.memory import CheckMemory
from kiosk.doctor.observations import observations_from
from kiosk.doctor.words import plain
from kiosk.runtime.lock import exclusive_lock, is_locked
from tests.cast import NOW

HOUR = timedelta(hours=1)


def check(state: CheckState, code: str = "disk", subject: str = "") -> Check:
    return Check(code, plain(code), state, plain("seen"), plain("do"), subject)


def since(memory: CheckMemory, state: CheckState, at: datetime, subject: str = "") -> datetime:
    [dated] = memory.remember([check(state, subject=subject)], at)
    assert dated.since is not None
    return dated.since


def test_a_state_begins_when_it_is_seen_first(tmp_path: Path) -> None:
    memory = CheckMemory(tmp_path)

    assert since(memory, CheckState.GOOD, NOW) == NOW
    assert since(memory, CheckState.BAD, NOW + HOUR) == NOW + HOUR
    assert since(memory, CheckState.BAD, NOW + 2 * HOUR) == NOW + HOUR
    assert since(CheckMemory(tmp_path), CheckState.BAD, NOW + 3 * HOUR) == NOW + HOUR  # a restart
    assert since(memory, CheckState.GOOD, NOW + 4 * HOUR) == NOW + 4 * HOUR


def test_a_clock_that_is_put_back_leaves_no_state_that_begins_in_the_future(tmp_path: Path) -> None:
    memory = CheckMemory(tmp_path)
    since(memory, CheckState.BAD, NOW + 24 * HOUR)

    assert since(memory, CheckState.BAD, NOW) == NOW


def test_what_one_process_did_not_check_stays(tmp_path: Path) -> None:
    program, command = CheckMemory(tmp_path), CheckMemory(tmp_path)
    since(program, CheckState.BAD, NOW, "a")
    since(command, CheckState.BAD, NOW + HOUR, "b")

    assert since(command, CheckState.BAD, NOW + 2 * HOUR, "a") == NOW
    assert since(program, CheckState.BAD, NOW + 2 * HOUR, "b") == NOW + HOUR


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"checks": 3}', b"\xff" * 99, b"[" * 9999])
def test_a_damaged_file_is_an_empty_one(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "doctor.json").write_bytes(content)
    memory = CheckMemory(tmp_path)

    assert memory.observations() is None
    assert since(memory, CheckState.BAD, NOW) == NOW
    assert json.loads((tmp_path / "doctor.json").read_text("utf-8"))["checks"]


def test_without_a_disk_to_write_on_a_process_still_remembers(tmp_path: Path) -> None:
    folder = tmp_path / "gone"  # as a disk that was taken away
    memory = CheckMemory(folder)

    assert since(memory, CheckState.BAD, NOW) == NOW
    assert since(memory, CheckState.BAD, NOW + HOUR) == NOW
    folder.mkdir()
    assert since(memory, CheckState.BAD, NOW + 2 * HOUR) == NOW
    assert since(CheckMemory(folder), CheckState.BAD, NOW + 3 * HOUR) == NOW


def _remember(folder: Path, number: int) -> None:
    memory = CheckMemory(folder)
    for step in range(20):
        moment = NOW + step * HOUR
        memory.remember([check(CheckState.BAD, subject=f"{number}-{step}")], moment)


def test_processes_and_threads_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    others = [
        multiprocessing.get_context("spawn").Process(target=_remember, args=(tmp_path, number))
        for number in range(2)
    ]
    threads = [threading.Thread(target=_remember, args=(tmp_path, 10 + n)) for n in range(2)]
    for process in others:
        process.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for process in others:
        process.join(60)

    kept = json.loads((tmp_path / "doctor.json").read_text("utf-8"))["checks"]
    assert len(kept) == 4 * 20


def test_what_the_program_saw_comes_back_as_it_was() -> None:
    seen = Observations(
        at=NOW,
        url="http://127.0.0.1:8080",
        manager="systemd",
        readers={"front": ReaderSeen(False, "unplugged")},
        printers={"desk": "paper_out"},
        sign_in=SignInRefused("401", NOW - HOUR),
        signed_in_at=NOW - 2 * HOUR,
        page_faults=3,
        unreadable_rows=1,
        alerts={"mail": AlertsSeen(NOW, "no connection")},
    )

    assert observations_from(json.loads(json.dumps(seen.as_json()))) == seen
    assert observations_from(Observations(at=NOW).as_json()) == Observations(at=NOW)
    for record in (None, {}, {"at": "2026-11-25T10:00:00"}, [1]):
        assert observations_from(record) is None


def test_whether_a_lock_is_held_is_seen_without_taking_it(tmp_path: Path) -> None:
    assert not is_locked(tmp_path, "program")
    with exclusive_lock(tmp_path, "program"):
        assert is_locked(tmp_path, "program")
    assert not is_locked(tmp_path, "program")
    with exclusive_lock(tmp_path, "program"):  # looking left nothing behind
        pass
    (tmp_path / "program.lock").write_bytes(b"no lock" * 99)
    assert not is_locked(tmp_path, "program")


def test_a_moment_is_written_in_utc(tmp_path: Path) -> None:
    since(CheckMemory(tmp_path), CheckState.BAD, NOW.astimezone(UTC))
    kept = json.loads((tmp_path / "doctor.json").read_text("utf-8"))["checks"]["disk"]

    assert kept["since"] == "2026-11-25T03:00:00+00:00"
