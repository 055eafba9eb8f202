"""Run some work in a process that ends at a given line, as if it were killed there."""

from __future__ import annotations

import os
import sys
import threading
from collections import Counter
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

DIED, FAILED = 9, 7
needs_fork = pytest.mark.skipif(sys.platform == "win32", reason="a process that forks needs POSIX")
may_fork = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


def died(step: int, work: Callable[[], object], rooms: tuple[str, ...], times: int = 2) -> bool:
    """Do some work in a child process that ends at its line number `step`.

    Returns whether it reached that line.  Only lines of files whose path contains one of `rooms`
    count, in whichever thread of the work they run; a line that runs many times counts at most
    `times` times.
    """
    child = os.fork()
    if child == 0:
        os._exit(_done(_dies_at(step, rooms, times), work))
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, DIED), step
    return code == DIED


def _done(trace: Any, work: Callable[[], object]) -> int:
    try:
        sys.settrace(trace)
        threading.settrace(trace)
        work()
        return 0
    except BaseException as exc:  # noqa: BLE001 - nothing may come back from this process
        os.write(2, f"{exc!r}\n".encode())
        return FAILED


def _dies_at(step: int, rooms: tuple[str, ...], times: int) -> Callable[[FrameType, str, Any], Any]:
    counted = 0
    passed: Counter[tuple[str, int]] = Counter()

    def trace(frame: FrameType, event: str, _arg: Any) -> Any:
        nonlocal counted
        file = frame.f_code.co_filename
        if not any(room in file for room in rooms):
            return None
        if event == "line":
            place = (file, frame.f_lineno)
            passed[place] += 1
            counted += passed[place] <= times
            if counted == step:
                os._exit(DIED)
        return trace

    return trace
