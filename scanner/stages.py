"""The stages: the ways to read codes in a picture, and what is done to the picture before.

zxing and zbar are used here only.  The order in which a picture or a frame gets the stages is in
`scanner.decoding`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from scanner.picture import halved
from scanner.preprocessing import (
    contrast,
    contrast_calm,
    contrast_twice,
    cut_out,
    flat_bright,
    flat_calm,
    flat_larger,
    flat_sharp,
    flat_twice,
    sharp_twice,
    soft,
    thick,
    thick_twice,
)
from scanner.structured_append import Part, part_of
from scanner.zbar import has_zbar, read_with_zbar

if TYPE_CHECKING:
    from scanner.picture import Grey

MIN_SIDE = 21  # pixels: the smallest QR code has 21 modules a side
MAX_CUT_OUTS = 3  # codes of one picture that are cut out and tried


@dataclass(frozen=True, slots=True)
class Decoded:
    """One code: its bytes, its symbology, and the stage that found it."""

    payload: bytes = field(repr=False)
    symbology: str
    stage: str
    part: Part | None = None  # of a message that was divided; None if the code is whole


# Gets a picture and the codes that were seen but not corrected; returns what it reads.
Stage = Callable[["Grey", "list[Broken]"], list[Decoded]]


class Broken(NamedTuple):
    """A code that was seen but not corrected: the picture, and zxing's position in it."""

    picture: Grey
    position: Any


def zxing(grey: Grey, stage: str, **options: Any) -> list[Decoded]:
    """Return the codes that zxing reads."""
    return decoded(read_codes(grey, **options), stage)


def read_codes(grey: Grey, **options: Any) -> Any:
    """Return zxing's codes: those that it reads, and with `return_errors` those it only sees."""
    import zxingcpp

    return zxingcpp.read_barcodes(
        grey,
        formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode),
        text_mode=zxingcpp.TextMode.Plain,
        **options,
    )


def decoded(codes: Any, stage: str) -> list[Decoded]:
    """Return the codes of zxing that were read, as a stage found them."""
    return [Decoded(bytes(code.bytes), "qr", stage, part_of(code)) for code in codes if code.valid]


def _zxing_stage(name: str, prepare: Callable[[Grey], Grey], **options: Any) -> Stage:
    def stage(grey: Grey, _broken: list[Broken]) -> list[Decoded]:
        return zxing(prepare(grey), name, **options)

    return stage


def _zbar_stage(name: str, prepare: Callable[[Grey], Grey]) -> Stage:
    def stage(grey: Grey, _broken: list[Broken]) -> list[Decoded]:
        if not has_zbar():
            return []
        return [Decoded(payload, "qr", name) for payload in read_with_zbar(prepare(grey))]

    return stage


def _other_binarizer(grey: Grey, _broken: list[Broken]) -> list[Decoded]:
    import zxingcpp

    return zxing(grey, "global", binarizer=zxingcpp.Binarizer.GlobalHistogram)


def _cut_out(_grey: Grey, broken: list[Broken]) -> list[Decoded]:
    """Enlarge the codes that were seen but not corrected, and try them in several ways."""
    for picture, position in broken[:MAX_CUT_OUTS]:
        part = cut_out(picture, position)
        if min(part.shape[:2], default=0) < MIN_SIDE:
            continue
        for prepare in (thick, flat_sharp, contrast):
            found = zxing(prepare(part), CUT_OUT, **SAME_SIZE)
            if found:
                return found
    return []


CUT_OUT = "cut_out"
SAME_SIZE = {"try_downscale": False}  # what was enlarged for zxing need not be reduced again
STAGES: dict[str, Stage] = {
    "flat_calm": _zxing_stage("flat_calm", flat_calm),
    "flat_larger": _zxing_stage("flat_larger", flat_larger),
    CUT_OUT: _cut_out,
    "zbar_half": _zbar_stage("zbar_half", halved),
    "flat_twice": _zxing_stage("flat_twice", flat_twice, **SAME_SIZE),
    "contrast_calm": _zxing_stage("contrast_calm", contrast_calm, **SAME_SIZE),
    "global": _other_binarizer,
    "contrast_twice": _zxing_stage("contrast_twice", contrast_twice, **SAME_SIZE),
    "thick_twice": _zxing_stage("thick_twice", thick_twice, **SAME_SIZE),
    "flat_bright": _zxing_stage("flat_bright", flat_bright, **SAME_SIZE),
    "sharp_twice": _zxing_stage("sharp_twice", sharp_twice, **SAME_SIZE),
    "zbar_soft": _zbar_stage("zbar_soft", soft),
}
USUAL_STAGES = ("flat_calm", "flat_larger")
