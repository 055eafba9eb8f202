"""Machines for the installer."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.install.pretend import Machine

if sys.platform != "linux":
    collect_ignore = ["test_releases.py", "test_half_finished.py"]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """Return a machine with a pretend systemd, on which nothing is installed."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    one = Machine(tmp_path, port)
    for name, value in one.environment.items():
        monkeypatch.setenv(name, value)
    mask = os.umask(0o022)
    yield one
    os.umask(mask)
    one.end()
