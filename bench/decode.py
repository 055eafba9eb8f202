"""Measure how many pictures are read, and how fast: our stages against single libraries.

    python bench/decode.py FOLDER …

Each folder holds pictures, each beside its text (`.txt`): made with `bench/phones.py`, or
photographs of codes.  Pictures are scaled to fit a frame of 1280 × 720, as a webcam gives it.
Prints a JSON line for each folder and reader, and for all folders together: the number of
pictures, of those read, of those read letter for letter, and of codes found that are not there;
and the median and p95 time in milliseconds of those that were read, and of those that were not.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from scanner.decoding import FrameReader, look_at
from scanner.picture import opencv, scaled

cv2 = opencv()
WIDTH, HEIGHT = 1280, 720
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
Read = Callable[[Any], list[bytes]]


class Reading(NamedTuple):
    """The payloads read from one picture, and the one that it shows; None if it shows none."""

    took_ms: float
    payloads: list[bytes]
    expected: bytes | None


def ours(grey: Any) -> list[bytes]:
    """Read as frames of a camera, which shows a code four times in a quarter of a second."""
    reader = FrameReader()
    for _ in range(4):
        if found := reader.look_at(grey).found:
            return [code.payload for code in found]
    return []


def ours_all(grey: Any) -> list[bytes]:
    """Read as a single picture, with all stages."""
    return [code.payload for code in look_at(grey).found]


def zxing_alone(grey: Any) -> list[bytes]:
    """Read with zxing-cpp, QR only."""
    import zxingcpp

    qr = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    return [bytes(code.bytes) for code in zxingcpp.read_barcodes(grey, formats=qr)]


def pyzbar_alone(grey: Any) -> list[bytes]:
    """Read with pyzbar as it is installed."""
    from pyzbar import pyzbar

    return [code.data for code in pyzbar.decode(grey, symbols=[pyzbar.ZBarSymbol.QRCODE])]


def opencv_alone(grey: Any) -> list[bytes]:
    """Read with OpenCV's own detector."""
    try:
        text = cv2.QRCodeDetector().detectAndDecode(grey)[0]
    except (UnicodeDecodeError, cv2.error):
        return []  # it fails on text that it does not expect
    return [text.encode()] if text else []


READERS: dict[str, Read] = {
    "ours, four frames": ours,
    "ours, all stages": ours_all,
    "zxing-cpp": zxing_alone,
    "pyzbar": pyzbar_alone,
    "OpenCV": opencv_alone,
}


def pictures(folder: Path) -> Iterator[tuple[Any, bytes | None]]:
    """Yield the pictures of a folder in grey, each with its text (None if there is none)."""
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in SUFFIXES:
            continue
        grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        factor = min(1.0, WIDTH / grey.shape[1], HEIGHT / grey.shape[0])
        text_path = path.with_suffix(".txt")
        expected = text_path.read_bytes() if text_path.exists() else None
        yield (scaled(grey, factor) if factor < 1 else grey), expected


def timed(read: Read, sample: list[tuple[Any, bytes | None]]) -> list[Reading]:
    """Return what one reader reads from each picture."""
    readings = []
    for grey, expected in sample:
        start = time.perf_counter_ns()
        payloads = read(grey)
        took = (time.perf_counter_ns() - start) / 1e6
        readings.append(Reading(took, payloads, expected))
    return readings


def measured(readings: list[Reading]) -> dict[str, object]:
    """Return the figures of one reader for a folder."""
    line: dict[str, object] = {
        "pictures": len(readings),
        "read": sum(bool(reading.payloads) for reading in readings),
        "exact": sum(
            reading.expected is not None and reading.expected in reading.payloads
            for reading in readings
        ),
        "invented": sum(
            bool(reading.payloads) and reading.expected is None for reading in readings
        ),
    }
    for name, was_read in (("read", True), ("missed", False)):
        took_ms = sorted(
            reading.took_ms for reading in readings if bool(reading.payloads) is was_read
        )
        if took_ms:
            line[f"{name}_ms"] = round(statistics.median(took_ms), 2)
            line[f"{name}_p95_ms"] = round(took_ms[int(0.95 * (len(took_ms) - 1))], 2)
    return line


def main() -> None:
    """Measure and print."""
    every: dict[str, list[Reading]] = {name: [] for name in READERS}
    for folder in filter(Path.is_dir, map(Path, sys.argv[1:])):
        sample = list(pictures(folder))
        for name, read in READERS.items():
            try:
                readings = timed(read, sample)
            except ImportError as exc:
                print(json.dumps({"folder": folder.name, "reader": name, "absent": exc.name}))
                continue
            every[name] += readings
            line = {"folder": folder.name, "reader": name} | measured(readings)
            print(json.dumps(line), flush=True)
    for name, readings in every.items():
        print(json.dumps({"folder": "all", "reader": name} | measured(readings)))


if __name__ == "__main__":
    main()
