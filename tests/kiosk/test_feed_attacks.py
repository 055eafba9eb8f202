"""A feed that is signed wrongly, too old or mixed is refused; the data in use keep their age."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata

from kiosk.data.manifest import read_manifest
from kiosk.errors import DataError
from kiosk.feed.errors import FeedExpired, FeedNotSigned, FeedNotThere, FeedNotWhole, FeedRolledBack
from tests.feed_server import (
    NEW,
    OLD,
    Publisher,
    Scene,
    client,
    line,
    now,
    quiet,
    scene,
    stick,
    until,
    web,
)


@pytest.fixture
def kiosk(tmp_path: Path) -> Iterator[Scene]:
    with scene(tmp_path) as playing:
        yield playing


def adopt_new(kiosk: Scene) -> Publisher:
    """Have the kiosk adopt NEW, and return a copy of the feed as it was before."""
    old = kiosk.publisher.copy()
    kiosk.publish_new()
    kiosk.feed.update(web(kiosk.site), quiet)
    assert until(kiosk.folder, 1) == NEW
    return old


def lose_metadata(folder: Path) -> None:
    for path in folder.glob("metadata-*"):
        shutil.rmtree(path)


def empty_metadata(folder: Path) -> None:
    for path in folder.glob("metadata-*/*.json"):
        if not path.is_symlink():
            path.write_bytes(b"")


@pytest.mark.parametrize("spoil", [None, lose_metadata, empty_metadata])
@pytest.mark.parametrize("by_stick", [False, True])
def test_an_older_feed_is_refused_even_if_all_metadata_here_are_lost(
    kiosk: Scene, spoil: object, by_stick: bool
) -> None:
    old = adopt_new(kiosk)
    if callable(spoil):
        spoil(kiosk.folder)
    kiosk.site.folder = old.feed

    kiosk.refuses(FeedRolledBack, stick(old.feed) if by_stick else None)
    kiosk.site.folder = kiosk.publisher.feed
    kiosk.recovers()


@pytest.mark.parametrize("spoil", [None, lose_metadata])
def test_an_older_timestamp_is_refused(kiosk: Scene, spoil: object) -> None:
    old = kiosk.publisher.copy()
    kiosk.publisher.clock.moment = now() + timedelta(hours=1)
    kiosk.publisher.sign()
    kiosk.feed.update(web(kiosk.site), quiet)
    if callable(spoil):
        spoil(kiosk.folder)
    kiosk.site.folder = old.feed

    kiosk.refuses(FeedRolledBack)
    kiosk.site.folder = kiosk.publisher.feed
    kiosk.recovers(OLD)


def test_an_older_snapshot_or_older_targets_below_a_newer_timestamp_are_refused(
    kiosk: Scene,
) -> None:
    old = adopt_new(kiosk)
    repository, keys = kiosk.publisher.repository, kiosk.publisher.signers()
    snapshot = repository.snapshot().signed
    repository.put_timestamp(snapshot.version - 1, keys, now())
    kiosk.refuses(FeedRolledBack)

    snapshot.meta["targets.json"].version = old.repository.targets().signed.version
    snapshot.version += 1
    repository.put_snapshot(snapshot, keys, now())
    kiosk.refuses(FeedRolledBack)

    kiosk.publish_new()
    kiosk.recovers()


def test_a_frozen_feed_is_refused(kiosk: Scene) -> None:
    before = kiosk.publisher.clock.moment
    kiosk.publisher.clock.go(-timedelta(days=100))
    records = kiosk.publisher.records(line(1, "2028-01-01"))
    kiosk.publisher.publish(before, cards=records)

    kiosk.refuses(FeedExpired)
    kiosk.publisher.clock.moment = before
    kiosk.publish_new()
    kiosk.recovers()


def test_a_feed_that_expired_before_a_moment_known_to_be_past_is_refused(kiosk: Scene) -> None:
    kiosk.publish_new()
    before = read_manifest(kiosk.folder)
    later = client(kiosk.folder, kiosk.publisher.root, lambda: now() + timedelta(days=8))

    with pytest.raises(FeedExpired, match="expired at"):
        later.update(web(kiosk.site), quiet)
    assert read_manifest(kiosk.folder) == before
    kiosk.recovers()


@pytest.mark.parametrize("name", ["snapshot", "targets"])
def test_files_of_two_versions_are_not_mixed(kiosk: Scene, name: str) -> None:
    folder, number = kiosk.publisher.feed / "metadata", kiosk.publisher.repository.snapshot().signed
    other = (folder / f"{number.version}.{name}.json").read_bytes()
    kiosk.publish_new()
    kiosk.site.misbehave = lambda request, content: (
        other if request.path.endswith(f".{name}.json") else content
    )

    kiosk.refuses(FeedRolledBack)
    kiosk.recovers()


@pytest.mark.parametrize("begins_with", ["root", "timestamp", "snapshot", "targets"])
def test_metadata_of_another_feed_are_refused(
    kiosk: Scene, begins_with: str, tmp_path: Path
) -> None:
    stranger = Publisher(tmp_path / "stranger")
    stranger.init()
    for _ in range(5):
        stranger.cards(line(1, "2030-01-01"))
    for role in ("timestamp", "snapshot"):
        stranger.rotate(role)
        stranger.sign()
    kiosk.publish_new()
    theirs = stranger.feed / "metadata"
    roles = ["root", "timestamp", "snapshot", "targets"]
    taken = roles[roles.index(begins_with) :]
    kiosk.site.answer = lambda request: (
        any(role in request.path for role in taken)
        and bool(
            (theirs / Path(request.path).name).is_file()
            and request.respond(200, (theirs / Path(request.path).name).read_bytes())
        )
    )

    kiosk.refuses(FeedNotSigned)
    kiosk.recovers()


@pytest.mark.parametrize("role", ["timestamp", "snapshot", "targets"])
def test_a_role_signed_by_an_unknown_key_is_refused(kiosk: Scene, role: str) -> None:
    adopt_new(kiosk)
    forged = kiosk.publisher.copy()
    keys = forged.signers() | {role: CryptoSigner.generate_ed25519()}
    targets = forged.repository.targets().signed
    targets.version += 1
    forged.repository.put_targets(targets, keys, now())
    kiosk.site.folder = forged.feed

    kiosk.refuses(FeedNotSigned)
    kiosk.site.folder = kiosk.publisher.feed
    for _ in range(
        2
    ):  # parts of the forged feed were validly signed: the next version must be newer
        kiosk.publish_new()
    kiosk.recovers()


@pytest.mark.parametrize("signed_by", [("root-1",), ("root-1", "root-1"), ("stranger", "root-2")])
def test_a_root_signed_by_too_few_keys_is_refused(kiosk: Scene, signed_by: tuple[str, ...]) -> None:
    root = kiosk.publisher.repository.root()
    root.signed.version += 1
    metadata = Metadata(root.signed)
    for name in signed_by:
        key = kiosk.publisher.keys / f"{name}.pem"
        signer = CryptoSigner.generate_ed25519() if name == "stranger" else key_of(key)
        metadata.sign(signer, append=True)
    kiosk.publish_new()
    kiosk.site.answer = lambda request: (
        request.path == "/metadata/2.root.json" and request.respond(200, metadata.to_bytes())
    )

    kiosk.refuses(FeedNotSigned)
    kiosk.recovers()


def key_of(path: Path) -> CryptoSigner:
    return CryptoSigner(load_pem_private_key(path.read_bytes(), None))


@pytest.mark.parametrize("stolen", [("timestamp",), ("timestamp", "snapshot", "targets")])
def test_a_stolen_key_is_useless_after_it_was_replaced(
    kiosk: Scene, stolen: tuple[str, ...]
) -> None:
    thief = kiosk.publisher.copy()
    for role in stolen:
        kiosk.publisher.rotate(role)
        kiosk.publisher.sign()
    kiosk.feed.update(web(kiosk.site), quiet)
    thief.clock.moment = now() + timedelta(days=1)
    for _ in range(9):
        thief.cards(line(1, "2039-01-01"))
    for path in kiosk.publisher.feed.glob("metadata/*.root.json"):
        # Without these the feed would be refused before its signatures are checked.
        shutil.copy(path, thief.feed / "metadata")
    kiosk.site.folder = thief.feed

    kiosk.refuses(FeedNotSigned)
    kiosk.site.folder = kiosk.publisher.feed
    kiosk.publish_new()
    kiosk.recovers()


def test_a_kiosk_that_was_off_during_every_change_of_keys_can_update(kiosk: Scene) -> None:
    for role, old in (
        ("timestamp", ""),
        ("snapshot", ""),
        ("targets", ""),
        ("root", "root-1"),
        ("", ""),
    ):
        kiosk.publisher.rotate(role, old)
        assert kiosk.publisher.sign()["root_changed"] is True
    kiosk.publish_new()
    kiosk.recovers()

    kiosk.publisher.rotate("root", "root-2", "root-1", "root-3")
    kiosk.publisher.sign()
    kiosk.publisher.cards(line(1, f"{OLD}"))
    kiosk.recovers(OLD)
    fresh = client(kiosk.folder.with_name("fresh"), kiosk.publisher.root)
    assert fresh.update(web(kiosk.site), quiet) is True


def test_a_feed_is_signed_with_the_old_key_until_enough_keys_have_signed_the_root(
    kiosk: Scene,
) -> None:
    kiosk.publisher.rotate("timestamp", "", "root-1")
    kiosk.publisher.rotate("snapshot", "", "root-1")
    assert kiosk.publisher.sign()["root_changed"] is False
    kiosk.publish_new()
    kiosk.recovers()

    kiosk.publisher.rotate("targets")  # together with the two that are pending
    for role in ("timestamp", "snapshot", "targets"):
        for path in kiosk.publisher.keys.glob(f"{role}.old-*.pem"):
            path.unlink()
    assert kiosk.publisher.sign()["root_changed"] is True
    kiosk.recovers()


def test_an_expired_root_stops_updates_and_a_renewed_one_allows_them_again(
    kiosk: Scene,
) -> None:
    kiosk.publisher.clock.go(-timedelta(days=400))
    kiosk.publisher.rotate("")
    kiosk.publisher.sign()
    kiosk.refuses(FeedExpired)

    kiosk.publisher.clock.moment = now()
    kiosk.publisher.rotate("")
    kiosk.publisher.sign()
    kiosk.publish_new()
    kiosk.recovers()


@pytest.mark.parametrize(
    ("name", "error"),
    [("timestamp", FeedNotThere), ("snapshot", FeedNotThere), ("targets", FeedNotThere)],
)
def test_metadata_that_are_missing_or_truncated_are_refused(
    kiosk: Scene, name: str, error: type[DataError]
) -> None:
    kiosk.publish_new()
    kiosk.site.answer = lambda request: f"{name}.json" in request.path and request.respond(404)
    kiosk.refuses(error)
    kiosk.site.answer = None
    kiosk.site.misbehave = lambda request, content: (
        content[:-1] if f"{name}.json" in request.path else content
    )
    kiosk.refuses(FeedNotWhole)
    kiosk.recovers()
