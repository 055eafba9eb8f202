"""Where keys rest: a file, systemd (a pretend one), Windows (a pretend one)."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import types
from pathlib import Path

import pytest

from kiosk.runtime.errors import FileKeyTrouble
from kiosk.runtime.file_key import FileKey
from kiosk.runtime.key_store import KeyPlace, KeyStore, file_keys

OLD, NEW = FileKey("0123456789abcdef" * 4), FileKey("fedcba9876543210" * 4)
needs_posix = pytest.mark.skipif(os.name == "nt", reason="systemd is of Linux")

# Reverses what it is given, and notes its arguments.
CREDS = """#!{python}
import sys
open({log!r}, "a").write(" ".join(sys.argv[1:]) + chr(10))
given = sys.stdin.buffer.read()
if given == b"damaged":
    sys.exit("Failed to decrypt: " + "Bad message")
sys.stdout.buffer.write(given[::-1])
"""


@pytest.fixture
def arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a pretend systemd-creds first on the path; return the file with its arguments."""
    programs, log = tmp_path / "bin", tmp_path / "arguments"
    programs.mkdir()
    (programs / "systemd-creds").write_text(CREDS.format(python=sys.executable, log=str(log)))
    (programs / "systemd-creds").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=os.pathsep)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    return log


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """Let `win32crypt` be a pretend one, which reverses what it is given."""

    class error(Exception):  # noqa: N801 - as pywin32 calls its own
        pass

    def unprotect(content: bytes, *_others: object) -> tuple[str, bytes]:
        if content == b"damaged":
            raise error(13, "CryptUnprotectData", "The data is invalid.")
        return "Tiep Don", content[::-1]

    module = types.ModuleType("win32crypt")
    module.CryptProtectData = lambda text, *_others: text[::-1]  # type: ignore[attr-defined]
    module.CryptUnprotectData = unprotect  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "win32crypt", module)
    return module


def store_at(place: KeyPlace, tmp_path: Path) -> KeyStore:
    return KeyStore(place, tmp_path / "keys" / "tiepdon.key", tmp_path / "data")


def check_that_keys_are_kept(store: KeyStore) -> bytes:
    """Write and read keys; return what the file holds."""
    assert store.read() == ()
    store.write([OLD])
    assert store.read() == (OLD,)
    store.write([OLD, NEW])
    assert store.read() == (OLD, NEW)
    store.write([NEW])
    assert store.read() == (NEW,)
    assert [file.name for file in store.file.parent.iterdir()] == ["tiepdon.key"]
    if os.name != "nt":
        assert stat.S_IMODE(store.file.stat().st_mode) == 0o600
    return store.file.read_bytes()


def test_a_file_keeps_keys_for_this_account_only(tmp_path: Path) -> None:
    held = check_that_keys_are_kept(store_at("file", tmp_path))

    assert held.decode("ascii") == NEW.hex + "\n"


@needs_posix
def test_systemd_keeps_keys_and_sees_none_as_an_argument(tmp_path: Path, arguments: Path) -> None:
    held = check_that_keys_are_kept(store_at("credential", tmp_path))

    assert NEW.hex.encode() not in held
    assert set(arguments.read_text().splitlines()) == {
        "--quiet encrypt --name=tiepdon.key - -",
        "--quiet decrypt --name=tiepdon.key - -",
    }


@needs_posix
@pytest.mark.usefixtures("arguments")
def test_systemd_s_refusal_is_shown_without_what_was_given(tmp_path: Path) -> None:
    store = store_at("credential", tmp_path)
    store.write([OLD])
    store.file.write_bytes(b"damaged")

    with pytest.raises(FileKeyTrouble, match="Failed to decrypt: Bad message"):
        store.read()


@needs_posix
def test_without_systemd_the_command_that_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileKeyTrouble, match="the command is missing") as raised:
        store_at("credential", tmp_path).write([OLD])
    assert not (tmp_path / "keys").exists()
    assert raised.value.__cause__ is raised.value.__context__ is None


def test_a_service_reads_what_systemd_has_decrypted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = tmp_path / "given"
    given.mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(given))
    store = store_at("credential", tmp_path)
    with pytest.raises(FileKeyTrouble, match=r"LoadCredentialEncrypted=tiepdon\.key:"):
        store.read()

    (given / "tiepdon.key").write_text(OLD.hex)

    assert store.read() == (OLD,)


@pytest.mark.usefixtures("windows")
def test_windows_keeps_keys(tmp_path: Path) -> None:
    store = store_at("windows", tmp_path)
    assert NEW.hex.encode() not in check_that_keys_are_kept(store)
    store.file.write_bytes(b"damaged")

    with pytest.raises(FileKeyTrouble, match=r"The data is invalid.*account that set it up"):
        store.read()


def test_elsewhere_windows_is_asked_for_in_vain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "win32crypt", None)
    with pytest.raises(FileKeyTrouble, match="needs Windows"):
        store_at("windows", tmp_path).write([OLD])


@pytest.mark.parametrize("held", ["", "x", OLD.hex[:-1], f"{OLD.hex}\n" * 3, OLD.hex + "é"])
def test_a_file_that_holds_something_else_is_refused_without_showing_it(
    tmp_path: Path, held: str
) -> None:
    store = store_at("file", tmp_path)
    store.write([OLD])
    store.file.write_text(held, "utf-8")

    with pytest.raises(FileKeyTrouble) as raised:
        file_keys("file", str(store.file), tmp_path / "data")
    assert OLD.hex[:16] not in str(raised.value)
    assert raised.value.__context__ is None


def test_a_key_never_lies_in_the_data_directory(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (tmp_path / "link").symlink_to(data)
    for file in (data / "key", data / "a" / "key", tmp_path / "link" / "key", data / ".." / "data"):
        with pytest.raises(FileKeyTrouble, match="outside of the data directory"):
            KeyStore("file", file, data)


def test_a_place_without_a_key_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(FileKeyTrouble, match=r"encryption set-up.*encryption recover"):
        file_keys("file", str(tmp_path / "key"), tmp_path / "data")
    assert file_keys("none", "", tmp_path) == ()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the administrator reads all")
def test_a_key_that_may_not_be_read_is_reported(tmp_path: Path) -> None:
    store = store_at("file", tmp_path)
    store.write([OLD])
    store.file.chmod(0)
    with pytest.raises(FileKeyTrouble, match="cannot be read"):
        store.read()


def test_a_key_shows_nothing_of_itself() -> None:
    shown = f"{OLD} {OLD!r} {[OLD]} {OLD.name}"

    assert OLD.hex[:8] not in shown
    assert OLD.name not in OLD.hex
    assert FileKey(OLD.hex.upper()) == OLD
    assert {OLD, NEW, FileKey(OLD.hex)} == {OLD, NEW}


def test_a_traceback_of_a_refused_key_does_not_hold_it(tmp_path: Path) -> None:
    key_file = tmp_path / "key"
    key_file.write_text(OLD.hex + "ff")
    code = (
        "from pathlib import Path; from kiosk.runtime.key_store import KeyStore;"
        f"KeyStore('file', Path({str(key_file)!r}), Path({str(tmp_path / 'data')!r})).read()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "FileKeyTrouble" in done.stderr
    assert OLD.hex[:16] not in done.stderr
