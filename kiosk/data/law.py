"""The law's tables in use.

1. The program ships all tables.
2. A table that came by the feed replaces the shipped one of the same name.
3. A table of the site itself, in `tables/` in the data directory, replaces both.
4. If the site's own tables contradict the feed's, the feed's are left out.
5. A feed that an older version published lacks the tables that came later: the shipped ones count.
"""

from __future__ import annotations

from datetime import datetime, time
from pathlib import Path

from kiosk.data.errors import DataUnreadable
from kiosk.data.manifest import Manifest, read_manifest
from kiosk.errors import SettingsError
from kiosk.runtime.paths import shipped_folder, synced_folder
from verify import CLINIC_ZONE, TABLES_ADDED_LATER, BadTable, Law, read_law


def missing_tables(folder: Path) -> list[str]:
    """Return the names of the tables that a feed must have and that are not in its folder."""
    shipped = {path.name for path in (shipped_folder("config") / "tables").glob("*.csv")}
    return sorted(shipped - TABLES_ADDED_LATER - {path.name for path in folder.glob("*.csv")})


def read_site_law(data: Path, *newer: Path) -> Law:
    """Return the law's tables of a site.

    `data` is the data directory.  A table in one of the folders `newer` replaces the shipped one of
    the same name, and the site's own table replaces both.  Raises SettingsError, naming the file,
    if a table is malformed or its name is not the name of a table.
    """
    own, shipped = data / "tables", shipped_folder("config") / "tables"
    known = {path.name for path in shipped.glob("*.csv")}
    for path in sorted(own.glob("*.csv")):
        if path.name not in known:
            raise SettingsError(
                f"{path}: no table has this name; known: {', '.join(sorted(known))}"
            )
    try:
        return read_law(own, *newer, shipped)
    except BadTable as exc:
        name = str(exc).partition(",")[0].partition(":")[0]
        used = next((folder for folder in (own, *newer) if (folder / name).is_file()), shipped)
        raise SettingsError(f"{used / str(exc)}") from exc


def law_of(data: Path, manifest: Manifest) -> tuple[Law, str]:
    """Return the tables in use, with those that the manifest names.

    Also returns why the manifest's tables are not used; empty if they are, or it names none.
    `data` is the data directory.  Raises SettingsError if the tables are malformed even without
    the feed's.
    """
    entry = manifest.sets.get("tables")
    if entry is None:
        return read_site_law(data), ""
    try:
        return read_site_law(data, synced_folder(data) / entry.file), ""
    except (SettingsError, OSError) as exc:
        return read_site_law(data), str(exc)


def law_in_use(data: Path) -> Law:
    """Return the tables that are in use in a data directory, without opening its other data.

    Raises SettingsError if the tables are malformed.
    """
    try:
        manifest = read_manifest(synced_folder(data))
    except DataUnreadable:
        manifest = None
    return law_of(data, manifest or Manifest({}))[0]


def made_at(law: Law) -> datetime:
    """Return when tables were made: the beginning of that day in the clinic's time zone (aware)."""
    return datetime.combine(law.issued, time(), CLINIC_ZONE)
