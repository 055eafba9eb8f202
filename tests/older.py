"""Data directories that an older version wrote, and comparisons with what it showed."""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
import threading
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from kiosk.assembly import Kiosk
from kiosk.cli.main import cli
from kiosk.settings import load_settings
from kiosk.web.app import create_app

DATA = Path(__file__).parent / "data"
OLDER = json.loads((DATA / "data_directory_cdaf68c.json").read_text("utf-8"))
# Notes on what is not certain, which a version after the older one adds to an entitlement.
ADDED_NOTES = {"older_document", "medium_confidence", "group_note", "group_question"}
OLDER_LAW = re.compile(r" \(văn bản cũ, đã hết hiệu lực; [^)]*\)")
TEXTS_FOR_PEOPLE = {"vi", "en", "sentence_vi", "sentence_en"}  # these may be improved


def unpack(folder: Path) -> None:
    """Unpack the older data directories into a folder."""
    with zipfile.ZipFile(DATA / "data_directory_cdaf68c.zip") as archive:
        archive.extractall(folder)


def pages_on(folder: Path, clock: Callable[[], datetime]) -> FlaskClient:
    """Open a data directory as the program does, without its threads; return its pages."""
    password = folder.parent / "password"
    password.write_text("sandbox", "utf-8")
    insurer = {
        "url": "http://127.0.0.1:1",
        "username": "01999_BV",
        "staff_name": "Nhân Viên Thử",
        "staff_cccd": "001999999999",
        "password_file": str(password),
    }
    facility = {
        "code": "01999",
        "name": "Bệnh viện Mẫu",
        "level": "co_ban",
        "score": 45,
        "former_tier": "none",
    }
    settings = load_settings(None, {"facility": facility, "insurer": insurer})
    kiosk = Kiosk(settings, folder, demo=False, now=clock)
    return create_app(kiosk, threading.Event()).test_client()


def run_command(*words: str, stdin: str = "") -> tuple[int, str]:
    """Run a command within this process; return its exit code and what it printed."""
    printed, code = io.StringIO(), 0
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
        patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        try:
            cli(list(words))
        except SystemExit as exc:
            code = int(exc.code or 0)
    return code, printed.getvalue()


def assert_still(found: object, was: object, where: str) -> None:
    """Assert that a JSON value is as it was; objects may have additional members."""
    if isinstance(was, dict) and isinstance(found, dict):
        for key, value in was.items():
            assert key in found, f"{where}: {key} is missing"
            if key == "law":
                assert_still_cites(found[key], value, f"{where}.law")
            elif key not in TEXTS_FOR_PEOPLE:
                assert_still(found[key], value, f"{where}.{key}")
    elif isinstance(was, list) and isinstance(found, list):
        found = [item for item in found if not is_added_note(item)]
        assert len(found) == len(was), where
        for place, (now, before) in enumerate(zip(found, was, strict=True)):
            assert_still(now, before, f"{where}[{place}]")
    else:
        assert found == was, where


def is_added_note(item: object) -> bool:
    """Return whether an item of a list is a note that the older version did not have."""
    return isinstance(item, dict) and item.get("code") in ADDED_NOTES


def assert_still_cites(found: str | None, was: str | None, where: str) -> None:
    """Assert that a legal basis names the same; what no longer holds has a mark behind it."""
    assert (found and OLDER_LAW.sub("", found)) == was, where
