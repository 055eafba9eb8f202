"""A camera attached to this machine, or a stream by its URL.

Frames are taken in a thread of their own and only the newest is looked at: a driver's queue
would show the desk what was there seconds ago.  No frame is ever kept.
"""

from __future__ import annotations

import re
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from scanner.decoding import FrameReader
from scanner.deduplicate import Deduplicator
from scanner.errors import ReaderLost
from scanner.picture import opencv
from scanner.reader import Deliver, Reader
from scanner.selection import IsCard, select_one

if TYPE_CHECKING:
    from scanner.picture import Grey

WIDTH, HEIGHT = 1_280, 720  # asked for: at 640 × 480 a card's code has too few pixels
STALLED_S = 2.0
LOOK_EVERY_S = 0.066  # at most fifteen frames a second
NUMBER = re.compile(r"\d{1,3}\Z", re.ASCII)
FAILURES = 5  # frames in a row that did not come: the camera is gone


class Camera(Reader):
    """One camera. `port` is its number, or the URL of a stream or a file."""

    def __init__(
        self,
        name: str,
        port: str,
        clock: Callable[[], datetime],
        is_wanted: IsCard = bool,
    ) -> None:
        """`is_wanted` tells the codes that may be scans; of two of them in view none is one."""
        super().__init__(name, clock)
        self._port = port
        self._is_wanted = is_wanted

    def _read(self, deliver: Deliver, stop: threading.Event) -> None:
        film = _Film(self._port)
        film.start()
        reader, repeats = FrameReader(), Deduplicator()
        try:
            while not stop.wait(LOOK_EVERY_S):
                frame = film.newest(STALLED_S)
                self._report(up=True)
                found = (code.payload for code in reader.look_at(frame).found)
                codes = select_one(found, self._is_wanted)
                if len(codes) > 1:
                    continue
                now = time.monotonic()
                for payload in repeats.new_in(codes, now):
                    if not self._is_overheard(payload, now):
                        self._hand_over(payload, deliver)
        finally:
            film.end()


class _Film:
    """The frames of an open camera; only the newest is there to be taken."""

    def __init__(self, port: str) -> None:
        """Open it, or raise ReaderLost."""
        cv2 = opencv()
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # of cameras not there
        source: int | str = int(port) if NUMBER.match(port) else port
        # DirectShow opens a camera at once where Media Foundation takes half a minute.
        is_direct = sys.platform == "win32" and isinstance(source, int)
        self._port = port
        try:
            backend = cv2.CAP_DSHOW if is_direct else cv2.CAP_ANY
            self._capture: Any = cv2.VideoCapture(source, backend)
        except cv2.error as exc:
            raise ReaderLost(f"camera {port}: cannot be opened") from exc
        if not self._capture.isOpened():
            self._capture.release()
            raise ReaderLost(f"camera {port}: not there, busy, or not allowed")
        if isinstance(source, int):
            self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, WIDTH)
            self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, HEIGHT)
        self._changed = threading.Condition()
        self._frame: Grey | None = None
        self._ended = False
        self._thread = threading.Thread(target=self._run, name=f"camera {port}", daemon=True)

    def start(self) -> None:
        """Begin to take frames."""
        self._thread.start()

    def _run(self) -> None:
        cv2 = opencv()
        failures = 0
        while not self._ended and failures < FAILURES:
            try:
                is_there, frame = self._capture.read()
                grey = _grey(frame) if is_there else None
            except cv2.error:
                grey = None
            if grey is None:
                failures += 1
                continue
            failures = 0
            with self._changed:
                self._frame = grey
                self._changed.notify()
        self._capture.release()  # here: a driver may hang in `read` and must not be pulled away
        with self._changed:
            self._ended = True
            self._changed.notify()

    def newest(self, timeout_s: float) -> Grey:
        """Take the newest frame that was not taken yet; ReaderLost where none comes."""
        with self._changed:
            self._changed.wait_for(lambda: self._frame is not None or self._ended, timeout_s)
            frame, self._frame = self._frame, None
            ended = self._ended
        if frame is not None:
            return frame
        why = "no more pictures" if ended else f"no picture for {timeout_s:g} s"
        raise ReaderLost(f"camera {self._port}: {why}")

    def end(self) -> None:
        """Take no more frames."""
        self._ended = True
        self._thread.join(STALLED_S)


def _grey(frame: Any) -> Grey | None:
    """Return a frame in grey; None where it is of a kind that no webcam gives."""
    if frame.dtype.name != "uint8":
        return None
    if frame.ndim == 3 and frame.shape[2] == 3:
        return opencv().cvtColor(frame, opencv().COLOR_BGR2GRAY)  # type: ignore[no-any-return]  # cv2 is Any here
    return frame if frame.ndim == 2 else None
