"""Install, upgrade, roll-back and uninstall, with a pretend program in real environments."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import threading
import zipfile
from pathlib import Path

import pytest

from kiosk.install import run
from kiosk.runtime.lock import exclusive_lock
from tests.install.pretend import Machine, pretend_folder

Said = pytest.CaptureFixture[str]


@pytest.fixture
def first(tmp_path: Path, machine: Machine) -> Path:
    """Install the first release, and record two visits."""
    folder = pretend_folder(tmp_path, "1.0")
    assert machine.do("install", folder) == 0
    machine.record()
    machine.record()
    return folder


@pytest.mark.slow
def test_an_install_serves_and_can_be_done_again(machine: Machine, first: Path) -> None:
    assert machine.is_ready()
    assert 'code = "01999"' in machine.config.read_text("utf-8")
    assert (machine.root / "usr/local/bin/tiepdon").stat().st_mode & 0o111

    assert machine.do("install", first) == 0

    assert (machine.visits(), machine.releases(), machine.is_ready()) == (2, ["1.0"], True)


@pytest.mark.usefixtures("first")
@pytest.mark.slow
def test_an_upgrade_keeps_visits_and_the_release_before(tmp_path: Path, machine: Machine) -> None:
    assert machine.do("upgrade", pretend_folder(tmp_path, "2.0")) == 0
    assert machine.do("upgrade", pretend_folder(tmp_path, "3.0")) == 0

    assert (machine.version(), machine.visits()) == ("3.0", 2)
    assert machine.releases() == ["2.0", "3.0"]
    assert machine.is_ready()
    assert machine.do("rollback") == 0
    assert (machine.version(), machine.visits()) == ("2.0", 2)


@pytest.mark.usefixtures("first")
@pytest.mark.slow
def test_a_release_that_does_not_become_ready_is_taken_back(
    tmp_path: Path, machine: Machine, capsys: Said
) -> None:
    broken = pretend_folder(tmp_path, "2.0", schema=2, healthy=False)

    assert machine.do("upgrade", broken) == 2

    said = capsys.readouterr().err
    assert "was not healthy (it ended by itself)" in said
    assert "1.0" in said
    assert (machine.version(), machine.visits(), machine.is_ready()) == ("1.0", 2, True)


@pytest.mark.usefixtures("first")
@pytest.mark.slow
def test_a_newer_schema_goes_back_while_nothing_was_recorded(
    tmp_path: Path, machine: Machine
) -> None:
    assert machine.do("upgrade", pretend_folder(tmp_path, "2.0", schema=2)) == 0

    assert machine.do("rollback") == 0

    assert (machine.version(), machine.visits(), machine.is_ready()) == ("1.0", 2, True)
    assert len(list(machine.data.glob("aside/of-2.0-*/logbook.db"))) == 1


@pytest.mark.usefixtures("first")
def test_a_newer_schema_with_a_new_visit_goes_back_only_by_a_person_s_decision(
    tmp_path: Path, machine: Machine, capsys: Said
) -> None:
    assert machine.do("upgrade", pretend_folder(tmp_path, "2.0", schema=2)) == 0
    machine.record()

    assert machine.do("rollback") == 2

    said = capsys.readouterr().err
    assert "since the upgrade was recorded: visit 1" in said
    assert "rollback --set-aside" in said
    assert len(said.splitlines()) == 1
    assert (machine.version(), machine.is_ready()) == ("2.0", True)
    assert machine.do("rollback --set-aside") == 0
    assert (machine.version(), machine.visits()) == ("1.0", 2)
    assert machine.visits(next(machine.data.glob("aside/*/logbook.db"))) == 3


@pytest.mark.slow
def test_a_release_that_cannot_open_the_logbook_changes_nothing(
    tmp_path: Path, machine: Machine, capsys: Said
) -> None:
    assert machine.do("install", pretend_folder(tmp_path, "2.0", schema=2)) == 0

    assert machine.do("upgrade", pretend_folder(tmp_path, "1.0", schema=1)) == 2

    assert "a newer program wrote it" in capsys.readouterr().err
    assert (machine.version(), machine.is_ready()) == ("2.0", True)


@pytest.mark.usefixtures("first")
@pytest.mark.slow
def test_without_a_release_before_there_is_no_way_back(machine: Machine, capsys: Said) -> None:
    assert machine.do("rollback") == 2
    assert "no release to go back to" in capsys.readouterr().err
    assert machine.is_ready()


@pytest.mark.slow
def test_an_uninstall_leaves_data_and_settings_and_says_where(
    machine: Machine, first: Path, capsys: Said
) -> None:
    assert machine.do("uninstall") == 0

    said = capsys.readouterr().out
    assert str(machine.data) in said
    assert str(machine.config.parent) in said
    assert machine.visits() == 2
    assert not machine.programs.exists()
    assert not list(machine.units.iterdir())
    assert not machine.is_ready()
    assert machine.do("uninstall") == 0
    assert machine.do("install", first) == 0
    assert machine.visits() == 2


@pytest.mark.slow
def test_without_a_facility_code_the_program_runs_and_says_where_it_is_set_up(
    tmp_path: Path, machine: Machine, capsys: Said
) -> None:
    folder = pretend_folder(tmp_path, "1.0")
    given = machine.words("install", folder)
    words = [word for word in given if word not in ("--facility", "01999")]
    assert run(words) == 0
    assert f":{machine.port}/setup\n" in capsys.readouterr().out
    assert machine.is_ready()


@pytest.mark.slow
def test_with_settings_that_are_refused_the_program_is_installed_and_not_started(
    tmp_path: Path, machine: Machine, capsys: Said
) -> None:
    machine.config.parent.mkdir(parents=True)
    machine.config.write_text('[facility]\ncode = "wrong"\n', "utf-8")
    assert machine.do("install", pretend_folder(tmp_path, "1.0")) == 0
    assert "not started: " in capsys.readouterr().out
    assert not machine.is_ready()


def test_a_port_that_is_taken_is_named_before_anything_is_made(
    tmp_path: Path, machine: Machine, capsys: Said
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", machine.port))
        other.listen()
        assert machine.do("install", pretend_folder(tmp_path, "1.0")) == 2

    said = capsys.readouterr().err
    assert f"127.0.0.1:{machine.port}: another program has this port" in said
    assert len(said.splitlines()) == 1
    assert not machine.programs.exists()


def test_two_installers_do_not_run_at_the_same_time(
    tmp_path: Path, machine: Machine, capsys: Said
) -> None:
    folder = pretend_folder(tmp_path, "1.0")
    machine.programs.parent.mkdir(parents=True)
    with exclusive_lock(machine.programs.parent, "tiepdon-install"):
        assert machine.do("install", folder) == 2

    assert "another process holds the lock" in capsys.readouterr().err


def test_a_changed_file_in_the_folder_is_refused(
    tmp_path: Path, machine: Machine, capsys: Said
) -> None:
    folder = pretend_folder(tmp_path, "1.0")
    (folder / "SHA256SUMS").write_text(f"{'0' * 64}  tiepdon-1.0-py3-none-any.whl\n")

    assert machine.do("install", folder) == 2

    assert "is not as SHA256SUMS says" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no wheel"])
def test_half_a_wheel_is_refused(
    tmp_path: Path, machine: Machine, capsys: Said, content: bytes
) -> None:
    (tmp_path / "tiepdon-1.0-py3-none-any.whl").write_bytes(content)

    assert machine.do("install", tmp_path) == 2

    assert "is no whole wheel" in capsys.readouterr().err


@pytest.mark.slow
def test_a_folder_without_the_packages_says_so_and_leaves_nothing(
    tmp_path: Path, machine: Machine, capsys: Said
) -> None:
    folder = pretend_folder(tmp_path, "1.0")
    needs_a_package(next(folder.glob("*.whl")))

    assert machine.do("install", folder) == 2

    assert "the folder of wheels is of another system" in capsys.readouterr().err
    assert machine.releases() == []


@pytest.mark.slow
def test_the_packages_are_loaded_through_the_proxy_that_is_named(
    tmp_path: Path, machine: Machine, capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = next(pretend_folder(tmp_path, "1.0").glob("*.whl"))
    needs_a_package(wheel)
    environment = {"RETRIES": "0", "CONFIG_FILE": os.devnull, "INDEX_URL": "https://index.invalid"}
    for name, value in environment.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    asked: list[bytes] = []

    def refuse(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection:
                    asked.append(connection.recv(4096).split(b"\r\n")[0])
                    connection.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=refuse, args=(listener,), daemon=True).start()
        proxy = f"http://127.0.0.1:{listener.getsockname()[1]}"
        words = ["install", "--wheel", str(wheel), "--proxy", proxy, "--root", str(machine.root)]
        assert run([*words, "--port", str(machine.port)]) == 2
        listener.shutdown(socket.SHUT_RDWR)

    assert asked
    assert asked[0].startswith(b"CONNECT index.invalid:443")
    assert "name the proxy: --proxy" in capsys.readouterr().err


def needs_a_package(wheel: Path) -> None:
    """Let a wheel of the pretend program need a package."""
    with zipfile.ZipFile(wheel) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files["kiosk/config/requirements.lock"] = b"flask==3.1.3 --hash=sha256:" + b"0" * 64 + b"\n"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)


@pytest.mark.slow
def test_where_systemd_does_not_run_the_command_to_start_is_printed(
    tmp_path: Path, machine: Machine, capsys: Said
) -> None:
    machine.off()

    assert machine.do("install", pretend_folder(tmp_path, "1.0")) == 0

    said = capsys.readouterr().out
    assert "systemd does not run here" in said
    assert " serve --no-browser --config " in said
    assert (machine.units / "tiepdon.service").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="a file system of its own needs root")
def test_a_disk_with_100_mb_left_is_named_before_anything_is_made(
    tmp_path: Path, machine: Machine, capsys: Said
) -> None:
    folder = pretend_folder(tmp_path, "1.0")
    (folder / "large-1.0-py3-none-any.whl").write_bytes(b"\0" * 30_000_000)
    machine.root.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=100m", "tmpfs", str(machine.root)]
    if subprocess.run(mount, check=False).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        assert machine.do("install", folder) == 2
        assert not machine.programs.exists()
    finally:
        subprocess.run(["umount", str(machine.root)], check=True)

    said = capsys.readouterr().err
    assert "MB are free; expected 1" in said
    assert len(said.splitlines()) == 1


@pytest.mark.slow
def test_a_broken_state_file_is_named(machine: Machine, first: Path, capsys: Said) -> None:
    (machine.programs / "state.json").write_text("{")

    assert machine.do("upgrade", first) == 2

    assert "state.json: cannot be read" in capsys.readouterr().err
    assert machine.is_ready()
