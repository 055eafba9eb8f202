"""What `serve` loads before it is ready: a desk does not wait for what it may never use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.process import ROOT

# Each with what loads it when it is used.
NOT_BEFORE_READY = {
    "cv2": "a camera, or a picture",
    "zxingcpp": "a camera, or a picture",
    "pyzbar": "a camera, or a picture",
    "reportlab": "the first document",
    "escpos": "a printer of the settings",
    "fhir": "the first visit as FHIR",
    "pydantic": "the first visit as FHIR",
    "signxml": "a signature of the settings",
    "lxml": "a signature of the settings",
    "sqlcipher3": "an encrypted logbook",
    "playwright": "tests",
    "hypothesis": "tests",
    "pytest": "tests",
    "promql_parser": "tests",
    "asyncio": "nothing of ours",
    "setuptools": "nothing of ours",
}
SCRIPT = """
import sys, threading, os
from kiosk.cli.main import main
import kiosk.cli.serve as serve
def ready(self):
    print("LOADED", *sorted({name.split(".")[0] for name in sys.modules}), flush=True)
    os._exit(0)
serve.Service.wait = ready
sys.argv = ["run_kiosk.py", *sys.argv[1:]]
main()
"""


@pytest.mark.parametrize("use", ["site", "demo"])
def test_serve_loads_no_library_before_it_is_used(use: str, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text('[facility]\ncode = "01999"\n', "utf-8")
    site = ["--config", str(tmp_path / "own.toml"), "--data", str(tmp_path / "data")]
    words = ["serve", "--port", "0", "--no-browser", *(["--demo"] if use == "demo" else site)]

    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *words],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    loaded = set(done.stdout.rpartition("LOADED")[2].split())
    assert "flask" in loaded, done.stderr
    # The pretend insurer of the demonstration checks signatures.
    allowed = {"signxml", "lxml", "asyncio"} if use == "demo" else set()
    assert loaded & set(NOT_BEFORE_READY) <= allowed
