"""The law's tables in use: the shipped ones, those that came by the feed, and a site's own."""

from __future__ import annotations

from datetime import datetime, time
from pathlib import Path

from kiosk.data.errors import DataUnreadable
from kiosk.data.manifest import Manifest, read_manifest
from kiosk.errors import SettingsError
from kiosk.runtime.paths import shipped_folder, synced_folder
from verify import CLINIC_ZONE, BadTable, Law, read_law


def read_site_law(data: Path, *newer: Path) -> Law:
    """Return the law's tables of a site.

    A shipped table is replaced by one of the same name in the folders `newer`, and that by the
    site's own, in `tables/` in the data directory `data`.  Raises SettingsError, naming the file,
    if a table is bad or has a name that no table has.
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
        where = next((folder for folder in (own, *newer) if (folder / name).is_file()), shipped)
        raise SettingsError(f"{where / str(exc)}") from exc


def law_of(data: Path, manifest: Manifest) -> tuple[Law, str]:
    """Return the tables with those that the manifest names, and why those are not used, or "".

    A site's own tables may contradict the feed's: then the feed's are left out.  Raises
    SettingsError if the tables are bad even without the feed's.
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

    Raises SettingsError if the tables are bad.
    """
    try:
        manifest = read_manifest(synced_folder(data))
    except DataUnreadable:
        manifest = None
    return law_of(data, manifest or Manifest({}))[0]


def made_at(law: Law) -> datetime:
    """Return when tables were made: the first moment of their day at the clinic."""
    return datetime.combine(law.issued, time(), CLINIC_ZONE)
