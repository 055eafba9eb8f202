"""Whether a camera that runs for hours takes more and more memory, or leaves threads behind.

    python bench/endurance.py [FRAMES]

Frames of a loop (an empty desk, cards, a card that cannot be read) go through the reader of an
attached camera as fast as it takes them, in the camera's place; eight hours of fifteen frames a
second are 432,000, which is what is run where nothing is said.  Prints a JSON line for every
tenth of them: frames, scans, resident memory in MiB and threads.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.phones import pictures
from scanner import Camera, Scan, camera
from scanner.decoding import FrameReader
from scanner.picture import opencv

EIGHT_HOURS = 8 * 3600 * 15  # frames
LINES = 10
SIZE = (640, 480)


class Loop:
    """A capture device that never ends: the same frames over and over."""

    def __init__(self, frames: list[Any]) -> None:
        self._frames = frames
        self.given = 0

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's names
        """Tell that the camera is there."""
        return True

    def set(self, *_: object) -> None:
        """Take a property, and change nothing."""

    def read(self) -> tuple[bool, Any]:
        """Return the next frame, each shown for a while."""
        self.given += 1
        time.sleep(0.0005)
        return True, self._frames[self.given // 40 % len(self._frames)]

    def release(self) -> None:
        """Give the device back."""


def resident_mib() -> float:
    """Return the memory that the process holds (Linux)."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def main() -> None:
    """Run, and print."""
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else EIGHT_HOURS
    frames = [frame for _, frame in pictures(SIZE, "plain", 8)]
    frames += [np.full((SIZE[1], SIZE[0]), 110, np.uint8)] * 3
    frames += [frame // 3 for _, frame in pictures(SIZE, "unsharp", 1)]
    loop, scans, looked = Loop(frames), [0], [0]
    opencv().VideoCapture = lambda *_: loop
    camera.MIN_FRAME_INTERVAL_S = 0.0
    reader, stop = Camera("loop", "0", lambda: datetime.now(UTC)), threading.Event()

    def deliver(_scan: Scan) -> None:
        scans[0] += 1

    looks = FrameReader.look_at

    def look_at(self: Any, frame: Any) -> Any:
        looked[0] += 1
        if looked[0] % (wanted // LINES) == 0:
            print(json.dumps({"frames": looked[0], "scans": scans[0],
                              "resident_mib": round(resident_mib(), 1),
                              "threads": threading.active_count()}), flush=True)  # fmt: skip
        if looked[0] >= wanted:
            stop.set()
        return looks(self, frame)

    FrameReader.look_at = look_at  # type: ignore[method-assign,assignment]  # it counts
    reader.run(deliver, stop)
    print(json.dumps({"threads_after": threading.active_count()}))


if __name__ == "__main__":
    main()
