"""The data directories of an older version, and how what it showed is compared with today."""

from __future__ import annotations

import json
import threading
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from flask.testing import FlaskClient

from kiosk import Parts, create_app
from kiosk.assembly import Kiosk
from kiosk.settings import load_settings

DATA = Path(__file__).parent / "data"
OLDER = json.loads((DATA / "data_directory_cdaf68c.json").read_text("utf-8"))
WORDS = {"vi", "en", "sentence_vi", "sentence_en"}  # what is said to people may be said better


def unpack(folder: Path) -> None:
    """Unpack the older data directories into a folder."""
    with zipfile.ZipFile(DATA / "data_directory_cdaf68c.zip") as archive:
        archive.extractall(folder)


def pages_on(folder: Path, clock: Callable[[], datetime]) -> FlaskClient:
    """Open a data directory as the program does, without its threads; return its pages."""
    password = folder.parent / "password"
    password.write_text("sandbox", "utf-8")
    insurer = {"url": "http://127.0.0.1:1", "username": "01999_BV", "staff_name": "Nhân Viên Thử",
               "staff_cccd": "001999999999", "password_file": str(password)}  # fmt: skip
    facility = {"code": "01999", "name": "Bệnh viện Mẫu", "level": "co_ban", "score": 45,
                "former_tier": "none"}  # fmt: skip
    settings = load_settings(None, {"facility": facility, "insurer": insurer})
    kiosk = Kiosk(settings, folder, demo=False, now=clock)
    parts = Parts(
        settings, kiosk.desk, kiosk.screen, kiosk.attempts, kiosk.visits, kiosk.outbox,
        kiosk.corrections, kiosk.jobs, kiosk.difficulties, kiosk.checkups, kiosk.entitlements,
        kiosk.copayments, kiosk.status, clock, threading.Event(), kiosk.data_report,
    )  # fmt: skip
    return create_app(parts).test_client()


def assert_still(found: object, was: object, where: str) -> None:
    """Assert that a JSON value is as it was; objects may have more members than they had."""
    if isinstance(was, dict) and isinstance(found, dict):
        for key, value in was.items():
            assert key in found, f"{where}: no {key}"
            if key not in WORDS:
                assert_still(found[key], value, f"{where}.{key}")
    elif isinstance(was, list) and isinstance(found, list):
        assert len(found) == len(was), where
        for place, (now, before) in enumerate(zip(found, was, strict=True)):
            assert_still(now, before, f"{where}[{place}]")
    else:
        assert found == was, where
