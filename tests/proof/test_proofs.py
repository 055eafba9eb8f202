"""Roots are signed, keys follow one another, and a bundle proves a visit on another machine."""

from __future__ import annotations

import copy
import json
import os
import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kiosk.errors import SettingsError
from kiosk.logbook import Database, NightlyProof
from kiosk.proof import BundleWrong, Proofs, verify_bundle
from kiosk.proof.errors import NotProvable
from kiosk.proof.faults import FaultKind
from kiosk.proof.signed_roots import SignedRoot
from tests.cast import BHYT17, NOW
from tests.conftest import Kiosk
from tests.proof.books import LATER, a_day, raw, record
from tests.sampling import sample_and_all
from verify import clinic_day

WEEK = timedelta(days=7)


@pytest.fixture
def proofs(kiosk: Kiosk) -> Proofs:
    return kiosk.proofs


def test_a_root_is_signed_and_found_by_its_day(kiosk: Kiosk, proofs: Proofs) -> None:
    assert proofs.roots.newest() is None
    record(kiosk, BHYT17, "one")

    first = proofs.roots.make(NOW)
    kiosk.scan(BHYT17)
    second = proofs.roots.make(LATER)

    assert first.is_signed
    assert second.is_signed
    assert (first.first_link, second.first_link) == (1, first.last_link + 1)
    assert proofs.roots.of(clinic_day(NOW)) == second
    assert proofs.roots.of(clinic_day(NOW + WEEK)) is None
    assert proofs.roots.reaching(1) == first
    assert proofs.check().is_good


def test_a_root_of_a_day_on_which_nothing_more_was_written_is_the_same(proofs: Proofs) -> None:
    proofs.roots.make(NOW)
    again = proofs.roots.make(LATER)

    assert proofs.roots.make(LATER) == again
    assert proofs.roots.make(LATER + timedelta(days=1)) != again


@pytest.mark.skipif(os.name == "nt", reason="modes are of POSIX")
def test_the_key_is_a_file_that_others_cannot_read(proofs: Proofs) -> None:
    proofs.keys.current(NOW)

    assert stat.S_IMODE(proofs.keys.path.stat().st_mode) == 0o600


def test_a_new_key_is_signed_by_the_one_before(proofs: Proofs) -> None:
    old = proofs.roots.make(NOW)
    key = proofs.keys.rotate(LATER)
    new = proofs.roots.make(LATER)

    assert old.key != new.key == key.public
    assert key.is_signed
    assert proofs.check().is_good
    assert proofs.keys.trouble() == ""


def test_a_rotation_that_was_cut_off_goes_on(proofs: Proofs, tmp_path: Path) -> None:
    proofs.keys.current(NOW)
    before = proofs.keys.path.read_bytes()
    key = proofs.keys.rotate(NOW)
    after = proofs.keys.path.read_bytes()
    following = proofs.keys.path.with_name("proof.key.next")

    following.write_bytes(after)  # as if it had ended before the file was replaced
    proofs.keys.path.write_bytes(before)
    assert proofs.roots.make(LATER).key == key.public
    assert not following.exists()

    following.write_bytes(b"A" * 43 + b"=\n")  # as if it had ended before the key was recorded
    assert proofs.roots.make(LATER).key == key.public
    assert proofs.keys.rotate(LATER).number == 3
    assert proofs.check().is_good
    assert tmp_path in proofs.keys.path.parents


def test_a_lost_key_is_told_and_its_successor_is_not_signed(proofs: Proofs) -> None:
    proofs.roots.make(NOW)
    proofs.keys.path.unlink()

    assert "is missing" in proofs.keys.trouble()
    assert proofs.roots.make(LATER).is_signed
    assert (proofs.check().faults, proofs.check().unsigned_keys) == ((), 1)
    assert "made new" in proofs.keys.trouble()


def test_an_older_key_file_does_not_sign(proofs: Proofs) -> None:
    proofs.keys.current(NOW)
    old = proofs.keys.path.read_bytes()
    proofs.keys.rotate(NOW)
    proofs.keys.path.write_bytes(old)

    assert "another key" in proofs.keys.trouble()
    with pytest.raises(SettingsError, match="older key"):
        proofs.roots.make(LATER)


def test_a_root_that_was_changed_or_is_ahead_of_the_chain_is_named(
    kiosk: Kiosk, proofs: Proofs, tmp_path: Path
) -> None:
    record(kiosk, BHYT17, "one")
    proofs.roots.make(NOW)
    with raw(tmp_path / "logbook.db") as conn:
        conn.execute("update day_root set last_link = last_link + 1")

    assert FaultKind.ROOT in [fault.kind for fault in proofs.check().faults]


def test_the_nightly_job_checks_what_is_new_and_once_a_week_all(
    kiosk: Kiosk, proofs: Proofs, tmp_path: Path
) -> None:
    a_day(kiosk)
    first = proofs.nightly(NOW, None)
    kiosk.scan(BHYT17)
    with raw(tmp_path / "logbook.db") as conn:
        conn.execute("update visit set day = '2020-01-01' where row = 1")
    second = proofs.nightly(NOW + timedelta(days=1), first)
    with raw(tmp_path / "logbook.db") as conn:
        conn.execute("update attempt set reader = 'x' where id = (select max(id) from attempt)")
        conn.execute("insert into export (kind, at, author, sha256) values ('a', 'b', 'c', 'd')")
    third = proofs.nightly(NOW + timedelta(days=1), first)
    later = proofs.nightly(NOW + WEEK, second)

    assert (first.faults, second.faults) == (0, 0)  # an old row: found by the weekly check
    assert second.whole_on == first.whole_on
    assert third.faults == 2
    assert third.first_fault is not None
    assert third.first_fault.startswith("attempt, row")
    assert later.faults == 3
    assert later.whole_on != first.whole_on
    assert later.needs_person
    assert isinstance(first, NightlyProof)
    assert first.root is not None
    assert first.root.split(":")[0] == str(first.link)


