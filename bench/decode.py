"""Measure how many pictures are read, and how fast: our stages against single libraries.

    python bench/decode.py [--busy N] [--drawn N] [FOLDER …] [--no-goals]

Each folder holds pictures, each beside its text (`.txt`): made with `bench/phones.py`, or
photographs of codes.  Without a folder, N pictures of each kind are drawn (by default 8).  All
readers get the same pictures, one after the other picture by picture: reduced to fit a frame of
1280 × 720, as a webcam gives it, and those that are larger also as they came.  With `--busy`, so
many other processes want a processor all the time.

Prints a JSON line for each folder, size and reader, and for all folders together: the number of
pictures, of those read, of those read letter for letter, and of codes found that are not there;
the median and p95 time in milliseconds over all pictures, whether they were read or not; and the
median over the `shared` ones, which both we and zxing-cpp read.  Then come frames of a camera
without a code in view (`bench/desks.py`), with the processor time beside zxing-cpp's.

Then come the goals, and exit 1 if one is missed, unless there is --no-goals: in no folder does a
single library read more than we do (`behind` names it), a picture that is read takes 2 ms and a
frame without a code 3 ms of processor time, in the median.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.desks import SCENES, film
from bench.goals import Goals
from bench.phones import FRAME_KINDS, PHOTO_KINDS, PHOTO_SIZE, SIZES, pictures, write
from scanner.decoding import FrameReader, look_at
from scanner.picture import opencv, scaled

cv2 = opencv()
WIDTH, HEIGHT = 1280, 720
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
EMPTY_FRAMES = 60  # of each film: four seconds
MAX_EMPTY_MS = 3.0  # of processor time, median: the aim
MAX_READ_MS = 2.0  # median, of a frame that is read
DRAWN = 8  # pictures of each kind
BUSY_LOOP = "while True: pass"
FRAME, WHOLE = "frame", "as it came"
Read = Callable[[Any], list[bytes]]


class Reading(NamedTuple):
    """The payloads read from one picture, and the one that it shows; None if it shows none."""

    took_ms: float
    payloads: list[bytes]
    expected: bytes | None


class Sample(NamedTuple):
    """The pictures of one folder in one size, in grey, each with its text."""

    folder: str
    size: str
    pictures: list[tuple[Any, bytes | None]]


def four_frames(grey: Any) -> list[bytes]:
    """Read as frames of a camera, which shows a code four times in a quarter of a second."""
    reader = FrameReader()
    for _ in range(4):
        if found := reader.look_at(grey).found:
            return [code.payload for code in found]
    return []


def all_stages(grey: Any) -> list[bytes]:
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


OURS_AS_CAMERA, OURS, ZXING = "ours, four frames", "ours, all stages", "zxing-cpp"
LIBRARIES: dict[str, Read] = {ZXING: zxing_alone, "pyzbar": pyzbar_alone, "OpenCV": opencv_alone}
READERS: dict[str, dict[str, Read]] = {  # by the size of the pictures
    FRAME: {OURS_AS_CAMERA: four_frames, OURS: all_stages} | LIBRARIES,
    WHOLE: {OURS: all_stages} | LIBRARIES,
}


def samples(folder: Path) -> Iterator[Sample]:
    """Yield the pictures of a folder, reduced to a frame; then those that were larger."""
    frames, larger = [], []
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in SUFFIXES:
            continue
        grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
        text_path = path.with_suffix(".txt")
        expected = text_path.read_bytes() if text_path.exists() else None
        factor = min(1.0, WIDTH / grey.shape[1], HEIGHT / grey.shape[0])
        frames.append((scaled(grey, factor) if factor < 1 else grey, expected))
        if factor < 1:
            larger.append((grey, expected))
    yield Sample(folder.name, FRAME, frames)
    if larger:
        yield Sample(folder.name, WHOLE, larger)


def installed(readers: dict[str, Read]) -> dict[str, Read]:
    """Return the readers whose library is installed; print which are absent."""
    usable = {}
    blank = cv2.UMat(32, 32, cv2.CV_8U).get()
    for name, read in readers.items():
        try:
            read(blank)
            usable[name] = read
        except ImportError as exc:
            Goals().not_run(f"pictures, {name}", f"{exc.name} is not installed")
    return usable


def timed(readers: dict[str, Read], sample: Sample) -> dict[str, list[Reading]]:
    """Return what each reader reads from each picture; they take turns, in a changing order."""
    readings: dict[str, list[Reading]] = {name: [] for name in readers}
    names = list(readers)
    for number, (grey, expected) in enumerate(sample.pictures):
        start = number % len(names)
        for name in names[start:] + names[:start]:
            begun = time.perf_counter_ns()
            payloads = readers[name](grey)
            took_ms = (time.perf_counter_ns() - begun) / 1e6
            readings[name].append(Reading(took_ms, payloads, expected))
    return readings


def figures(readings: dict[str, list[Reading]]) -> dict[str, dict[str, object]]:
    """Return the figures of each reader: all of the same pictures."""
    pairs = zip(readings[OURS], readings[ZXING], strict=True)
    is_shared = [bool(ours.payloads and theirs.payloads) for ours, theirs in pairs]
    return {name: _figures(each, is_shared) for name, each in readings.items()}


def _figures(readings: list[Reading], is_shared: list[bool]) -> dict[str, object]:
    took_ms = sorted(reading.took_ms for reading in readings)
    shared_ms = [
        reading.took_ms for reading, counts in zip(readings, is_shared, strict=True) if counts
    ]
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
        "median_ms": round(statistics.median(took_ms), 2),
        "p95_ms": round(took_ms[int(0.95 * (len(took_ms) - 1))], 2),
    }
    if shared_ms:
        line |= {"shared": len(shared_ms), "shared_ms": round(statistics.median(shared_ms), 2)}
    return line


def behind(sample: Sample, lines: dict[str, dict[str, Any]]) -> list[str]:
    """Return which libraries read more of a folder than one of our readers does."""
    ours = [name for name in lines if name not in LIBRARIES]
    return [
        f"{sample.folder}, {sample.size}: {name} reads {lines[name]['read']} of "
        f"{lines[name]['pictures']}, {our} {lines[our]['read']}"
        for name in lines
        for our in ours
        if name in LIBRARIES and lines[name]["read"] > lines[our]["read"]
    ]


def empty_frames() -> Iterator[dict[str, Any]]:
    """Yield a line for each film without a code: processor time for each frame, and zxing-cpp's."""
    for kind in SCENES:
        for moving in (False, True):
            camera = FrameReader()
            ours: list[float] = []
            zxing: list[float] = []
            for frame in film(kind, EMPTY_FRAMES, moving=moving):
                for took_ms, read in ((ours, camera.look_at), (zxing, zxing_alone)):
                    begun = time.thread_time_ns()
                    read(frame)
                    took_ms.append((time.thread_time_ns() - begun) / 1e6)
            median = statistics.median(ours)
            yield {
                "empty": f"{kind}, {'moving' if moving else 'still'}",
                "frames": len(ours),
                "median_ms": round(median, 2),
                "mean_ms": round(statistics.mean(ours), 2),
                "zxing_ms": round(statistics.median(zxing), 2),
            }


