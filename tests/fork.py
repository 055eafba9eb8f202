"""A process of the program that is forked from one which has loaded it already.

It runs the same `main` with the same arguments, and is stopped and killed like any other process.
Hundreds of tests start the program, and to load its modules takes most of a start.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import IO

from kiosk.cli.main import main
from tests.compiled import keep_compiled

CAN_FORK = "forkserver" in multiprocessing.get_all_start_methods()
LOADED = ["kiosk.cli.serve", "kiosk.sandbox", "tests.fork"]  # before the first fork


def _run(
    words: Sequence[str],
    environment: dict[str, str],
    folder: str,
    output: Connection,
    errors: Connection,
) -> None:
    """Run the program in the new process; its output and its log go into two pipes."""
    os.dup2(output.fileno(), 1)
    os.dup2(errors.fileno(), 2)
    output.close()
    errors.close()
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8", closefd=False)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = ["run_kiosk.py", *words]
    keep_compiled()
    main()


class Fork:
    """A forked process, with the methods of `subprocess.Popen` that tests call."""

    def __init__(self, words: Sequence[str]) -> None:
        """Start the program with the arguments `words`. Only where `CAN_FORK` is true."""
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(LOADED)
        (output, into_output), (errors, into_errors) = (context.Pipe(False) for _ in range(2))
        self._process = context.Process(
            target=_run, args=(words, dict(os.environ), os.getcwd(), into_output, into_errors)
        )
        self._process.start()
        into_output.close()
        into_errors.close()
        self.stdout, self.stderr = _text(output), _text(errors)
        assert self._process.pid is not None
        self.pid = self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit code; None while the process runs."""
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless the process has ended."""
        if self._process.exitcode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask the process to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process as a power cut would."""
        self._process.kill()

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Wait until the process has ended; return the rest of its output and of its log.

        Raises TimeoutError after `timeout` seconds; None: it waits for ever.
        """
        texts = ["", ""]

        def read(index: int, pipe: IO[str]) -> None:
            texts[index] = "" if pipe.closed else pipe.read()
            pipe.close()

        readers = [
            threading.Thread(target=read, args=(index, pipe), daemon=True)
            for index, pipe in enumerate((self.stdout, self.stderr))
        ]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(timeout)
        self._process.join(timeout)
        if self._process.exitcode is None or any(reader.is_alive() for reader in readers):
            raise TimeoutError(f"process {self.pid} has not ended after {timeout} s")
        return texts[0], texts[1]


def _text(pipe: Connection) -> IO[str]:
    """Return the end of a pipe that is read, as text."""
    with pipe:
        return os.fdopen(os.dup(pipe.fileno()), encoding="utf-8")
