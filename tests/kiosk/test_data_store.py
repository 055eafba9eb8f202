"""The data store: one damaged file does not cost the others, and no set is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kiosk.data import DataUnreadable, build_registry
from kiosk.data.manifest import read_manifest
from kiosk.errors import DataError
from kiosk.feed.connect import check_tables
from kiosk.feed.update import Feed
from kiosk.registry import RegistryUnreadable
from kiosk.runtime.paths import shipped_folder
from kiosk.sandbox import trusted_keys
from tests.data_store import store_at
from tests.feed_server import Publisher, Site, client, line, now, quiet, serving, web
from verify import BUILD_TIME, Card


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    made = Publisher(tmp_path / "publisher")
    made.init()
    made.publish(
        cards=made.records(line(1)), tables=shipped_folder("config") / "tables", **trust(made)
    )
    return made


def trust(publisher: Publisher) -> dict[str, Any]:
    """Write keys and one revoked id; return their files as arguments of `publish`."""
    keys, taken = publisher.folder / "keys.json", publisher.folder / "taken.json"
    keys.write_text(trusted_keys(now()), "utf-8")
    taken.write_text(json.dumps({"issued": now().isoformat(), "ids": [{"iss": "VN", "ids": ""}]}))
    return {"keys": keys, "revocations": taken}


@pytest.fixture
def site(publisher: Publisher) -> Iterator[Site]:
    with serving(publisher.feed) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path, publisher: Publisher, site: Site) -> Path:
    folder = tmp_path / "kiosk"
    assert client(folder, publisher.root).update(web(site), quiet)
    return folder


def file_of(folder: Path, name: str) -> Path:
    manifest = read_manifest(folder)
    assert manifest is not None
    return folder / manifest.sets[name].file


@pytest.mark.parametrize("name", ["registry", "keys", "revocations"])
def test_at_a_start_one_damaged_file_does_not_cost_the_others(name: str, folder: Path) -> None:
    file_of(folder, name).write_bytes(b"damaged")
    store = store_at(folder)
    version = store.current().version

    assert name in (store.failure or "")
    assert (version.registry is None) is (name == "registry")
    assert version.issuers is not None
    assert bool(version.issuers.find("VN", next(iter(key_ids())), demo=True)) is (name != "keys")
    assert version.revocations is not None
    assert version.revocations.lost is (name == "revocations")
    assert (version.revocations.status_of("VN", None, b"12345678").name == "NOT_KNOWN") is (
        name == "revocations"
    )


def key_ids() -> set[bytes]:
    text = trusted_keys(now())
    return {bytes.fromhex(key["kid"]) for key in json.loads(text)["keys"]}


def test_a_running_program_continues_with_the_version_before(
    publisher: Publisher, site: Site, folder: Path
) -> None:
    store = store_at(folder)
    before = store.current().version
    publisher.cards(line(1, "2028-12-31"))
    client(folder, publisher.root).update(web(site), quiet)
    file_of(folder, "registry").write_bytes(b"damaged")

    store.refresh()
    assert store.current().version is before
    assert store.failure
    feed = Feed(folder, publisher.root, lambda: BUILD_TIME, check_tables, lambda: True)
    feed.update(web(site), quiet)  # checks the files in use, and fetches the damaged one again
    store.refresh()
    coverage = store.registered(Card("0000000001"))
    assert coverage is not None
    assert str(coverage.valid_until) == "2028-12-31"
    assert store.failure is None


def test_revocations_stay_if_the_feed_no_longer_brings_any(folder: Path, tmp_path: Path) -> None:
    other = Publisher(tmp_path / "other")
    other.init()
    other.cards(line(2))
    with serving(other.feed) as site:
        assert client(folder, other.root).update(web(site), quiet)
    manifest = read_manifest(folder)

    assert manifest is not None
    assert set(manifest.sets) == {"registry", "revocations"}  # not the keys of the feed before
    revocations = store_at(folder).current().version.revocations
    assert revocations is not None
    assert not revocations.lost


def test_a_manifest_that_cannot_be_read_just_now_does_not_count_as_empty(
    publisher: Publisher, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "built here"
    folder.mkdir()
    build_registry(folder, publisher.records(line(1)), now(), quiet)
    before = file_of(folder, "registry")

    def busy(_folder: Path) -> None:
        raise DataUnreadable("current.json: Permission denied")

    monkeypatch.setattr("kiosk.data.adopt.read_manifest", busy)
    with pytest.raises(DataError, match="cannot be read"):
        client(folder, publisher.root).update(web(site), quiet)
    with pytest.raises(DataError, match="cannot be read"):
        build_registry(folder, publisher.records(line(2)), now(), quiet)
    assert before.is_file()


def test_tables_that_were_damaged_on_this_disk_are_unpacked_again(
    publisher: Publisher, site: Site, folder: Path
) -> None:
    feed = Feed(folder, publisher.root, lambda: BUILD_TIME, check_tables)
    (file_of(folder, "tables") / "routing_rules.csv").unlink()
    publisher.clock.moment = now() + timedelta(seconds=2)
    publisher.sign()

    feed.update(web(site), quiet)
    assert (file_of(folder, "tables") / "routing_rules.csv").is_file()


def test_the_unfinished_download_of_a_superseded_version_is_removed(
    publisher: Publisher, site: Site, folder: Path
) -> None:
    stale = folder / "registry-9-0123abcd.db.part"
    stale.write_bytes(b"half")
    publisher.cards(line(1, "2028-12-31"))
    client(folder, publisher.root).update(web(site), quiet)

    assert not stale.exists()


def test_a_registry_that_is_damaged_while_in_use_is_reported_and_repaired(
    publisher: Publisher, site: Site, folder: Path
) -> None:
    publisher.cards(*(line(n) for n in range(3_000)))
    client(folder, publisher.root).update(web(site), quiet)
    store = store_at(folder)
    assert store.registered(Card("0000000001")) is not None
    path = file_of(folder, "registry")
    whole = path.read_bytes()
    path.write_bytes(whole[:20_000] + bytes(30_000) + whole[50_000:])
    fresh = store_at(folder)  # its pages are not in memory
    unread = 0
    for tail in range(3_000):
        try:
            fresh.registered(Card(f"{tail:010d}"))
        except RegistryUnreadable:
            unread += 1
    assert unread
    assert fresh.failure

    feed = Feed(
        folder, publisher.root, lambda: BUILD_TIME, check_tables, lambda: bool(fresh.failure)
    )
    assert feed.update(web(site), quiet) is False  # not a newer version, but the same one, repaired
    fresh.refresh()
    assert all(fresh.registered(Card(f"{tail:010d}")) for tail in range(3_000))
    assert fresh.failure is None


@pytest.mark.parametrize("name", ["registry", "keys", "revocations"])
def test_a_set_that_was_damaged_at_the_start_is_repaired_by_the_next_update(
    name: str, publisher: Publisher, site: Site, folder: Path
) -> None:
    file_of(folder, name).write_bytes(b"damaged")
    store = store_at(folder)
    publisher.clock.moment = now() + timedelta(seconds=2)
    publisher.sign()  # no set is new: each file keeps its name

    feed = Feed(folder, publisher.root, lambda: BUILD_TIME, check_tables, lambda: True)
    feed.update(web(site), quiet)
    store.refresh()
    version = store.current().version

    assert store.failure is None
    assert store.registered(Card("0000000001")) is not None
    assert version.issuers is not None
    assert version.issuers.find("VN", next(iter(key_ids())), demo=True)
    assert version.revocations is not None
    assert not version.revocations.lost