@contextmanager
def busy_processes(count: int) -> Iterator[None]:
    """Let other processes want a processor all the time."""
    others = [subprocess.Popen([sys.executable, "-c", BUSY_LOOP]) for _ in range(count)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def draw(folder: Path, count: int) -> Iterator[Path]:
    """Draw so many pictures of each kind; yield their folders."""
    for name, size in SIZES.items():
        for kind in FRAME_KINDS:
            write(path := folder / f"{name} {kind}", pictures(size, kind, count))
            yield path
    for kind in PHOTO_KINDS:
        write(path := folder / f"photo {kind}", pictures(PHOTO_SIZE, kind, max(1, count // 2)))
        yield path


def main() -> None:
    """Measure, and print; exit 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER")
    parser.add_argument("--busy", type=int, default=0, help="so many busy processes beside it")
    parser.add_argument("--drawn", type=int, default=DRAWN, help="of each kind, without a FOLDER")
    parser.add_argument("--no-goals", action="store_true", help="exit 0 whatever is measured")
    options = parser.parse_args()
    goals = Goals(not options.no_goals)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folders = options.folders or list(draw(Path(name), options.drawn))
        measure(goals, folders, options.busy)
    goals.end()


def measure(goals: Goals, folders: list[Path], busy: int) -> None:
    """Show the pictures of all folders to all readers, and print their figures."""
    usable = {size: installed(readers) for size, readers in READERS.items()}
    every: dict[str, dict[str, list[Reading]]] = {
        size: {name: [] for name in readers} for size, readers in usable.items()
    }
    ahead: list[str] = []
    with busy_processes(busy):
        for folder in filter(Path.is_dir, folders):
            for sample in samples(folder):
                readings = timed(usable[sample.size], sample)
                lines = figures(readings)
                for name, line in lines.items():
                    every[sample.size][name] += readings[name]
                    head = {"folder": folder.name, "size": sample.size, "reader": name}
                    print(json.dumps(head | line), flush=True)
                ahead += behind(sample, lines)
        for size, readings in every.items():
            for name, line in figures(readings).items() if any(readings.values()) else ():
                print(json.dumps({"folder": "all", "size": size, "reader": name} | line))
        for film_line in empty_frames():
            what, median = f"no code in view: {film_line['empty']}", film_line["median_ms"]
            ratio = round(median / film_line["zxing_ms"], 2)
            figures_of_film: dict[str, Any] = {"unit": "ms, median", "ratio": ratio} | film_line
            goals.check(what, median, MAX_EMPTY_MS, **figures_of_film)
    read_ms = {
        name: [each.took_ms for each in readings if each.payloads]
        for name, readings in every[FRAME].items()
    }
    if read_ms[OURS]:
        median = statistics.median(read_ms[OURS])
        ratio = round(median / statistics.median(read_ms[ZXING] or [math.nan]), 2)
        goals.check("a frame that is read", median, MAX_READ_MS, unit="ms, median", ratio=ratio)
    goals.check("libraries ahead in a folder", len(ahead), 0, busy=busy, behind=ahead)


if __name__ == "__main__":
    main()
