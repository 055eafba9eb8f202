"""Correctly signed content that cannot be used is refused, and costs no other data."""

from __future__ import annotations

import base64
import io
import json
import sqlite3
import stat
import struct
import zipfile
import zlib
from array import array
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kiosk.data import Manifest
from kiosk.data.errors import DataUnusable
from kiosk.data.manifest import manifest_text, read_manifest
from kiosk.feed.errors import FeedNotWhole
from kiosk.registry import read_records, write_registry
from kiosk.registry.records import Rows
from kiosk.registry.snapshot import SCHEMA as REGISTRY_SCHEMA
from tests.feed_server import Scene, line, scene


@pytest.fixture
def kiosk(tmp_path: Path) -> Iterator[Scene]:
    with scene(tmp_path) as playing:
        yield playing


def recovers(kiosk: Scene) -> None:
    """Check that the next version is adopted if it names only usable files."""
    repository = kiosk.publisher.repository
    targets = repository.targets().signed
    targets.version += 1
    targets.targets.clear()
    repository.put_targets(targets, kiosk.publisher.signers(), kiosk.publisher.clock())
    kiosk.publish_new()
    kiosk.recovers()


def zipped(*entries: tuple[str | zipfile.ZipInfo, bytes], way: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", way) as bundle:
        for name, content in entries:
            bundle.writestr(name, content)
    return packed.getvalue()


def link(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


def lying(content: bytes, size: int, way: int | None = None) -> bytes:
    """Return a ZIP file of one file with a false unpacked size, or a false method of packing."""
    bundle = bytearray(zipped(("x.csv", content)))
    middle = bundle.index(b"PK\x01\x02")
    for at in (22, middle + 24):
        bundle[at : at + 4] = struct.pack("<I", size)
    for at in (8, middle + 10) if way is not None else ():
        bundle[at : at + 2] = struct.pack("<H", way or 0)
    return bytes(bundle)


TWICE = [("x.csv", b"a"), ("y.csv", b"b")]


def twice() -> bytes:
    return zipped(*TWICE).replace(b"y.csv", b"x.csv")


BAD_ZIP_FILES: dict[str, Callable[[], bytes]] = {
    "claims gigabytes": lambda: lying(b"x", 2**32 - 2),
    "is larger than a few tables": lambda: zipped(("x.csv", bytes(17 * 2**20))),
    "is larger than it claims": lambda: lying(bytes(10**8), 100),
    "is packed with bzip2": lambda: zipped(("x.csv", bytes(10**6)), way=zipfile.ZIP_BZIP2),
    "is packed with lzma": lambda: zipped(("x.csv", b"x"), way=zipfile.ZIP_LZMA),
    "claims an unknown method of packing": lambda: lying(b"x", 1, 77),
    "has damaged content": lambda: zipped(("x.csv", b"x" * 999)).replace(
        zlib.compress(b"x" * 999)[2:-4], b"\xff" * len(zlib.compress(b"x" * 999)[2:-4])
    ),
    "has a path to the parent folder": lambda: zipped(("../x.csv", b"x")),
    "has an absolute path": lambda: zipped(("/tmp/x.csv", b"x")),
    "has a Windows path to the parent folder": lambda: zipped(("..\\x.csv", b"x")),
    "has a folder in it": lambda: zipped(("tables/x.csv", b"x")),
    "has an empty folder": lambda: zipped(("tables/", b"")),
    "has a link": lambda: zipped((link("x.csv"), b"/etc/passwd")),
    "has a file that is not a table": lambda: zipped(("x.csv", b"x"), ("run.py", b"x")),
    "has a table twice": twice,
    "has too many tables": lambda: zipped(*((f"x{n}.csv", b"") for n in range(65))),
    "is not a ZIP file": lambda: b"PK\x03\x04 and so on",
    "is empty": lambda: b"",
    "is truncated": lambda: zipped(("x.csv", b"x" * 99))[:-5],
}


@pytest.mark.parametrize("bundle", BAD_ZIP_FILES.values(), ids=BAD_ZIP_FILES)
def test_a_bad_zip_file_of_tables_is_refused(kiosk: Scene, bundle: Callable[[], bytes]) -> None:
    outside = {path.name for path in kiosk.folder.parent.iterdir()}
    kiosk.publisher.publish_target("tables-9.zip", bundle())

    kiosk.refuses(DataUnusable)
    assert {path.name for path in kiosk.folder.parent.iterdir()} == outside
    assert not [path for path in kiosk.folder.glob("tables-*") if path.is_dir()]
    recovers(kiosk)


def registry(folder: Path, *says: tuple[str, object], schema: str = REGISTRY_SCHEMA) -> bytes:
    """Return a registry whose table `about` has other values than it should; None removes one."""
    path = folder / "made.db"
    path.unlink(missing_ok=True)
    if schema == REGISTRY_SCHEMA:
        rows = Rows(array("q", [1]), array("q", [0]), array("I", [2]))
        write_registry(path, [rows], 9, datetime(2026, 1, 1, tzinfo=UTC), b"s" * 32)
    db = sqlite3.connect(path)
    if schema != REGISTRY_SCHEMA:
        db.executescript(schema)
    for name, value in says:
        db.execute("delete from about where name = ?", (name,))
        if value is not None:
            db.execute("insert into about values (?, ?)", (name, value))
    db.commit()
    db.close()
    return path.read_bytes()


LOOSE = "create table about (name, value); create table card (key, row);"
ALL = [("form", "tiepdon-registry-1"), ("version", 9), ("base", 0), ("rows", 0),
       ("issued", "2026-01-01T00:00:00+00:00"), ("salt", "00")]  # fmt: skip
BAD_REGISTRIES: dict[str, Callable[[Path], bytes]] = {
    "is a text": lambda _: b"Not a registry.\n" * 99,
    "is empty": lambda _: b"",
    "is another database": lambda folder: registry(folder, schema="create table odd (x);"),
    "has another format": lambda folder: registry(folder, ("form", "tiepdon-registry-2")),
    "is changes": lambda folder: registry(folder, ("base", "3")),
    "does not say when it was issued": lambda folder: registry(folder, ("issued", None)),
    "has no time zone": lambda folder: registry(folder, ("issued", "2026-01-01T00:00:00")),
    "has a malformed salt": lambda folder: registry(folder, ("salt", "odd")),
    "has a salt that is too long": lambda folder: registry(folder, ("salt", "00" * 65)),
    "has values that are not text": lambda folder: registry(
        folder, *ALL[:4], ("issued", 5), ALL[5], schema=LOOSE
    ),
    "is truncated": lambda folder: registry(folder)[:5_000],
}


@pytest.mark.parametrize("content", BAD_REGISTRIES.values(), ids=BAD_REGISTRIES)
def test_a_bad_registry_is_refused(
    kiosk: Scene, content: Callable[[Path], bytes], tmp_path: Path
) -> None:
    kiosk.publisher.publish_target("registry-9.db", content(tmp_path))

    kiosk.refuses(DataUnusable)
    kiosk.site.asked.clear()
    kiosk.refuses(DataUnusable)
    # The file is still the one that was signed, so it is not fetched again.
    assert not any("registry-9" in path for path in kiosk.site.asked)
    recovers(kiosk)


@pytest.mark.parametrize(("base", "salt"), [(99, None), (2, b"another")])
def test_changes_to_another_registry_are_refused(
    kiosk: Scene, tmp_path: Path, base: int, salt: bytes | None
) -> None:
    path = tmp_path / "changes.db"
    kept = salt or b"s" * 32
    records = read_records(kiosk.publisher.records(line(1, "2028-01-01")), kept)
    write_registry(path, records, 9, kiosk.publisher.clock(), kept, base)
    kiosk.publisher.publish_target("changes-9.db", path.read_bytes())

    kiosk.refuses(DataUnusable, match="changes to another version")
    recovers(kiosk)


@pytest.mark.parametrize("name", ["keys-9.json", "revocations-9.json"])
@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"\xff\xfe\0", b"[" * 9_999, b'{"keys": [1]}', b"null"]
)
def test_malformed_keys_and_revocations_are_refused(
    kiosk: Scene, name: str, content: bytes
) -> None:
    kiosk.publisher.publish_target(name, content)

    kiosk.refuses(DataUnusable)
    recovers(kiosk)


