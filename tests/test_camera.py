"""A phone before the browser's camera: Chromium plays a film in place of the camera."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import segno

from bench.phones import KINDS, screen, taken
from scanner.picture import decode_grey, opencv
from tests.browser import READY, chromium
from tests.cast import BHYT15, BHYT17
from tests.kiosk.test_pictures import jpeg
from tests.process import card, serving
from tests.wedge import wedge

WIDTH, HEIGHT = 1280, 720
# The camera starts when the test says so.
LATE_CAMERA = """
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  const released = new Promise((resolve) => { globalThis.startCamera = resolve; });
  navigator.mediaDevices.getUserMedia = async (wanted) => { await released; return ask(wanted); };
"""


def film(path: Path, payload: str) -> None:
    """Write a film of JPEGs: an empty desk, then a hand-held phone with the code on it."""
    cv2 = opencv()
    file = io.BytesIO()
    segno.make(payload, error="m", micro=False).save(file, kind="png", scale=6, border=4)
    code = cv2.imdecode(np.frombuffer(file.getvalue(), np.uint8), cv2.IMREAD_GRAYSCALE)
    noise = np.random.default_rng(1)
    with path.open("wb") as out:
        for number in range(40):
            frame = noise.normal(120, 6, (HEIGHT, WIDTH)).clip(0, 255).astype(np.uint8)
            if number >= 15:
                top, left = (HEIGHT - code.shape[0]) // 2, (WIDTH - code.shape[1]) // 2
                frame[top : top + code.shape[0], left : left + code.shape[1]] = code
                turn = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), 3 + number % 3, 1)
                frame = cv2.warpAffine(frame, turn, (WIDTH, HEIGHT), borderValue=120)
                frame = cv2.GaussianBlur(frame, (3, 3), 0)
            out.write(cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 88])[1].tobytes())


@pytest.mark.slow
def test_a_phone_before_the_camera_is_read_once_while_the_camera_stays_on(
    tmp_path: Path,
) -> None:
    film(tmp_path / "phone.mjpeg", card("binh"))
    with serving("--demo") as server, chromium(tmp_path / "phone.mjpeg") as context:
        page = context.new_page()
        page.goto(server.url)
        page.click("#camera-button")
        page.wait_for_selector('.verdict[data-reason="vouched"]')
        assert page.is_visible("#camera")
        page.wait_for_selector(READY)
        page.keyboard.press("Enter")
        page.wait_for_selector(".ticket")
        page.wait_for_timeout(3_000)  # the film goes on, with the same card
        assert page.is_visible(".ticket")
        page.click("#camera-button")
        assert page.is_hidden("#camera")

        assert len(server.get("/api/visits")["visits"]) == 1


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["dark mode", "glare", "tilted"])
def test_a_phone_in_dark_mode_in_glare_and_tilted_is_read(tmp_path: Path, kind: str) -> None:
    cv2 = opencv()
    degrade, tilt, dark, shown = KINDS[kind]
    chance = np.random.default_rng(2)
    code = screen(card("binh"), dark)
    with (tmp_path / "phone.mjpeg").open("wb") as out:
        for number in range(30):
            frame = np.full((HEIGHT, WIDTH), 90, np.uint8)
            if number >= 5:
                frame = degrade(taken(code, (WIDTH, HEIGHT), chance, tilt, shown), chance)
            out.write(cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes())
    with serving("--demo") as server, chromium(tmp_path / "phone.mjpeg") as context:
        page = context.new_page()
        page.goto(server.url)
        page.click("#camera-button")
        page.wait_for_selector('.verdict[data-reason="vouched"]')
        assert "Trần Thị Bình" in page.inner_text(".verdict .face")


@pytest.mark.slow
def test_the_camera_sends_few_frames_of_an_empty_desk_and_then_reads_a_phone(
    tmp_path: Path,
) -> None:
    cv2 = opencv()
    code = screen(card("binh"), False)
    desk = np.full((HEIGHT, WIDTH), 90, np.uint8)
    phone = taken(code, (WIDTH, HEIGHT), np.random.default_rng(2), 5, 0.6)
    with (tmp_path / "desk.mjpeg").open("wb") as out:
        for frame in [desk] * 240 + [phone] * 60:  # eight seconds, and two
            out.write(cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes())
    with serving("--demo") as server, chromium(tmp_path / "desk.mjpeg") as context:
        page = context.new_page()
        frames: list[str] = []
        page.on("request", lambda call: frames.extend([call.url] * ("frames" in call.url)))
        page.goto(server.url)
        page.click("#camera-button")
        page.wait_for_timeout(3_000)
        before = len(frames)
        page.wait_for_timeout(3_000)
        assert 3 <= len(frames) - before <= 12  # of ninety
        page.wait_for_selector('.verdict[data-reason="vouched"]')


@pytest.mark.slow
def test_with_two_cards_in_view_the_page_asks_for_one_at_a_time(tmp_path: Path) -> None:
    cv2 = opencv()
    two_cards = cv2.GaussianBlur(decode_grey(jpeg(BHYT17, BHYT15)), (5, 5), 0)
    (tmp_path / "desk.mjpeg").write_bytes(cv2.imencode(".jpg", two_cards)[1].tobytes() * 10)
    with serving("--demo") as server, chromium(tmp_path / "desk.mjpeg") as context:
        page = context.new_page()
        page.goto(server.url)
        page.click("#camera-button")
        page.wait_for_selector("#advice:has-text('Mỗi lần một thẻ')")

        assert server.get("/api/visits")["visits"] == []
        assert page.query_selector(".verdict") is None


def test_a_browser_without_a_camera_says_so() -> None:
    with serving("--demo") as server, chromium() as context:
        page = context.new_page()
        page.goto(server.url)
        page.click("#camera-button")
        page.wait_for_selector("#message:has-text('Không dùng được máy ảnh')")


@pytest.mark.slow
@pytest.mark.parametrize("way", ["field", "dialog"])
def test_a_card_before_the_camera_waits_in_the_list_while_the_clerk_is_busy(
    tmp_path: Path, way: str
) -> None:
    film(tmp_path / "phone.mjpeg", card("binh"))
    with serving("--demo") as server, chromium(tmp_path / "phone.mjpeg") as context:
        page = context.new_page()
        page.goto(server.url)
        page.wait_for_selector("#status *")
        page.route("**/api/frames", lambda route: route.abort())
        wedge(page, card("an" if way == "field" else "ha") + "<Enter>")
        page.wait_for_selector(".pass[data-ready]")
        shown = page.inner_text(".pass h1")
        page.click("#camera-button")
        if way == "field":
            page.click("#more-fold summary")
            page.fill("#phone", "0912")
        else:
            page.keyboard.press("Alt+n")
            page.wait_for_selector("dialog[open]")
        page.unroute("**/api/frames")
        page.wait_for_selector("#unfinished li:not([hidden]) b:has-text('Bình')")
        assert page.inner_text(".pass h1") == shown
        if way == "field":
            assert page.input_value("#phone") == "0912"
            assert page.evaluate("document.activeElement.id") == "phone"
        else:
            assert page.is_visible("dialog[open]")
        assert server.get("/api/visits")["visits"] == []


@pytest.mark.slow
def test_a_camera_that_starts_late_leaves_the_focus_where_the_clerk_types(tmp_path: Path) -> None:
    film(tmp_path / "phone.mjpeg", card("binh"))
    with serving("--demo") as server, chromium(tmp_path / "phone.mjpeg") as context:
        page = context.new_page()
        page.add_init_script(LATE_CAMERA)
        page.goto(server.url)
        page.wait_for_selector("#status *")
        wedge(page, card("an") + "<Enter>")
        page.wait_for_selector(".pass[data-ready]")
        page.click("#camera-button")
        page.click("#more-fold summary")
        page.fill("#phone", "0912")
        page.evaluate("startCamera()")
        page.wait_for_selector("#unfinished li:not([hidden]) b:has-text('Bình')")
        assert page.evaluate("document.activeElement.id") == "phone"
