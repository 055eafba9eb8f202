"""Each stage reads codes letter for letter, invents none, and is named in the result."""

from __future__ import annotations

import random
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zxingcpp

from bench.phones import FRAME_KINDS, SIZES, pictures
from scanner.decoding import (
    CUT_OUT,
    RESCUE_STAGES,
    STAGES,
    USUAL_STAGES,
    Decoded,
    DecodingResult,
    FrameReader,
    Stage,
    look_at,
)
from scanner.picture import decode_grey, opencv
from scanner.zbar import has_zbar, read_with_zbar
from tests.sampling import sample_and_all
from tests.scanner.test_decoding import FAMILIES, GIVEN, drawn

cv2 = opencv()
through_many_codes = sample_and_all("codes", sample=20, whole=1_200)  # through each stage
PHOTOS = Path(__file__).parents[3] / "shared" / "data" / "qr-photos"
HARD_KINDS = ("very dark", "dazzling", "dark mode, dim")
EASY_KINDS = [kind for kind in FRAME_KINDS if kind not in HARD_KINDS]
needs_zbar = pytest.mark.skipif(not has_zbar(), reason="pyzbar or its library is not installed")


def id_line(chance: random.Random) -> str:
    name = f"{chance.choice(FAMILIES)} {chance.choice(GIVEN)} {chance.choice(GIVEN)}"
    return f"0010999{chance.randrange(10**5):05d}||{name}|01021980|Nữ|Xã Thử, Tỉnh Mẫu|15082021"


def grey(line: str, scale: int = 4) -> Any:
    return decode_grey(drawn(line.encode(), scale=scale, encoding=None, mode="byte"))


@pytest.mark.parametrize("name", [name for name in STAGES if not name.startswith("zbar")])
@through_many_codes
def test_names_come_back_letter_for_letter_through_every_stage(name: str, codes: int) -> None:
    chance = random.Random(name)
    for _ in range(codes):
        line = id_line(chance)
        picture = grey(line)
        seen = [code.position for code in zxingcpp.read_barcodes(picture)]
        found = STAGES[name](picture, seen)
        assert [(code.payload.decode(), code.stage) for code in found] == [(line, name)]


@needs_zbar
@pytest.mark.parametrize("name", [name for name in STAGES if name.startswith("zbar")])
@through_many_codes
def test_zbar_does_not_guess_an_encoding(name: str, codes: int) -> None:
    chance = random.Random(name)
    for _ in range(codes):
        line = id_line(chance)
        assert [code.payload.decode() for code in STAGES[name](grey(line, 6), [])] == [line]


@needs_zbar
def test_zbar_reads_dark_mode_and_any_byte_in_several_threads_at_once() -> None:
    data = bytes(range(256))
    picture = 255 - decode_grey(drawn(data, encoding=None, mode="byte"))
    wrong: list[object] = []

    def work() -> None:
        for _ in range(20):
            if read_with_zbar(picture) != [data]:
                wrong.append("other bytes")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []


def test_without_zbar_the_other_stages_still_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyzbar", None)
    from scanner import zbar

    monkeypatch.setattr(zbar, "_bindings", zbar._bindings.__wrapped__)

    assert not has_zbar()
    assert read_with_zbar(np.zeros((50, 50), np.uint8)) == []
    assert look_at(grey("no zbar here")).found[0].payload == b"no zbar here"


@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize("kind", EASY_KINDS)
@sample_and_all("count", sample=2, whole=6)
def test_codes_read_from_a_phone_s_screen_are_right(kind: str, size: str, count: int) -> None:
    looks = [(text, look_at(frame)) for text, frame in pictures(SIZES[size], kind, count)]

    for text, look in looks:
        assert [code.payload.decode() for code in look.found] in ([], [text])
    assert sum(bool(look.found) for _, look in looks) >= count * 2 // 3


def test_later_stages_read_codes_that_the_first_does_not() -> None:
    frames = [frame for kind in ("dim", "unsharp", "small") for _, frame in
              pictures(SIZES["vga"], kind, 20)]  # fmt: skip
    stages = {code.stage for frame in frames for code in look_at(frame).found}

    assert {"zxing", "flat_larger"} < stages


@pytest.mark.parametrize("seed", range(4))
def test_noise_and_empty_frames_hold_no_code_for_any_stage(seed: int) -> None:
    chance = np.random.default_rng(seed)
    noise = chance.integers(0, 256, (480, 640), np.uint8)
    for picture in (noise, cv2.GaussianBlur(noise, (0, 0), 3), np.full((480, 640), 90, np.uint8)):
        assert look_at(picture) == DecodingResult()
        assert [STAGES[name](picture, []) for name in STAGES] == [[]] * len(STAGES)


def test_a_camera_s_unread_frames_get_every_stage_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def recording(name: str) -> Stage:
        def stage(_grey: Any, _broken: list[Any]) -> list[Decoded]:
            tried.append(name)
            return []

        return stage

    for name in STAGES:
        monkeypatch.setitem(STAGES, name, recording(name))
    camera, frame = FrameReader(), np.zeros((480, 640), np.uint8)
    for _ in range(4 * len(RESCUE_STAGES)):
        camera.look_at(frame)

    assert len(tried) == 4 * len(RESCUE_STAGES)  # one for each frame: the next frame must not wait
    assert tried[:3] == [*USUAL_STAGES, CUT_OUT]
    assert set(tried) == set(STAGES)
    assert tried.count(CUT_OUT) == len(RESCUE_STAGES)


@pytest.mark.skipif(not PHOTOS.is_dir(), reason="the published pictures are not beside the project")
def test_most_published_photographs_are_read() -> None:
    photos = sorted(path for path in PHOTOS.rglob("*") if path.suffix in (".webp", ".png", ".jpg"))
    read = [path for path in photos if look_at(decode_grey(path.read_bytes())).found]

    assert len(photos) >= 130
    assert len(read) / len(photos) >= 0.9