def test_lists_that_unpack_to_gigabytes_are_refused(kiosk: Scene) -> None:
    bits = base64.b64encode(zlib.compress(bytes(32 * 2**20), 9)).decode()
    lists = [{"iss": "x", "list": n, "bits": bits} for n in range(300)]
    content = {"issued": "2026-01-01T00:00:00+00:00", "lists": lists}
    kiosk.publisher.publish_target("revocations-9.json", json.dumps(content).encode())

    kiosk.refuses(DataUnusable)
    recovers(kiosk)


@pytest.mark.parametrize(
    ("path", "odd"),
    [
        ("../keys-9.json", {}),
        ("keys-9.json/..", {}),
        ("/tmp/keys-9.json", {}),
        ("sub/keys-9.json", {}),
        ("keys-9.db", {}),
        ("registry-9.zip", {}),
        ("tables-9.json", {}),
        ("spells-9.json", {}),
        ("keys-٣.json", {}),
        ("keys-9.json\n", {}),
        ("keys-" + "9" * 50 + ".json", {}),
        ("keys-9.json", {"custom": {"set": "spells"}}),
        ("keys-9.json", {"custom": {"set": "revocations"}}),
        ("keys-9.json", {"custom": {"set": ["keys"]}}),
        ("keys-9.json", {"custom": {"version": 0}}),
        ("keys-9.json", {"custom": {"version": -1}}),
        ("keys-9.json", {"custom": {"version": 10**300}}),
        ("keys-9.json", {"custom": {"version": "../.."}}),
        ("keys-9.json", {"custom": {"issued": "today"}}),
        ("keys-9.json", {"custom": {"issued": "0001-01-01T00:00:00+00:00"}}),
        ("keys-9.json", {"custom": {"issued": "2026-01-01T00:00:00"}}),
        ("keys-9.json", {"length": 2**40}),
        ("keys-9.json", {"length": 2**27}),
        ("tables-9.zip", {"length": 2**27}),
        ("registry-9.db", {"length": 2**35}),
        ("keys-9.json", {"hashes": {"sha512": "00" * 64}}),
        ("keys-9.json", {"hashes": {"sha256": "/../../x"}}),
        ("keys-9.json", {"hashes": {"sha512": "/../../x", "sha256": "00" * 32}}),
    ],
)
def test_a_target_that_is_not_for_a_kiosk_is_not_requested(
    kiosk: Scene, path: str, odd: dict[str, object]
) -> None:
    kiosk.publisher.publish_target(path, b'{"keys": []}', **odd)
    kiosk.site.asked.clear()

    kiosk.refuses(DataUnusable)
    assert not any(asked.startswith("/targets") for asked in kiosk.site.asked)
    recovers(kiosk)


