"""An installation from its first day to its last: here, and in a fresh Debian 12."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.install.wheel_folders import three_folders

HERE = Path(__file__).parent
CACHE = Path("/var/cache/tiepdon-tests/bookworm")
PACKAGES = "python3,python3-venv,ca-certificates"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="systemd is Linux's")
def test_an_installation_keeps_its_visits_to_the_end(tmp_path: Path) -> None:
    folders = three_folders(tmp_path)
    words = [str(HERE / "journey.py"), str(folders), "--root", str(tmp_path / "root")]

    done = subprocess.run(
        [sys.executable, *words, "--port", "18086"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "all holds" in done.stdout


@pytest.fixture(scope="module")
def fresh_debian() -> Path:
    """Return a Debian 12 with Python, made once by debootstrap from this machine's own mirror."""
    if sys.platform != "linux" or os.geteuid() != 0 or not shutil.which("debootstrap"):
        pytest.skip("a fresh Debian needs root and debootstrap (apt install debootstrap)")
    if not (CACHE / "whole").exists():
        shutil.rmtree(CACHE, ignore_errors=True)
        CACHE.parent.mkdir(parents=True, exist_ok=True)
        words = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm"]
        done = subprocess.run(
            [*words, str(CACHE), *mirror()], capture_output=True, text=True, check=False
        )
        if done.returncode:
            pytest.skip(f"debootstrap: {done.stdout.strip().splitlines()[-1]}")
        (CACHE / "whole").touch()
    return CACHE


def mirror() -> list[str]:
    """Return the mirror that apt uses here for bookworm; nothing if it is not known."""
    done = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(CODENAME) $(SITE) $(REPO_URI)"],
        capture_output=True,
        text=True,
        check=False,
    )
    uris = [line.split()[-1] for line in done.stdout.splitlines() if line.startswith("bookworm ")]
    return uris[:1]


IN_THE_ROOT = """
set -e
mount -t proc proc "$1/proc"
mount -t tmpfs tmpfs "$1/tmp"
mount --rbind /dev "$1/dev"
exec chroot "$1" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 python3 -c '
import fcntl, os, socket, struct, sys
with socket.socket() as one:  # this machine has no network but its own loopback: bring that up
    fcntl.ioctl(one, 0x8914, struct.pack("16sh", b"lo", 1))
os.execv(sys.executable, [sys.executable, "/tests/journey.py", "/three"])'
"""


@pytest.mark.long
def test_a_fresh_debian_keeps_its_visits_to_the_end(tmp_path: Path, fresh_debian: Path) -> None:
    root = tmp_path / "debian"
    subprocess.run(["cp", "-a", str(fresh_debian), str(root)], check=True)
    folders = tmp_path / "folders"
    folders.mkdir()
    three_folders(folders)
    for name in ("before", "now", "next"):
        shutil.copytree(folders / name, root / "three" / name)
    (root / "tests").mkdir()
    for name in ("journey.py", "fake_systemctl.py"):
        shutil.copyfile(HERE / name, root / "tests" / name)

    words = ["unshare", "--mount", "--net", "--pid", "--fork", "sh", "-c", IN_THE_ROOT, "sh"]
    done = subprocess.run([*words, str(root)], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "all holds" in done.stdout
