"""A clock that a test drives, and the program that runs by it.

    python -m tests.hard_days.driven_clock FILE [picture=PNG] COMMAND …

runs a command of the program by the clock in FILE. Only the edge of the machine is pretended: what
the program asks for the time of day and for the steady seconds, and, with `picture=`, the camera,
which shows what is in that file.
"""

from __future__ import annotations

import mmap
import struct
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

FORMAT = struct.Struct("=dd")  # seconds ahead of the machine: the time of day, the steady clock
FRAME_INTERVAL_S = 0.02


class DrivenClock:
    """The machine's clock, put forward by what is in a file. Several processes read the same one.

    `go` lets time pass; `set_ahead` sets the time of day as a person would, so that the steady
    clock does not follow.
    """

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(FORMAT.pack(0, 0))
        with path.open("r+b") as file:
            self._seconds = mmap.mmap(file.fileno(), FORMAT.size)

    def __call__(self) -> datetime:
        """Return the time of day (aware, UTC)."""
        return datetime.now(UTC) + timedelta(seconds=FORMAT.unpack(self._seconds[:])[0])

    def steady(self) -> float:
        """Return the seconds of the steady clock."""
        return time.monotonic() + float(FORMAT.unpack(self._seconds[:])[1])

    def go(self, seconds: float) -> None:
        """Let time pass."""
        day, steady = FORMAT.unpack(self._seconds[:])
        self._seconds[:] = FORMAT.pack(day + seconds, steady + seconds)

    def set_to(self, moment: datetime) -> None:
        """Let time pass until a moment; a moment that is over changes nothing."""
        self.go(max(0.0, (moment - self()).total_seconds()))

    def set_ahead(self, seconds: float) -> None:
        """Put the time of day forward, or back if negative, as a person does."""
        day, steady = FORMAT.unpack(self._seconds[:])
        self._seconds[:] = FORMAT.pack(day + seconds, steady)


class PictureCamera:
    """An OpenCV capture device that shows the picture in a file."""

    def __init__(self, path: Path, read: Any) -> None:
        self._path, self._read = path, read
        self._seen, self._frame = 0, None

    def isOpened(self) -> bool:  # noqa: N802 - OpenCV's names
        """Return that the camera is attached."""
        return True

    def set(self, *_: object) -> None:
        """Accept a property and change nothing."""

    def read(self) -> tuple[bool, Any]:
        """Return the next frame."""
        time.sleep(FRAME_INTERVAL_S)
        changed = self._path.stat().st_mtime_ns
        if changed != self._seen:
            self._seen, self._frame = changed, self._read(str(self._path))
        return self._frame is not None, self._frame

    def release(self) -> None:
        """Release the device, which needs nothing."""


def main() -> None:
    """Run a command of the program by the driven clock."""
    from kiosk.cli import options
    from kiosk.cli.main import main as run
    from kiosk.runtime.steady_clock import SteadyClock

    clock = DrivenClock(Path(sys.argv[1]))
    options.now = clock  # before the commands are imported, which take it from there
    options.steady_clock = lambda: SteadyClock("driven", clock.steady)
    words = sys.argv[2:]
    if words[0].startswith("picture="):
        from scanner.picture import opencv

        picture = Path(words.pop(0).removeprefix("picture="))
        cv2 = opencv()
        cv2.VideoCapture = lambda *_: PictureCamera(picture, cv2.imread)
    sys.argv = ["run_kiosk.py", *words]
    run()


if __name__ == "__main__":
    main()
