"""Each stage reads codes letter for letter, invents none, and is named in the result."""

from __future__ import annotations

import itertools
import random
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zxingcpp

from bench.desks import film, papers, room, seen
from bench.phones import FRAME_KINDS, PHOTO_SIZE, SIZES, pictures
from scanner.decoding import (
    BUSY_FRAMES,
    QUIET_INTERVAL,
    DecodingResult,
    FrameReader,
    look_at,
)
from scanner.picture import decode_grey, halved, opencv
from scanner.scene import Scene
from scanner.stages import CUT_OUT, STAGES, USUAL_STAGES, Broken, Decoded, Stage
from scanner.zbar import has_zbar, read_with_zbar
from tests.sampling import sample_and_all
from tests.scanner.test_decoding import FAMILIES, GIVEN, drawn

cv2 = opencv()
through_many_codes = sample_and_all(
    "codes", sample=20, whole=1_200, mark=pytest.mark.long
)  # through each stage
PHOTOS = Path(__file__).parents[3] / "shared" / "data" / "qr-photos"
EASY_KINDS = [kind for kind in FRAME_KINDS if kind not in ("very dark", "dazzling")]
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
        seen = [Broken(picture, code.position) for code in zxingcpp.read_barcodes(picture)]
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
@sample_and_all("count", sample=2, whole=6, mark=pytest.mark.long)
def test_codes_read_from_a_phone_s_screen_are_right(kind: str, size: str, count: int) -> None:
    looks = [(text, look_at(frame)) for text, frame in pictures(SIZES[size], kind, count)]

    for text, look in looks:
        assert [code.payload.decode() for code in look.found] in ([], [text])
    assert sum(bool(look.found) for _, look in looks) >= count * 2 // 3


def test_later_stages_read_codes_that_the_first_does_not() -> None:
    frames = [frame for kind in ("dim", "unsharp", "small") for _, frame in
              pictures(SIZES["vga"], kind, 20)]  # fmt: skip
    stages = {code.stage for frame in frames for code in look_at(frame).found}

    assert {"zxing", "flat_calm", "flat_larger"} < stages


def test_codes_in_the_dark_are_read() -> None:
    frames = [frame for _, frame in pictures(SIZES["720p"], "very dark", 6)]

    assert sum(bool(look_at(frame).found) for frame in frames) >= 3


@pytest.mark.parametrize(
    ("kind", "stage"), [("far", "zxing_original"), ("far, at dusk", "flat_large")]
)
def test_a_small_code_in_a_large_photo_is_read_in_a_large_size(kind: str, stage: str) -> None:
    text, photo = pictures(PHOTO_SIZE, kind, 1)[0]

    found = look_at(photo).found

    assert [(code.payload.decode(), code.stage) for code in found] == [(text, stage)]


def dim_frame() -> Any:
    """Return a frame that only the stages read."""
    frame = pictures(SIZES["720p"], "very dark", 1)[0][1]
    assert [code.stage for code in look_at(frame).found] == ["flat_calm"]
    return frame


def test_no_look_begins_after_the_processor_time_is_used_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    frame = dim_frame()
    used = itertools.count(0, 10)  # seconds: each look takes ten
    monkeypatch.setattr(time, "thread_time", lambda: next(used))

    assert look_at(frame) == DecodingResult()


def test_time_that_other_programs_use_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = dim_frame()
    gone = itertools.count(0, 10)
    for clock in ("monotonic", "perf_counter", "time"):
        monkeypatch.setattr(time, clock, lambda: float(next(gone)))

    assert [code.stage for code in look_at(frame).found] == ["flat_calm"]


