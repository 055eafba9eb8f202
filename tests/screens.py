"""Take a picture of every page and state, for docs/screens/.

    python -m tests.screens [FOLDER] [VIEW …]

Starts the demonstration, leads a browser through the list in `tests/views.py`, and writes small
pictures and an index.  All views are shown in Vietnamese and the light theme; the main states of
the desk also in English, in the other themes and on a phone.  Without names, what the folder holds
of an earlier run is replaced.

The first pages of some papers are pictures too, made by `pdftoppm` (poppler-utils).  Without that
program, their earlier pictures stay, and a message says so.
"""

from __future__ import annotations

import argparse
import io
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from tests.accessibility import open_in
from tests.browser import CLEAN_UP, chromium
from tests.cast import clinic_today
from tests.process import DEADLINE_S, Server
from tests.views import VIEWS, View, demonstration, seed

FOLDER = Path(__file__).parents[1] / "docs" / "screens"
MAX_BYTES = 3_000_000  # of the whole folder
COLOURS = 20  # of a picture: enough for the shades of letters
MAIN = ("ready", "admitted", "unconfirmed", "ended", "forged", "silent", "recorded", "here")
TONED = ("admitted", "forged")  # also in the other themes


class Shot(NamedTuple):
    """How a view is taken; `suffix` is added to the name of its picture."""

    suffix: str
    words: str
    language: str = "vi"
    theme: str = "light"
    width: int = 1366
    height: int = 768


USUAL = Shot("", "Vietnamese")
OF_MAIN = (
    Shot("-en", "English", language="en"),
    Shot("-phone", "phone", width=390, height=844),
)
OF_SELF_SERVICE = (
    Shot("", "Vietnamese", width=1080, height=1920),
    Shot("-en", "English", language="en", width=1080, height=1920),  # of the first screen only
)
OF_TONED = (
    Shot("-dark", "dark", theme="dark"),
    Shot("-contrast", "high contrast", theme="contrast"),
)


# Papers: the name of the picture, what it is, and the path; `{day}` is today.
PAPERS = (
    ("paper-closing", "the closing of a day, on paper", "/day/closing.pdf?date={day}"),
    ("paper-report", "the report of a month, on paper", "/reports/report.pdf?period={month}"),
    ("paper-person", "all visits of one person, on paper", "/logbook/visits/{visit}/person.pdf"),
)
DRAW = shutil.which("pdftoppm")
PAPER_DPI = "64"


def shots_of(view: View) -> tuple[Shot, ...]:
    """Return how a view is taken."""
    if view.name.partition("-")[0] == "self":
        return OF_SELF_SERVICE if view.name == "self" else OF_SELF_SERVICE[:1]
    if view.name.startswith("setup-"):
        return ()  # for the size of the folder; the overview shows how the steps look
    state = view.name.removeprefix("desk-")
    return (USUAL, *(OF_MAIN if state in MAIN else ()), *(OF_TONED if state in TONED else ()))


def take(folder: Path, names: list[str]) -> None:
    """Take the pictures of all views, or of those named, into a folder."""
    with demonstration() as server, chromium() as context:
        ids = seed(server)
        for view in VIEWS:
            if names and view.name not in names:
                continue
            for shot in shots_of(view):
                stage = open_in(context, server, shot.language, ids)
                stage.page.set_viewport_size({"width": shot.width, "height": shot.height})
                view.show(stage)
                stage.page.evaluate(
                    "(theme) => { document.documentElement.dataset.theme = theme }", shot.theme
                )
                path = folder / f"{view.name}{shot.suffix}.webp"
                _save(stage.page.screenshot(), path)
                stage.close()
        take_papers(server, ids, folder, names)


def take_papers(server: Server, ids: dict[str, str], folder: Path, names: list[str]) -> None:
    """Take pictures of the first pages of all papers, or of those named."""
    wanted = [paper for paper in PAPERS if not names or paper[0] in names]
    if DRAW is None:
        print("No pictures of papers: pdftoppm (poppler-utils) is not there.")
        return
    day = clinic_today().isoformat()
    if wanted:  # a day that is closed has a paper
        page = _get(f"{server.url}/day").decode()
        [seen] = re.findall(r'name="seen" value="([\d.]+)"', page)
        form = urllib.parse.urlencode({"seen": seen, "note": "Đã đối chiếu phiếu giấy"}).encode()
        urllib.request.urlopen(f"{server.url}/day/close?date={day}", form, DEADLINE_S).close()
    for name, _words, path in wanted:
        with tempfile.TemporaryDirectory() as scratch:
            file = Path(scratch) / "paper.pdf"
            file.write_bytes(_get(server.url + path.format(day=day, **ids)))
            subprocess.run(
                [DRAW, "-png", "-r", PAPER_DPI, "-singlefile", file, file.with_suffix("")],
                check=True,
                timeout=DEADLINE_S,
            )
            _save(file.with_suffix(".png").read_bytes(), folder / f"{name}.webp")


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=DEADLINE_S) as answer:
        return bytes(answer.read())


def _save(png: bytes, path: Path) -> None:
    """Write a picture with few colours, which makes it small and keeps its letters sharp."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    few = picture.quantize(COLOURS, Image.Quantize.FASTOCTREE, 2, dither=Image.Dither.NONE)
    few.convert("RGB").save(path, lossless=True, quality=100, method=6)


def index() -> str:
    """Return the index of the pictures, in Markdown."""
    lines = [
        "# Screens",
        "",
        "Every page and state, made by `python -m tests.screens` from the list in "
        "[tests/views.py](../../tests/views.py). The people are invented.",
    ]
    for view in filter(shots_of, VIEWS):
        lines += ["", f"## {view.name}", "", f"{view.words[0].upper()}{view.words[1:]}."]
        for shot in shots_of(view):
            lines += ["", f"![{view.words}, {shot.words}]({view.name}{shot.suffix}.webp)"]
    for name, words, _path in PAPERS:
        lines += ["", f"## {name}", "", f"{words[0].upper()}{words[1:]}: its first page.", ""]
        lines += [f"![{words}]({name}.webp)"]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> None:
    """Write pictures and index.  Exits with a message if the folder has become too large."""
    parser = argparse.ArgumentParser(prog="python -m tests.screens")
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    parser.add_argument("names", nargs="*", metavar="VIEW")
    options = parser.parse_args(arguments)
    folder, names = options.folder, options.names
    folder.mkdir(parents=True, exist_ok=True)
    if not names:
        kept = {f"{name}.webp" for name, *_ in PAPERS} if DRAW is None else set()
        for old in folder.glob("*.webp"):
            if old.name not in kept:
                old.unlink()
    take(folder, names)
    CLEAN_UP.close()
    (folder / "README.md").write_text(index(), "utf-8")
    size = sum(path.stat().st_size for path in folder.iterdir())
    print(f"{folder}: {size / 1e6:.1f} MB")
    if size > MAX_BYTES:
        sys.exit(f"The pictures take {size} bytes; at most {MAX_BYTES} are wanted.")


if __name__ == "__main__":
    main(sys.argv[1:])
