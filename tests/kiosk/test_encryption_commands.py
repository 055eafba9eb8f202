"""The commands of `encryption`: set-up with its sheet, change, recovery, state."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from kiosk.cli import encryption
from kiosk.data import AnswersCache
from kiosk.logbook import Database
from kiosk.runtime import sqlite
from kiosk.runtime.errors import FileKeyTrouble
from kiosk.runtime.file_encryption import change_key
from kiosk.runtime.file_key import FileKey, read_line
from kiosk.runtime.key_store import KeyStore
from kiosk.runtime.sqlite import FileForm, form_of
from tests.kills import died, may_fork, needs_fork
from tests.process import call, command, serving, site, until

pytest.importorskip("sqlcipher3", reason='encryption needs pip install "tiepdon[encrypt]"')

FIRST, SECOND = FileKey("0f" * 32), FileKey("5a" * 32)
CONFIG = "[encryption]\nkeys = '{place}'\nkey_file = '{file}'\n"
NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "tiepdon.key"


@pytest.fixture
def options(tmp_path: Path, key_file: Path) -> list[str]:
    words = site(tmp_path, "", CONFIG.format(place="file", file=key_file))
    fill(tmp_path / "data")
    return words


@pytest.fixture
def folder(options: list[str]) -> Path:
    return Path(options[-1])


def fill(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    Database(folder / "logbook.db").close()
    AnswersCache(folder / "coverage.db").close()


@pytest.fixture(autouse=True)
def _keys_that_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the first key that is made be FIRST, and the next one SECOND."""
    keys = iter((FIRST, SECOND))
    monkeypatch.setattr(FileKey, "make", lambda: next(keys))


def typed(*keys: FileKey) -> bytes:
    return "".join(f"{line}\n" for key in keys for line in key.lines()).encode()


def forms(folder: Path) -> set[FileForm]:
    return {form_of(folder / name) for name in encryption.FILES}


def opened_by(folder: Path, key: FileKey) -> list[str]:
    return [name for name in encryption.FILES if sqlite.opens(folder / name, key)]


def set_up(options: list[str]) -> Any:
    done = call("encryption", "set-up", *options, payload=typed(FIRST))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_set_up_encrypts_once_the_sheet_was_typed_back(
    folder: Path, options: list[str], key_file: Path
) -> None:
    assert set_up(options) == {"key": FIRST.name, "encrypted": list(encryption.FILES)}

    assert opened_by(folder, FIRST) == list(encryption.FILES)
    assert key_file.read_text("ascii") == f"{FIRST.hex}\n"
    if os.name != "nt":
        assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert call("staff", "list", *options).returncode == 0
    assert call("verify", *options[:4], payload=b"x").returncode == 1
    assert set_up(options)["encrypted"] == []


@pytest.mark.parametrize("given", [b"", typed(FIRST)[:80], typed(SECOND)])
def test_nothing_is_encrypted_before_the_sheet_was_typed_back(
    folder: Path, options: list[str], key_file: Path, given: bytes
) -> None:
    done = call("encryption", "set-up", *options, payload=given)

    assert done.returncode == 1
    assert forms(folder) == {FileForm.PLAIN}
    assert not key_file.exists()


def test_a_mistyped_line_is_asked_again_and_look_alikes_are_understood(options: list[str]) -> None:
    first, *others = FIRST.lines()
    wrong = first.replace("f", "e", 1)
    loose = first.replace(" ", "-").upper().replace("0", "O")
    text = "\n".join([wrong, first[:-1], loose, *others, ""])
    done = call("encryption", "set-up", *options, payload=text.encode())

    assert done.returncode == 0
    assert "line 1 is not as on the sheet" in done.stderr.decode()
    assert "line 1 has 19 signs; expected 20" in done.stderr.decode()


def test_lines_do_not_change_places() -> None:
    for number, line in enumerate(SECOND.lines()):  # whose lines have the same digits
        assert read_line(number, line) == "5a" * 8
        with pytest.raises(FileKeyTrouble):
            read_line((number + 1) % 4, line)


