"""The installed program and its feed: real processes, a real server, a real browser."""

from __future__ import annotations

import json
from pathlib import Path

from tests.browser import chromium
from tests.feed_server import Publisher, line, serving
from tests.process import call, run, site, until
from tests.process import serving as running

NUMBER = "DN4019999900021"


def options(folder: Path, publisher: Publisher, url: str) -> list[str]:
    root = folder / "1.root.json"
    root.write_bytes(publisher.root)
    extra = f'\n[feed]\nurl = "{url}"\nroot_file = "{root}"\n'
    return site(folder, "", extra)


def test_published_data_reach_the_desk_and_a_failed_update_is_shown_there(
    tmp_path: Path,
) -> None:
    publisher = Publisher(tmp_path / "publisher")
    publisher.init()
    publisher.cards(line(9999900021, "2080-12-31"))
    with serving(publisher.feed) as feed:
        settings = options(tmp_path, publisher, feed.url)
        with running(*settings) as server, chromium() as browser:
            page = browser.new_page()
            until(lambda: server.post("/api/scans", {"payload": NUMBER})["reason"] == "in_force")
            answer = server.post("/api/scans", {"payload": NUMBER})
            assert answer["coverage"]["source"] == "registry"

            page.goto(f"{server.url}/data?lang=vi")
            page.get_by_role("row", name="Dữ liệu thẻ").get_by_text("✓").wait_for()
            publisher.publish(changes=publisher.records(line(9999900021, standing="withdrawn")))
            page.get_by_role("button", name="Tải ngay").click()
            until(lambda: server.post("/api/scans", {"payload": NUMBER})["reason"] == "withdrawn")

            feed.folder = tmp_path / "nothing"
            page.get_by_role("button", name="Tải ngay").click()
            page.get_by_text("Nguồn thiếu một tệp").wait_for()
            assert server.post("/api/scans", {"payload": NUMBER})["reason"] == "withdrawn"


def test_fetch_prints_what_is_in_use_and_keeps_it_if_no_source_answers(
    tmp_path: Path,
) -> None:
    publisher = Publisher(tmp_path / "publisher")
    publisher.init()
    publisher.cards(line(9999900021))
    settings = options(tmp_path, publisher, "http://127.0.0.1:1")

    failed = run("feed", "fetch", *settings)
    assert failed.returncode == 1
    assert json.loads(failed.stdout)["in_use"] is None
    assert json.loads(failed.stdout)["kind"] == "unreachable"
    stick = call("feed", "fetch", *settings, "--from", str(publisher.feed))
    assert stick.returncode == 0
    assert json.loads(stick.stdout) == {
        "in_use": {"version": 2, "sets": ["registry"]}, "kind": None, "failure": None,
    }  # fmt: skip
    again = call("feed", "fetch", *settings)
    assert again.returncode == 1
    assert json.loads(again.stdout)["in_use"] == {"version": 2, "sets": ["registry"]}


def test_a_bad_root_file_stops_the_start_with_one_line(tmp_path: Path) -> None:
    publisher = Publisher(tmp_path / "publisher")
    publisher.init()
    settings = options(tmp_path, publisher, "http://127.0.0.1:1")
    other = (publisher.feed / "metadata" / "timestamp.json").read_text("utf-8")
    for text in ("<html>", other):
        (tmp_path / "1.root.json").write_text(text, "utf-8")
        done = call("feed", "fetch", *settings)

        assert done.returncode == 2
        assert b"[feed] root_file" in done.stderr
        assert b"not the root metadata of a feed" in done.stderr
