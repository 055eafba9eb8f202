"""Pictures that are made to be costly get an answer or a refusal, and never take much memory."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scanner.picture import opencv

cv2 = opencv()
resource = pytest.importorskip(
    "resource", reason="resident memory is measured with POSIX functions"
)
MAX_EXTRA_MIB = 200  # above what the program needs at rest

# Decodes a file in a process of its own, and prints by how much resident memory rose at most.
DECODE = textwrap.dedent(
    """
    import json, resource, sys
    from scanner import BadPicture, decode_picture

    def highest():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

    with open(sys.argv[1], "rb") as file:
        small = file.read()
    decode_picture(small)  # loads the libraries, whose memory does not count
    with open(sys.argv[2], "rb") as file:
        data = file.read()
    before, result = highest(), "answered"
    try:
        decode_picture(data)
    except BadPicture:
        result = "refused"
    print(json.dumps({"result": result, "mib": highest() - before}))
    """
)


def encoded(picture: Any, kind: str, *options: int) -> bytes:
    is_good, data = cv2.imencode(kind, picture, list(options))
    assert is_good
    return bytes(data)


def png_of(width: int, height: int) -> bytes:
    """Return a grey PNG of zeros, small in the file and large when unpacked."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return len(data).to_bytes(4) + body + zlib.crc32(body).to_bytes(4)

    head = width.to_bytes(4) + height.to_bytes(4) + b"\x08\x00\x00\x00\x00"
    rows = zlib.compress(bytes((width + 1) * height), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def noise(side: int) -> Any:
    return np.random.default_rng(7).integers(0, 256, (side, side), dtype=np.uint8)


PICTURES: dict[str, Callable[[], tuple[bytes, str | None]]] = {
    "ten thousand square": lambda: (png_of(10_000, 10_000), "refused"),
    "five thousand square of noise": lambda: (encoded(noise(5_000), ".jpg", 1, 30), "answered"),
    "five thousand square, transparent": lambda: (
        encoded(np.zeros((5_000, 5_000, 4), np.uint8), ".png"),
        "answered",
    ),
    "transparent, with 16 bits": lambda: (
        encoded(np.zeros((3_500, 3_500, 4), np.uint16), ".png"),
        "answered",
    ),
    "one pixel": lambda: (encoded(noise(1), ".png"), "answered"),
    "cut in the middle": lambda: (encoded(noise(800), ".jpg")[:40_000], None),
    "an empty file": lambda: (b"", "refused"),
    "a line a pixel high": lambda: (png_of(25_000, 1), "answered"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_hostile_picture_takes_no_more_memory_than_a_good_one_may(
    name: str, tmp_path: Path
) -> None:
    data, expected = PICTURES[name]()
    small, hostile = tmp_path / "small", tmp_path / "hostile"
    small.write_bytes(encoded(noise(64), ".png"))
    hostile.write_bytes(data)

    done = subprocess.run(
        [sys.executable, "-c", DECODE, str(small), str(hostile)],
        cwd=Path(__file__).parents[2], capture_output=True, check=True, timeout=120,
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert found["mib"] <= MAX_EXTRA_MIB, found
    assert expected is None or found["result"] == expected
