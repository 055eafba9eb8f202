"""A message that is divided into several QR codes is read whole, or not at all."""

from __future__ import annotations

import io
import random
import threading
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
import segno
from segno import consts

from scanner import BrowserCamera, read_picture
from scanner.decoding import FrameReader, look_at
from scanner.guidance import Advice
from scanner.picture import decode_grey, opencv
from scanner.stages import read_codes
from scanner.structured_append import Part, join_parts, part_of
from scanner.zbar import has_zbar, read_with_zbar
from tests.sampling import sample_and_all
from tests.scanner.test_decoding import drawn

CARD = (
    "DN4019999900301|4e677579e1bb856e2056c4836e204de1baab75|01/02/1980|1|-|01 - 999|01/01/2024|-|"
    "05/01/2024|01019999900301|-|4| 01/01/2029|000000000000301-7102|$"
)


def pictures_of(text: str | bytes, count: int, scale: int = 4, **more: Any) -> list[Any]:
    """Return a picture of each code of a message that is divided."""
    made = []
    for code in segno.make_sequence(text, symbol_count=count, error="m", **more):
        file = io.BytesIO()
        code.save(file, kind="png", scale=scale)
        made.append(decode_grey(file.getvalue()))
    return made


def side_by_side(pictures: Iterable[Any]) -> Any:
    shown = list(pictures)
    height = max(len(picture) for picture in shown)
    return np.hstack(
        [np.pad(each, ((0, height - len(each)), (0, 20)), constant_values=255) for each in shown]
    )


def png(grey: Any) -> bytes:
    return bytes(opencv().imencode(".png", grey)[1])


@pytest.mark.parametrize("count", [2, 3, 5])
@pytest.mark.parametrize("order", ["as they are", "the other way round"])
@pytest.mark.parametrize("is_dark_mode", [False, True])
def test_all_parts_in_one_picture_are_joined(count: int, order: str, is_dark_mode: bool) -> None:
    parts = pictures_of(CARD, count)
    shown = side_by_side(parts if order == "as they are" else parts[::-1])

    result = read_picture(png(255 - shown if is_dark_mode else shown))

    assert [code.payload.decode() for code in result.found] == [CARD]
    assert result.advice is None


def test_letters_that_are_cut_by_a_division_are_whole_again() -> None:
    name = "Nguyễn Thị Ánh Phượng " * 8
    shown = side_by_side(pictures_of(name.encode(), 3, mode="byte"))

    assert [code.payload.decode() for code in read_picture(png(shown)).found] == [name]


@pytest.mark.parametrize("shown", [[0], [1], [0, 2], [1, 2]])
def test_a_part_alone_is_not_read_and_the_rest_is_asked_for(shown: list[int]) -> None:
    parts = pictures_of(CARD, 2 if max(shown) < 2 else 3)

    result = read_picture(png(side_by_side(parts[index] for index in shown)))

    assert (result.found, result.advice) == ((), Advice.PARTS)


def test_parts_of_two_messages_are_not_joined() -> None:
    one, other = pictures_of(CARD, 2), pictures_of(CARD.replace("1980", "1981"), 2)

    result = look_at(side_by_side([one[0], other[1]]))

    assert (result.found, result.advice) == ((), Advice.PARTS)


def test_parts_that_contradict_one_another_are_not_joined() -> None:
    same = {"size": 2, "parity": 7}
    first, last = (Part(0, **same), b"a"), (Part(1, **same), b"b")

    assert join_parts([last, first, last]) == ([b"ab"], False)
    assert join_parts([first, last, (Part(1, **same), b"c")]) == ([], True)
    assert join_parts([first, (Part(1, 3, 7), b"b")]) == ([], True)
    assert join_parts([first, (Part(1, 2, 8), b"b")]) == ([], True)
    assert join_parts([]) == ([], False)


def test_a_whole_code_beside_a_part_is_read() -> None:
    poster = decode_grey(drawn("https://example.org"))
    part = pictures_of(CARD, 2)[0]

    result = look_at(side_by_side([poster, part]))

    assert [code.payload for code in result.found] == [b"https://example.org"]
    assert result.advice is Advice.PARTS


def test_a_camera_joins_the_parts_of_one_frame_and_keeps_none_for_the_next() -> None:
    parts = pictures_of(CARD, 2)
    frames = [side_by_side([part]) for part in parts]
    camera, browser = FrameReader(), BrowserCamera()
    for frame in frames * 3:
        assert (camera.look_at(frame).found, camera.look_at(frame).advice) == ((), Advice.PARTS)
    alone = browser.look_at(png(frames[0]), 0.0)
    together = browser.look_at(png(side_by_side(parts)), 0.1)

    assert (alone.found, alone.payload, alone.advice) == (0, None, "parts")
    assert (together.found, together.payload, together.advice) == (1, CARD.encode(), None)


@pytest.mark.skipif(not has_zbar(), reason="pyzbar or its library is not installed")
def test_zbar_returns_no_part_of_a_message() -> None:
    parts = pictures_of(CARD, 2)

    assert read_with_zbar(parts[0]) == read_with_zbar(parts[1]) == []
    assert read_with_zbar(side_by_side(parts)) == [CARD.encode()]


def read(code: Any) -> Any:
    """Return what zxing reads from a code."""
    file = io.BytesIO()
    code.save(file, kind="png", scale=3)
    [barcode] = read_codes(decode_grey(file.getvalue()))
    return barcode


@pytest.mark.parametrize("level", list("LMQH"))
@sample_and_all("step", sample=7, whole=1)  # every seventh version, or every one
def test_the_header_is_found_in_symbols_of_every_version(level: str, step: int) -> None:
    chance = random.Random(level)
    for version in range(4, 41, step):
        capacity = consts.SYMBOL_CAPACITY[version][consts.ERROR_MAPPING[level]] // 8  # type: ignore[index]  # segno's tables have no types
        text = "".join(chance.choice("abcdefgh|") for _ in range(capacity * 5 // 4))
        codes = segno.make_sequence(
            text, version=version, error=level, boost_error=False, mode="byte",
            mask=chance.randrange(8),
        )  # fmt: skip
        parts = [part_of(read(code)) for code in codes]

        parity = 0
        for byte in text.encode():
            parity ^= byte
        assert parts == [Part(index, len(codes), parity) for index in range(len(codes))]


@pytest.mark.parametrize("mode", ["numeric", "alphanumeric", "byte"])
@sample_and_all("count", sample=20, whole=400)
def test_a_code_that_is_whole_is_never_taken_for_a_part(mode: str, count: int) -> None:
    chance = random.Random(mode)
    for _ in range(count):
        text = "".join(chance.choice("0123456789") for _ in range(chance.randrange(1, 300)))
        code = segno.make(text, mode=mode, error=chance.choice("lmqh"), micro=False)
        assert part_of(read(code)) is None


def test_a_micro_code_has_no_header() -> None:
    assert part_of(read(segno.make_micro("12345"))) is None


def test_threads_may_read_divided_messages_at_once() -> None:
    shown, found = side_by_side(pictures_of(CARD, 2)), []
    threads = [
        threading.Thread(target=lambda: found.append(look_at(shown).found)) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [[code.payload.decode() for code in each] for each in found] == [[CARD]] * 6
