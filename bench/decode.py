"""How many pictures are read, how rightly and how fast: our stages against single libraries.

    python bench/decode.py FOLDER …

Each folder holds pictures, each beside its text (`.txt`).  Pictures are made to fit a frame of
1280 × 720, as a webcam gives it.  Prints a JSON line for each folder and reader, and for all
folders together: pictures, those read, those read letter for letter, codes found that are not
there, median and p95 time in milliseconds of those that were read, and of those that were not.
Made with `bench/phones.py`, or photographs of codes.
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
KINDS = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
Read = Callable[[Any], list[bytes]]


class Reading(NamedTuple):
    """What came of one picture."""

    took_ms: float
    payloads: list[bytes]
    wanted: bytes | None


def ours(grey: Any) -> list[bytes]:
    """Read as a camera's, which shows the same four times in a quarter of a second."""
    reader = FrameReader()
    for _ in range(4):
        if found := reader.look_at(grey).found:
            return [code.payload for code in found]
    return []


def ours_all(grey: Any) -> list[bytes]:
    """Read one picture with all stages."""
    return [code.payload for code in look_at(grey).found]


def zxing_alone(grey: Any) -> list[bytes]:
    """Read with zxing-cpp, QR only."""
    import zxingcpp

    qr = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    return [bytes(code.bytes) for code in zxingcpp.read_barcodes(grey, formats=qr)]


def pyzbar_alone(grey: Any) -> list[bytes]:
    """Read with pyzbar as it comes."""
    from pyzbar import pyzbar

    return [code.data for code in pyzbar.decode(grey, symbols=[pyzbar.ZBarSymbol.QRCODE])]


def opencv_alone(grey: Any) -> list[bytes]:
    """Read with OpenCV's own detector."""
    try:
        text = cv2.QRCodeDetector().detectAndDecode(grey)[0]
    except (UnicodeDecodeError, cv2.error):
        return []  # it falls over text that it did not expect
    return [text.encode()] if text else []


READERS: dict[str, Read] = {
    "ours, four frames": ours,
    "ours, all stages": ours_all,
    "zxing-cpp": zxing_alone,
    "pyzbar": pyzbar_alone,
    "OpenCV": opencv_alone,
}


def pictures(folder: Path) -> Iterator[tuple[Any, bytes | None]]:
    """Yield the pictures of a folder in grey, each with its text where there is one."""
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in KINDS:
            continue
        grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        by = min(1.0, WIDTH / grey.shape[1], HEIGHT / grey.shape[0])
        beside = path.with_suffix(".txt")
        wanted = beside.read_bytes() if beside.exists() else None
        yield (scaled(grey, by) if by < 1 else grey), wanted


def timed(read: Read, sample: list[tuple[Any, bytes | None]]) -> list[Reading]:
    """Return what one reader makes of each picture."""
    readings = []
    for grey, wanted in sample:
        start = time.perf_counter_ns()
        payloads = read(grey)
        took = (time.perf_counter_ns() - start) / 1e6
        readings.append(Reading(took, payloads, wanted))
    return readings


def measured(readings: list[Reading]) -> dict[str, object]:
    """Return what one reader makes of a folder."""
    line: dict[str, object] = {
        "pictures": len(readings),
        "read": sum(bool(one.payloads) for one in readings),
        "exact": sum(one.wanted is not None and one.wanted in one.payloads for one in readings),
        "invented": sum(bool(one.payloads) and one.wanted is None for one in readings),
    }
    for name, was_read in (("read", True), ("missed", False)):
        took_ms = sorted(one.took_ms for one in readings if bool(one.payloads) is was_read)
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
