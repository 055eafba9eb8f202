"""A large file is downloaded in parts: what arrived before a cut is not transferred again."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.feed import big_file, fetch, target_of
from kiosk.feed.download import download
from kiosk.feed.errors import FeedUnreachable
from tests.feed_server import quiet, serving, stick, web
from tests.process import until

MB = 10**6
SIZE = 50 * MB  # bench/feed.py does the same with 500 MB


def test_a_download_cut_at_three_fifths_transfers_less_than_half_again(tmp_path: Path) -> None:
    found = fetch(tmp_path, SIZE, cut_at=0.6)

    assert found.sent_first >= 0.55 * SIZE
    assert found.sent_again <= 0.45 * SIZE
    assert found.most_memory < 8 * MB  # allocated by Python during the download


def test_a_file_that_is_cut_many_times_is_transferred_once(tmp_path: Path) -> None:
    content = big_file(tmp_path / "feed", MB)
    target = target_of(content)
    sent = 0
    with serving(tmp_path / "feed") as site:
        for part in range(1, 10):
            end = part * MB // 10

            def cut(request: object, content: bytes, end: int = end) -> bytes | None:
                del request
                return content[:end]

            site.misbehave = cut
            with pytest.raises(FeedUnreachable, match=f"cut at {end} of"):
                download(web(site), target, tmp_path / "came", quiet)
        site.misbehave = None
        sent = download(web(site), target, tmp_path / "came", quiet)
        until(lambda: site.sent == MB)  # the server counts a part after it was sent
    assert sent == MB // 10
    assert (tmp_path / "came").read_bytes() == content.read_bytes()
    assert not (tmp_path / "came.part").exists()


def test_a_stick_continues_a_download_that_was_cut(tmp_path: Path) -> None:
    content = big_file(tmp_path / "feed", MB)
    with serving(tmp_path / "feed") as site:
        site.misbehave = lambda _request, content: content[: MB // 2]
        with pytest.raises(FeedUnreachable):
            download(web(site), target_of(content), tmp_path / "came", quiet)

    sent = download(stick(tmp_path / "feed"), target_of(content), tmp_path / "came", quiet)
    assert sent == MB // 2
