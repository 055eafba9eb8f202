"""The screens of a desk whose hub does not answer: a patient of another desk, and nobody known.

A program of its own is beside the demonstration.  What the other desk recorded lies in its file, as
the lane down would have brought it three minutes ago.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from kiosk.hub import Others
from kiosk.hub.others import DeskNews, RoundNews
from kiosk.hub.others_file import MirroredVisit
from tests.process import card, serving
from verify import clinic_day

FACILITY = "01999"
SETTINGS = """
[facility]
code = "{facility}"
name = "Bệnh viện Mẫu"
[web]
screens = {screens}
[hub]
url = "postgresql:///tiepdon?host={nowhere}"
desk = 1
"""
SCREENS = 40  # views that are open at the same time
READY = ".pass[data-ready]"


@contextmanager
def cut_off() -> Iterator[str]:
    """Run a program whose hub does not answer; yield its address."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        config = folder / "settings" / "kiosk.toml"
        config.parent.mkdir()
        config.write_text(
            SETTINGS.format(facility=FACILITY, screens=SCREENS, nowhere=folder / "nowhere"), "utf-8"
        )
        (folder / "data").mkdir()
        _bring(folder / "data" / "others.db", datetime.now(UTC) - timedelta(minutes=3))
        with serving("--config", str(config), "--data", str(folder / "data")) as server:
            yield server.url


def _bring(path: Path, at: datetime) -> None:
    day = clinic_day(at)
    visit = MirroredVisit(
        id=f"{FACILITY}-{day:%Y%m%d}-0000000000000001",
        day=day,
        version=1,
        desk=2,
        arrived_at=at,
        room="Phòng 3",
        ticket="C 12",
        is_cancelled=False,
        numbers=("9999900001",),
    )
    others = Others(path, FACILITY)
    others.take(RoundNews(at, [DeskNews(2, "2", at, at)], [visit], {"": 1}, is_whole=True), at)
    others.close()


def _reads(key: str) -> Callable[[Any], None]:
    def show(stage: Any) -> None:
        stage.open("{cut_off}/")
        stage.page.wait_for_selector("#verdict .pass")
        stage.page.fill("#payload", card(key))
        stage.page.press("#payload", "Enter")
        stage.page.wait_for_selector(READY)

    return show


def _again(stage: Any) -> None:
    _reads("an")(stage)
    stage.page.click("[data-do=again]")


OTHER_DESK_SCREENS = (
    ("desk-elsewhere", "already here today, at another desk", _reads("an")),
    ("desk-elsewhere-again", "a second visit beside one at another desk", _again),
    ("desk-others-unknown", "the other desks are not known at the moment", _reads("binh")),
)
