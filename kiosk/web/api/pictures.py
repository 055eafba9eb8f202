"""Pictures over HTTP, and the frames of browsers' cameras: a code in one is a scan.

No picture is ever kept.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from kiosk.desk import Desk
from kiosk.logbook import NotRecorded
from kiosk.web.api.scans import scan_json
from kiosk.web.problems import problem
from scanner import (
    BadPicture,
    Busy,
    FrameReader,
    Repeats,
    Scan,
    chosen,
    decode_picture,
    few_at_once,
    unpacked,
)
from verify import may_hold_card

MOST = 32  # pages with a camera; the one that was quiet longest is forgotten
ONE_AT_A_TIME = "one"  # advice where several cards are in view: for scanner they are codes
BROWSER = re.compile(r"[0-9A-Za-z]{1,16}\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Seen:
    """What one picture shows; `payload` is a code that is a scan."""

    found: int
    advice: str | None = None
    payload: bytes | None = field(default=None, repr=False)


def seen_in(payloads: list[bytes], advice: str | None) -> Seen:
    """Choose among codes in one view: the one card; of two cards neither is anybody's scan."""
    codes = chosen(payloads, may_hold_card)
    if len(codes) > 1:
        return Seen(len(payloads), ONE_AT_A_TIME)
    return Seen(len(payloads), advice, codes[0] if codes else None)


class BrowserCameras:
    """What the camera of each page has just seen. Any thread may call."""

    def __init__(self) -> None:
        self._reader = FrameReader()
        self._lock = threading.Lock()
        self._repeats: dict[str, Repeats] = {}

    def look_at(self, picture: bytes, camera: str) -> Seen:
        """Look at a frame of this camera; BadPicture where it is none, Busy where many are."""
        with few_at_once():
            look = self._reader.look_at(unpacked(picture))
        seen = seen_in([code.payload for code in look.found], look.advice)
        with self._lock:
            repeats = self._repeats_of(camera)
            new = repeats.new_in([seen.payload] if seen.payload else [], time.monotonic())
        return seen if new else replace(seen, payload=None)

    def forget(self, payload: bytes, camera: str) -> None:
        """Note that a scan came to nothing."""
        with self._lock:
            self._repeats_of(camera).forget(payload)

    def _repeats_of(self, camera: str) -> Repeats:
        repeats = self._repeats.pop(camera, None) or Repeats()
        self._repeats[camera] = repeats
        while len(self._repeats) > MOST:
            del self._repeats[next(iter(self._repeats))]
        return repeats


def make_pictures(desk: Desk, clock: Callable[[], datetime]) -> Blueprint:
    """Return the blueprint of /api/pictures and /api/frames."""
    api = Blueprint("pictures", __name__, url_prefix="/api")
    cameras = BrowserCameras()

    @api.post("/pictures")
    def picture() -> ResponseReturnValue:
        """Look for a code in a picture (its bytes are the body) and judge the card in it."""
        seen = seen_in([code.payload for code in decode_picture(request.get_data())], None)
        return _answered(seen, _camera())

    @api.post("/frames")
    def frame() -> ResponseReturnValue:
        """Look at one frame of a browser's camera; a code that stays in view is one scan."""
        camera = _camera()
        seen = cameras.look_at(request.get_data(), camera)
        try:
            return _answered(seen, camera)
        except NotRecorded:
            cameras.forget(seen.payload or b"", camera)
            raise

    def _answered(seen: Seen, camera: str) -> ResponseReturnValue:
        answer: dict[str, Any] = {"found": seen.found, "advice": seen.advice}
        if seen.payload is not None:
            answer |= scan_json(desk.receive(Scan(seen.payload, camera, clock())))
        return jsonify(answer)

    @api.errorhandler(BadPicture)
    def bad(exc: BadPicture) -> ResponseReturnValue:
        return problem(400, "bad_picture", str(exc))

    @api.errorhandler(Busy)
    def busy(exc: Busy) -> ResponseReturnValue:
        return problem(503, "busy", str(exc))

    return api


def _camera() -> str:
    """Return the reader's name: each browser is one of its own."""
    browser = request.headers.get("X-Camera", "")
    return f"camera-{browser}" if BROWSER.match(browser) else "camera"
