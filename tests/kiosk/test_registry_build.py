"""A registry is built as a whole or not at all, and adopted while scans continue."""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import sqlite3
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from kiosk.data import DataStore, build_registry, change_registry
from kiosk.data.manifest import MANIFEST_FILE, read_manifest
from kiosk.errors import DataError
from kiosk.registry import RegistryUnreadable
from kiosk.registry.errors import BadRecords
from kiosk.runtime.errors import AlreadyRunning
from kiosk.runtime.lock import exclusive_lock
from tests.data_store import store_at
from tests.kills import died, may_fork, needs_fork
from tests.sampling import sample_and_all
from verify import Birth, Card, Standing

HEADING = "number,citizen_number,holder,born,standing,valid_from,valid_until,living_area"
MANIFEST = """{{"feed": 0, "root": "", "confirmed": null, "sets": {{"registry": {{
    "file": "{file}", "version": 1, "origin": "", "issued": "2026-11-24T00:00:00+00:00"}}}}}}"""
MADE = datetime(2026, 11, 24, tzinfo=UTC)


def quiet(_what: str, _done: int, _total: int | None = None) -> None:
    """Ignore the progress."""


def records(folder: Path, *lines: str) -> Path:
    path = folder / "records.csv"
    path.write_text("\n".join([HEADING, *lines]) + "\n", "utf-8")
    return path


def line(tail: int, until: str = "2026-12-31", **more: str) -> str:
    citizen, holder, born = (more.get(name, "") for name in ("citizen", "holder", "born"))
    standing, area = more.get("standing", ""), more.get("area", "")
    return f"DN401{tail:010d},{citizen},{holder},{born},{standing},2026-01-01,{until},{area}"


def card(tail: int) -> Card:
    return Card(f"{tail:010d}")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def until(registry: DataStore, tail: int) -> date | None:
    found = registry.registered(card(tail))
    return found.valid_until if found else None


def test_a_card_is_found_by_each_of_its_numbers(tmp_path: Path, folder: Path) -> None:
    lines = [line(9999900000 + n, citizen=f"0010999{n:05d}" if n < 3 else "", area="K1")
             for n in range(500)]  # fmt: skip
    assert build_registry(folder, records(tmp_path, *lines), MADE, quiet) == 503
    registry = store_at(folder)

    for number in ("9999900001", "DN4019999900001", "001099900001"):
        found = registry.registered(Card(number))
        assert found is not None, number
        assert (found.standing, found.valid_until, found.as_of, found.living_area) == (
            Standing.IN_FORCE, date(2026, 12, 31), MADE, "K1",
        )  # fmt: skip
    by_person = registry.registered(Card("9999900001"))
    assert by_person is not None
    assert by_person.card_number == "DN4019999900001"
    assert registry.registered(Card("9999999999")) is None


def test_no_name_and_no_number_is_on_the_disk(tmp_path: Path, folder: Path) -> None:
    build_registry(folder, records(tmp_path, line(9999900021, holder="Nguyễn Văn Ấn",
                                                  born="1980-02-01")), MADE, quiet)  # fmt: skip
    content = b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())

    for secret in (b"9999900021", "Nguyễn".encode(), b"Nguyen", b"1980"):
        assert secret not in content