def test_the_sheet_is_a_pdf_that_is_gone_afterwards(
    tmp_path: Path, folder: Path, options: list[str], key_file: Path
) -> None:
    """The key is random here, so that only the paper can tell it."""
    sheet = tmp_path / "stick.pdf"
    words = command("encryption", "set-up", "--sheet", str(sheet), *options)
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        until(lambda: sheet.exists() and sheet.read_bytes().rstrip().endswith(b"%%EOF"))
        assert stat.S_IMODE(sheet.stat().st_mode) == 0o600 or os.name == "nt"
        (page,) = PdfReader(sheet).pages
        lines = page.extract_text().splitlines()
        arguments = Path(f"/proc/{process.pid}/cmdline")
        shown = arguments.read_bytes() if arguments.exists() else b""
        key = [line for line in lines if re.fullmatch(r"[0-9a-f]{4}( [0-9a-f]{4}){4}", line)]
        assert len(key) == 4
        output, _ = process.communicate("\n".join([*key, ""]).encode(), 60)
    made = FileKey(key_file.read_text("ascii").strip())

    assert process.returncode == 0
    assert not sheet.exists()
    assert opened_by(folder, made) == list(encryption.FILES)
    assert made.hex.encode() not in shown + output
    assert FileKey.from_lines(tuple(key)) == made
    inside = folder / "sheet.pdf"
    again = call("encryption", "rotate", "--sheet", str(inside), *options)
    assert again.returncode == 2
    assert b"outside" in again.stderr


def test_a_key_is_not_changed_before_its_own_sheet(folder: Path, options: list[str]) -> None:
    assert call("encryption", "rotate", *options).returncode == 2
    set_up(options)
    stopped = call("encryption", "rotate", *options, payload=typed(FIRST))
    assert stopped.returncode == 1
    assert opened_by(folder, FIRST) == list(encryption.FILES)


def test_what_was_under_the_old_key_is_under_the_new_one(
    folder: Path, options: list[str], key_file: Path
) -> None:
    set_up(options)
    done = call("encryption", "rotate", *options, payload=typed(SECOND))

    assert json.loads(done.stdout) == {"key": SECOND.name, "before": FIRST.name}
    assert opened_by(folder, SECOND) == list(encryption.FILES)
    assert opened_by(folder, FIRST) == []
    assert key_file.read_text("ascii") == f"{SECOND.hex}\n"


@needs_fork
@may_fork
def test_a_change_that_is_killed_at_any_line_can_be_opened_and_finished(
    folder: Path, options: list[str], key_file: Path
) -> None:
    set_up(options)
    store, step = KeyStore("file", key_file, folder), 0
    rooms = ("/cli/encryption.py", "/runtime/key_store.py", "/runtime/file_encryption.py")
    while True:
        step += 1
        keys = store.read()
        new = SECOND if keys == (FIRST,) else FIRST
        reached = died(step, lambda new=new: rotate(options, new), rooms, times=1)  # type: ignore[misc]
        for name in encryption.FILES:
            Database(folder / "logbook.db", keys=store.read()).close()
            assert sqlite.find_key(folder / name, store.read()), step
        assert set(store.read()) <= {FIRST, SECOND}
        if len(store.read()) == 2:
            assert call("encryption", "rotate", *options).returncode == 0
            assert store.read() == (new,)
        if not reached:
            break
    assert step > 20


def rotate(options: list[str], new: FileKey) -> None:
    FileKey.make = lambda: new  # type: ignore[method-assign]  # in a child process
    done = call("encryption", "rotate", *options, payload=typed(new))
    assert done.returncode == 0, done.stderr


def test_a_lost_key_is_typed_from_the_sheet(options: list[str], key_file: Path) -> None:
    set_up(options)
    key_file.unlink()
    lost = call("staff", "list", *options)
    assert (lost.returncode, b"encryption recover" in lost.stderr) == (2, True)
    again = call("encryption", "set-up", *options, payload=typed(SECOND))
    assert (again.returncode, b"encryption recover" in again.stderr) == (2, True)

    other = call("encryption", "recover", *options, payload=typed(SECOND))
    assert (other.returncode, b"opens no file" in other.stderr) == (2, True)
    done = call("encryption", "recover", *options, payload=typed(FIRST))

    assert json.loads(done.stdout) == {"keys": [FIRST.name], "still_closed": []}
    assert call("staff", "list", *options).returncode == 0


def test_two_lost_keys_of_a_change_that_was_interrupted_are_typed_one_after_the_other(
    folder: Path, options: list[str], key_file: Path
) -> None:
    set_up(options)
    change_key(folder / "logbook.db", (FIRST,), SECOND)
    key_file.write_text("not a key", "ascii")

    first = call("encryption", "recover", *options, payload=typed(FIRST))
    second = call("encryption", "recover", *options, payload=typed(SECOND))

    assert (first.returncode, second.returncode) == (1, 0)
    assert json.loads(first.stdout)["still_closed"] == ["logbook.db"]
    assert json.loads(second.stdout)["keys"] == [FIRST.name, SECOND.name]
    assert call("encryption", "status", *options).returncode == 1
    assert call("encryption", "rotate", *options).returncode == 0
    assert opened_by(folder, SECOND) == list(encryption.FILES)


