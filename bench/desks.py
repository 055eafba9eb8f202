"""Draw frames of a camera that has no card in view, with a fixed seed: most frames of a day."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from scanner.picture import opencv

cv2 = opencv()
WIDTH, HEIGHT = 1280, 720
SEED = 20_261_122
SENSOR_NOISE = 4.0  # grey
SHAPE_SIDES = (320, 80, 20, 5)  # pixels
MOTION = 9  # pixels between two frames
Picture = Any


def seen(scene: Picture, chance: np.random.Generator, noise: float = SENSOR_NOISE) -> Picture:
    """Return a scene in floating point as a sensor sees it, in eight bits."""
    return (scene + chance.normal(0, noise, scene.shape)).clip(0, 255).astype(np.uint8)


def wall(_chance: np.random.Generator) -> Picture:
    """Return a wall, or an empty desk."""
    return np.full((HEIGHT, WIDTH), 110, np.float32)


def room(chance: np.random.Generator) -> Picture:
    """Return shapes of all sizes."""
    scene = np.full((HEIGHT, WIDTH), 110, np.float32)
    for side in SHAPE_SIDES:
        shapes = chance.normal(0, side**0.5, (HEIGHT // side, WIDTH // side)).astype(np.float32)
        scene += cv2.resize(shapes, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return scene


def papers(chance: np.random.Generator) -> Picture:
    """Return a desk that is full of printed lines."""
    scene = np.full((HEIGHT, WIDTH), 200, np.uint8)
    for line in range(40):
        place = (int(chance.integers(-200, 200)), 18 * line)
        size, grey = float(chance.uniform(0.4, 1.5)), int(chance.integers(0, 120))
        cv2.putText(scene, "0123456789 abcdef " * 8, place, cv2.FONT_HERSHEY_SIMPLEX, size, grey, 2)
    return cv2.GaussianBlur(scene, (3, 3), 0).astype(np.float32)


SCENES: dict[str, Callable[[np.random.Generator], Picture]] = {
    "wall": wall,
    "room": room,
    "papers": papers,
}


def film(kind: str, frames: int, *, moving: bool = False) -> Iterator[Picture]:
    """Yield frames of one scene, at rest or moving; the same ones each time."""
    chance = np.random.default_rng([SEED, list(SCENES).index(kind)])
    scene = SCENES[kind](chance)
    for number in range(frames):
        yield seen(np.roll(scene, MOTION * number, axis=1) if moving else scene, chance)
