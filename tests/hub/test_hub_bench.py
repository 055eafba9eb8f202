"""The bench of the hub runs in a small size, and measures what its goals are about."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from bench.rows import has_postgres
from tests.shell_blocks import ROOT

SMALL = "--visits 4000 --records 400 --desks 1 --rounds 1 --seconds 1 --waiting 40 --no-goals"


@pytest.mark.skipif(bool(has_postgres()), reason=has_postgres() or "there is a PostgreSQL")
@pytest.mark.slow
def test_a_small_hub_and_a_desk_are_measured() -> None:
    command = [sys.executable, str(ROOT / "bench" / "hub.py"), *SMALL.split()]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", check=False)

    assert done.returncode == 0, done.stderr
    lines = {line["what"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert {what for what, line in lines.items() if "met" in line} == {
        "a facility's month",
        "whether a person is here today",
        *("scan, catching up", "scan, hangs", "scan, down"),
        "visits that are not at the hub",
    }
    assert lines["visits that are not at the hub"]["value"] == 0
    assert lines["scan, hangs"]["count"] >= 1