def test_a_set_that_is_named_twice_is_refused(kiosk: Scene) -> None:
    kiosk.publisher.publish_target("keys-8.json", b'{"keys": []}')
    targets = kiosk.publisher.repository.targets().signed
    targets.version += 1
    targets.targets["keys-9.json"] = targets.targets["keys-8.json"]
    kiosk.publisher.repository.put_targets(
        targets, kiosk.publisher.signers(), kiosk.publisher.clock()
    )

    kiosk.refuses(DataUnusable, match="a set twice")
    recovers(kiosk)


def test_a_hash_of_an_unknown_kind_never_matches(kiosk: Scene) -> None:
    kiosk.publisher.publish_target("keys-9.json", b'{"keys": []}', hashes={"odd": "00" * 32,
                                                                "sha256": "00" * 32})  # fmt: skip
    (kiosk.publisher.feed / "targets" / f"{'00' * 32}.keys-9.json").write_bytes(b'{"keys": []}')

    kiosk.refuses(FeedNotWhole)
    recovers(kiosk)


def test_a_timestamp_that_does_not_say_when_it_was_issued_is_refused(kiosk: Scene) -> None:
    kiosk.publish_new()
    repository, keys = kiosk.publisher.repository, kiosk.publisher.signers()
    for odd in (None, 5, "today", "2026-01-01T00:00:00"):
        timestamp = repository.timestamp().signed
        timestamp.version += 1
        timestamp.unrecognized_fields["issued"] = odd
        repository._sign(timestamp, keys, "timestamp.json")
        kiosk.refuses(DataUnusable, match="issued")
    kiosk.publish_new()
    kiosk.recovers()


def test_a_manifest_that_names_files_elsewhere_opens_none_of_them(kiosk: Scene) -> None:
    manifest = read_manifest(kiosk.folder)
    assert manifest is not None
    odd = manifest.sets["registry"]._replace(file="../publisher/secret")
    text = manifest_text(Manifest({"registry": odd}, 9, manifest.root, manifest.confirmed))
    (kiosk.folder / "current.json").write_text(text, "utf-8")

    kiosk.publish_new()
    kiosk.recovers()


def test_a_file_that_was_damaged_on_this_disk_is_fetched_again(kiosk: Scene) -> None:
    kiosk.publisher.publish_target("keys-9.json", b"{}")
    kiosk.refuses(DataUnusable)
    (came,) = kiosk.folder.glob("keys-*.json")
    came.write_bytes(b"{ }")

    kiosk.site.asked.clear()
    kiosk.refuses(DataUnusable)  # it is fetched again, and cannot be used either
    assert any("keys-9" in path for path in kiosk.site.asked)
    recovers(kiosk)
