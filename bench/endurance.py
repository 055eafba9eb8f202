"""Measure whether a camera that runs for hours needs more and more memory or leaves threads behind.

    python bench/endurance.py [FRAMES] [--no-goals]

A loop of frames (an empty desk, cards, a card that cannot be read) takes the place of an attached
camera, and its reader reads them as fast as it can. FRAMES is 432,000 by default: eight hours of
fifteen frames a second. Prints a JSON line after every tenth of them: frames, scans, resident
memory in MiB, and threads.  Exit 1 if a goal is missed, unless there is --no-goals: memory grows by
a twentieth at most from the first tenth to the last, and no thread is left over.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.goals import Goals
from bench.phones import pictures
from scanner import Camera, Scan, camera
from scanner.decoding import FrameReader
from scanner.picture import opencv

DEFAULT_FRAMES = 8 * 3600 * 15  # eight hours of fifteen frames a second
PRINTED_LINES = 10
MAX_GROWTH = 1.05  # of memory, last tenth to first
FRAME_SIZE = (640, 480)
READS_PER_FRAME = 40  # how often the camera shows the same frame


class LoopCamera:
    """An OpenCV capture device that shows the same frames again and again."""

    def __init__(self, frames: list[Any]) -> None:
        self._frames = frames
        self._reads = 0

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's names
        """Return that the camera is attached."""
        return True

    def set(self, *_: object) -> None:
        """Accept a property and change nothing."""

    def read(self) -> tuple[bool, Any]:
        """Return the next frame; each is shown for a while."""
        self._reads += 1
        time.sleep(0.0005)
        return True, self._frames[self._reads // READS_PER_FRAME % len(self._frames)]

    def release(self) -> None:
        """Release the device, which needs nothing."""


def resident_mib() -> float:
    """Return the resident memory of this process in MiB; 0 if the system does not report it."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def main() -> None:
    """Run the frames through a camera reader and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("frames", type=int, nargs="?", default=DEFAULT_FRAMES)
    parser.add_argument("--no-goals", action="store_true", help="exit 0 whatever is measured")
    wanted = parser.parse_args()
    goals, total, memory = Goals(not wanted.no_goals), wanted.frames, list[float]()
    before = threading.active_count()
    frames = [frame for _, frame in pictures(FRAME_SIZE, "plain", 8)]
    frames += [np.full((FRAME_SIZE[1], FRAME_SIZE[0]), 110, np.uint8)] * 3
    frames += [frame // 3 for _, frame in pictures(FRAME_SIZE, "unsharp", 1)]
    loop, scans, seen = LoopCamera(frames), [0], [0]
    opencv().VideoCapture = lambda *_: loop
    camera.MIN_FRAME_INTERVAL_S = 0.0
    reader, stop = Camera("loop", "0", lambda: datetime.now(UTC)), threading.Event()

    def deliver(_scan: Scan) -> None:
        scans[0] += 1

    look_at = FrameReader.look_at

    def count_and_look_at(self: Any, frame: Any) -> Any:
        seen[0] += 1
        if seen[0] % (total // PRINTED_LINES) == 0:
            memory.append(resident_mib())
            line = {
                "frames": seen[0],
                "scans": scans[0],
                "resident_mib": round(memory[-1], 1),
                "threads": threading.active_count(),
            }
            print(json.dumps(line), flush=True)
        if seen[0] >= total:
            stop.set()
        return look_at(self, frame)

    FrameReader.look_at = count_and_look_at  # type: ignore[method-assign]  # it counts
    reader.run(deliver, stop)
    growth = memory[-1] / memory[0] if memory[0] else math.nan
    goals.check("memory of the camera's reader", growth, MAX_GROWTH, unit="times the first tenth")
    goals.check("threads left over", threading.active_count() - before, 0)
    goals.end()


if __name__ == "__main__":
    main()
