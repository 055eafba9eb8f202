"""The steps of docs/feed.md work in an empty directory."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.data.manifest import read_manifest
from tests.data_store import store_at
from tests.feed_server import Site, serving
from verify import Card

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "feed.md").read_text("utf-8")
STEPS = re.findall(r"```sh\n(.+?)```", DOCUMENT, re.S)

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="the steps are for a shell")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with serving(tmp_path / "feed") as site:
        write_settings(tmp_path, site)
        yield tmp_path


def write_settings(folder: Path, site: Site) -> None:
    toml = re.findall(r"```toml\n(.+?)```", DOCUMENT, re.S)[0]
    toml = toml.replace("http://127.0.0.1:8000", site.url)
    toml = toml.replace('"1.root.json"', f'"{folder / "1.root.json"}"')
    (folder / "kiosk.toml").write_text('[facility]\ncode = "01999"\n' + toml, "utf-8")


def follow(step: str, folder: Path) -> None:
    command = f'"{sys.executable}" "{ROOT / "run_kiosk.py"}"'
    script = "set -e\n" + step.replace("run_kiosk.py", command)
    done = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True,
                          timeout=300, check=False)  # fmt: skip
    assert done.returncode == 0, (step, done.stderr)


@pytest.mark.slow
def test_the_document_s_steps_make_a_feed_that_a_desk_follows(folder: Path) -> None:
    first_fetch = next(place for place, step in enumerate(STEPS) if "feed fetch" in step)
    for step in STEPS[:first_fetch]:
        follow(step, folder)
    shutil.copy(folder / "feed" / "metadata" / "1.root.json", folder)
    for step in STEPS[first_fetch:]:
        follow(step, folder)
    follow(next(step for step in STEPS if "feed fetch" in step), folder)  # after all the changes

    data = folder / "desk" / "feed"
    manifest, store = read_manifest(data), store_at(data)
    assert manifest is not None
    assert set(manifest.sets) == {"registry", "changes", "keys", "revocations"}
    coverage = store.registered(Card("9999900021"))
    assert coverage is not None
    assert str(coverage.valid_until) == "2027-06-30"
    roots = sorted(path.name for path in (folder / "feed" / "metadata").glob("*.root.json"))
    assert roots == ["1.root.json", "2.root.json", "3.root.json"]
    kept = {path.name for path in (folder / "keys").glob("*.pem")}
    assert not any(name.startswith("root") for name in kept)