@pytest.fixture
def bundle(kiosk: Kiosk, proofs: Proofs) -> dict[str, Any]:
    """Return the bundle of a corrected visit, as it is read from its file."""
    visits = a_day(kiosk)
    return dict(json.loads(json.dumps(proofs.prove(visits[0], LATER))))


def test_a_bundle_proves_the_rows_of_one_visit_and_holds_nothing_of_others(
    kiosk: Kiosk, proofs: Proofs, bundle: dict[str, Any]
) -> None:
    proven = verify_bundle(bundle, proofs.keys.known()[0].public)

    assert {"visit", "visit_version", "attempt", "outbox", "outbox_event"} <= set(proven.rows)
    [visit] = proven.rows["visit"]
    assert (visit["id"], visit["version"]) == (proven.visit, 2)
    assert "Ân" in visit["record"]
    assert proven.linked_later == 0
    others = kiosk.database.rows("select id, person from visit where id <> ?", [proven.visit])
    assert len(others) == 2
    text = json.dumps(bundle)
    assert not [each for each in others if each["id"] in text or each["person"] in text]


def test_a_bundle_is_verified_by_a_key_kept_before_a_rotation(kiosk: Kiosk, proofs: Proofs) -> None:
    kept = proofs.keys.current(NOW).public
    proofs.keys.rotate(NOW)
    proofs.keys.rotate(NOW)
    found = proofs.prove(record(kiosk, BHYT17, "one"), LATER)

    assert verify_bundle(found, kept).by_key == kept
    assert verify_bundle(found).by_key is None
    with pytest.raises(BundleWrong, match="another key"):
        verify_bundle(found, b"\1" * 32)


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the ways to all values that are no container."""
    if isinstance(value, dict):
        return [place for key in value for place in places(value[key], (*way, key))]
    if isinstance(value, list):
        return [place for at, part in enumerate(value) for place in places(part, (*way, at))]
    return [way]


CHANGES: list[Callable[[Any], Any]] = [
    lambda value: value + 1 if isinstance(value, int) else f"{value}x",
    lambda value: None if value is not None else 7,
    lambda value: value[:-5] + "AAAA=" if isinstance(value, str) else [value],
]
# Values that only help to read: the count of a root is signed, and keys count with --key only.
FREE = {"keys"}


@sample_and_all("step", 7, 1)
def test_a_bundle_in_which_anything_is_changed_proves_nothing(
    bundle: dict[str, Any], step: int
) -> None:
    verify_bundle(bundle)
    ways = [way for way in places(bundle) if way[0] not in FREE]
    assert len(ways) > 100
    for way in ways[::step]:
        for change in CHANGES:
            changed = copy.deepcopy(bundle)
            part = changed
            for key in way[:-1]:
                part = part[key]
            part[way[-1]] = change(part[way[-1]])
            if part[way[-1]] == bundle_at(bundle, way):
                continue
            with pytest.raises(BundleWrong):
                verify_bundle(changed)


def bundle_at(bundle: Any, way: tuple[Any, ...]) -> Any:
    for key in way:
        bundle = bundle[key]
    return bundle


@pytest.mark.parametrize("nothing", [None, [], {}, {"form": "tiepdon-proof-1"}, 7, "x"])
def test_what_is_no_bundle_proves_nothing(nothing: object) -> None:
    with pytest.raises(BundleWrong):
        verify_bundle(nothing)


def test_a_bundle_without_an_earlier_version_or_without_the_visit_proves_nothing(
    bundle: dict[str, Any],
) -> None:
    for table in ("visit", "visit_version"):
        less = bundle | {"rows": [row for row in bundle["rows"] if row["table"] != table]}
        with pytest.raises(BundleWrong):
            verify_bundle(less)


def test_a_visit_that_is_unknown_or_was_changed_is_not_proven(
    kiosk: Kiosk, proofs: Proofs, tmp_path: Path
) -> None:
    visit = record(kiosk, BHYT17, "one")
    with pytest.raises(NotProvable):
        proofs.prove("nobody", NOW)
    with raw(tmp_path / "logbook.db") as conn:
        conn.execute("update visit set day = '2020-01-01'")

    with pytest.raises(BundleWrong, match="visit, link"):
        verify_bundle(proofs.prove(visit, NOW))


def test_a_signature_of_a_root_is_of_all_its_fields() -> None:
    root = SignedRoot("i", "2026-11-25", "t", 1, 2, b"h", b"k")

    assert root.message == (
        b"Tiep Don: a root of a logbook, form 1\ni\n2026-11-25\nt\n1\n2\n68\n6b"
    )
    assert root.links == 2


def test_a_damaged_link_table_is_a_fault(tmp_path: Path) -> None:
    database = Database(tmp_path / "logbook.db", "demo")
    assert database.empty_write_ahead_log()
    [root] = database.rows("select rootpage from sqlite_schema where name = 'link'")[0]
    with (tmp_path / "logbook.db").open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xff" * 4096)

    kinds = {fault.kind for fault in Proofs(database, tmp_path).check().faults}
    assert kinds == {FaultKind.DAMAGE}


def test_a_key_whose_signature_was_changed_is_named(proofs: Proofs, tmp_path: Path) -> None:
    proofs.keys.current(NOW)
    proofs.keys.rotate(NOW)
    with raw(tmp_path / "logbook.db") as conn:
        conn.execute("update proof_key set signature = zeroblob(64) where id = 2")

    assert FaultKind.KEY in {fault.kind for fault in proofs.check().faults}