def test_the_state_says_where_the_key_rests_and_what_it_is_good_for(
    folder: Path, options: list[str], key_file: Path
) -> None:
    plain = call("encryption", "status", *options)
    assert plain.returncode == 1
    assert json.loads(plain.stdout)["files"] == dict.fromkeys(encryption.FILES, "plain")
    set_up(options)
    done = call("encryption", "status", *options)
    shown = json.loads(done.stdout)

    assert done.returncode == 0
    assert shown["keys"] == [FIRST.name]
    assert shown["files"] == dict.fromkeys(encryption.FILES, "encrypted")
    assert str(key_file) in shown["rests"]
    assert "stolen PC" in shown["not_from"]
    (folder / "logbook.db.plain").write_bytes(b"what a power cut left")
    assert json.loads(call("encryption", "status", *options).stdout)["plain_remains"]
    assert set_up(options)["encrypted"] == []
    assert not (folder / "logbook.db.plain").exists()


def test_the_commands_need_a_place_for_the_key(tmp_path: Path, folder: Path) -> None:
    bare = site(tmp_path, "")
    done = call("encryption", "set-up", *bare)
    assert (done.returncode, b"keys is" in done.stderr) == (2, True)
    assert json.loads(call("encryption", "status", *bare).stdout)["rests"] == "nowhere"
    inside = site(tmp_path, "", CONFIG.format(place="file", file=folder / "a" / "key"))
    done = call("encryption", "set-up", *inside, payload=typed(FIRST))
    assert (done.returncode, b"outside of the data directory" in done.stderr) == (2, True)
    short = site(tmp_path, "", CONFIG.format(place="file", file="key"))
    done = call("encryption", "set-up", *short)
    assert (done.returncode, b"the whole path" in done.stderr) == (2, True)


@pytest.fixture
def _without_the_cipher(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "sqlcipher3", None)
    monkeypatch.setitem(sys.modules, "sqlcipher3.dbapi2", None)
    sqlite._cipher.cache_clear()
    yield
    sqlite._cipher.cache_clear()


@pytest.mark.usefixtures("_without_the_cipher")
def test_without_the_extra_the_command_says_what_to_install(
    options: list[str], folder: Path
) -> None:
    done = call("encryption", "set-up", *options, payload=typed(FIRST))

    assert (done.returncode, b'"tiepdon[encrypt]"' in done.stderr) == (2, True)
    assert b"Line 1" not in done.stderr  # before anybody has printed a sheet
    assert forms(folder) == {FileForm.PLAIN}


def test_a_running_program_is_noticed_before_anybody_has_printed_a_sheet(
    tmp_path: Path, folder: Path, options: list[str]
) -> None:
    (tmp_path / "before").mkdir()
    before = site(tmp_path / "before", "")  # the settings that it was started with
    with serving(*before[:-1], str(folder)):
        done = call("encryption", "set-up", *options, payload=typed(FIRST))
        assert (done.returncode, b"stop the program" in done.stderr) == (2, True)
        assert b"Line 1" not in done.stderr
    assert forms(folder) == {FileForm.PLAIN}


def test_a_file_that_cannot_be_read_is_reported_in_a_line(folder: Path, options: list[str]) -> None:
    set_up(options)
    (folder / "coverage.db").unlink()
    (folder / "coverage.db").mkdir()
    for name in ("status", "recover", "set-up"):
        done = call("encryption", name, *options, payload=typed(FIRST))
        assert done.returncode == 2, name
        assert done.stderr.decode().splitlines()[-1].startswith("tiepdon: "), name


def test_the_doctor_has_a_line_for_the_disk_and_one_for_the_logbook(
    tmp_path: Path, options: list[str], key_file: Path
) -> None:
    set_up(options)
    (tmp_path / "other").mkdir()
    bare = site(tmp_path / "other", "")
    lines = {}
    for name, words in (("on", options), ("off", bare)):
        checks = map(json.loads, call("doctor", *words).stdout.splitlines())
        lines[name] = {check["what"]: check for check in checks}
    on, off = (lines[name]["encryption of the logbook"] for name in ("on", "off"))

    assert on["good"]
    assert str(key_file) in on["seen"]
    assert "a stolen PC" in on["seen"]
    assert off["seen"].startswith("off")
    assert off["good"] or "encryption set-up" in off["do"]
    assert "the system" in lines["on"]["encryption of the disk"]["seen"]
