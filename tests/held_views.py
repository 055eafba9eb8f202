"""The screens of a program that holds its logbook: nothing is recorded until a person decides.

A program of its own is beside the demonstration, which keeps no marker: an older copy took its
logbook's place after a visit was recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.process import card, serving

SETTINGS = '[facility]\ncode = "01999"\nname = "Bệnh viện Mẫu"\n[web]\nscreens = {screens}\n'
SCREENS = 40  # views that are open at the same time


@contextmanager
def held() -> Iterator[str]:
    """Run a program whose logbook is an older copy; yield its address."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        config = folder / "settings" / "kiosk.toml"
        config.parent.mkdir()
        config.write_text(SETTINGS.format(screens=SCREENS), "utf-8")
        options = ("--config", str(config), "--data", str(folder / "data"))
        logbook = folder / "data" / "logbook.db"
        earlier = b""
        for key in ("an", "binh"):
            earlier = logbook.read_bytes() if logbook.exists() else b""
            with serving(*options) as server:
                server.confirm(card(key), key)
                server.end()
        logbook.write_bytes(earlier)
        with serving(*options) as server:
            yield server.url


def _shows(path: str, selector: str) -> Callable[[Any], None]:
    def show(stage: Any) -> None:
        stage.open(f"{{held}}{path}")
        stage.page.wait_for_selector(selector)

    return show


def _read(stage: Any) -> None:
    stage.open("{held}/")
    stage.page.wait_for_selector("#verdict .pass")
    stage.page.fill("#payload", card("an"))
    stage.page.press("#payload", "Enter")
    stage.page.wait_for_selector(".pass[data-ready]")


HELD_SCREENS = (
    ("held-desk", "the desk while the logbook is in doubt", _shows("/", "#verdict .pass")),
    ("held-read", "a card is read while the logbook is in doubt", _read),
    (
        "held-file",
        "the logbook is an older copy: a person decides",
        _shows("/logbook/file", "main form"),
    ),
    ("held-logbook", "the logbook while it is in doubt", _shows("/logbook", "#found")),
    ("held-display", "the hall's display then", _shows("/display/calls", "#away:not([hidden])")),
)