@pytest.mark.parametrize("seed", range(4))
def test_noise_and_empty_frames_hold_no_code_for_any_stage(seed: int) -> None:
    chance = np.random.default_rng(seed)
    noise = chance.integers(0, 256, (480, 640), np.uint8)
    for picture in (noise, cv2.GaussianBlur(noise, (0, 0), 3), np.full((480, 640), 90, np.uint8)):
        assert look_at(picture) == DecodingResult()
        assert [STAGES[name](picture, []) for name in STAGES] == [[]] * len(STAGES)


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the stages that are tried; none of them reads anything."""
    names: list[str] = []

    def recording(name: str) -> Stage:
        def stage(_grey: Any, _broken: list[Broken]) -> list[Decoded]:
            names.append(name)
            return []

        return stage

    for name in STAGES:
        monkeypatch.setitem(STAGES, name, recording(name))
    return names


def rooms() -> Iterator[Any]:
    """Yield frames of 720p, each of another room without a code."""
    chance = np.random.default_rng(1)
    while True:
        yield seen(room(chance), chance)


def looks(camera: FrameReader, frames: Iterable[Any], tried: list[str]) -> list[bool]:
    """Return for each frame whether it got a stage."""
    got = []
    for frame in frames:
        before = len(tried)
        camera.look_at(frame)
        assert len(tried) - before <= 1  # the next frame must not wait
        got.append(len(tried) > before)
    return got


def test_frames_that_move_get_every_stage_in_turn(tried: list[str]) -> None:
    turns = 2 * (len(STAGES) - len(USUAL_STAGES) - 1)
    frames = itertools.islice(rooms(), QUIET_INTERVAL * turns)

    got = looks(FrameReader(), frames, tried)

    assert got[: BUSY_FRAMES + 2] == [True] * BUSY_FRAMES + [False, True]
    assert sum(got) <= BUSY_FRAMES + len(got) / QUIET_INTERVAL
    assert set(tried) == set(STAGES) - {CUT_OUT}  # no code was seen that could be cut out
    assert sum(name in USUAL_STAGES for name in tried[:turns]) == turns // 2


def test_frames_of_a_still_scene_repeat_no_stage_before_all_have_had_one(tried: list[str]) -> None:
    distinct = len(STAGES) - 1
    frames = film("room", BUSY_FRAMES + 2 + QUIET_INTERVAL * distinct)

    got = looks(FrameReader(), frames, tried)

    assert got[: BUSY_FRAMES + 1] == [True] * (BUSY_FRAMES + 1)  # it moved in the first frame
    assert len(set(tried[1 : distinct + 1])) == distinct
    assert sum(got) <= BUSY_FRAMES + 2 + len(got) / QUIET_INTERVAL


def test_what_begins_to_move_and_comes_to_rest_gets_every_look(tried: list[str]) -> None:
    camera = FrameReader()
    looks(camera, film("room", 10), tried)
    moving = looks(camera, film("room", 20, moving=True), tried)
    resting = looks(camera, film("papers", 10), tried)

    assert moving[1 : BUSY_FRAMES + 1] == [True] * BUSY_FRAMES  # it is still in the first one
    assert not all(moving)
    assert resting[1 : BUSY_FRAMES + 1] == [True] * BUSY_FRAMES
    assert not all(resting)


def test_a_code_that_is_seen_but_not_read_gets_a_stage_in_every_frame(tried: list[str]) -> None:
    code = grey("x" * 60, scale=9)
    middle = len(code) // 2
    code[middle - 60 : middle + 100, middle - 60 : middle + 100] = 0
    frame = np.full((720, 1280), 90, np.uint8)
    frame[40 : 40 + len(code), 100 : 100 + len(code)] = code
    camera = FrameReader()
    for _ in range(24):
        assert camera.look_at(frame).advice is not None

    assert len(tried) == 24
    assert tried.count(CUT_OUT) == 8


@pytest.mark.parametrize("noise", [0, 1, 3, 8, 20])
@pytest.mark.parametrize("brightness", [2, 40, 110, 250])
def test_a_frame_of_nothing_but_noise_gets_the_first_look_only(
    tried: list[str], noise: float, brightness: int
) -> None:
    chance = np.random.default_rng(5)
    wall = np.full((720, 1280), brightness) + chance.normal(0, noise, (720, 1280))
    FrameReader().look_at(wall.clip(0, 255).astype(np.uint8))

    assert tried == []


@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize("kind", FRAME_KINDS)
@sample_and_all("count", sample=3, whole=20, mark=pytest.mark.long)
def test_a_code_that_can_be_read_is_never_taken_for_noise(kind: str, size: str, count: int) -> None:
    frames = [frame for _, frame in pictures(SIZES[size], kind, count)]
    plain = [frame for frame in frames if Scene(halved(frame)).is_plain]

    assert not any(look_at(frame).found for frame in plain)


def test_papers_in_the_dark_are_not_taken_for_noise() -> None:
    chance = np.random.default_rng(5)

    assert not Scene(halved(seen(0.05 * papers(chance), chance, noise=3))).is_plain


@pytest.mark.skipif(not PHOTOS.is_dir(), reason="the published pictures are not beside the project")
def test_most_published_photographs_are_read() -> None:
    photos = sorted(path for path in PHOTOS.rglob("*") if path.suffix in (".webp", ".png", ".jpg"))
    read = [path for path in photos if look_at(decode_grey(path.read_bytes())).found]

    assert len(photos) >= 130
    assert len(read) / len(photos) >= 0.9
