"""The assistant's restart, and whoever ends the program meanwhile."""

from __future__ import annotations

import os
import signal
import urllib.request
from pathlib import Path

import pytest

from tests.process import started


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_program_that_is_ended_during_its_restart_does_not_run_on(tmp_path: Path) -> None:
    server = started("--data", str(tmp_path / "data"))
    request = urllib.request.Request(f"{server.url}/setup/restart", b"", {"Origin": server.url})
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200

    code, _errors = server.end()  # as `systemctl stop`; raises if it runs on

    assert code in (0, -signal.SIGTERM)  # the latter if it had started again already
