"""A camera attached to this machine; a film takes its place."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from scanner import Camera, Scan
from scanner.camera import _FrameCapture
from scanner.errors import ReaderLost
from scanner.picture import decode_grey, opencv
from tests.cast import Clock
from tests.scanner.test_decoding import drawn
from tests.scanner.test_serial_reader import Running, until

cv2 = opencv()
SIZE = (640, 480)


def film(path: Path, payloads: list[bytes | None], each: int = 10, beside: bytes = b"") -> Path:
    """Write a film that shows codes one after the other; None is an empty desk.

    `beside` is another code that is shown beside the first one.
    """
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 20, SIZE)
    for payload in payloads:
        frame = np.full((SIZE[1], SIZE[0]), 110, np.uint8)
        if payload is not None:
            code = decode_grey(drawn(payload, scale=5))
            frame[40 : 40 + code.shape[0], 60 : 60 + code.shape[1]] = code
        if beside:
            code = decode_grey(drawn(beside, scale=5))
            frame[240 : 240 + code.shape[0], 400 : 400 + code.shape[1]] = code
            beside = b""
        for _ in range(each):
            writer.write(cv2.cvtColor(frame, cv2.COLOR_GRAY2BGR))
    writer.release()
    return path


def test_each_card_before_the_camera_is_one_scan(tmp_path: Path) -> None:
    path = film(tmp_path / "a.avi", [None, b"one", None, b"two"], each=400)
    running = Running(Camera("top", str(path), Clock()))
    try:
        payloads = {running.payload(), running.payload()}
        assert payloads == {b"one", b"two"}
        running.wait_until(up=True)
    finally:
        running.end()


def test_two_cards_in_view_are_not_scans_but_a_card_beside_another_code_is(
    tmp_path: Path,
) -> None:
    path = film(tmp_path / "a.avi", [b"one", b"two"], each=600, beside=b"other")
    for is_card, first in ((bool, b"two"), (lambda code: code != b"other", b"one")):
        running = Running(Camera("top", str(path), Clock(), is_card))
        try:
            assert running.payload() == first
        finally:
            running.end()


def test_a_camera_that_is_not_there_is_reported_and_opened_later(tmp_path: Path) -> None:
    path = tmp_path / "later.avi"
    running = Running(Camera("top", str(path), Clock()))
    try:
        until(lambda: "not there, busy, or not allowed" in running.reader.state.why)
        film(tmp_path / "made.avi", [b"one"], each=200).rename(path)
        assert running.payload() == b"one"
    finally:
        running.end()


def test_a_camera_that_goes_away_is_noticed_and_opened_again(tmp_path: Path) -> None:
    path = film(
        tmp_path / "short.avi", [b"one"], each=5
    )  # the film ends, as if the camera had been unplugged
    running = Running(Camera("top", str(path), Clock()))
    try:
        until(lambda: "no more pictures" in running.reader.state.why)
        assert running.payload() == b"one"
        running.wait_until(up=True)
    finally:
        running.end()


def test_a_camera_that_stalls_is_noticed_within_two_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film(tmp_path / "a.avi", [b"one"])
    stalled = _FrameCapture(str(tmp_path / "a.avi"))
    hang = threading.Event()

    class Hanging:
        def read(self) -> tuple[bool, None]:
            hang.wait(10)
            return False, None

        def release(self) -> None:
            pass

    monkeypatch.setattr(stalled, "_capture", Hanging())
    stalled.start()
    begun = time.monotonic()
    with pytest.raises(ReaderLost, match=r"no picture for 0\.2 s"):
        stalled.newest(0.2)
    hang.set()
    stalled.end()

    assert time.monotonic() - begun < 2


def test_hours_of_frames_leave_no_thread_behind(tmp_path: Path) -> None:
    path = film(tmp_path / "short.avi", [b"one"], each=3)
    before = threading.active_count()
    stop, scans = threading.Event(), list[Scan]()
    camera = Camera("top", str(path), Clock())
    thread = threading.Thread(target=camera.run, args=(scans.append, stop))
    thread.start()
    until(lambda: len(scans) >= 8)  # so many films have begun and ended
    stop.set()
    thread.join(5)

    until(lambda: threading.active_count() <= before)


@pytest.mark.parametrize("port", ["²", "99999999999", "no such file", "http://127.0.0.1:1/x"])
def test_a_port_that_is_not_a_camera_raises_an_error(port: str) -> None:
    with pytest.raises(ReaderLost):
        _FrameCapture(port)


@pytest.mark.parametrize(
    "frame", [np.zeros((9, 9, 2), np.uint8), np.zeros((9, 9), np.uint16), np.zeros(9, np.uint8)]
)
def test_frames_of_an_unknown_format_end_the_camera_but_not_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, frame: object
) -> None:
    film(tmp_path / "a.avi", [b"one"])
    strange = _FrameCapture(str(tmp_path / "a.avi"))

    class Strange:
        def read(self) -> tuple[bool, object]:
            return True, frame

        def release(self) -> None:
            pass

    monkeypatch.setattr(strange, "_capture", Strange())
    strange.start()
    with pytest.raises(ReaderLost, match="no more pictures"):
        strange.newest(5)
    strange.end()