def test_another_name_on_a_number_is_noticed(tmp_path: Path, folder: Path) -> None:
    source = records(tmp_path, line(9999900021, holder="Nguyễn Văn Ấn", born="1980-02-01"))
    build_registry(folder, source, MADE, quiet)
    registry = store_at(folder)
    number, born = "9999900021", Birth(1980, 2, 1)

    def standing(holder: str | None) -> Standing:
        found = registry.registered(Card(number, holder, born))
        assert found is not None
        return found.standing

    assert standing("NGUYEN VAN AN") is Standing.IN_FORCE
    assert standing(None) is Standing.IN_FORCE
    others = {standing(f"Trần Thị Khác {letter}") for letter in "ABC"}  # one in 255 is not noticed
    assert Standing.NAME_DIFFERS in others


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("9999900021,,,,,,,", "line 3: column number: expected fifteen characters"),
        ("DN4019999900021,123,,,,,,", "column citizen_number: expected twelve digits"),
        ("DN4019999900021,,,1.2.80,,,,", "column born: expected YYYY"),
        ("DN4019999900021,,,,maybe,,,", "column standing: expected one of in_force"),
        ("DN4019999900021,,,,,1/1/2026,,", "column valid_from: expected YYYY"),
        ("DN4019999900021,,,,,1999-12-31,,", "expected 2000-01-01 to 2089"),
        ("DN4019999900021,,,,,,,K7", "column living_area: expected K1"),
        ("DN4019999900021,,,", "line 3: fewer columns"),
        ("DN4019999900021,,Nguyễn, An,,,,,", "line 3: more columns"),
        ("x", "line 3: fewer columns"),
        ('DN4019999900021,,"Nguyễn\nAn",,,,,', "line 3: cannot be read as CSV"),
        ('DN4019999900021,,"Nguyễn,,,,,', "line 3: cannot be read as CSV"),
        ("DN4019999900020,,,,,,,", "lines 2 and 3: the same number"),
        ("DN4019999900021,,\x00,,,,,", ""),
    ],
)
def test_a_malformed_line_is_named_and_the_registry_in_use_stays(
    bad: str, message: str, tmp_path: Path, folder: Path
) -> None:
    build_registry(folder, records(tmp_path, line(1)), MADE, quiet)
    source = records(tmp_path, line(9999900020), bad)
    if not message:
        build_registry(folder, source, MADE, quiet)  # a NUL character in a name is accepted
        return
    with pytest.raises(BadRecords, match=message) as raised:
        build_registry(folder, source, MADE, quiet)

    assert "99999" not in str(raised.value)
    assert until(store_at(folder), 1) == date(2026, 12, 31)
    assert [path.name for path in folder.glob("*.part")] == []
    assert list(folder.glob("registry-*/")) == []


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(BadRecords, match="cannot be read"):
        build_registry(folder, tmp_path / "nowhere.csv", MADE, quiet)
    (tmp_path / "odd.csv").write_bytes(b"number\n\xff\xfe\n")
    with pytest.raises(BadRecords, match="cannot be read"):
        build_registry(folder, tmp_path / "odd.csv", MADE, quiet)
    (tmp_path / "odd.csv").write_text("name,number\n", "utf-8")
    with pytest.raises(BadRecords, match="line 1: expected the columns number"):
        build_registry(folder, tmp_path / "odd.csv", MADE, quiet)


