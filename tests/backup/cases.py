"""A logbook that was used, and what may happen to its files before the next start."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from kiosk.backup import LogbookGuard, LogbookTrouble
from kiosk.settings import load_settings
from tests.cast import NOW
from tests.process import call, card, serving

STEPS = "_sqlite_migrations"
SETTINGS = '[facility]\ncode = "01999"\nname = "Bệnh viện Mẫu"\n'


class Site(NamedTuple):
    """A data directory, its settings file in a folder of its own, and copies from before."""

    data: Path
    config: Path
    before: Path  # the data directory as it was one visit earlier

    @property
    def options(self) -> list[str]:
        """The options of a command."""
        return ["--config", str(self.config), "--data", str(self.data)]

    @property
    def logbook(self) -> Path:
        return self.data / "logbook.db"

    @property
    def marker(self) -> Path:
        return self.data / "logbook.mark"

    def guard(self) -> LogbookGuard:
        """Look at the logbook as the program does when it starts."""
        return LogbookGuard(load_settings(self.config), self.data, self.config, lambda: NOW)


def empty_site(folder: Path) -> Site:
    """Return a site whose program has never run."""
    config = folder / "settings" / "kiosk.toml"
    config.parent.mkdir(parents=True)
    config.write_text(SETTINGS, "utf-8")
    return Site(folder / "data", config, folder / "before")


def used_site(folder: Path) -> Site:
    """Return a site whose program has recorded visits, was backed up, and has ended by itself."""
    site = empty_site(folder)
    with serving(*site.options) as server:
        server.confirm(card("an"), "k1")
        server.end()
    shutil.copytree(site.data, site.before)
    with serving(*site.options) as server:
        server.confirm(card("binh"), "k2")
        server.end()
    assert call("backup", *site.options).returncode == 0
    return site


def copied(site: Site, folder: Path) -> Site:
    """Return a copy of a site, which a test may damage."""
    shutil.copytree(site.data, folder / "data")
    shutil.copytree(site.config.parent, folder / "settings")
    return Site(folder / "data", folder / "settings" / "kiosk.toml", site.before)


class Case(NamedTuple):
    """What happens to the files, and what is found then; None: nothing is wrong."""

    name: str
    happens: Callable[[Site], object]
    trouble: LogbookTrouble | None


def _remove(site: Site, *names: str) -> None:
    for name in names:
        for file in site.data.glob(name):
            shutil.rmtree(file) if file.is_dir() else file.unlink()


def _flip(site: Site, begin: int) -> None:
    content = bytearray(site.logbook.read_bytes())
    for place in range(begin, begin + 64):
        content[place] ^= 0xFF
    site.logbook.write_bytes(content)


def _cut(site: Site, size: int) -> None:
    site.logbook.write_bytes(site.logbook.read_bytes()[:size])


def _change_marker(site: Site, **values: object) -> None:
    fields = json.loads(site.marker.read_text("utf-8"))
    site.marker.write_text(json.dumps(fields | values), "utf-8")


def _write(site: Site, sql: str) -> None:
    with sqlite3.connect(site.logbook) as db:
        db.execute(sql)
    db.close()


def _break(site: Site, sql: str) -> None:
    """Change a row as a disk does: no check and no trigger of the schema is asked."""
    with contextlib.closing(sqlite3.connect(site.logbook)) as db:
        db.execute("pragma ignore_check_constraints = on")
        triggers = db.execute("select name from sqlite_schema where type = 'trigger'").fetchall()
        for (trigger,) in triggers:
            db.execute(f"drop trigger {trigger}")
        db.execute(sql)
        db.commit()


def _breaks(name: str, sql: str) -> Case:
    return Case(name, lambda site: _break(site, sql), LogbookTrouble.DAMAGED)


def _other_instance(site: Site) -> None:
    other = empty_site(site.data.parent / "other")
    with serving(*other.options) as server:
        server.confirm(card("an"), "k1")
        server.end()
    shutil.copy(other.logbook, site.logbook)


def _only_the_copy_is_left(site: Site) -> None:
    with serving(*site.options) as server:  # the marker beside the settings knows this folder
        server.end()
    shutil.rmtree(site.data)
    site.data.mkdir()


def _whole_size(site: Site) -> int:
    return site.logbook.stat().st_size


CASES = (
    Case("nothing happened", lambda _site: None, None),
    Case("the first start", lambda site: _remove(site, "*"), None),
    Case(
        "only the marker beside the settings is left",
        _only_the_copy_is_left,
        LogbookTrouble.GONE,
    ),
    Case(
        "only the backups are left",
        lambda site: _remove(site, "logbook.*", "secrets"),
        LogbookTrouble.GONE,
    ),
    Case("the logbook was removed", lambda site: _remove(site, "logbook.db"), LogbookTrouble.GONE),
    Case("the file is empty", lambda site: _cut(site, 0), LogbookTrouble.EMPTY),
    Case(
        "half of the file is left",
        lambda site: _cut(site, _whole_size(site) // 2),
        LogbookTrouble.DAMAGED,
    ),
    Case(
        "the file is garbage",
        lambda site: site.logbook.write_bytes(b"garbage " * 10_000),
        LogbookTrouble.DAMAGED,
    ),
    Case("64 bytes of the header", lambda site: _flip(site, 0), LogbookTrouble.DAMAGED),
    Case("64 bytes of the schema", lambda site: _flip(site, 100), LogbookTrouble.DAMAGED),
    Case(
        "an older copy was put back",
        lambda site: shutil.copy(site.before / "logbook.db", site.logbook),
        LogbookTrouble.OLDER,
    ),
    Case(
        "there are links after the marker",
        lambda site: shutil.copy(site.before / "logbook.mark", site.marker),
        None,
    ),
    Case("another instance", _other_instance, LogbookTrouble.ANOTHER),
    Case(
        "the newest link has another hash",
        lambda site: _write(
            site, "update link set hash = zeroblob(32) where id = (select max(id) from link)"
        ),
        LogbookTrouble.DIFFERENT,
    ),
    Case(
        "the marker was changed", lambda site: _change_marker(site, link=1), LogbookTrouble.MARKER
    ),
    Case(
        "the marker is half a file", lambda site: site.marker.write_text("{"), LogbookTrouble.MARKER
    ),
    Case("the marker's key is lost", lambda site: _remove(site, "secrets"), LogbookTrouble.MARKER),
    _breaks("a byte of the use", "update identity set use = 'sjte'"),
    _breaks("no text as the use", "update identity set use = cast(x'73ff' as text)"),
    _breaks("no text as the instance", "update identity set instance = cast(x'30ff' as text)"),
    _breaks("the identity is lost", "delete from identity"),
    _breaks("a step is lost", f"delete from {STEPS} where rowid = 5"),
    _breaks("all steps are lost", f"delete from {STEPS}"),
    _breaks("a byte of a step", f"update {STEPS} set name = 'm0x5' where rowid = 5"),
    _breaks(
        "no text as a step", f"update {STEPS} set name = cast(x'6dff' as text) where rowid = 5"
    ),
    _breaks("a byte of the set of a step", f"update {STEPS} set migration_set = 'logbooj'"),
    Case("the logbook has no marker", lambda site: _remove(site, "logbook.mark"), None),
)
