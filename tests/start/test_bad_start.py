"""The start on what an IT person may have left behind: one line names the path, exit 2."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kiosk.errors import SettingsError
from kiosk.runtime.data_places import (
    READ_FILES,
    READ_FOLDERS,
    WRITTEN_FILES,
    WRITTEN_FOLDERS,
    require_usable,
)
from kiosk.runtime.lock import exclusive_lock, holder_of
from kiosk.runtime.taken_port import why_not_served
from tests.process import SERVE, call, run, serving

OWN = '[facility]\ncode = "01999"\n'


def refused(*words: str, by: Callable[..., subprocess.CompletedProcess[bytes]] = call) -> str:
    """Return the one line with which `serve` ends."""
    done = by(*SERVE, *words)
    lines = done.stderr.decode().strip().splitlines()
    assert (done.returncode, done.stdout, len(lines)) == (2, b"", 1), lines
    assert lines[0].startswith("tiepdon: ")
    return lines[0]


@pytest.fixture
def own(tmp_path: Path) -> list[str]:
    """The options of a site without a gateway."""
    (tmp_path / "own.toml").write_text(OWN, "utf-8")
    (tmp_path / "data").mkdir()
    return ["--config", str(tmp_path / "own.toml"), "--data", str(tmp_path / "data")]


@pytest.mark.parametrize("name", [*WRITTEN_FILES, *READ_FILES])
def test_a_folder_in_the_place_of_a_file_is_named(
    name: str, own: list[str], tmp_path: Path
) -> None:
    (tmp_path / "data" / name / "x").mkdir(parents=True)

    line = refused(*own)

    assert str(tmp_path / "data" / name) in line
    assert "is a folder" in line
    assert "move it away" in line


@pytest.mark.parametrize("name", [*WRITTEN_FOLDERS, *READ_FOLDERS])
def test_a_file_in_the_place_of_a_folder_is_named(
    name: str, own: list[str], tmp_path: Path
) -> None:
    (tmp_path / "data" / name).write_text("x", "utf-8")

    line = refused(*own)

    assert str(tmp_path / "data" / name) in line
    assert "is not a folder" in line


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes in folders")
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(own: list[str], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "data" / "rooms.json")

    assert "is neither a file nor a folder" in refused(*own)


def test_all_that_a_running_site_writes_is_looked_at(tmp_path: Path, own: list[str]) -> None:
    with serving(*own):
        written = {path.relative_to(tmp_path / "data") for path in (tmp_path / "data").rglob("*")}
    known = {Path(name) for name in (*WRITTEN_FILES, *WRITTEN_FOLDERS, *READ_FILES, *READ_FOLDERS)}

    assert written - known <= {Path("program.holder")}


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    """A data directory on a file system that was mounted read-only; skipped if none can be."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "none", str(place)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        (place / "data").mkdir()
        with serving("--config", _own(tmp_path), "--data", str(place / "data")) as server:
            server.end()
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        yield place / "data"
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def _own(tmp_path: Path) -> str:
    (tmp_path / "own.toml").write_text(OWN, "utf-8")
    return str(tmp_path / "own.toml")


def test_a_read_only_data_directory_is_named(read_only: Path, tmp_path: Path) -> None:
    line = refused("--config", _own(tmp_path), "--data", str(read_only))

    assert f"{read_only}: cannot be written to: it is read-only" in line
    assert "--data" in line


@pytest.mark.skipif(sys.platform == "win32", reason="Windows restricts in another way")
@pytest.mark.parametrize("name", ["", "logbook.db", "feed", "coverage.db", "secrets/staff.key"])
def test_what_this_account_may_not_use_is_named(name: str, tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "feed").mkdir(parents=True)
    (data / "secrets").mkdir()
    for file in ("logbook.db", "coverage.db", "secrets/staff.key"):
        (data / file).touch()
    (data / name).chmod(0o500 if (data / name).is_dir() else 0)
    script = (
        "import os, sys; from pathlib import Path;"
        "from kiosk.errors import SettingsError;"
        "from kiosk.runtime.data_places import require_usable;\n"
        "if os.getuid() == 0:\n"
        "    for root, folders, files in os.walk(sys.argv[1]):\n"
        "        for name in ['', *folders, *files]:\n"
        "            os.chown(os.path.join(root, name), 65534, 65534)\n"
        "    os.setuid(65534)\n"
        "try: require_usable(Path(sys.argv[1]))\n"
        "except SettingsError as exc: print(exc)\n"
    )
    for folder in [tmp_path, *tmp_path.parents][:4]:
        if folder.stat().st_uid == os.getuid() and folder != Path(folder.anchor):
            folder.chmod(folder.stat().st_mode | 0o011)
    done = subprocess.run(
        [sys.executable, "-c", script, str(data)], capture_output=True, text=True, check=True
    )  # fmt: skip
    (data / name).chmod(0o700)

    assert done.stdout.startswith(f"{data / name}: cannot be ")
    assert "this account may not" in done.stdout


def test_a_second_program_is_told_where_the_first_one_is(own: list[str], tmp_path: Path) -> None:
    with serving(*own) as server:
        line = refused(*own)
        assert server.url in line

        server.kill()
    assert (tmp_path / "data" / "program.holder").exists()  # a kill leaves it
    with exclusive_lock(tmp_path / "data", "program"):
        assert holder_of(tmp_path / "data", "program") == ""
        assert "try again in a minute" in refused(*own)
    with serving(*own) as server:
        assert server.url in refused(*own)
        code, _errors = server.end()
    assert code == 0
    assert not (tmp_path / "data" / "program.holder").exists()


def test_who_has_a_port_is_said(own: list[str]) -> None:
    with serving("--demo") as server:
        port = server.url.rpartition(":")[2]
        assert "is taken by a Tiếp Đón of another data directory" in refused(
            *own, "--port", port, by=run
        )
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = str(other.getsockname()[1])
        line = refused(*own, "--port", taken, by=run)
    assert f"port {taken} is taken by another program" in line
    assert "ss -ltnp" in line or "netstat" in line


def test_an_address_that_cannot_be_served_is_explained() -> None:
    assert "no address of this machine" in why_not_served("192.0.2.1", 80, OSError(99, "x"))
    assert "may not use port 80" in why_not_served("127.0.0.1", 80, PermissionError(13, "x"))
    assert "by the name" in why_not_served("nowhere", 80, socket.gaierror("x"))


def test_a_key_that_this_version_does_not_know_has_a_likely_name(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(OWN + "[web]\nprot = 1\n", "utf-8")

    line = refused("--config", str(tmp_path / "own.toml"), "--data", str(tmp_path))

    assert "[web] prot is not a setting of this version of the program; did you mean port?" in line


def test_a_directory_that_is_right_is_not_changed(tmp_path: Path) -> None:
    require_usable(tmp_path)

    assert list(tmp_path.iterdir()) == []
    with pytest.raises(SettingsError, match="cannot be written to"):
        require_usable(tmp_path / "gone")
