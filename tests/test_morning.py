"""A short morning with faults on three desks; `python -m tests.morning 1 300` plays a whole one."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.browser import CHROMIUM
from tests.process import ROOT


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="ptys and signals need POSIX")
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_a_morning_with_faults_records_everybody_once() -> None:
    played = subprocess.run(
        [sys.executable, "-m", "tests.morning", "1", "16"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert played.returncode == 0, played.stdout + played.stderr
    assert json.loads(played.stdout.splitlines()[0])["patients"] == 16
