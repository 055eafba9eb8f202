"""Find QR codes in a picture, or in the frames of a camera.

1.  zxing tries the picture first, at half the size and then as it is.
2.  Then come the usual stages: zxing on the picture with its light evened out and a little
    enlarged, and zbar, if it is installed.
3.  Then come the rescue stages.  A single picture gets all of them, until one finds a code or the
    time is over.
4.  A camera gives many frames: each gets zxing and one other stage in turn, so that the next frame
    does not have to wait.
5.  The bytes of a code are not decoded here but left to `verify`, which reads them as UTF-8: a
    decoder that guesses an encoding garbles Vietnamese names.
6.  OpenCV's own detectors are not used: one hostile picture keeps them busy for minutes.
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

MAX_PICTURE_SIDE = 1_920  # pixels, to which a picture is reduced
MAX_FRAME_SIDE = 1_280  # pixels: a card fills the frame of a camera, and time matters
MIN_SIDE = 21  # pixels: the smallest QR code has 21 modules a side
HALF_SIZE_ABOVE = 900  # pixels of the longer side, above which half the size is tried first
WITHOUT_VARIANTS = {"try_rotate": False, "try_invert": False, "try_downscale": False}
MAX_CUT_OUTS = 3  # codes of one picture that are cut out and tried
STAGES_BUDGET_S = 0.25  # after this no further stage is begun on a picture
MAX_WAIT_S = 2.0  # of a picture until others have been decoded

# Pictures from outside that are decoded at once: they take memory, and scans must not wait for
# them.
_slots = threading.BoundedSemaphore(2)


@dataclass(frozen=True, slots=True)
class Decoded:
    """One code: its bytes, its symbology, and the stage that found it."""

    payload: bytes = field(repr=False)
    symbology: str
    stage: str


@dataclass(frozen=True, slots=True)
class DecodingResult:
    """The codes in one picture.

    `advice` says what would help to read a code that is seen but cannot be read; None if there is
    no such code.
    """

    found: tuple[Decoded, ...] = ()
    advice: Advice | None = None


# Gets a picture and the positions of codes that were seen but not corrected; returns what it reads.
Stage = Callable[["Grey", list[Any]], list[Decoded]]


def decode_picture(data: bytes) -> list[Decoded]:
    """Return the codes in an encoded picture (JPEG, PNG, WebP, BMP).

    Raises BadPicture if the bytes cannot be read as a picture, and Busy if too many pictures are
    being decoded already.
    """
    with limit_decoding(MAX_WAIT_S):
        return list(look_at(fitted(decode_grey(data), MAX_PICTURE_SIDE)).found)


@contextlib.contextmanager
def limit_decoding(max_wait_s: float = 0) -> Iterator[None]:
    """Hold one of the few slots for decoding pictures that come from outside.

    Raises Busy if no slot gets free within the time.
    """
    if not _slots.acquire(timeout=max_wait_s):
        raise Busy("other pictures are being decoded; try again in a moment")
    try:
        yield
    finally:
        _slots.release()


def look_at(grey: Grey) -> DecodingResult:
    """Try all stages on one picture, until one finds a code or the time is over."""
    return _decode(grey, [*USUAL_STAGES, *RESCUE_STAGES])


class FrameReader:
    """Decodes the frames of one camera; each frame that zxing does not read gets another stage.

    The frames of two cameras need two readers: if they shared the turns of the stages, each camera
    would get only some of them.  Any thread may call.
    """

    def __init__(self) -> None:
        others = [name for name in RESCUE_STAGES if name != CUT_OUT]
        # The usual stages and the cut-out read the most: each has every fourth frame.
        turns = [stage for name in others for stage in (*USUAL_STAGES, CUT_OUT, name)]
        self._turns = itertools.cycle(turns)

    def look_at(self, grey: Grey) -> DecodingResult:
        """Decode one frame, with zxing and the stage whose turn it is."""
        return _decode(fitted(grey, MAX_FRAME_SIDE), [next(self._turns)])


def _decode(grey: Grey, stages: list[str]) -> DecodingResult:
    if min(grey.shape[:2], default=0) < MIN_SIDE or is_too_costly(grey):
        return DecodingResult()
    deadline = time.monotonic() + STAGES_BUDGET_S
    found, broken = _decode_with_zxing(grey)
    for name in stages:
        if found or time.monotonic() > deadline:
            break
        found = STAGES[name](grey, broken)
    return DecodingResult(tuple(found), advice(grey, broken[0]) if broken and not found else None)


def _decode_with_zxing(grey: Grey) -> tuple[list[Decoded], list[Any]]:
    """Return the codes that zxing reads, and the positions of codes that it cannot correct.

    The quickest way comes first, since a phone that is held up fills the picture: half the size
    takes a quarter of the time.  Then comes the picture as it is, and last all of zxing's own
    variants, which zxing would otherwise try even after it has read a code.
    """
    if max(grey.shape[:2]) > HALF_SIZE_ABOVE:
        found, _ = _zxing(scaled(grey, 0.5), "zxing_half", **WITHOUT_VARIANTS)
        if found:
            return found, []
    found, _ = _zxing(grey, "zxing", **WITHOUT_VARIANTS)
    return (found, []) if found else _zxing(grey, "zxing", return_errors=True)


def _zxing(grey: Grey, stage: str, **options: Any) -> tuple[list[Decoded], list[Any]]:
    """Return the codes that zxing reads, and the positions of codes that it cannot correct."""
    import zxingcpp

    codes = zxingcpp.read_barcodes(
        grey,
        formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode),
        text_mode=zxingcpp.TextMode.Plain,
        **options,
    )
    read = [Decoded(bytes(code.bytes), "qr", stage) for code in codes if code.valid]
    return read, [code.position for code in codes if not code.valid]


def _zxing_stage(name: str, prepare: Callable[[Grey], Grey]) -> Stage:
    def stage(grey: Grey, _broken: list[Any]) -> list[Decoded]:
        return _zxing(prepare(grey), name, try_downscale=False)[0]

    return stage


def _zbar_stage(name: str, prepare: Callable[[Grey], Grey]) -> Stage:
    def stage(grey: Grey, _broken: list[Any]) -> list[Decoded]:
        if not has_zbar():
            return []
        return [Decoded(payload, "qr", name) for payload in read_with_zbar(prepare(grey))]

    return stage


def _other_binarizer(grey: Grey, _broken: list[Any]) -> list[Decoded]:
    import zxingcpp

    return _zxing(grey, "global", binarizer=zxingcpp.Binarizer.GlobalHistogram)[0]


def _cut_out(grey: Grey, broken: list[Any]) -> list[Decoded]:
    """Enlarge the codes that were seen but not corrected, and try them in several ways."""
    for position in broken[:MAX_CUT_OUTS]:
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
    "flat_larger": _zxing_stage("flat_larger", flat_larger),
    "zbar_half": _zbar_stage("zbar_half", lambda grey: scaled(grey, 0.5)),
    CUT_OUT: _cut_out,
    "flat_twice": _zxing_stage("flat_twice", flat_twice),
    "global": _other_binarizer,
    "contrast_twice": _zxing_stage("contrast_twice", contrast_twice),
    "thick_twice": _zxing_stage("thick_twice", thick_twice),
    "flat_bright": _zxing_stage("flat_bright", flat_bright),
    "sharp_twice": _zxing_stage("sharp_twice", sharp_twice),
    "zbar_soft": _zbar_stage("zbar_soft", soft),
}
USUAL_STAGES = ("flat_larger", "zbar_half")
RESCUE_STAGES = tuple(name for name in STAGES if name not in USUAL_STAGES)
