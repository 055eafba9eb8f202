"""The camera of one browser has its own turn of stages and its own memory."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from bench.phones import SIZES, pictures
from scanner import BadPicture, BrowserCamera, Busy
from scanner.decoding import (
    BUSY_FRAMES,
    QUIET_INTERVAL,
    FrameReader,
    limit_decoding,
    look_at,
)
from scanner.picture import opencv
from scanner.stages import STAGES
from tests.scanner.test_decoding import drawn

PERIOD = BUSY_FRAMES + QUIET_INTERVAL * len(STAGES)  # frames in which a camera gets every stage
STAGE = "contrast_calm"


def hard_frame() -> tuple[bytes, bytes]:
    """Return the payload of a code under a lamp, and its frame, which only a late stage reads."""
    text, frame = pictures(SIZES["720p"], "glare", 1)[0]
    assert [code.stage for code in look_at(frame).found] == [STAGE]
    return text.encode(), bytes(opencv().imencode(".png", frame)[1])


def test_each_of_two_cameras_that_alternate_is_read_by_a_late_stage() -> None:
    payload, frame = hard_frame()
    cameras = {"left": BrowserCamera(), "right": BrowserCamera()}
    read: dict[str, bytes | None] = {}
    for _ in range(PERIOD):
        for name, camera in cameras.items():
            if name not in read and (found := camera.look_at(frame, 0.0).payload):
                read[name] = found

    assert read == {"left": payload, "right": payload}


def test_two_frame_readers_do_not_share_the_turn_of_the_stages() -> None:
    payload, encoded = hard_frame()
    frame: Any = opencv().imdecode(np.frombuffer(encoded, np.uint8), 0)
    readers = FrameReader(), FrameReader()
    read = [[reader.look_at(frame).found for reader in readers] for _ in range(PERIOD)]

    for camera in (0, 1):
        assert {code.payload for looks in read for code in looks[camera]} == {payload}


def test_a_code_that_stays_in_view_is_one_scan_for_each_camera() -> None:
    first, second = BrowserCamera(), BrowserCamera()
    frame = drawn("a card")

    assert [first.look_at(frame, now).payload for now in (0.0, 0.1, 0.2)] == [b"a card", None, None]
    assert second.look_at(frame, 0.2).payload == b"a card"


def test_frames_of_one_camera_from_many_threads_are_one_scan() -> None:
    camera, frame = BrowserCamera(), drawn("a card")
    start, scans = threading.Barrier(8), []

    def work() -> None:
        start.wait()
        for _ in range(20):
            try:
                scans.append(camera.look_at(frame, 0.0).payload)
            except Busy:
                continue

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(scans) > 1
    assert [scan for scan in scans if scan] == [b"a card"]


def test_a_lost_scan_comes_again_with_the_next_frame() -> None:
    camera, frame = BrowserCamera(), drawn("a card")
    lost = camera.look_at(frame, 0.0).payload
    camera.forget(lost or b"")

    assert camera.look_at(frame, 0.1).payload == lost == b"a card"


def test_a_frame_that_cannot_be_decoded_raises_an_error() -> None:
    camera = BrowserCamera()
    with pytest.raises(BadPicture):
        camera.look_at(b"not a picture", 0.0)
    frame = drawn("a card")
    with limit_decoding(frame), limit_decoding(frame), pytest.raises(Busy):
        camera.look_at(frame, 0.0)
