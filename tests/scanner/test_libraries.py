"""No single library reads more pictures of a kind than the program does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench.decode import FRAME, READERS, WHOLE, Sample, behind, figures, installed, samples, timed
from bench.phones import FRAME_KINDS, PHOTO_KINDS, PHOTO_SIZE, SIZES, pictures
from tests.sampling import sample_and_all

PHOTOS = Path(__file__).parents[3] / "shared" / "data" / "qr-photos"


def libraries_ahead(sample: Sample) -> list[str]:
    return behind(sample, figures(timed(installed(READERS[sample.size]), sample)))


def drawn(size: tuple[int, int], kind: str, count: int) -> list[tuple[Any, bytes | None]]:
    return [(frame, text.encode()) for text, frame in pictures(size, kind, count)]


@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize("kind", FRAME_KINDS)
@sample_and_all("count", sample=1, whole=12, mark=pytest.mark.long)
def test_no_library_reads_more_frames_of_a_kind(kind: str, size: str, count: int) -> None:
    assert libraries_ahead(Sample(kind, FRAME, drawn(SIZES[size], kind, count))) == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", PHOTO_KINDS)
def test_no_library_reads_more_photos_of_a_kind(kind: str) -> None:
    assert libraries_ahead(Sample(kind, WHOLE, drawn(PHOTO_SIZE, kind, 4))) == []


@pytest.mark.skipif(not PHOTOS.is_dir(), reason="the published pictures are not beside the project")
@pytest.mark.parametrize("number", range(1, 7))
def test_no_library_reads_more_of_the_published_photographs(number: int) -> None:
    for sample in samples(PHOTOS / f"qrcode-{number}"):
        assert libraries_ahead(sample) == []
