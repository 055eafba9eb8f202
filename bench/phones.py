"""Draw pictures of phone screens that show a card, with a fixed seed.

    python bench/phones.py FOLDER

Each picture is written beside its text (`.txt`), in one folder for each size and difficulty: as a
webcam sees it, and as a photo of twelve megapixels that somebody uploads.  Simulated are the
screen's own grid of pixels, perspective, dim light, glare, blur, dark mode, cracks, noise and
JPEG; not simulated are lens flare, rolling shutter and automatic exposure.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import segno

sys.path.insert(0, str(Path(__file__).parents[1]))

from scanner.picture import opencv

cv2 = opencv()

SIZES = {"720p": (1280, 720), "vga": (640, 480)}  # of a webcam's frames
PHOTO_SIZE = (4000, 3000)
PICTURES_PER_KIND = 20  # and size
PHOTOS_PER_KIND = 8
SEED = 20_261_122
CODE_SHARE = 0.62  # of the height of the frame, that the code takes
Picture = Any
Chance = np.random.Generator


def payload(chance: Chance) -> str:
    """Return a BHYT line of 250 to 420 characters of an invented person."""
    name, place = (chance.choice(WORDS, size) for size in (3, int(chance.integers(4, 10))))
    number = f"99999{chance.integers(10**5):05d}"
    fields = [
        number,
        " ".join(name).encode().hex(),
        "01/02/1980",
        "1",
        " ".join(place).encode().hex(),
        "01 - 999",
        "01/01/2024",
        "-",
        "05/01/2024",
        f"0101{number}",
        "-",
        "4",
        " 01/01/2029",
        "123456789abcdef0-1202",
        "4",
        "Thử".encode().hex(),
        "$",
    ]
    return "|".join(fields)


WORDS = ["Nguyễn", "Thị", "Văn", "Mẫu", "Ánh", "Phượng", "Đường", "Phường", "Huỳnh", "Quỳnh"]


def screen(text: str, dark: bool) -> Picture:
    """Return a code as a phone shows it: 12 screen pixels a module, with a grid between them."""
    file = io.BytesIO()
    segno.make(text, error="m", micro=False).save(file, kind="png", scale=12, border=4)
    code = cv2.imdecode(np.frombuffer(file.getvalue(), np.uint8), cv2.IMREAD_GRAYSCALE)
    code = 255 - code if dark else code
    grid = np.ones_like(code, np.float32)
    grid[::3] *= 0.92
    grid[:, ::3] *= 0.92
    return (code * grid).astype(np.uint8)


def taken(
    code: Picture, size: tuple[int, int], chance: Chance, tilt: float, shown: float
) -> Picture:
    """Return a frame that shows a phone with the code, tilted by so many degrees.

    `shown` is the share of the height of the frame that the code takes.
    """
    width, height = size
    frame = np.full((height, width), 90, np.uint8)
    side = height * shown
    tilt_rad = np.deg2rad(tilt)
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32) * side / 2
    turn = np.deg2rad(chance.uniform(-12, 12))
    corners = corners @ np.array(
        [[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]], np.float32
    )
    depth = 1 + corners[:, 0] * np.sin(tilt_rad) / (2.5 * height)
    corners[:, 0] *= np.cos(tilt_rad)
    corners = corners / depth[:, None] + [
        width / 2 + chance.uniform(-0.1, 0.1) * width,
        height / 2 + chance.uniform(-0.05, 0.05) * height,
    ]
    edge = code.shape[0] - 1
    flat = np.array([[0, 0], [edge, 0], [edge, edge], [0, edge]], np.float32)
    transform = cv2.getPerspectiveTransform(flat, corners.astype(np.float32))
    shrunk = cv2.GaussianBlur(code, (0, 0), max(0.6, code.shape[0] / side / 2.2))
    cv2.warpPerspective(shrunk, transform, size, frame, cv2.INTER_LINEAR, cv2.BORDER_TRANSPARENT)
    return frame


def glare(frame: Picture, chance: Chance) -> Picture:
    """Add the reflection of a lamp to a part of the frame."""
    return lit(frame, chance, 120, 420)


def lit(frame: Picture, chance: Chance, low: float, high: float) -> Picture:
    """Add the reflection of a lamp, which adds between `low` and `high` grey in its middle."""
    height, width = frame.shape
    x, y = width * chance.uniform(0.35, 0.65), height * chance.uniform(0.3, 0.7)
    rows, columns = np.ogrid[:height, :width]
    away = ((columns - x) ** 2 + (rows - y) ** 2) / (0.18 * height) ** 2
    lamp = chance.uniform(low, high)
    return np.clip(frame + lamp * np.exp(-away), 0, 255).astype(np.uint8)


def cracked(frame: Picture, chance: Chance) -> Picture:
    """Draw the lines of broken glass."""
    height, width = frame.shape
    for _ in range(int(chance.integers(2, 12))):
        xs, ys = chance.integers(0, width, 2), chance.integers(0, height, 2)
        start, end = (int(xs[0]), int(ys[0])), (int(xs[1]), int(ys[1]))
        cv2.line(frame, start, end, 200, max(1, height // 400))
    return frame


def moved(frame: Picture, chance: Chance) -> Picture:
    """Blur the frame along a line, as if the hand moved."""
    length = max(2, round(frame.shape[0] / chance.uniform(70, 180)))
    return cv2.filter2D(frame, -1, np.full((1, length), 1 / length, np.float32))


def dimmed(frame: Picture, chance: Chance) -> Picture:
    """Reduce the light to a few hundredths."""
    return (frame * chance.uniform(0.03, 0.12)).astype(np.uint8)


def darkened(frame: Picture, chance: Chance) -> Picture:
    """Reduce the light to what a phone at its lowest brightness has in a lit room."""
    return (frame * chance.uniform(0.012, 0.05)).astype(np.uint8)


def washed_out(frame: Picture, chance: Chance) -> Picture:
    """Expose too long: everything is nearly white."""
    contrast = chance.uniform(0.08, 0.3)
    return np.clip(250 + (frame.astype(np.float32) - 200) * contrast, 0, 255).astype(np.uint8)


def dazzling(frame: Picture, chance: Chance) -> Picture:
    """Add the reflection of a strong lamp, which saturates a part of the frame."""
    return lit(frame, chance, 300, 900)


def unsharp(frame: Picture, chance: Chance) -> Picture:
    """Blur the frame, as if it were out of focus."""
    return cv2.GaussianBlur(frame, (0, 0), frame.shape[0] / chance.uniform(240, 480))


def plain(frame: Picture, _chance: Chance) -> Picture:
    """Return the frame as it is."""
    return frame


Degrade = Callable[[Picture, Chance], Picture]
# Degradation, tilt (degrees), dark mode, share of the height that the code takes.
Kind = tuple[Degrade, float, bool, float]
KINDS: dict[str, Kind] = {
    "plain": (plain, 5, False, CODE_SHARE),
    "tilted": (plain, 58, False, CODE_SHARE),
    "dark mode": (plain, 10, True, CODE_SHARE),
    "dim": (dimmed, 10, False, CODE_SHARE),
    "glare": (glare, 10, False, CODE_SHARE),
    "unsharp": (unsharp, 5, False, CODE_SHARE),
    "moved": (moved, 5, False, CODE_SHARE),
    "cracked": (cracked, 5, False, CODE_SHARE),
    "small": (plain, 5, False, 0.26),
    "very dark": (darkened, 10, False, CODE_SHARE),
    "washed out": (washed_out, 10, False, CODE_SHARE),
    "dazzling": (dazzling, 25, False, CODE_SHARE),
    "dark mode, tilted": (plain, 50, True, CODE_SHARE),
    "dark mode, dim": (dimmed, 10, True, CODE_SHARE),
    "far": (plain, 5, False, 0.055),
}
FRAME_KINDS = tuple(kind for kind in KINDS if kind != "far")  # in a frame it has too few pixels
PHOTO_KINDS = (
    "plain",
    "tilted",
    "dark mode",
    "dim",
    "glare",
    "unsharp",
    "small",
    "very dark",
    "washed out",
    "dazzling",
    "far",
)


def pictures(size: tuple[int, int], kind: str, count: int) -> list[tuple[str, Picture]]:
    """Return pictures of one kind with their texts: the same ones each time."""
    chance = np.random.default_rng([SEED, size[1], list(KINDS).index(kind)])
    degrade, tilt, dark, shown = KINDS[kind]
    made = []
    for _ in range(count):
        text = payload(chance)
        frame = taken(screen(text, dark), size, chance, tilt, shown)
        frame = degrade(frame, chance)
        noise = chance.normal(0, 4, frame.shape)
        frame = np.clip(frame + noise, 0, 255).astype(np.uint8)
        jpeg = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 80])[1]
        made.append((text, cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE)))
    return made


def main() -> None:
    """Write the pictures."""
    root = Path(sys.argv[1])
    for name, size in SIZES.items():
        for kind in FRAME_KINDS:
            write(root / f"{name} {kind}", pictures(size, kind, PICTURES_PER_KIND))
    for kind in PHOTO_KINDS:
        write(root / f"photo {kind}", pictures(PHOTO_SIZE, kind, PHOTOS_PER_KIND))


def write(folder: Path, made: list[tuple[str, Picture]]) -> None:
    """Write pictures into a folder, each with its text."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, (text, picture) in enumerate(made):
        cv2.imwrite(str(folder / f"{number:02d}.jpg"), picture)
        (folder / f"{number:02d}.txt").write_text(text, "utf-8")


if __name__ == "__main__":
    main()
