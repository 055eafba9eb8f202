"""The screens of a program whose logbook is damaged: what is whole shows, the rest is named.

A program of its own is beside the demonstration.  Three places of its file are damaged: the record
of a visit, the index of the search, and the facts that reports count.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.cast import clinic_today
from tests.held_views import SCREENS, SETTINGS
from tests.process import card, serving

TABLES = ("visit_search", "visit_fact")
PAGE_BYTES = 4096


@contextmanager
def damaged() -> Iterator[dict[str, str]]:
    """Run a program whose logbook is damaged; yield its address, and the id of a whole visit.

    Another visit of the same person is the one whose record is damaged.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        config = folder / "settings" / "kiosk.toml"
        config.parent.mkdir()
        config.write_text(SETTINGS.format(screens=SCREENS), "utf-8")
        options = ("--config", str(config), "--data", str(folder / "data"))
        with serving(*options) as server:
            for key in ("an", "binh"):
                server.confirm(card(key), key)
            broken = server.confirm(card("giang"), "giang")["id"]
            reading = server.post("/api/scans", {"payload": card("giang")})["attempt"]
            again = {"attempt": reading, "repeat_reason": "khám thêm"}
            whole = server.post("/api/visits", again, **{"Idempotency-Key": "again"})["id"]
            server.end()
        _damage(folder / "data" / "logbook.db", broken)
        with serving(*options) as server:
            yield {"damaged": server.url, "damaged_visit": whole}


def _damage(logbook: Path, visit: str) -> None:
    with closing(sqlite3.connect(logbook)) as db:
        db.execute("pragma wal_checkpoint(truncate)")
        sql = "select (rootpage - 1) * ? from sqlite_schema where name = ?"
        places = [db.execute(sql, [PAGE_BYTES, table]).fetchone()[0] for table in TABLES]
        (record,) = db.execute("select record from visit where id = ?", [visit]).fetchone()
    content = logbook.read_bytes()
    with logbook.open("rb+") as file:
        file.seek(content.index(record.encode()))
        file.write(b'{"broken"  ')
        for place in places:
            file.seek(place)
            file.write(b"\xff" * PAGE_BYTES)


def _shows(path: str, selector: str) -> Callable[[Any], None]:
    def show(stage: Any) -> None:
        stage.open(f"{{damaged}}{path}")
        stage.page.wait_for_selector(selector)

    return show


def _search(stage: Any) -> None:
    stage.open("{damaged}/logbook")
    stage.page.fill("#q", "giang")
    stage.page.wait_for_selector("#found [role=alert]")


DAMAGED_SCREENS = (
    (
        "damaged-report",
        "a report with a part that cannot be read",
        _shows(f"/reports?period={clinic_today():%Y-%m-%d}", ".damaged-parts"),
    ),
    ("damaged-search", "the search without its index", _search),
    (
        "damaged-person",
        "a person's page with a visit that cannot be read",
        _shows("/logbook/visits/{damaged_visit}/person", "main [role=alert], .unreadable"),
    ),
)
