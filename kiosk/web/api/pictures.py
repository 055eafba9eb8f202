"""Pictures and the frames of browsers' cameras over HTTP.  A code in a picture is a scan.

No picture is stored.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from kiosk.desk import Desk
from kiosk.logbook import NotRecorded
from kiosk.web.api.answers import LookAnswer, PictureVerdictAnswer
from kiosk.web.api.calls import Header, call
from kiosk.web.api.scans import scan_json
from kiosk.web.problems import busy_problem, problem
from scanner import BadPicture, BrowserCamera, Busy, Scan, Sighting, read_picture, sighting_of
from verify import may_hold_card

MAX_CAMERAS = 32  # browsers whose camera is remembered
CAMERA = Header("X-Camera", "the name of a camera, always the same: 1 to 16 letters and digits")
ANSWERS = {200: (LookAnswer, PictureVerdictAnswer)}
KINDS = [(400, "bad_picture"), (422, "nothing_read"), (503, "busy")]
BROWSER = re.compile(r"[0-9A-Za-z]{1,16}\Z", re.ASCII)


class BrowserCameras:
    """One camera for each browser.  Any thread may call the methods."""

    def __init__(self, max_cameras: int = MAX_CAMERAS) -> None:
        """Keep at most `max_cameras`; the one that was not used for the longest time is dropped."""
        self._max_cameras = max_cameras
        self._lock = threading.Lock()
        self._cameras: dict[str, BrowserCamera] = {}  # in the order of their last use

    def camera(self, name: str) -> BrowserCamera:
        """Return the camera of this name, which knows the frames it has seen so far."""
        with self._lock:
            camera = self._cameras.pop(name, None) or BrowserCamera(may_hold_card)
            self._cameras[name] = camera
            while len(self._cameras) > self._max_cameras:
                del self._cameras[next(iter(self._cameras))]
            return camera


def make_pictures(desk: Desk, clock: Callable[[], datetime]) -> Blueprint:
    """Return the blueprint of /api/pictures and /api/frames."""
    api = Blueprint("pictures", __name__, url_prefix="/api")
    cameras = BrowserCameras()

    @api.post("/pictures")
    @call(ANSWERS, KINDS, raw="image/*", headers=(CAMERA,))
    def picture() -> ResponseReturnValue:
        """Read the codes in a picture, whose bytes are the body, and judge the card in it."""
        result = read_picture(request.get_data())
        payloads = [code.payload for code in result.found]
        return _answer(sighting_of(payloads, result.advice, may_hold_card), _camera_name())

    @api.post("/frames")
    @call(ANSWERS, KINDS, raw="image/*", headers=(CAMERA,))
    def frame() -> ResponseReturnValue:
        """Read one frame of a browser's camera.  A code that stays in view is one scan."""
        name = _camera_name()
        camera = cameras.camera(name)
        sighting = camera.look_at(request.get_data(), time.monotonic())
        try:
            return _answer(sighting, name)
        except NotRecorded:
            # The card is still in view: its next frame has to be a scan again.
            camera.forget(sighting.payload or b"")
            raise

    def _answer(sighting: Sighting, camera: str) -> ResponseReturnValue:
        answer: dict[str, Any] = {"found": sighting.found, "advice": sighting.advice}
        if sighting.payload is not None:
            answer |= scan_json(desk.receive(Scan(sighting.payload, camera, clock())))
        return jsonify(answer)

    @api.errorhandler(BadPicture)
    def bad_picture(exc: BadPicture) -> ResponseReturnValue:
        return problem(400, "bad_picture", str(exc))

    @api.errorhandler(Busy)
    def busy(exc: Busy) -> ResponseReturnValue:
        return busy_problem(exc)

    return api


def _camera_name() -> str:
    """Return the name of the reader: each browser is a reader of its own."""
    browser = request.headers.get("X-Camera", "")
    return f"camera-{browser}" if BROWSER.match(browser) else "camera"
