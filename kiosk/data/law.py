"""The tables in use: the law's, and those of the help with VssID and VNeID.

1. The program ships all tables.
2. A table that came by the feed replaces the shipped one of the same name.
3. A table of the site itself, in `tables/` in the data directory, replaces both.
4. If the site's own tables contradict the feed's, the feed's are left out.
5. A feed that an older version published lacks the tables that came later: the shipped ones count.
"""

from __future__ import annotations

from datetime import datetime, time
from pathlib import Path
from typing import NamedTuple

from kiosk.data.errors import DataUnreadable
from kiosk.data.manifest import Manifest, read_manifest
from kiosk.errors import SettingsError
from kiosk.help import HELP_TABLES, HelpTables, read_help
from kiosk.runtime.paths import shipped_folder, synced_folder
from verify import CLINIC_ZONE, TABLES_ADDED_LATER, BadTable, Law, read_law


class SiteTables(NamedTuple):
    """All tables that are in use at a site."""

    law: Law
    help: HelpTables


def read_tables(*folders: Path) -> SiteTables:
    """Return all tables, each from the first folder that has it.

    Raises BadTable if a table cannot be read, a row is wrong, or the tables do not fit together.
    """
    return SiteTables(read_law(*folders), read_help(*folders))


def missing_tables(folder: Path) -> list[str]:
    """Return the names of the tables that a feed must have and that are not in its folder."""
    shipped = {path.name for path in (shipped_folder("config") / "tables").glob("*.csv")}
    optional = TABLES_ADDED_LATER | HELP_TABLES
    return sorted(shipped - optional - {path.name for path in folder.glob("*.csv")})


def read_site_tables(data: Path, *newer: Path) -> SiteTables:
    """Return the tables of a site.

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
        return read_tables(own, *newer, shipped)
    except BadTable as exc:
        name = str(exc).partition(",")[0].partition(":")[0]
        used = next((folder for folder in (own, *newer) if (folder / name).is_file()), shipped)
        raise SettingsError(f"{used / str(exc)}") from exc


def tables_of(data: Path, manifest: Manifest) -> tuple[SiteTables, str]:
    """Return the tables in use, with those that the manifest names.

    Also returns why the manifest's tables are not used; empty if they are, or it names none.
    `data` is the data directory.  Raises SettingsError if the tables are malformed even without
    the feed's.
    """
    entry = manifest.sets.get("tables")
    if entry is None:
        return read_site_tables(data), ""
    try:
        return read_site_tables(data, synced_folder(data) / entry.file), ""
    except (SettingsError, OSError) as exc:
        return read_site_tables(data), str(exc)


def law_in_use(data: Path) -> Law:
    """Return the law's tables that are in use in a data directory, without opening its other data.

    Raises SettingsError if the tables are malformed.
    """
    try:
        manifest = read_manifest(synced_folder(data))
    except DataUnreadable:
        manifest = None
    return tables_of(data, manifest or Manifest({}))[0].law


def made_at(law: Law) -> datetime:
    """Return when tables were made: the beginning of that day in the clinic's time zone (aware)."""
    return datetime.combine(law.issued, time(), CLINIC_ZONE)
