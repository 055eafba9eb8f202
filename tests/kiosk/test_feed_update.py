"""A version that a feed publishes is adopted: all of it, from a web server or a stick."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import pytest

from kiosk.data.manifest import read_manifest
from kiosk.feed.errors import FeedUnreachable
from kiosk.runtime.paths import shipped_folder
from tests.data_store import store_at
from tests.feed_server import (
    Publisher,
    Request,
    Site,
    client,
    line,
    now,
    quiet,
    serving,
    stick,
    until,
    web,
)
from verify import Card


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    made = Publisher(tmp_path / "publisher")
    made.init()
    made.cards(line(1), line(2))
    return made


@pytest.fixture
def site(publisher: Publisher) -> Iterator[Site]:
    with serving(publisher.feed) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "kiosk"


def test_a_new_version_is_adopted_and_nothing_is_requested_twice(
    publisher: Publisher, site: Site, folder: Path
) -> None:
    feed = client(folder, publisher.root)
    assert feed.update(web(site), quiet) is True
    assert until(folder, 1) == date(2026, 12, 31)
    site.asked.clear()

    assert feed.update(web(site), quiet) is False
    assert site.asked == ["/metadata/2.root.json", "/metadata/timestamp.json"]

    publisher.publish(changes=publisher.records(line(1, "2027-06-30"), line(3)))
    assert feed.update(web(site), quiet) is True
    assert until(folder, 1) == date(2027, 6, 30)
    assert until(folder, 2) == date(2026, 12, 31)
    assert until(folder, 3) == date(2026, 12, 31)
    assert sum(path.endswith("registry-2.db") for path in site.asked) == 0


def test_a_new_thread_just_after_an_update_finds_the_new_version(
    publisher: Publisher, site: Site, folder: Path
) -> None:
    feed, card = client(folder, publisher.root), Card(f"{1:010d}")
    feed.update(web(site), quiet)
    store = store_at(folder)
    assert store.registered(card) is not None
    publisher.cards(line(1, "2027-06-30"))
    feed.update(web(site), quiet)

    with ThreadPoolExecutor(
        1
    ) as pool:  # it has not opened the old files, and they have been removed
        found = pool.submit(store.registered, card).result()
    store.close()
    assert found is not None
    assert found.valid_until == date(2027, 6, 30)


def test_a_stick_is_as_good_as_the_web(publisher: Publisher, folder: Path) -> None:
    feed = client(folder, publisher.root)

    assert feed.update(stick(publisher.feed), quiet) is True
    assert until(folder, 2) == date(2026, 12, 31)
    with pytest.raises(FeedUnreachable, match="is not there"):
        feed.update(stick(publisher.folder / "pulled out"), quiet)


def test_a_feed_that_is_signed_again_is_as_new_as_its_signature(
    publisher: Publisher, site: Site, folder: Path
) -> None:
    feed = client(folder, publisher.root)
    feed.update(web(site), quiet)
    publisher.clock.moment = now() + timedelta(hours=1)
    publisher.sign()

    assert feed.update(web(site), quiet) is False
    manifest = read_manifest(folder)
    assert manifest is not None
    assert manifest.confirmed == publisher.clock.moment.replace(microsecond=0)
    assert manifest.sets["registry"].issued < manifest.confirmed  # the content is not newer


def test_tables_are_downloaded_as_one_file_and_become_a_folder(
    publisher: Publisher, site: Site, folder: Path
) -> None:
    publisher.publish(tables=shipped_folder("config") / "tables")
    client(folder, publisher.root).update(web(site), quiet)
    manifest = read_manifest(folder)

    assert manifest is not None
    assert (folder / manifest.sets["tables"].file / "routing_rules.csv").is_file()
    assert list(folder.glob("*.zip")) == []


@pytest.mark.parametrize("ranges", [True, False])
def test_a_cut_download_continues_where_it_was_cut(
    ranges: bool, publisher: Publisher, site: Site, folder: Path
) -> None:
    publisher.cards(*(line(n) for n in range(40_000)))
    feed, size = client(folder, publisher.root), 0

    def cut(request: Request, content: bytes) -> bytes | None:
        nonlocal size
        if "registry" not in request.path:
            return content
        size = len(content)
        request.send_response(200)
        request.send_header("Content-Length", str(size))
        request.end_headers()
        request.body(content[: size * 6 // 10])
        request.cut()
        return None

    site.misbehave, site.ranges = cut, ranges
    with pytest.raises(FeedUnreachable):
        feed.update(web(site), quiet)
    site.misbehave, site.sent = None, 0
    assert feed.update(web(site), quiet) is True

    assert until(folder, 39_999) == date(2026, 12, 31)
    assert (site.sent < 0.45 * size) is ranges
