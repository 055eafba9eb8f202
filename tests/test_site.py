"""The site of the documents is made without a warning, and needs nobody else's server."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
READERS = ("clerk.vi", "clerk", "it.vi", "it", "reviewer", "integration", "project/contributing")


@pytest.mark.slow
def test_the_site_is_made_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-n"]
    done = subprocess.run(
        [*command, "-d", tmp_path / "trees", ROOT / "docs", tmp_path / "site"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr

    front = (tmp_path / "site" / "index.html").read_text("utf-8")
    for page in READERS:
        assert f'href="{page}.html"' in front, page
    for path in (tmp_path / "site").rglob("*.html"):
        text = path.read_text("utf-8")
        loaded = re.findall(r'<(?:script|img|link)\b[^>]*(?:src|href)="(https?:[^"]+)"', text)
        assert not loaded, f"{path.name}: {loaded}"
