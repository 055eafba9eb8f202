"""A camera attached to this machine, or a video stream by its URL.

Frames are taken in a thread of their own, and only the newest one is decoded: the queue of a
driver would show the desk what was in view seconds ago.  No frame is kept.
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
from scanner.selection import IsCard, select_scans

if TYPE_CHECKING:
    from scanner.picture import Grey

WIDTH, HEIGHT = 1_280, 720  # pixels: at 640 × 480 the code of a card has too few of them
FRAME_TIMEOUT_S = 2.0
MIN_FRAME_INTERVAL_S = 0.066  # at most fifteen frames a second are decoded
CAMERA_NUMBER = re.compile(r"\d{1,3}\Z", re.ASCII)
MAX_FAILED_FRAMES = 5  # in a row: after these the camera counts as lost


class Camera(Reader):
    """One camera. `port` is its number, or the URL of a stream or a file."""

    def __init__(
        self,
        name: str,
        port: str,
        clock: Callable[[], datetime],
        is_card: IsCard = bool,
    ) -> None:
        """Set up the reader; `is_card` recognises the code of a card.

        With two cards in view, neither is a scan.
        """
        super().__init__(name, clock)
        self._port = port
        self._is_card = is_card

    def _read(self, deliver: Deliver, stop: threading.Event) -> None:
        capture = _FrameCapture(self._port)
        capture.start()
        reader, deduplicator = FrameReader(), Deduplicator()
        try:
            while not stop.wait(MIN_FRAME_INTERVAL_S):
                frame = capture.newest(FRAME_TIMEOUT_S)
                self._report(up=True)
                payloads = (code.payload for code in reader.look_at(frame).found)
                candidates = select_scans(payloads, self._is_card)
                if len(candidates) > 1:
                    continue
                now = time.monotonic()
                for payload in deduplicator.select_new(candidates, now):
                    if not self._is_tapped(payload, now):
                        self._hand_over(payload, deliver)
        finally:
            capture.end()


class _FrameCapture:
    """The frames of an open camera. Only the newest frame can be taken."""

    def __init__(self, port: str) -> None:
        """Open the camera. Raises ReaderLost if it cannot be opened."""
        cv2 = opencv()
        # OpenCV would write to standard error about each camera that is not attached.
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        source: int | str = int(port) if CAMERA_NUMBER.match(port) else port
        # DirectShow opens a camera at once, while Media Foundation takes half a minute.
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
        while not self._ended and failures < MAX_FAILED_FRAMES:
            try:
                is_there, frame = self._capture.read()
                grey = _to_grey(frame) if is_there else None
            except cv2.error:
                grey = None
            if grey is None:
                failures += 1
                continue
            failures = 0
            with self._changed:
                self._frame = grey
                self._changed.notify()
        # Released in this thread: a driver may hang in `read`, and must not be released meanwhile.
        self._capture.release()
        with self._changed:
            self._ended = True
            self._changed.notify()

    def newest(self, timeout_s: float) -> Grey:
        """Return the newest frame that was not taken yet; wait if there is no new one.

        Raises ReaderLost if the camera has ended, or no frame comes within the time.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._frame is not None or self._ended, timeout_s)
            frame, self._frame = self._frame, None
            has_ended = self._ended
        if frame is not None:
            return frame
        why = "no more pictures" if has_ended else f"no picture for {timeout_s:g} s"
        raise ReaderLost(f"camera {self._port}: {why}")

    def end(self) -> None:
        """Take no more frames, and release the camera."""
        self._ended = True
        self._thread.join(FRAME_TIMEOUT_S)


def _to_grey(frame: Any) -> Grey | None:
    """Return a frame in grey; None if it has a format that no webcam gives."""
    if frame.dtype.name != "uint8":
        return None
    if frame.ndim == 3 and frame.shape[2] == 3:
        return opencv().cvtColor(frame, opencv().COLOR_BGR2GRAY)  # type: ignore[no-any-return]  # cv2 is Any here
    return frame if frame.ndim == 2 else None
