"""Every shell block of a document is run by a test, or is listed with the reason why not."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import urllib.request
from pathlib import Path

import pytest

from tests.shell_blocks import ROOT, ShellBlock, pages, run_block, shell_blocks

# The pages whose blocks are run by another test, which reads them from the page.
RUN_BY = {
    "docs/feed.md": "tests/kiosk/test_feed_document.py",
    "docs/hub.md": "tests/hub/test_recipe.py",
}
NO_WINDOWS = "for Windows, where it was not run (docs/measured.md)"
JOURNEY = "tests/install/journey.py takes the same steps in a folder, and in a fresh Debian"
NO_MAC = "for macOS, where it was not run (docs/measured.md)"
NO_ENGINE = "no container engine was at hand (docs/measured.md)"
INSTALL = ("docs/install.md", "docs/install.vi.md")
NOT_RUN = {
    ("README.md", "sudo sh install.sh --facility 01999"): JOURNEY,
    **{(page, "sudo sh install.sh --facility 01999"): JOURNEY for page in INSTALL},
    **{(page, "PYTHONPATH=tiepdon-0.1.0-py3-none-any.whl"): JOURNEY for page in INSTALL},
    ("docs/install.md", "cd FOLDER && sudo sh install.sh"): JOURNEY,
    ("docs/install.vi.md", "cd THU_MUC && sudo sh install.sh"): JOURNEY,
    **{(page, "sudo tiepdon upgrade --wheels"): JOURNEY for page in INSTALL},
    **{(page, "sudo tiepdon rollback"): JOURNEY for page in INSTALL},
    **{(page, "powershell -ExecutionPolicy Bypass"): NO_WINDOWS for page in INSTALL},
    ("docs/install.md", "sudo python3 -m venv /opt/tiepdon/venv"): NO_MAC,
    ("docs/install.md", "podman build -t tiepdon"): NO_ENGINE,
    ("README.md", "py -3 -m venv .venv; .venv\\Scripts\\pip install -e .;"): NO_WINDOWS,
    ("README.vi.md", "py -3 -m venv .venv; .venv\\Scripts\\pip install -e .;"): NO_WINDOWS,
    ("README.md", '.venv\\Scripts\\pip install -e ".[test]"'): NO_WINDOWS,
    ("README.md", '.venv/bin/pip install -e ".[test]"'): "`.ci/run` runs it",
    ("README.vi.md", '.venv/bin/pip install -e ".[test]"'): "the README's, which `.ci/run` runs",
    ("docs/hub.md", "apt-get install -y postgresql"): "`.ci/run` installs it",
    ("CONTRIBUTING.md", "python3 -m venv .venv"): "`.ci/run` runs it, as the README has it",
}
HERE = {"README.md", "README.vi.md", "CONTRIBUTING.md", "docs/network.md", "docs/releasing.md"}

needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="the blocks are for a shell")


def reason_of(block: ShellBlock) -> str | None:
    for (page, beginning), reason in NOT_RUN.items():
        if page == block.page and block.text.startswith(beginning):
            return reason
    return None


def test_every_block_is_run_or_listed() -> None:
    for page in pages():
        for block in shell_blocks(page):
            if reason_of(block) is None and page not in HERE:
                assert page in RUN_BY, f"{page}: nobody runs {block.first_line}"


def test_every_entry_of_the_lists_is_of_today() -> None:
    for page, test in RUN_BY.items():
        assert shell_blocks(page), page
        assert Path(page).name in (ROOT / test).read_text("utf-8"), test
    for page, beginning in NOT_RUN:
        assert any(block.text.startswith(beginning) for block in shell_blocks(page)), beginning


def blocks_to_run(page: str) -> list[ShellBlock]:
    return [block for block in shell_blocks(page) if reason_of(block) is None]


def test_the_pages_that_are_run_here_have_the_blocks_that_are_run() -> None:
    """A block that is added to one of these pages must be run too."""
    run = {"README.md": 1, "README.vi.md": 1, "docs/network.md": 1, "docs/releasing.md": 1}
    assert {page: len(blocks_to_run(page)) for page in HERE} == run | {"CONTRIBUTING.md": 0}


@needs_bash
def test_the_certificate_of_the_network_page_is_made(tmp_path: Path) -> None:
    (block,) = blocks_to_run("docs/network.md")
    for folder in ("/etc/tiepdon/tls", "/media/stick"):
        assert folder in block.text
    text = block.text.replace("/etc/tiepdon/tls", "tls").replace("/media/stick", "stick")
    (tmp_path / "stick").mkdir()
    names = re.findall(r"names = .+", (ROOT / "docs/network.md").read_text("utf-8"))[0]
    settings = f'[facility]\ncode = "01999"\n[web]\n{names}\nproxy = "127.0.0.1"\n'
    (tmp_path / "kiosk.toml").write_text(settings, "utf-8")

    run_block(f"{text} --config kiosk.toml", tmp_path)

    assert (tmp_path / "tls" / "site.pem").exists()


def test_both_readmes_begin_with_the_same_command() -> None:
    first, second = (blocks_to_run(page)[0].text for page in ("README.md", "README.vi.md"))
    assert first == second


@needs_bash
@pytest.mark.slow
def test_the_first_block_of_the_readme_serves_the_demonstration(tmp_path: Path) -> None:
    """From a clean clone, by what the README says alone."""
    block = blocks_to_run("README.md")[0]
    assert block.text.endswith("serve --demo")
    clone = tmp_path / "tiepdon"
    subprocess.run(["git", "clone", "-q", ROOT, clone], check=True)
    asked = {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONPATH": ""}
    running = subprocess.Popen(
        ["bash", "-c", f"{block.text} --port 0 --no-browser"],
        cwd=clone,
        env=os.environ | asked,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    with running:
        assert running.stdout is not None
        try:
            printed = []
            for line in running.stdout:
                printed.append(line)
                if line.startswith("Ready:"):
                    break
            if "No matching distribution" in "".join(printed):
                pytest.skip("no packages can be fetched here")
            assert printed[-1].startswith("Ready:"), "".join(printed)
            with urllib.request.urlopen(f"{printed[-1].split()[1]}/healthz", timeout=10) as answer:
                assert json.load(answer)["alive"]
        finally:
            os.killpg(running.pid, signal.SIGTERM)


@needs_bash
@pytest.mark.slow
def test_a_release_is_built_and_tried(tmp_path: Path) -> None:
    (block,) = blocks_to_run("docs/releasing.md")
    clone = tmp_path / "tiepdon"
    subprocess.run(["git", "clone", "-q", ROOT, clone], check=True)

    run_block(block.text, clone)

    sums = (clone / "dist" / "SHA256SUMS").read_text("ascii")
    assert ".whl\n" in sums
    assert ".tar.gz\n" in sums
