"""Find QR codes in a picture, or in the frames of a camera.

zxing looks first, at half the size and then as it is; then at the picture with its light evened
out and a little enlarged; then zbar, where it is there; then the rescues: all of them on a single
picture.  A camera gives many: each frame gets zxing and one other stage in turn, so that the next
frame is soon looked at.  The bytes of a code are taken as they are and left to `verify` to read
as UTF-8: a decoder that guesses an encoding garbles Vietnamese names.  OpenCV's own detectors are
not used: one hostile picture stops them for minutes.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scanner.cost_guard import is_too_costly
from scanner.errors import Busy
from scanner.guidance import Advice, advice
from scanner.picture import decode_grey, fitted, scaled
from scanner.preprocessing import (
    contrast_twice,
    cut_out,
    flat_bright,
    flat_larger,
    flat_twice,
    sharp,
    sharp_twice,
    soft,
    thick_twice,
)
from scanner.zbar import has_zbar, read_with_zbar

if TYPE_CHECKING:
    from scanner.picture import Grey

MAX_SIDE = 1_920  # pixels shown to a decoder
FRAME_SIDE = 1_280  # of a camera's frame: a card fills it, and time matters
MIN_SIDE = 21  # the smallest QR code has 21 modules a side
HALVED = 900  # pixels a side, above which half the size is looked at first
AS_IT_IS = {"try_rotate": False, "try_invert": False, "try_downscale": False}
MOST_TRIED = 3  # codes cut out of one picture
BUDGET_S = 0.25  # after which no further stage is begun on a picture

PATIENCE_S = 2.0  # of a picture for a place

_places = threading.BoundedSemaphore(2)  # pictures take memory; scans must not wait for them


@dataclass(frozen=True, slots=True)
class Decoded:
    """One code: its bytes, what kind it is and which stage found it."""

    payload: bytes = field(repr=False)
    symbology: str
    stage: str


@dataclass(frozen=True, slots=True)
class DecodingResult:
    """What came of looking at one picture; `advice` is on a code that is seen but not read."""

    found: tuple[Decoded, ...] = ()
    advice: Advice | None = None


Stage = Callable[["Grey", list[Any]], list[Decoded]]


def decode_picture(data: bytes) -> list[Decoded]:
    """Return the codes in an encoded picture (JPEG, PNG, WebP, BMP); or raise BadPicture, Busy."""
    with limit_decoding(PATIENCE_S):
        return list(look_at(fitted(decode_grey(data), MAX_SIDE)).found)


@contextlib.contextmanager
def limit_decoding(patience_s: float = 0) -> Iterator[None]:
    """Hold one of the few places for looking at pictures that come from outside; or raise Busy."""
    if not _places.acquire(timeout=patience_s):
        raise Busy("pictures are being looked at; try again in a moment")
    try:
        yield
    finally:
        _places.release()


def look_at(grey: Grey) -> DecodingResult:
    """Look at one picture with all stages, until one finds something or time is over."""
    return _look(grey, [*USUAL, *RESCUES])


class FrameReader:
    """Looks at the frames of one camera; each frame that zxing does not read gets another stage.

    The frames of two cameras need two readers: if they shared the turns of the stages, each camera
    would get only some of them.  Any thread may call.
    """

    def __init__(self) -> None:
        others = [name for name in RESCUES if name != CUT_OUT]
        # The usual stages and the cut-out rescue the most: each has every fourth frame.
        turns = [one for name in others for one in (*USUAL, CUT_OUT, name)]
        self._turns = itertools.cycle(turns)

    def look_at(self, grey: Grey) -> DecodingResult:
        """Look at one frame."""
        return _look(fitted(grey, FRAME_SIDE), [next(self._turns)])


def _look(grey: Grey, names: list[str]) -> DecodingResult:
    if min(grey.shape[:2], default=0) < MIN_SIDE or is_too_costly(grey):
        return DecodingResult()
    until = time.monotonic() + BUDGET_S
    found, broken = _first_look(grey)
    for name in names:
        if found or time.monotonic() > until:
            break
        found = STAGES[name](grey, broken)
    return DecodingResult(tuple(found), advice(grey, broken[0]) if broken and not found else None)


def _first_look(grey: Grey) -> tuple[list[Decoded], list[Any]]:
    """Look as quickly as it goes: a phone that is held up fills the picture.

    Half the size takes a quarter of the time; then the picture as it is; then all of zxing's own
    variants, which it would try even after it has read.
    """
    if max(grey.shape[:2]) > HALVED:
        found, _ = _zxing(scaled(grey, 0.5), "zxing_half", **AS_IT_IS)
        if found:
            return found, []
    found, _ = _zxing(grey, "zxing", **AS_IT_IS)
    return (found, []) if found else _zxing(grey, "zxing", return_errors=True)


def _zxing(grey: Grey, stage: str, **options: Any) -> tuple[list[Decoded], list[Any]]:
    """Return the codes that zxing reads, and where it sees codes that it cannot correct."""
    import zxingcpp

    codes = zxingcpp.read_barcodes(
        grey,
        formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode),
        text_mode=zxingcpp.TextMode.Plain,
        **options,
    )
    good = [Decoded(bytes(code.bytes), "qr", stage) for code in codes if code.valid]
    return good, [code.position for code in codes if not code.valid]


def _prepared(name: str, prepare: Callable[[Grey], Grey]) -> Stage:
    def stage(grey: Grey, _broken: list[Any]) -> list[Decoded]:
        return _zxing(prepare(grey), name, try_downscale=False)[0]

    return stage


def _second_opinion(name: str, prepare: Callable[[Grey], Grey]) -> Stage:
    def stage(grey: Grey, _broken: list[Any]) -> list[Decoded]:
        if not has_zbar():
            return []
        return [Decoded(payload, "qr", name) for payload in read_with_zbar(prepare(grey))]

    return stage


def _other_binarizer(grey: Grey, _broken: list[Any]) -> list[Decoded]:
    import zxingcpp

    return _zxing(grey, "global", binarizer=zxingcpp.Binarizer.GlobalHistogram)[0]


def _cut_out(grey: Grey, broken: list[Any]) -> list[Decoded]:
    """Look closer at what was seen but not corrected."""
    for position in broken[:MOST_TRIED]:
        part = cut_out(grey, position)
        if min(part.shape[:2], default=0) < MIN_SIDE:
            continue
        for prepare in (contrast_twice, thick_twice, sharp):
            found = _zxing(prepare(part), CUT_OUT)[0]
            if found:
                return found
    return []


CUT_OUT = "cut_out"
STAGES: dict[str, Stage] = {
    "flat_larger": _prepared("flat_larger", flat_larger),
    "zbar_half": _second_opinion("zbar_half", lambda grey: scaled(grey, 0.5)),
    CUT_OUT: _cut_out,
    "flat_twice": _prepared("flat_twice", flat_twice),
    "global": _other_binarizer,
    "contrast_twice": _prepared("contrast_twice", contrast_twice),
    "thick_twice": _prepared("thick_twice", thick_twice),
    "flat_bright": _prepared("flat_bright", flat_bright),
    "sharp_twice": _prepared("sharp_twice", sharp_twice),
    "zbar_soft": _second_opinion("zbar_soft", soft),
}
USUAL = ("flat_larger", "zbar_half")
RESCUES = tuple(name for name in STAGES if name not in USUAL)
