"""Pictures and the frames of browsers' cameras, over HTTP."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import segno
from flask.testing import FlaskClient

from bench.phones import SIZES, pictures
from kiosk.logbook.errors import NotRecorded
from kiosk.sandbox.people import NOT_A_CARD
from kiosk.web.api.pictures import BrowserCameras
from scanner.decoding import limit_decoding
from scanner.picture import decode_grey, opencv
from tests.cast import BHYT15, BHYT17, CCCD, payload
from tests.conftest import Kiosk
from tests.scanner.test_decoding import drawn
from tests.scanner.test_structured_append import pictures_of, png, side_by_side


def jpeg(*payloads: str) -> bytes:
    cv2 = opencv()
    frame = np.full((720, 1280), 110, np.uint8)
    for place, text in enumerate(payloads):
        code = decode_grey(drawn(text))
        left = 60 + 500 * place
        frame[60 : 60 + code.shape[0], left : left + code.shape[1]] = code
    return bytes(cv2.imencode(".jpg", frame)[1])


def test_the_card_in_a_picture_is_judged(client: FlaskClient) -> None:
    file = io.BytesIO()
    segno.make(payload("binh").decode(), error="m").save(file, kind="png", scale=4)

    answer = client.post("/api/pictures", data=file.getvalue()).get_json()

    assert (answer["found"], answer["reason"]) == (1, "vouched")


def test_a_picture_without_a_code_is_not_recorded(client: FlaskClient, kiosk: Kiosk) -> None:
    blank = io.BytesIO()
    segno.make("x").save(blank, kind="png", scale=1, border=0, light="black")

    assert client.post("/api/pictures", data=blank.getvalue()).get_json() == {
        "found": 0,
        "advice": None,
    }
    assert client.post("/api/pictures", data=b"no picture").status_code == 400
    assert kiosk.attempts.last_id() == 0


def test_a_card_in_many_frames_of_one_camera_is_one_scan(
    client: FlaskClient,
) -> None:
    def post(frame: bytes, camera: str = "a") -> Any:
        return client.post("/api/frames", data=frame, headers={"X-Camera": camera}).get_json()

    answers = [post(jpeg(BHYT17)) for _ in range(3)]
    empty, other, elsewhere = post(jpeg()), post(jpeg(CCCD)), post(jpeg(BHYT17), "b")

    assert [answer["found"] for answer in answers] == [1, 1, 1]
    assert ["attempt" in answer for answer in answers] == [True, False, False]
    assert (empty["found"], empty["advice"]) == (0, None)
    assert other["format"] == "cccd"
    assert elsewhere["attempt"] > other["attempt"]


def test_each_of_two_cameras_gets_the_late_stages_that_a_card_needs(
    client: FlaskClient,
) -> None:
    _, under_a_lamp = pictures(SIZES["720p"], "glare", 1)[0]
    frame = bytes(opencv().imencode(".png", under_a_lamp)[1])
    read: set[str] = set()
    for _ in range(40):  # each camera gets every stage within 32 frames
        for camera in ("left", "right"):
            headers = {"X-Camera": camera}
            if "attempt" in client.post("/api/frames", data=frame, headers=headers).get_json():
                read.add(camera)

    assert read == {"left", "right"}


def test_the_camera_unused_for_the_longest_time_is_dropped() -> None:
    cameras = BrowserCameras(max_cameras=2)
    first, second = cameras.camera("first"), cameras.camera("second")
    first_again = cameras.camera("first")
    cameras.camera("third")

    assert first_again is first
    assert cameras.camera("first") is first
    assert cameras.camera("second") is not second


@pytest.mark.parametrize("frame", [b"", b"no picture", b"\xff\xd8\xff" + bytes(40)])
def test_a_frame_that_is_not_a_picture_is_refused(client: FlaskClient, frame: bytes) -> None:
    assert client.post("/api/frames", data=frame).status_code == 400


def test_two_cards_in_view_are_not_scanned_but_a_poster_beside_a_card_is_ignored(
    client: FlaskClient,
) -> None:
    two = client.post("/api/frames", data=jpeg(BHYT17, BHYT15)).get_json()
    with_poster = client.post("/api/frames", data=jpeg(NOT_A_CARD, BHYT17)).get_json()
    picture = client.post("/api/pictures", data=jpeg(BHYT17, BHYT15)).get_json()

    assert (two["found"], two["advice"], "attempt" in two) == (2, "one", False)
    assert with_poster["format"] == "bhyt17"
    assert (picture["advice"], "attempt" in picture) == ("one", False)


def test_a_part_of_a_divided_card_is_not_judged_and_the_rest_is_asked_for(
    client: FlaskClient, kiosk: Kiosk
) -> None:
    parts = pictures_of(BHYT17, 2)
    half, whole = png(parts[0]), png(side_by_side(parts))

    for route in ("/api/pictures", "/api/frames"):
        answer = client.post(route, data=half).get_json()
        assert answer == {"found": 0, "advice": "parts"}
    assert kiosk.attempts.last_id() == 0

    for route in ("/api/pictures", "/api/frames"):
        answer = client.post(route, data=whole).get_json()
        assert (answer["found"], answer["advice"], answer["format"]) == (1, None, "bhyt17")


@pytest.mark.parametrize(
    ("browser", "reader"), [("a1b2", "camera-a1b2"), ("<b>", "camera"), ("x" * 99, "camera")]
)
def test_each_browser_is_a_reader_with_its_own_name(
    client: FlaskClient, kiosk: Kiosk, browser: str, reader: str
) -> None:
    headers = {"X-Camera": browser}
    answer = client.post("/api/frames", data=jpeg(BHYT17), headers=headers).get_json()
    attempt = kiosk.attempts.get(answer["attempt"])

    assert attempt is not None
    assert attempt.reader == reader


def test_a_scan_that_could_not_be_recorded_is_scanned_again(
    client: FlaskClient, kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise NotRecorded("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(kiosk.attempts, "record", full)
        assert client.post("/api/frames", data=jpeg(BHYT17)).status_code == 507
    assert "attempt" in client.post("/api/frames", data=jpeg(BHYT17)).get_json()


def test_too_many_pictures_at_once_are_refused_immediately(client: FlaskClient) -> None:
    frame = jpeg(BHYT17)
    with limit_decoding(frame), limit_decoding(frame):
        refused = client.post("/api/frames", data=frame)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "2")

    assert client.post("/api/frames", data=jpeg(BHYT17)).status_code == 200


def test_a_jpeg_with_thousands_of_scans_is_refused(client: FlaskClient) -> None:
    endless = jpeg(BHYT17) + b"\xff\xda" * 3_000

    assert client.post("/api/frames", data=endless).status_code == 400