def by_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make even a small file be read in blocks, by several processes."""
    monkeypatch.setattr("kiosk.registry.workers.MAX_BYTES_WITHOUT_WORKERS", 0)
    monkeypatch.setattr("kiosk.registry.blocks.BLOCK_BYTES", 1 << 12)


def recalled(folder: Path, tails: range) -> list[object]:
    registry = store_at(folder)
    return [registry.registered(card(tail)) for tail in tails]


def test_a_large_file_is_read_by_several_processes_with_the_same_result(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [line(n, f"20{27 + n % 60}-01-01", citizen=f"0010999{n:05d}" if n % 3 else "",
                  holder=("Nguyễn Văn Ấn", '"Trần, Thị ""Bê"" "')[n % 2], born="1980-02",
                  area=("", "K2")[n % 2]) for n in range(2_000)]  # fmt: skip
    source = records(tmp_path, *lines)
    assert build_registry(folder, source, MADE, quiet) == 3_333
    alone = recalled(folder, range(2_001))
    by_workers(monkeypatch)

    assert build_registry(folder, source, MADE, quiet) == 3_333
    assert recalled(folder, range(2_001)) == alone
    assert alone[-1] is None
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({1_500: "x,,,,,,,", 1_900: "y,,,,,,,"}, "line 1502: column number"),
        ({3: "x,,,,,,,", 5: '"'}, "line 5: column number"),
        ({1_999: "\udcff"}, "line 2001: cannot be read as UTF-8"),
        ({700: "DN4010000000003,,,,,,,"}, "lines 5 and 702: the same number"),
        ({800: "x" * 9_000}, "line 802: "),
        ({800: line(800, holder="x" * 9_000), 20: "x"}, "line 22: fewer columns"),
    ],
)
def test_the_first_malformed_line_of_many_blocks_is_named(
    bad: dict[int, str], message: str, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = records(tmp_path, *(line(n) for n in range(2_000)))
    lines = source.read_text("utf-8").split("\n")
    for place, what in bad.items():
        lines[place + 1] = what
    source.write_text("\n".join(lines), "utf-8", errors="surrogateescape")
    by_workers(monkeypatch)

    with pytest.raises(BadRecords, match=message):
        build_registry(folder, source, MADE, quiet)
    assert multiprocessing.active_children() == []


def test_a_killed_worker_stops_the_build(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_registry(folder, records(tmp_path, line(1)), MADE, quiet)
    by_workers(monkeypatch)

    def kill(_what: str, _done: int, _total: int | None = None) -> None:
        for process in multiprocessing.active_children():
            process.kill()

    with pytest.raises(DataError, match="a process that read the records ended"):
        build_registry(folder, records(tmp_path, *(line(n) for n in range(2_000))), MADE, kill)
    assert until(store_at(folder), 1) == date(2026, 12, 31)
    assert list(folder.glob("registry-*/")) == []


def json_lines(folder: Path, *lines: str) -> Path:
    path = folder / "records.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return path


def test_records_may_be_json_lines(tmp_path: Path, folder: Path) -> None:
    source = json_lines(
        tmp_path,
        '{"number": "DN4010000000001", "valid_until": "2026-12-31", "citizen_number": null}',
        '{"valid_until": "2027-06-30", "number": "DN4010000000002", "citizen_number":'
        ' "001099900002", "holder": "Nguyễn\\nVăn Ấn", "born": "1980"}',
    )
    assert build_registry(folder, source, MADE, quiet) == 3

    assert until(store_at(folder), 1) == date(2026, 12, 31)
    assert until(store_at(folder), 2) == date(2027, 6, 30)
    found = store_at(folder).registered(Card("001099900002", "Nguyen Van An", Birth(1980)))
    assert found is not None
    assert found.standing is Standing.IN_FORCE


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("", "line 2: expected a JSON object"),
        ("[]", "line 2: expected a JSON object"),
        ("[" * 100_000, "line 2: expected a JSON object"),
        ('{"number": "DN4010000000002"', "line 2: expected a JSON object"),
        ('{"number": "DN4010000000002", "number": null}', "each column once"),
        ('{"number": "DN4010000000002", "room": "9"}', "line 2: expected only the columns number"),
        ('{"number": 401}', "line 2: column number: expected text or null"),
        ('{"number": "DN4010000000002", "born": ["1980"]}', "column born: expected text or null"),
        ('{"holder": "Nguyễn Văn Ấn"}', "line 2: column number: expected fifteen"),
    ],
)
def test_a_malformed_line_of_json_is_named(
    bad: str, message: str, tmp_path: Path, folder: Path
) -> None:
    source = json_lines(tmp_path, '{"number": "DN4010000000001"}', bad)

    with pytest.raises(BadRecords, match=message):
        build_registry(folder, source, MADE, quiet)


def test_changes_are_adopted_and_what_they_do_not_name_stays(tmp_path: Path, folder: Path) -> None:
    build_registry(folder, records(tmp_path, line(1), line(2), line(3)), MADE, quiet)
    registry = store_at(folder)
    assert until(registry, 1) == date(2026, 12, 31)
    later = MADE + timedelta(hours=1)
    change = records(tmp_path, line(1, "2027-06-30"), line(2, standing="no_record"), line(4))
    assert change_registry(folder, change, later, quiet) == 3
    registry = store_at(folder)

    assert until(registry, 1) == date(2027, 6, 30)
    assert registry.registered(card(2)) is None
    assert until(registry, 3) == date(2026, 12, 31)
    assert until(registry, 4) == date(2026, 12, 31)
    unchanged = registry.registered(card(3))
    assert unchanged is not None
    assert unchanged.as_of == later  # a record that was not changed is as new as the changes
    with pytest.raises(DataError, match="but what is in use was made"):
        change_registry(folder, change, later, quiet)


def test_new_changes_are_merged_with_those_before(tmp_path: Path, folder: Path) -> None:
    build_registry(folder, records(tmp_path, *(line(n) for n in range(6))), MADE, quiet)
    monday = [line(1, "2027-06-30"), line(2, "2027-06-30"), line(3, standing="no_record")]
    tuesday = [line(2, "2028-06-30"), line(4, "2028-06-30")]
    wednesday = [line(3, "2029-06-30"), *tuesday, line(1, standing="no_record")]
    counts = []
    for day, lines in enumerate((monday, tuesday, tuesday, wednesday), 1):
        source = records(tmp_path, *lines)
        counts.append(change_registry(folder, source, MADE + timedelta(days=day), quiet))
    registry = store_at(folder)

    assert counts == [3, 4, 4, 4]
    assert [until(registry, n) for n in range(6)] == [
        date(2026, 12, 31), None, date(2028, 6, 30), date(2029, 6, 30), date(2028, 6, 30),
        date(2026, 12, 31),
    ]  # fmt: skip
    twice = records(tmp_path, line(2), line(5), line(2))
    with pytest.raises(BadRecords, match="lines 2 and 4: the same number"):
        change_registry(folder, twice, MADE + timedelta(days=9), quiet)
    with pytest.raises(DataError, match="but what is in use was made"):
        build_registry(folder, records(tmp_path, line(1)), MADE, quiet)
    last = MADE + timedelta(days=9)
    build_registry(folder, records(tmp_path, line(1)), last, quiet)
    assert until(store_at(folder), 1) == date(2026, 12, 31)  # a new registry removes all changes
    last += timedelta(days=1)
    assert change_registry(folder, records(tmp_path, line(2)), last, quiet) == 1


def test_changes_that_cannot_be_read_are_reported(tmp_path: Path, folder: Path) -> None:
    build_registry(folder, records(tmp_path, line(1)), MADE, quiet)
    change_registry(folder, records(tmp_path, line(2)), MADE + timedelta(days=1), quiet)
    (folder / "changes-2.db").write_bytes(b"not a database")

    with pytest.raises(DataError, match="build it again"):
        change_registry(folder, records(tmp_path, line(3)), MADE + timedelta(days=2), quiet)


def test_changes_need_a_registry(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(DataError, match="no registry to change"):
        change_registry(folder, records(tmp_path, line(1)), MADE, quiet)


def test_a_new_version_is_adopted_while_scans_continue(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_registry(folder, records(tmp_path, *(line(n) for n in range(50))), MADE, quiet)
    monkeypatch.setattr("kiosk.data.store.POLL_INTERVAL_S", 0.005)
    registry, seen, stop, wrong = store_at(folder), set(), threading.Event(), []

    def scan() -> None:
        while not stop.is_set():
            try:
                seen.add(until(registry, 7))
            except Exception as exc:  # noqa: BLE001 - any of them is what is looked for
                wrong.append(exc)

    threads = [threading.Thread(target=scan) for _ in range(4)]
    threads.append(threading.Thread(target=registry.run, args=(stop,)))
    for thread in threads:
        thread.start()
    for year in range(2027, 2037):
        lines = [line(n, f"{year}-12-31") for n in range(50)]
        build_registry(folder, records(tmp_path, *lines), MADE, quiet)
    stop.set()
    for thread in threads:
        thread.join(30)

    registry.refresh()
    assert wrong == []
    assert until(registry, 7) == date(2036, 12, 31)
    assert None not in seen


def test_only_one_registry_is_built_at_a_time(tmp_path: Path, folder: Path) -> None:
    with (
        exclusive_lock(folder, "change"),
        pytest.raises(AlreadyRunning, match="the lock 'change'"),
    ):
        build_registry(folder, records(tmp_path, line(1)), MADE, quiet)


@pytest.mark.parametrize(
    "manifest",
    [
        MANIFEST.format(file="registry-9.db"),
        MANIFEST.format(file="../x"),
        MANIFEST.format(file="registry-1.db").replace('registry":', 'else":'),
        MANIFEST.format(file="registry-1.db").replace("+00:00", ""),
        MANIFEST.format(file="registry-1.db").replace("2026-", "0001-"),
        MANIFEST.format(file="registry-1.db").replace("2026-", "9999-"),
        MANIFEST.format(file="registry-1.db").replace('"feed": 0', '"feed": 1e400'),
        "[" * 100_000,
        "{",
        "[]",
    ],
)
def test_the_version_in_use_stays_if_the_manifest_is_bad(
    manifest: str, tmp_path: Path, folder: Path
) -> None:
    build_registry(folder, records(tmp_path, line(1)), MADE, quiet)
    registry = store_at(folder)
    assert until(registry, 1) == date(2026, 12, 31)
    (folder / MANIFEST_FILE).write_text(manifest, "utf-8")
    registry.refresh()

    assert until(registry, 1) == date(2026, 12, 31)
    assert registry.failure
    assert store_at(folder).registered(card(1)) is None


def test_a_file_of_another_format_or_a_truncated_one_is_not_used(
    tmp_path: Path, folder: Path
) -> None:
    build_registry(folder, records(tmp_path, *(line(n) for n in range(2_000))), MADE, quiet)
    whole = (folder / "registry-1.db").read_bytes()
    for content in (b"", b"not a database", whole[:100], whole[:5_000]):
        (folder / "registry-1.db").write_bytes(content)
        registry = store_at(folder)
        # The answer may be missing, but it is never wrong.
        with contextlib.suppress(RegistryUnreadable):
            assert until(registry, 7) in (None, date(2026, 12, 31))


def test_the_registry_in_use_stays_if_the_disk_is_full(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_registry(folder, records(tmp_path, line(1)), MADE, quiet)

    def full(_path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("kiosk.registry.build._to_disk", full)
    with pytest.raises(DataError, match="No space left on device"):
        build_registry(folder, records(tmp_path, line(2)), MADE, quiet)

    assert until(store_at(folder), 1) == date(2026, 12, 31)
    assert sorted(path.name for path in folder.iterdir()) == [
        "change.lock",
        MANIFEST_FILE,
        "registry-1.db",
    ]


@needs_fork
@may_fork
@sample_and_all("one_in", sample=31, whole=1, mark=pytest.mark.long)
def test_a_power_cut_at_any_line_leaves_the_old_or_the_new_version_and_never_a_mixture(
    tmp_path: Path, folder: Path, one_in: int
) -> None:
    build_registry(folder, records(tmp_path, line(1), line(2)), MADE, quiet)
    change_registry(folder, records(tmp_path, line(1, "2027-01-01"), line(2, "2027-01-01")),
                    MADE + timedelta(minutes=1), quiet)  # fmt: skip
    points = 0
    for minute, (work, year) in enumerate([(build_registry, 2028), (change_registry, 2029)], 2):
        source = records(tmp_path, *(line(n, f"{year}-01-01") for n in (1, 2)))
        for step in range(1, 10_000, one_in):
            issued = MADE + timedelta(minutes=minute, milliseconds=step)
            building = functools.partial(work, folder, source, issued, quiet)
            is_cut = died(step, building, ("kiosk/data", "kiosk/feed", "kiosk/registry"), times=5)
            registry = store_at(folder)
            seen = {until(registry, number) for number in (1, 2)}
            assert len(seen) == 1, (work, step, seen)
            assert seen <= {date(2027, 1, 1), date(2028, 1, 1), date(2029, 1, 1)}
            assert registry.failure is None
            registry.close()
            if not is_cut:
                break
            points += 1
        assert until(store_at(folder), 1) == date(year, 1, 1)
    assert points >= 500 // one_in
    manifest = read_manifest(folder)
    assert manifest is not None
    left = {path.name for path in folder.iterdir()}
    assert left == {*manifest.files(), MANIFEST_FILE, "change.lock"}


def test_a_row_is_small(tmp_path: Path, folder: Path) -> None:
    source = records(tmp_path, *(line(9_000_000_000 + n) for n in range(50_000)))
    build_registry(folder, source, MADE, quiet)

    assert (folder / "registry-1.db").stat().st_size <= 25 * 50_000
    with sqlite3.connect(folder / "registry-1.db") as db:
        keys = [row[0] for row in db.execute("select key from card")]
    db.close()
    assert keys == sorted(keys)
