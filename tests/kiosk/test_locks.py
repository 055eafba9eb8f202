"""The lock between processes: on a full disk, and with a file that is no lock."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kiosk.errors import SettingsError
from kiosk.runtime.errors import AlreadyRunning
from kiosk.runtime.lock import exclusive_lock
from tests.process import ROOT

# No byte can be written to any file, as on a full disk.
ON_A_FULL_DISK = """
import pathlib, resource, signal, sys
from kiosk.runtime.lock import exclusive_lock
sys.dont_write_bytecode = True
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
with exclusive_lock(pathlib.Path(sys.argv[1])):
    print("held")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows limits no process's files")
def test_a_lock_is_held_on_a_full_disk(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ON_A_FULL_DISK, str(tmp_path)],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert (done.stdout, done.stderr) == ("held\n", "")


def test_a_file_that_is_no_lock_is_to_be_removed(tmp_path: Path) -> None:
    (tmp_path / "sync.lock").write_bytes(b"notes of somebody\n" * 100)

    with pytest.raises(SettingsError, match="it is no lock: remove it"), exclusive_lock(tmp_path):
        pass


def test_a_lock_file_that_cannot_be_opened_is_not_to_be_removed(tmp_path: Path) -> None:
    (tmp_path / "sync.lock").mkdir()

    with pytest.raises(SettingsError) as refused, exclusive_lock(tmp_path):
        pass
    assert "remove" not in str(refused.value)


def test_a_lock_that_is_held_is_not_given_twice_and_leaves_an_empty_file(tmp_path: Path) -> None:
    with exclusive_lock(tmp_path), pytest.raises(AlreadyRunning), exclusive_lock(tmp_path):
        pass
    with exclusive_lock(tmp_path):
        pass

    assert [(path.name, path.stat().st_size) for path in tmp_path.iterdir()] == [("sync.lock", 0)]
