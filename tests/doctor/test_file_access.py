"""Who may read a file, by its mode and by the rights that Windows tells (pretended answers)."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from kiosk.doctor import CheckState
from kiosk.doctor.secret_files import secret_file_checks
from kiosk.runtime.file_access import FileAccess, file_access
from tests.cast import settings_for

OWNER = "O:BAG:SYD:PAI(A;;FA;;;SY)(A;;FA;;;BA)(A;;FA;;;S-1-5-21-1-2-3-1001)"


@pytest.mark.skipif(os.name == "nt", reason="a mode of POSIX")
@pytest.mark.parametrize(
    ("mode", "access"),
    [
        (0o600, FileAccess.OWNER),
        (0o400, FileAccess.OWNER),
        (0o640, FileAccess.GROUP),
        (0o604, FileAccess.OTHERS),
        (0o777, FileAccess.OTHERS),
    ],
)
def test_a_mode_says_who_may_read(tmp_path: Path, mode: int, access: FileAccess) -> None:
    path = tmp_path / "secret"
    path.write_text("x")
    path.chmod(mode)

    assert file_access(path) is access
    assert file_access(tmp_path / "gone") is FileAccess.MISSING


@pytest.mark.parametrize(
    ("rights", "access"),
    [
        (OWNER, FileAccess.OWNER),
        (OWNER + "(A;;FR;;;WD)", FileAccess.OTHERS),
        (OWNER + "(A;ID;0x1200a9;;;BU)", FileAccess.OTHERS),
        (OWNER + "(A;;GR;;;AU)", FileAccess.OTHERS),
        (OWNER + "(D;;FA;;;BU)", FileAccess.OWNER),  # it is forbidden to them
        ("O:BAG:SY", FileAccess.UNKNOWN),
        ("", FileAccess.UNKNOWN),
    ],
)
def test_windows_says_it_in_rights(tmp_path: Path, rights: str, access: FileAccess) -> None:
    path = tmp_path / "secret"
    path.write_text("x")

    assert file_access(path, "nt", lambda _path: rights) is access


@pytest.mark.parametrize("error", [OSError, subprocess.TimeoutExpired("powershell", 20)])
def test_a_system_that_does_not_answer_is_not_called_good(
    tmp_path: Path, error: Exception | type[Exception]
) -> None:
    path = tmp_path / "password"
    path.write_text("x")

    def fails(_path: Path) -> str:
        raise error

    assert file_access(path, "nt", fails) is FileAccess.UNKNOWN
    settings = settings_for(tmp_path, "http://127.0.0.1:9")
    checks = list(secret_file_checks(settings, tmp_path, lambda _path: FileAccess.UNKNOWN))
    assert checks
    assert {check.state for check in checks} == {CheckState.UNKNOWN}
    assert all(check.do for check in checks)
