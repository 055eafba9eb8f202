r"""How a message of the log is written: as a line of text, or as a line of JSON.

- Whatever a message quotes, it stays on its line: signs that do not show are escaped.
- Of an error only its type and its place are written.  Its text may hold what was scanned.
- A message that belongs to a request names it by its id.
- One message that comes again and again fills neither disk nor terminal: of each, BURST are written
  in WINDOW_S, and the next one says how many were left out.  waitress' messages about waiting
  requests, one for each of them, become one a minute.
"""

from __future__ import annotations

import json
import logging
import re
import threading
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from kiosk.runtime.plain_text import visible
from kiosk.runtime.request_id import current_request

BURST, WINDOW_S = 30, 60.0
MAX_KINDS = 1_000  # of messages that are counted
QUEUE_LOGGER = "waitress.queue"
DEPTH = re.compile(r"Task queue depth is (\d+)")
MAX_MESSAGE = 8_000  # characters


class LogLines(logging.Formatter):
    """Writes each message on one line of text; of a traceback, each place has a line."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (the library's name)
        """Return the line of a record."""
        request = current_request.get()
        tail = f" (request {request})" if request else ""
        return visible(super().formatMessage(record)[:MAX_MESSAGE]) + tail + _left_out(record)

    def formatException(self, ei: object) -> str:  # noqa: N802 (the library's name)
        """Return where an error was raised, and its type."""
        return "\n".join(_places(ei))


class JsonLines(logging.Formatter):
    """Writes each message as a line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record; its time is UTC."""
        at = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, object] = {
            "at": at.isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "thread": record.threadName,
            "message": record.getMessage()[:MAX_MESSAGE] + _left_out(record),
        }
        if request := current_request.get():
            line["request"] = request
        if record.exc_info:
            line["error"] = _places(record.exc_info)
        return visible(json.dumps(line, ensure_ascii=False))


class FloodGate(logging.Filter):
    """Lets each kind of message through a few times a minute. Any thread may use it."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, str], _Seen] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record is written; it may be handed to several handlers."""
        decided = getattr(record, "passes_gate", None)
        if decided is None:
            with self._lock:
                decided = self._decide(record)
            record.passes_gate = decided
        return bool(decided)

    def _decide(self, record: logging.LogRecord) -> bool:
        key, now = (record.name, str(record.msg)[:200]), self._monotonic()
        if key not in self._seen and len(self._seen) >= MAX_KINDS:
            self._seen.clear()
        seen = self._seen.setdefault(key, _Seen(now))
        depth = _queue_depth(record)
        seen.deepest = max(seen.deepest, depth)
        is_new_window = now - seen.since >= WINDOW_S
        if is_new_window:
            record.left_out = seen.left_out
            seen.since, seen.written, seen.left_out = now, 0, 0
        if seen.written >= (1 if depth else BURST):
            seen.left_out += 1
            return False
        seen.written += 1
        if depth:
            record.msg, record.args = "requests wait for a thread: %d at most", (seen.deepest,)
            seen.deepest = 0
        return True


class _Seen:
    """What was written of one kind of message since `since` (seconds, monotonic)."""

    def __init__(self, since: float) -> None:
        self.since, self.written, self.left_out, self.deepest = since, 0, 0, 0


def _queue_depth(record: logging.LogRecord) -> int:
    """Return how many requests wait, if that is what a record says; else 0."""
    if record.name != QUEUE_LOGGER:
        return 0
    found = DEPTH.fullmatch(record.getMessage())
    return int(found[1]) if found else 0


def _left_out(record: logging.LogRecord) -> str:
    count = getattr(record, "left_out", 0)
    return f" ({count} more like it were left out)" if count else ""


def _places(ei: object) -> list[str]:
    """Return an error's type and the places of its traceback, without its text."""
    if not isinstance(ei, tuple) or len(ei) != 3 or not isinstance(ei[0], type):
        return []
    frames = traceback.extract_tb(ei[2]) if isinstance(ei[2], TracebackType) else []
    return [
        *(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames),
        ei[0].__name__,
    ]
