"""The files of the log: written by a thread of their own, never in a request's way.

1. A message is put into a queue that has an end; when it is full, messages are lost and counted.
   So a disk that hangs holds nobody.
2. A file is never renamed: Windows refuses that while another program reads it.  A new one is begun
   each day and after a size, with the time of its first message in its name.
3. If a line cannot be written, the file is cut back to its last whole line, and nothing is written
   for RETRY_S.  When it works again, a line says how many were lost.
4. Files that are too old, or more than all may have, are deleted, the oldest first.  Files whose
   names are not ours stay.
5. Nothing here raises: a log that fails must not stop a desk.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import queue
import re
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kiosk.errors import SettingsError

MAX_WAITING = 10_000  # messages
RETRY_S = 10.0
LOOK_S = 1.0  # between two looks whether the file is still there
FLUSH_S = 1.0  # that the end of the program waits for the disk
NAME = re.compile(r"tiepdon-[a-z]+-(\d{8})T(\d{6})Z-\d+\.(log|jsonl)")
STAMP = "%Y%m%dT%H%M%SZ"


def lines_lost() -> int:
    """Return how many lines of log files this process could not write."""
    return sum(
        handler.lost for handler in logging.getLogger().handlers if isinstance(handler, LogFiles)
    )


class LogFiles(logging.Handler):
    """Writes the messages of one program into files of a folder. Any thread may log."""

    def __init__(
        self,
        folder: Path,
        program: str,
        ending: str,
        file_bytes: int,
        total_bytes: int,
        kept: timedelta,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start the thread. `program` and `ending` are parts of the files' names.

        Raises SettingsError if the folder cannot be made or written to: now somebody looks.
        """
        super().__init__()
        self._folder, self._program, self._ending = folder, program, ending
        self._file_bytes, self._total_bytes, self._kept = file_bytes, total_bytes, kept
        self._monotonic = monotonic
        self._file: io.FileIO | None = None
        self._path = folder
        self._day, self._size, self._retry_at, self._look_at = "", 0, 0.0, 0.0
        self.lost = 0  # lines since the program began
        self._to_report = 0
        self.is_failing = False
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            trial = folder / f".{os.getpid()}.trial"
            trial.touch()
            trial.unlink()
        except OSError as exc:
            why = exc.strerror or type(exc).__name__
            raise SettingsError(f"[log] folder: {folder} cannot be written to ({why})") from exc
        self._waiting: queue.Queue[tuple[float, bytes]] = queue.Queue(MAX_WAITING)
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Queue a message; it never waits and never raises."""
        try:
            self._waiting.put_nowait((record.created, self.format(record).encode() + b"\n"))
        except queue.Full:
            self._lose()
        except Exception:  # noqa: BLE001  # a message that cannot be formatted must stop nobody
            self._lose()

    def flush(self) -> None:
        """Wait until what is queued is written, for FLUSH_S at most."""
        deadline = self._monotonic() + FLUSH_S
        while self._waiting.unfinished_tasks and self._monotonic() < deadline:
            time.sleep(0.005)

    def _lose(self) -> None:
        self.lost += 1
        self._to_report += 1

    def _run(self) -> None:
        while True:
            created, line = self._waiting.get()
            try:
                self._write(created, line)
            except Exception:  # noqa: BLE001  # see (5)
                self._fail()
            finally:
                self._waiting.task_done()

    def _write(self, created: float, line: bytes) -> None:
        if self.is_failing and self._monotonic() < self._retry_at:
            self._lose()
            return
        moment = datetime.fromtimestamp(created, UTC)
        try:
            file = self._file_for(moment, len(line))
            if self._to_report:
                count, self._to_report = self._to_report, 0
                self._put(file, self._loss_line(created, count))
            self._put(file, line)
        except OSError:
            self._fail()
        else:
            self.is_failing = False

    def _put(self, file: io.FileIO, line: bytes) -> None:
        if file.write(line) != len(line):
            raise OSError("the disk took a part of a line")
        self._size += len(line)

    def _loss_line(self, created: float, count: int) -> bytes:
        text = "%d lines of the log were lost: the disk was full, or did not answer"
        record = logging.LogRecord(__name__, logging.WARNING, "", 0, text, (count,), None)
        record.created = created
        return self.format(record).encode() + b"\n"

    def _fail(self) -> None:
        """Cut the file back to its last whole line, and try again later."""
        self._lose()
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.truncate(self._size)
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None
        self.is_failing, self._retry_at = True, self._monotonic() + RETRY_S

    def _file_for(self, moment: datetime, size: int) -> io.FileIO:
        day = moment.strftime("%Y%m%d")
        if self._file is not None and (day != self._day or self._size + size > self._file_bytes):
            self._file.close()
            self._file = None
        if self._file is not None and self._is_gone():
            self._file.close()
            self._file = None
        if self._file is None:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            name = f"tiepdon-{self._program}-{moment:{STAMP}}-{os.getpid()}.{self._ending}"
            self._path, self._day = self._folder / name, day
            self._file = open(self._path, "ab", buffering=0)  # noqa: SIM115  # closed by the next
            self._size, self._look_at = self._file.tell(), self._monotonic() + LOOK_S
            self._delete_old(moment)
        return self._file

    def _is_gone(self) -> bool:
        """Return whether somebody has moved or deleted the file: else its lines go nowhere."""
        if self._monotonic() < self._look_at:
            return False
        self._look_at = self._monotonic() + LOOK_S
        try:
            return not os.path.samestat(os.stat(self._path), os.fstat(self._file.fileno()))  # type: ignore[union-attr]
        except OSError:
            return True

    def _delete_old(self, moment: datetime) -> None:
        """Delete files that are too old, and the oldest while all have too many bytes."""
        oldest = f"{moment - self._kept:%Y%m%d}"
        files = []
        with contextlib.suppress(OSError):
            for path in self._folder.iterdir():
                if (found := NAME.fullmatch(path.name)) and path != self._path:
                    files.append((found[1], found[2], path))
        left = self._total_bytes - self._file_bytes
        for day, _time, path in sorted(files, reverse=True):
            with contextlib.suppress(OSError):  # another program may read it: the next time
                left -= path.stat().st_size
                if day < oldest or left < 0:
                    path.unlink()
