"""A pretend program in a wheel of its own, with which an installation takes seconds.

It has the commands that the installer calls.  Its logbook is a line of JSON: schema, link, visits.
`serve` answers /readyz, records a visit at POST /visit, and brings the schema up to date.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Sequence
from pathlib import Path

from kiosk.install.commands import run
from tests.install import fake_systemctl

PROGRAM = """
import hashlib, http.server, json, pathlib, shutil, signal, sys, tomllib
SCHEMA, HEALTHY = {schema}, {healthy}

def read(file):
    book = json.loads(file.read_text())
    if book["schema"] > SCHEMA:
        print("tiepdon: a newer program wrote it", file=sys.stderr)
        sys.exit(2)
    return book

def facts(book):
    return {{"schema": str(book["schema"]), "link": book["visits"], "visits": book["visits"],
            "hash": hashlib.sha256(str(book["visits"]).encode()).hexdigest(), "readings": 0}}

def serve(config, data):
    if not HEALTHY:
        sys.exit(1)
    file = data / "logbook.db"
    book = read(file) if file.exists() else {{"schema": SCHEMA, "visits": 0}}
    book["schema"] = SCHEMA
    file.write_text(json.dumps(book))
    port = tomllib.loads(config.read_text())["web"]["port"]

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
        def do_POST(self):
            book["visits"] += 1
            part = file.with_name("part")
            part.write_text(json.dumps(book))
            part.replace(file)
            self.do_GET()
        def log_message(self, *words):
            pass

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    http.server.ThreadingHTTPServer(("127.0.0.1", port), Answers).serve_forever()

def main():
    words = sys.argv[1:]
    if words == ["--help"]:
        return
    config = pathlib.Path(words[words.index("--config") + 1])
    data = pathlib.Path(words[words.index("--data") + 1])
    data.mkdir(exist_ok=True, parents=True)
    file = data / "logbook.db"
    if words[0] == "doctor" and tomllib.loads(config.read_text())["facility"]["code"] == "wrong":
        print(f"tiepdon: {{config}}: [facility] code is wrong", file=sys.stderr)
        sys.exit(2)
    elif words[0] == "serve":
        serve(config, data)
    elif words[0] == "backup":
        book, folder = read(file), pathlib.Path(words[2])
        folder.mkdir(parents=True, exist_ok=True)
        copy = folder / "logbook-20261129T000000Z.db"
        shutil.copy(file, copy)
        copy.with_suffix(".json").write_text(json.dumps(facts(book)))
        print(json.dumps(facts(book) | {{"backup": str(copy)}}))
    elif words[:2] == ["restore", "--rehearse"]:
        print(json.dumps(facts(read(pathlib.Path(words[2])))))
    elif words[0] == "restore":
        read(pathlib.Path(words[1]))
        shutil.copy(words[1], file)
        print("{{}}")
    elif words[:2] == ["logbook", "since"]:
        more = read(file)["visits"] - int(words[2].split(":")[0])
        print(json.dumps({{"has_link": True, "recorded": {{"visit": more}} if more else {{}}}}))
"""
METADATA = "Metadata-Version: 2.1\nName: tiepdon\nVersion: {version}\nRequires-Python: >=3.11\n"


def pretend_folder(home: Path, version: str, schema: int = 1, healthy: bool = True) -> Path:
    """Make a folder of wheels with a release of the pretend program; return it."""
    folder = home / f"wheels-{version}"
    folder.mkdir()
    about = f"tiepdon-{version}.dist-info"
    files = {
        "pretend_tiepdon.py": PROGRAM.format(schema=schema, healthy=healthy),
        "kiosk/config/requirements.lock": "",
        f"{about}/METADATA": METADATA.format(version=version),
        f"{about}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{about}/entry_points.txt": "[console_scripts]\ntiepdon = pretend_tiepdon:main\n",
    }
    with zipfile.ZipFile(folder / f"tiepdon-{version}-py3-none-any.whl", "w") as archive:
        record = ""
        for name, text in files.items():
            archive.writestr(name, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
            record += f"{name},sha256={digest.decode()},{len(text.encode())}\n"
        archive.writestr(f"{about}/RECORD", f"{record}{about}/RECORD,,\n")
    return folder


class Machine:
    """A machine for the pretend program: a root of its own, and a pretend systemd."""

    def __init__(self, home: Path, port: int) -> None:
        """Put a pretend `systemctl` first on PATH; call `end` when done."""
        self.root, self.port, self._systemd = home / "root", port, home / "systemd"
        self._systemd.mkdir()
        systemctl = self._systemd / "systemctl"
        source = Path(fake_systemctl.__file__).read_text("utf-8")
        systemctl.write_text(source.replace("/usr/bin/env python3", sys.executable, 1), "utf-8")
        systemctl.chmod(0o755)
        self.units = self.root / "etc/systemd/system"
        self.environment = {
            "PATH": f"{self._systemd}:{os.environ['PATH']}",
            "FAKE_SYSTEMD": str(self._systemd),
            "FAKE_UNITS": str(self.units),
            "TIEPDON_HEALTH_S": "20",
        }
        self.programs = self.root / "opt/tiepdon"
        self.data = self.root / "var/lib/tiepdon"
        self.config = self.root / "etc/tiepdon/kiosk.toml"

    def words(self, name: str, folder: Path | None = None) -> list[str]:
        """Return the words of a command of the installer on this machine."""
        more = ["--wheels", str(folder)] if folder else []
        more += ["--facility", "01999", "--port", str(self.port)] if name == "install" else []
        return [*name.split(), *more, "--root", str(self.root)]

    def do(self, name: str, folder: Path | None = None) -> int:
        """Run a command of the installer in this process; return its exit code."""
        return run(self.words(name, folder))

    def systemctl(self, *words: str) -> int:
        """Call the pretend systemctl."""
        return subprocess.run(["systemctl", *words], capture_output=True, check=False).returncode

    def off(self) -> None:
        """Answer from now on as where systemd does not run."""
        (self._systemd / "off").touch()

    def record(self) -> None:
        """Record a visit at the running program."""
        url = f"http://127.0.0.1:{self.port}/visit"
        with urllib.request.urlopen(urllib.request.Request(url, b""), timeout=10):
            pass

    def is_ready(self) -> bool:
        """Return whether the program answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5):
                return True
        except OSError:
            return False

    def visits(self, file: Path | None = None) -> int:
        """Return how many visits a logbook holds."""
        return int(json.loads((file or self.data / "logbook.db").read_text())["visits"])

    def version(self) -> str:
        """Return the version of the release in use."""
        return os.path.basename(os.readlink(self.programs / "current")).split("-")[0]

    def releases(self) -> Sequence[str]:
        """Return the versions of the releases that lie there, whole or not."""
        return sorted(place.name.split("-")[0] for place in (self.programs / "releases").iterdir())

    def end(self) -> None:
        """Stop what was started."""
        if (self.units / "tiepdon.service").exists():
            self.systemctl("stop", "tiepdon.service")
