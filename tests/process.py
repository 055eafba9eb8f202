"""Run the program as a process, as users do, or its commands within the process of the tests."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kiosk.cli.main import main
from kiosk.sandbox import payload_of, person
from tests.fork import CAN_FORK, Fork

CONFIG = """
[facility]
code = "01999"
name = "Bệnh viện Mẫu"
[insurer]
url = "{url}"
username = "01999_BV"
password_file = '{password}'
staff_name = "Nhân Viên Thử"
staff_cccd = "001999999999"
ask_timeout_s = {timeout_s}
send_timeout_s = {timeout_s}
[visit]
room = "Phòng khám 1"
self_arrival_code = "1.12"
"""
READER = '[[readers]]\nname = "front"\nkind = "serial"\nport = \'{port}\'\n'

ROOT = Path(__file__).parents[1]
DEADLINE_S = 30


def command(*words: str) -> list[str]:
    """Return the command line that runs the program with these arguments."""
    return [sys.executable, str(ROOT / "run_kiosk.py"), *words]


def run(*words: str, payload: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run a command in a new process until it ends."""
    return subprocess.run(
        command(*words), input=payload, capture_output=True, timeout=DEADLINE_S, check=False
    )


def call(*words: str, payload: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run a command in this process until it ends, which is faster than `run`.

    Streams, log handlers, log level and umask, which the command changes, are restored.
    """
    output, errors = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
    log = logging.getLogger()
    handlers, level = log.handlers[:], log.level
    log.handlers.clear()  # so that the program adds its own
    mask = os.umask(0o022)
    code: object = 0
    try:
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(sys, "argv", ["run_kiosk.py", *words])
            patched.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(payload), "utf-8"))
            patched.setattr(sys, "stdout", output)
            patched.setattr(sys, "stderr", errors)
            main()
    except SystemExit as exc:
        code = exc.code or 0
    finally:
        os.umask(mask)
        log.handlers[:] = handlers
        log.setLevel(level)
    assert isinstance(code, int)
    return subprocess.CompletedProcess(words, code, _written(output), _written(errors))


def _written(stream: io.TextIOWrapper) -> bytes:
    stream.flush()
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue()


class Server:
    """A process of `serve` that is ready to answer."""

    def __init__(self, process: subprocess.Popen[str] | Fork) -> None:
        self.process = process
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("Ready: "), self._errors()
        self.url = line.removeprefix("Ready: ").strip()
        self.others: dict[str, str] = {}  # of programs beside it: addresses and ids

    def get(self, path: str) -> Any:
        """Return the JSON that a path answers."""
        with urllib.request.urlopen(self.url + path, timeout=DEADLINE_S) as answer:
            return json.load(answer)

    def post(self, path: str, value: object, **headers: str) -> Any:
        """Send JSON to a path; return the JSON that it answers."""
        request = urllib.request.Request(
            self.url + path,
            json.dumps(value).encode(),
            {"Content-Type": "application/json"} | headers,
        )
        with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
            return json.load(answer)

    def confirm(self, payload: str, key: str) -> Any:
        """Scan a card and confirm a visit; return the visit."""
        attempt = self.post("/api/scans", {"payload": payload})["attempt"]
        return self.post("/api/visits", {"attempt": attempt}, **{"Idempotency-Key": key})

    def kill(self) -> None:
        """End the process as a power cut would."""
        self.process.kill()
        self.close()

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal, by default SIGTERM; return the exit code and the log."""
        if os.name == "nt":
            self.process.terminate()
        else:
            self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=DEADLINE_S)
        code = self.process.returncode
        assert code is not None
        return code, errors

    def close(self) -> None:
        """End the process if it still runs, and close its pipes."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.communicate(timeout=DEADLINE_S)

    def _errors(self) -> str:
        self.process.kill()
        return self.process.communicate(timeout=DEADLINE_S)[1]


SERVE = ("serve", "--port", "0", "--no-browser")


def started(*words: str) -> Server:
    """Start `serve` as users do, with a new interpreter."""
    process = subprocess.Popen(
        command(*SERVE, *words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    return Server(process)


@contextlib.contextmanager
def serving(*words: str) -> Iterator[Server]:
    """Yield a process of `serve`; end it afterwards."""
    server = Server(Fork((*SERVE, *words))) if CAN_FORK else started(*words)
    try:
        yield server
    finally:
        server.close()


def until(condition: Callable[[], object], seconds: float = DEADLINE_S) -> None:
    """Wait until a condition is true; fail after a number of seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the deadline passed"
        time.sleep(0.05)


def site(folder: Path, url: str, extra: str = "", timeout_s: int = DEADLINE_S) -> list[str]:
    """Write the settings of a site; return the options that start the program with them.

    `timeout_s` is how long the program waits for the insurer. A message that was being sent when
    the program was killed is sent again only after a time that depends on it.
    """
    password, config = folder / "password", folder / "kiosk.toml"
    password.write_text("sandbox\n", "utf-8")
    config.write_text(
        CONFIG.format(url=url, password=password, timeout_s=timeout_s) + extra, "utf-8"
    )
    return ["--config", str(config), "--data", str(folder / "data")]


def card(key: str) -> str:
    """Return the payload that the card of a pretend patient has now."""
    patient = person(key)
    assert patient is not None
    return payload_of(patient, datetime.now(UTC))
