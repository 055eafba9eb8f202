"""The feed's schedule: which source is used, what is kept of a failure, when the next update is."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from kiosk.data import build_registry, read_sync_status
from kiosk.data.manifest import read_manifest
from kiosk.errors import DataError
from kiosk.feed.errors import FeedNotThere
from kiosk.feed.schedule import FeedSchedule
from kiosk.feed.sources import FeedSource, FolderSource
from kiosk.runtime.errors import AlreadyRunning
from kiosk.runtime.lock import exclusive_lock
from kiosk.runtime.progress import Progress, read_progress
from tests.feed_server import Publisher, Site, client, line, now, serving, stick, web

QUARTER = timedelta(minutes=15)


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    made = Publisher(tmp_path / "publisher")
    made.init()
    made.cards(line(1))
    return made


@pytest.fixture
def site(publisher: Publisher) -> Iterator[Site]:
    with serving(publisher.feed) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "kiosk"


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def schedule_of(folder: Path, publisher: Publisher, *sources: FeedSource) -> FeedSchedule:
    return FeedSchedule(folder, client(folder, publisher.root), sources, QUARTER, now, lambda: None)


def test_the_stick_is_used_if_the_web_server_does_not_answer(
    publisher: Publisher, site: Site, folder: Path
) -> None:
    silent = web(Site(site.folder, url="http://127.0.0.1:1"))

    assert schedule_of(folder, publisher, silent, stick(publisher.feed)).update_once() is None
    status = read_sync_status(folder)
    # The failure of the first source is kept too.
    assert (status.source, status.failure) == (str(publisher.feed), "unreachable")
    reached = status.reached_at
    assert reached is not None
    assert read_manifest(folder) is not None

    # A stick with the version in use does not say what is newest.
    assert schedule_of(folder, publisher, silent, stick(publisher.feed)).update_once() is not None
    assert read_sync_status(folder).reached_at == reached


def test_if_both_sources_fail_the_first_one_s_error_is_kept(
    publisher: Publisher, site: Site, folder: Path, tmp_path: Path
) -> None:
    schedule = schedule_of(folder, publisher, web(site), FolderSource(tmp_path / "no stick"))
    assert schedule.update_once() is None
    reached = read_sync_status(folder).reached_at
    site.folder = tmp_path / "nothing"

    assert isinstance(schedule.update_once(), FeedNotThere)
    status = read_sync_status(folder)
    assert status.failure == "not_there"  # the web server's error, not that of the missing stick
    assert status.reached_at == reached
    assert status.tried_at is not None
    assert reached is not None
    assert status.tried_at > reached


def test_after_a_failure_the_next_attempt_is_soon_and_then_ever_later(
    publisher: Publisher, folder: Path, tmp_path: Path
) -> None:
    schedule = schedule_of(folder, publisher, FolderSource(tmp_path / "no stick"))
    pauses = []
    for _ in range(8):
        schedule.update_once()
        status = read_sync_status(folder)
        assert status.next_at is not None
        assert status.tried_at is not None
        pauses.append((status.next_at - status.tried_at) / timedelta(minutes=1))

    for pause, minutes in zip(pauses, (1, 2, 4, 8, 15, 15, 15, 15), strict=True):
        assert 0.79 * minutes <= pause <= 1.21 * minutes


def test_an_update_while_another_process_changes_the_data_is_not_a_failure(
    publisher: Publisher, site: Site, folder: Path
) -> None:
    schedule = schedule_of(folder, publisher, web(site))
    with exclusive_lock(folder, "change"):
        assert isinstance(schedule.update_once(), AlreadyRunning)

    assert read_sync_status(folder).failure == ""
    assert read_sync_status(folder).reached_at is None
    assert schedule.update_once() is None
    assert read_sync_status(folder).reached_at is not None


def test_an_update_can_be_requested_and_the_schedule_ends_with_the_program(
    publisher: Publisher, site: Site, folder: Path
) -> None:
    schedule, stop = schedule_of(folder, publisher, web(site)), threading.Event()
    thread = threading.Thread(target=schedule.run, args=(stop,))
    thread.start()
    wait_until(lambda: (folder / "tries.json").exists())
    first = read_sync_status(folder).tried_at
    schedule.request_update()
    wait_until(lambda: read_sync_status(folder).tried_at != first)
    stop.set()
    thread.join(10)

    assert not thread.is_alive()


def test_a_status_that_cannot_be_read_counts_as_empty(folder: Path) -> None:
    folder.mkdir()
    for text in ("", "{", "[]", '{"tried_at": "soon"}'):
        (folder / "tries.json").write_text(text, "utf-8")
        assert read_sync_status(folder).tried_at is None


def test_progress_is_shown_with_its_rate_and_ends_with_the_work(folder: Path) -> None:
    folder.mkdir()
    progress = Progress(folder)
    progress("download", 0, 10_000_000)

    found = read_progress(folder, now().timestamp())
    assert found is not None
    assert (found.what, found.done, found.total) == ("download", 0, 10_000_000)
    # A minute later the process that did the work must have died.
    assert read_progress(folder, now().timestamp() + 60) is None
    progress.end()
    assert read_progress(folder, now().timestamp()) is None


def test_a_lock_that_cannot_be_used_is_reported_and_the_schedule_continues(
    publisher: Publisher, site: Site, folder: Path
) -> None:
    schedule = schedule_of(folder, publisher, web(site))
    (folder / "change.lock").write_bytes(b"no database at all" * 100)

    assert isinstance(schedule.update_once(), DataError)
    assert read_sync_status(folder).failure == "failed"
    assert "change.lock" in read_sync_status(folder).detail
    (folder / "change.lock").unlink()
    assert schedule.update_once() is None


def test_work_without_progress_does_not_end_another_s_progress(folder: Path) -> None:
    folder.mkdir()
    Progress(folder)("writing", 1, 10)
    Progress(folder).end()

    assert read_progress(folder, now().timestamp()) is not None


def test_a_build_reports_how_much_is_left(publisher: Publisher, folder: Path) -> None:
    folder.mkdir()
    seen: list[tuple[str, int, int | None]] = []

    def note(what: str, done: int, total: int | None = None, /) -> None:
        seen.append((what, done, total))

    build_registry(folder, publisher.records(*(line(n) for n in range(20_000))), now(), note)

    reading = [(done, total) for what, done, total in seen if what == "reading"]
    assert len(reading) > 3
    assert all(total is not None and 18_000 <= total <= 22_000 for _, total in reading)
    assert reading[-1] == (20_000, 20_000)
    assert [update for update in seen if update[0] == "writing"][-1] == ("writing", 20_000, 20_000)
