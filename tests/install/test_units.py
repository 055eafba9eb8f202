"""The systemd units: right, hardened, and letting the program do what it does."""

from __future__ import annotations

import ctypes
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kiosk.install.layout import SERVICE, TIMER, UNITS, layout_of
from kiosk.install.places import unit_texts
from tests.process import ROOT, command

MOST_EXPOSED = 2.0  # of 10; a unit without any of it has 9.6
PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN = 65, 1

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here"
)


@pytest.fixture(name="units")
def units_(tmp_path: Path) -> Path:
    """Write the units for real places, with a command that exists."""
    for name, text in unit_texts(layout_of()).items():
        there = re.sub(r"(?m)^(ExecStart=)\S+", r"\1/bin/true", text)
        (tmp_path / name).write_text(re.sub(r"file:\S+", "file:/etc/hosts", there), "utf-8")
    return tmp_path


@needs_systemd
def test_systemd_finds_nothing_wrong_in_the_units(units: Path) -> None:
    files = [str(units / name) for name in UNITS]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *files], capture_output=True, text=True
    )

    ours = [line for line in done.stderr.splitlines() if "tiepdon" in line]
    assert (done.returncode, ours) == (0, []), done.stderr


@needs_systemd
@pytest.mark.parametrize("name", [unit for unit in UNITS if unit.endswith(".service")])
def test_a_service_is_exposed_to_little(units: Path, name: str) -> None:
    words = ["--offline=true", f"--threshold={int(MOST_EXPOSED * 10)}", "--json=short"]
    done = subprocess.run(
        ["systemd-analyze", "security", *words, str(units / name)], capture_output=True, text=True
    )

    open_points = [
        point["name"] for point in json.loads(done.stdout) if float(point["exposure"] or 0) >= 0.3
    ]
    assert done.returncode == 0, open_points


@needs_systemd
def test_the_nightly_job_is_at_an_hour_of_vietnam_and_made_up_for(units: Path) -> None:
    text = (units / TIMER).read_text("utf-8")
    when = re.search(r"OnCalendar=(.+)", text)
    assert when is not None

    done = subprocess.run(
        ["systemd-analyze", "calendar", when[1]], capture_output=True, text=True, check=True
    )

    assert re.search(r"\(in UTC\): .* 12:30:00 UTC|Next elapse: .* 12:30:00 UTC", done.stdout)
    assert "Persistent=true" in text


def test_the_units_name_every_place_and_no_other() -> None:
    for name, text in unit_texts(layout_of()).items():
        assert not re.search(r"@(programs|settings|data|account)@", text), name
        for key in ("ExecStart", "ReadWritePaths", "User"):
            assert name == TIMER or f"{key}=" in text, name
    service = unit_texts(layout_of())[SERVICE]
    assert "/opt/tiepdon/current/bin/tiepdon serve" in service
    assert "RestartPreventExitStatus=2" in service  # a wrong setting stays wrong


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the prohibition is Linux's")
def test_the_program_works_where_no_memory_becomes_executable() -> None:
    libc = ctypes.CDLL(None)
    if libc.prctl(66, 0, 0, 0, 0) < 0:
        pytest.skip("this kernel cannot forbid it (before 6.3)")

    def forbid() -> None:
        assert libc.prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) == 0

    done = subprocess.run(
        [sys.executable, "-c", WORK], cwd=ROOT, preexec_fn=forbid, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stderr


# Pictures, numbers, keys, PINs, tickets, papers, workbooks: what has machine code of its own.
WORK = """
import argon2, cv2, numpy, zxingcpp, PIL.ImageFont, msgspec, cbor2, reportlab.pdfgen.canvas
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives import hashes
argon2.PasswordHasher(time_cost=1).hash("123456")
ec.generate_private_key(ec.SECP256R1()).sign(b"x", ec.ECDSA(hashes.SHA256()))
ed25519.Ed25519PrivateKey.generate().sign(b"x")
zxingcpp.read_barcodes(cv2.GaussianBlur(numpy.zeros((480, 640), numpy.uint8), (5, 5), 0))
from tests.process import call
assert call("verify", "--demo", payload=b"GD4019999900003").returncode in (0, 1)
"""


@pytest.mark.slow
@needs_systemd
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not here")
def test_the_program_makes_no_call_that_the_unit_forbids(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    words = ["timeout", "--signal=TERM", "20", *command("serve", "--demo", "--port", "0")]
    subprocess.run(
        ["strace", "-f", "-qq", "-o", str(trace), *words, "--no-browser"],
        capture_output=True,
        check=False,
    )
    made = set(re.findall(r"^\d+ +(\w+)\(", trace.read_text("utf-8", "replace"), re.M))

    assert {"openat", "bind", "fsync"} <= made
    # SQLite gives a file to its owner where it runs as root, as tests may; the service does not.
    assert made - allowed_calls() <= {"execve", "fchown"}


def allowed_calls() -> set[str]:
    """Return what the unit's filter allows, by the sets of this systemd."""
    sets: dict[str, set[str]] = {}
    answer = subprocess.run(
        ["systemd-analyze", "syscall-filter"], capture_output=True, text=True, check=True
    ).stdout
    name = ""
    for line in answer.splitlines():
        if line.startswith("@"):
            name = line.strip()
            sets[name] = set()
        elif line.startswith("    ") and not line.strip().startswith("#"):
            sets[name].add(line.strip())

    def whole(name: str) -> set[str]:
        return {
            call
            for entry in sets[name]
            for call in (whole(entry) if entry.startswith("@") else {entry})
        }

    allowed: set[str] = set()
    for line in re.findall(r"SystemCallFilter=(.+)", unit_texts(layout_of())[SERVICE]):
        named = {call for entry in line.strip("~").split() for call in whole(entry)}
        allowed = allowed - named if line.startswith("~") else allowed | named
    return allowed | whole("@default")
