"""After a kill at any line, of the kiosk or the publisher, one whole version is in use.

The versions A and B differ in every set, so that the content shows which version is in use.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kiosk.data.adopt import ADOPTION_LOCK
from kiosk.data.errors import DiskFull
from kiosk.data.manifest import SET_NAMES, read_manifest
from kiosk.errors import DataError, SettingsError
from kiosk.feed.errors import FeedNotSigned, FeedUnreachable
from kiosk.feed.schedule import FeedSchedule
from kiosk.feed.sources import FeedSource, WebSource
from kiosk.feed.update import Feed
from kiosk.publisher import NewVersion, sign_feed
from kiosk.publisher import publish_version as make_public
from kiosk.runtime.errors import AlreadyRunning
from kiosk.runtime.lock import exclusive_lock
from kiosk.runtime.paths import shipped_folder
from tests.data_store import store_at
from tests.feed_server import (
    NEW,
    OLD,
    Publisher,
    Scene,
    Site,
    client,
    line,
    now,
    quiet,
    scene,
    serving,
    stick,
    until,
    web,
)
from tests.kills import died, may_fork, needs_fork
from tests.sampling import sample_and_all

A, B = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 2, tzinfo=UTC)
PARTS = 4  # of the whole: a slow one, and the others, which are long
STEPS = [
    pytest.param(range(5, 10_000, 40), id="sample"),
    *(
        pytest.param(
            range(1 + part, 10_000, PARTS),
            id=f"part-{part}",
            marks=pytest.mark.long if part else pytest.mark.slow,
        )
        for part in range(PARTS)
    ),
]


@dataclass
class Made:
    """A feed whose newest version is B, and a kiosk that has adopted A."""

    publisher: Publisher
    kiosk: Path
    files: set[str]  # the names of B's files on a kiosk

    def copy(self, folder: Path) -> Path:
        return shutil.copytree(self.kiosk, folder, symlinks=True)


def material(folder: Path, moment: datetime, tables: bool = True) -> dict[str, Any]:
    """Write the files of all sets of one version."""
    (folder / "tables").mkdir(parents=True, exist_ok=True)
    new: dict[str, Any] = {}
    for name, members in (("keys", ["keys"]), ("revocations", ["lists", "ids"])):
        content: dict[str, object] = {"issued": moment.isoformat()}
        new[name] = folder / f"{name}.json"
        new[name].write_text(json.dumps(content | {member: [] for member in members}), "utf-8")
    if tables:
        shutil.copytree(shipped_folder("config") / "tables", folder / "tables", dirs_exist_ok=True)
        (folder / "tables" / "mark.csv").write_text(moment.isoformat(), "utf-8")
        new["tables"] = folder / "tables"
    return new


def publish(publisher: Publisher, moment: datetime, tables: bool = True) -> None:
    """Publish a version of all sets."""
    cards = Path(shutil.copy(publisher.records(line(1), line(2)), publisher.folder / "cards.csv"))
    changes = publisher.records(line(2, f"{moment.year + 1}-01-01"))
    new = material(publisher.folder / "material", moment, tables)
    version = NewVersion(moment, cards=cards, changes=changes, **new)
    make_public(publisher.feed, publisher.keys, version, publisher.clock(), quiet)


def in_use(folder: Path, tables: bool = True) -> datetime:
    """Return when the data in use were made; check that it is the same for all sets."""
    store = store_at(folder)
    version = store.current().version
    assert store.failure is None
    assert version.registry is not None
    assert version.registry.changes is not None
    assert version.issuers is not None
    assert version.revocations is not None
    manifest = version.manifest
    found = {
        version.registry.base.about.issued,
        version.registry.changes.about.issued,
        version.issuers.issued,
        version.revocations.issued,
        *(entry.issued for entry in manifest.sets.values()),
    }
    if tables:
        assert set(manifest.sets) == set(SET_NAMES)
        mark = (folder / manifest.sets["tables"].file / "mark.csv").read_text("utf-8")
        found.add(datetime.fromisoformat(mark))
    store.close()
    assert len(found) == 1, found
    moment = found.pop()
    assert moment is not None
    return moment


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("made")
    publisher = Publisher(folder / "publisher")
    publisher.init()
    publish(publisher, A)
    client(folder / "kiosk", publisher.root).update(stick(publisher.feed), quiet)
    publish(publisher, B)
    other = shutil.copytree(folder / "kiosk", folder / "other", symlinks=True)
    client(other, publisher.root).update(stick(publisher.feed), quiet)
    assert in_use(folder / "kiosk") == A
    assert in_use(other) == B
    manifest = read_manifest(other)
    assert manifest is not None
    return Made(publisher, folder / "kiosk", manifest.files())


@pytest.fixture
def site(made: Made) -> Iterator[Site]:
    with serving(made.publisher.feed) as running:
        yield running


@needs_fork
@may_fork
@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("by_stick", [False, True], ids=["web", "stick"])
def test_a_kiosk_killed_at_any_line_has_one_whole_version_and_the_next_update_finishes(
    made: Made, site: Site, tmp_path: Path, by_stick: bool, steps: range
) -> None:
    def source() -> FeedSource:
        return stick(made.publisher.feed) if by_stick else web(site)

    rooms, times = ("kiosk/data/", "kiosk/feed/"), 2 if by_stick else 1
    points, finished_alone, root = 0, 0, made.publisher.root
    for step in steps:
        folder = made.copy(tmp_path / str(step))
        if not died(step, lambda: client(folder, root).update(source(), quiet), rooms, times):  # noqa: B023
            break
        points += 1
        was = in_use(folder)
        assert was in (A, B)
        all_is_here = was == A and made.files <= {path.name for path in folder.iterdir()}
        if all_is_here:  # then the update finishes even without a network
            assert client(folder, root).update(stick(tmp_path / "gone"), quiet) is True
            finished_alone += 1
        else:
            assert client(folder, root).update(source(), quiet) is (was == A)
        assert in_use(folder) == B
        shutil.rmtree(folder)
    assert points >= (300 if by_stick else 220) // steps.step
    assert finished_alone > 0


@needs_fork
@may_fork
@sample_and_all("one_in", sample=48, whole=6)
def test_a_publisher_killed_at_any_line_has_published_one_whole_version_and_can_continue(
    tmp_path: Path, one_in: int
) -> None:
    prepared = Publisher(tmp_path / "prepared")
    prepared.init()
    publish(prepared, A, tables=False)
    client(tmp_path / "kiosk", prepared.root).update(stick(prepared.feed), quiet)
    seen, points = set(), 0
    for step in range(1, 10_000, one_in):
        publisher = Publisher(shutil.copytree(prepared.folder, tmp_path / f"publisher-{step}"))
        folder = shutil.copytree(tmp_path / "kiosk", tmp_path / f"kiosk-{step}", symlinks=True)
        rooms = ("kiosk/data/", "kiosk/feed/", "kiosk/publisher/", "kiosk/registry/")
        if not died(step, lambda: publish(publisher, B, tables=False), rooms, times=1):  # noqa: B023
            break
        points += 1
        feed = client(folder, publisher.root)
        feed.update(stick(publisher.feed), quiet)
        seen.add(in_use(folder, tables=False))

        publish(publisher, B, tables=False)
        assert feed.update(stick(publisher.feed), quiet) is True
        assert in_use(folder, tables=False) == B
        shutil.rmtree(publisher.folder)
        shutil.rmtree(folder)
    assert seen in ({A}, {A, B})
    assert points >= 180 // one_in


@needs_fork
@may_fork
@sample_and_all("one_in", sample=16, whole=4)
def test_a_publisher_killed_while_keys_change_repairs_the_feed_by_signing_again(
    tmp_path: Path, one_in: int
) -> None:
    prepared = Publisher(tmp_path / "prepared")
    prepared.init()
    prepared.cards(line(1))
    for role in ("targets", "snapshot", "timestamp"):
        prepared.rotate(role)
    client(tmp_path / "kiosk", prepared.root).update(stick(prepared.feed), quiet)
    points = 0
    for step in range(1, 10_000, one_in):
        publisher = Publisher(shutil.copytree(prepared.folder, tmp_path / f"publisher-{step}"))
        folder = shutil.copytree(tmp_path / "kiosk", tmp_path / f"kiosk-{step}", symlinks=True)
        if not died(step, publisher.sign, ("kiosk/publisher/",)):
            break
        points += 1
        feed = client(folder, publisher.root)
        with contextlib.suppress(
            FeedNotSigned
        ):  # signed with the new keys, until the publisher continues
            feed.update(stick(publisher.feed), quiet)
        assert until(folder, 1) == OLD

        publisher.sign()
        feed.update(stick(publisher.feed), quiet)
        assert len(list(publisher.feed.glob("metadata/*.root.json"))) == 2
        shutil.rmtree(publisher.folder)
        shutil.rmtree(folder)
    assert points >= 60 // one_in


@pytest.fixture
def kiosk(tmp_path: Path) -> Iterator[Scene]:
    with scene(tmp_path) as playing:
        playing.publish_new()
        yield playing


def full(*_args: object, **_more: object) -> None:
    raise OSError(28, "No space left on device")


def fails_at(step: int, real: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that calls `real` so many times, and then fails as on a full disk."""
    left = step

    def call(*args: Any, **more: Any) -> Any:
        nonlocal left
        left -= 1
        return full() if left < 0 else real(*args, **more)

    return call


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_disk_that_is_full_at_any_moment_leaves_nothing_half_written(
    kiosk: Scene, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    kiosk.publisher.publish(tables=shipped_folder("config") / "tables")
    for step in range(99):
        try:
            with monkeypatch.context() as patched:
                patched.setattr(os, call, fails_at(step, getattr(os, call)))
                kiosk.feed.update(web(kiosk.site), quiet)
                break
        except DiskFull:
            assert until(kiosk.folder, 1) in (OLD, NEW)
            assert not list(kiosk.folder.glob("*.part"))
    else:
        raise AssertionError("the update never finished")
    assert step >= 3
    kiosk.recovers()


def test_a_disk_that_fills_during_a_download_gets_its_space_back(
    kiosk: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fills(request: Any, content: bytes) -> bytes:
        if "registry" in request.path:
            monkeypatch.setattr(os, "fsync", full)
        return content

    kiosk.site.misbehave = fills
    kiosk.refuses(DiskFull)
    monkeypatch.undo()
    assert not list(kiosk.folder.glob("registry*.part"))
    kiosk.recovers()


def test_nothing_is_downloaded_if_the_disk_has_too_little_space(
    kiosk: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(kiosk.folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=60_000_000))
    kiosk.site.asked.clear()

    kiosk.refuses(DiskFull, match="60 MB are free")
    assert not any("targets/" in path for path in kiosk.site.asked)
    monkeypatch.setattr(shutil, "disk_usage", full)
    kiosk.refuses(DiskFull)
    monkeypatch.undo()
    kiosk.recovers()


def test_a_publisher_whose_disk_is_full_has_published_nothing(
    kiosk: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    kiosk.recovers()
    keys = material(kiosk.publisher.folder / "material", A, tables=False)["keys"]
    for call in ("fsync", "replace"):
        with monkeypatch.context() as patched:
            patched.setattr(os, call, full)
            with pytest.raises(DiskFull):
                kiosk.publisher.publish(keys=keys)
        kiosk.feed.update(web(kiosk.site), quiet)
        manifest = read_manifest(kiosk.folder)
        assert manifest is not None
        assert "keys" not in manifest.sets


def update_often(folder: Path, root: bytes, url: str, done: Any) -> None:
    """Update ten times, in a process of its own, and put the results into a queue."""
    results: list[bool | str | None] = []
    for _ in range(10):
        try:
            results.append(client(folder, root).update(WebSource(url, now, 30.0), quiet))
        except AlreadyRunning:
            results.append(None)
        except FeedUnreachable as exc:
            results.append(repr(exc))
    done.put(results)


def test_two_processes_never_update_at_the_same_time(kiosk: Scene) -> None:
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    args = (kiosk.folder, kiosk.publisher.root, kiosk.site.url, results)
    both = [context.Process(target=update_often, args=args) for _ in range(2)]
    for process in both:
        process.start()
    found = [results.get(timeout=120) for _ in both]
    for process in both:
        process.join(60)

    # Only one update of the twenty finds something new.
    assert sum(updates.count(True) for updates in found) == 1, found
    assert all(result in (True, False, None) for updates in found for result in updates), found
    assert until(kiosk.folder, 1) == NEW


def test_an_update_does_not_disturb_the_process_that_holds_the_lock(kiosk: Scene) -> None:
    with exclusive_lock(kiosk.folder, ADOPTION_LOCK), pytest.raises(AlreadyRunning):
        kiosk.feed.update(web(kiosk.site), quiet)
    kiosk.recovers()


def test_a_missing_folder_is_named(kiosk: Scene, tmp_path: Path) -> None:
    feed = Feed(tmp_path / "gone", kiosk.publisher.root, now, lambda _: None)
    with pytest.raises(DataError, match="gone"):
        feed.update(web(kiosk.site), quiet)
    schedule = FeedSchedule(
        tmp_path / "gone", feed, [web(kiosk.site)], timedelta(hours=1), now, lambda: None
    )
    assert isinstance(schedule.update_once(), DataError)  # and its thread continues
    with pytest.raises(SettingsError, match="gone"):
        sign_feed(tmp_path / "gone", kiosk.publisher.keys, now())
