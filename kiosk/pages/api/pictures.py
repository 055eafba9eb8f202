"""Pictures over HTTP, and the frames of browsers' cameras: a code in one is a scan.

No picture is ever kept.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from kiosk.desk import Desk
from kiosk.pages.api.scans import scan_json
from kiosk.pages.problems import problem
from scanner import Advice, BadPicture, FrameReader, Repeats, Scan, decode_picture, unpacked

MOST = 32  # pages with a camera; the one that was quiet longest is forgotten


@dataclass(frozen=True, slots=True)
class Seen:
    """What one frame shows; `payload` is a code that was not there before."""

    found: int
    advice: Advice | None = None
    payload: bytes | None = field(default=None, repr=False)


class BrowserCameras:
    """What the camera of each page has just seen. Any thread may call."""

    def __init__(self) -> None:
        self._reader = FrameReader()
        self._lock = threading.Lock()
        self._repeats: dict[str, Repeats] = {}

    def look_at(self, picture: bytes, camera: str) -> Seen:
        """Look at a frame of the camera with this name; BadPicture where it is none."""
        look = self._reader.look_at(unpacked(picture))
        with self._lock:
            repeats = self._repeats.pop(camera[:64], None) or Repeats()
            self._repeats[camera[:64]] = repeats
            while len(self._repeats) > MOST:
                del self._repeats[next(iter(self._repeats))]
            now = time.monotonic()
            new = [code.payload for code in look.found if repeats.is_new(code.payload, now)]
        return Seen(len(look.found), look.advice, new[0] if new else None)


def make_pictures(desk: Desk, clock: Callable[[], datetime]) -> Blueprint:
    """Return the blueprint of /api/pictures and /api/frames."""
    api = Blueprint("pictures", __name__, url_prefix="/api")
    cameras = BrowserCameras()

    @api.post("/pictures")
    def picture() -> ResponseReturnValue:
        """Look for a code in a picture (its bytes are the body) and judge the first."""
        try:
            codes = decode_picture(request.get_data())
        except BadPicture as exc:
            return problem(400, "bad_picture", str(exc))
        if not codes:
            return jsonify({"found": 0})
        attempt = desk.receive(Scan(codes[0].payload, "camera", clock()))
        return jsonify({"found": len(codes)} | scan_json(attempt))

    @api.post("/frames")
    def frame() -> ResponseReturnValue:
        """Look at one frame of a browser's camera; a code that stays in view is one scan."""
        try:
            seen = cameras.look_at(request.get_data(), request.headers.get("X-Camera", ""))
        except BadPicture as exc:
            return problem(400, "bad_picture", str(exc))
        answer: dict[str, Any] = {"found": seen.found, "advice": seen.advice}
        if seen.payload is not None:
            answer |= scan_json(desk.receive(Scan(seen.payload, "camera", clock())))
        return jsonify(answer)

    return api
