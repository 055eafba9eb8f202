"""What is built is whole: wheel and sdist, and what they install serves the demonstration."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tarfile
import urllib.request
import zipfile
from pathlib import Path

import pytest

from tests.install.wheel_folders import working_tree

pytestmark = pytest.mark.slow
DATA = (
    "templates/base.html",
    "config/kiosk.toml",
    "config/requirements.lock",
    "config/words/vi.toml",
)
SCRIPTS = (
    "linux/install.sh", "linux/tiepdon.sh", "linux/tiepdon.service", "linux/tiepdon-nightly.timer",
    "windows/install.ps1", "windows/tiepdon.cmd", "container/Containerfile",
)  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build wheel and sdist with `build`; return their folder."""
    pytest.importorskip("build")
    home = tmp_path_factory.mktemp("built")
    source = working_tree(home / "source")
    words = [sys.executable, "-m", "build", "--outdir", str(home / "dist"), str(source)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"nothing could be built: {done.stdout.strip().splitlines()[-1]}")
    return home / "dist"


def test_wheel_and_sdist_hold_every_file_of_the_program(built: Path) -> None:
    wheel, sdist = next(built.glob("*.whl")), next(built.glob("*.tar.gz"))
    root = Path(__file__).parents[2]
    ours = {
        path.relative_to(root).as_posix()
        for folder in ("kiosk", "scanner", "verify")
        for path in (root / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    shipped = {
        f"kiosk/{path.relative_to(root).as_posix()}"
        for folder in ("templates", "config")
        for path in (root / folder).rglob("*")
        if path.is_file()
    }

    with zipfile.ZipFile(wheel) as archive:
        inside = set(archive.namelist())
    with tarfile.open(sdist) as archive:
        packed = {re.sub(r"^[^/]+/", "", name) for name in archive.getnames()}

    assert (ours | shipped) - inside == set()
    assert ours - packed == set()
    assert {f"kiosk/{name}" for name in DATA} <= inside
    assert {f"kiosk/config/install/{name}" for name in SCRIPTS} <= inside


@pytest.mark.parametrize("kind", ["pip", "pipx", "uv"])
def test_the_wheel_serves_the_demonstration_without_a_checkout(
    built: Path, tmp_path: Path, kind: str
) -> None:
    wheel = str(next(built.glob("*.whl")))
    program = installed(kind, wheel, tmp_path)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    process = subprocess.Popen(
        [str(program), "serve", "--demo", "--port", "0", "--no-browser"],
        cwd=tmp_path,
        env=environment | {"HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    url = process.stdout.readline().removeprefix("Ready: ").strip()
    try:
        page = urllib.request.urlopen(url, timeout=30).read().decode("utf-8")
        script = re.search(r'src="(/static/[^"]+\.js[^"]*)"', page)
        assert script is not None
        assert urllib.request.urlopen(url + script[1], timeout=30).status == 200
        assert "Tiếp" in page
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


def installed(kind: str, wheel: str, home: Path) -> Path:
    """Install the wheel in one of the ways of the documents; return the command."""
    python, bin_ = sys.executable, "Scripts" if os.name == "nt" else "bin"
    place = home / "tools"
    environment = dict(os.environ) | {
        "PIPX_HOME": str(home / "pipx"), "PIPX_BIN_DIR": str(place),
        "UV_TOOL_DIR": str(home / "uv"),
        "UV_TOOL_BIN_DIR": str(place), "UV_CACHE_DIR": str(home / "cache"),
    }  # fmt: skip
    if kind == "pip":
        subprocess.run([python, "-m", "venv", str(home / "venv")], check=True)
        words = [[str(home / "venv" / bin_ / "python"), "-m", "pip", "install", "-q", wheel]]
        place = home / "venv" / bin_
    else:
        pytest.importorskip(kind)
        words = [[python, "-m", "pipx", "install", wheel]]
        if kind == "uv":
            words = [[python, "-m", "uv", "tool", "install", wheel]]
    for line in words:
        done = subprocess.run(line, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"{kind}: the packages cannot be had: {done.stderr.strip()[-200:]}")
    return place / "tiepdon"
