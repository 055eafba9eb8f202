"""Makes all indexes and computed tables of a logbook's file again, from the records themselves.

A damaged index, or a damaged table that is computed from others (DERIVED), has lost nothing.  But
SQLite cannot drop what it cannot read.  So they are taken out of the schema, made and filled again,
and the file is written again: nothing of the damaged pages stays in it.

It works on a copy that nobody else uses.  A damaged record is not mended by it: then it fails.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import sqlite_utils

from kiosk.logbook.damaged_tables import DERIVED
from kiosk.logbook.file_facts import file_opened
from kiosk.logbook.report_schema import FILL_VISIT_FACT
from kiosk.logbook.visit_index import index_all
from kiosk.runtime.file_key import FileKey

SHADOW = "visit_words_"  # the tables behind the index of words, which make themselves


def rebuild(path: Path, keys: Sequence[FileKey] = ()) -> None:
    """Make the indexes and the computed tables of the file `path` again.

    Raises what `kiosk.logbook.file_facts.read_facts` raises; the file is of no use then.
    """
    marks = ", ".join("?" * len(DERIVED))
    of_derived = f"(tbl_name in ({marks}) or name like '{SHADOW}%')"
    with file_opened(path, keys) as db:
        schema = db.execute(
            "select type, name, sql from sqlite_schema where sql is not null"
            f" and (type = 'index' or {of_derived}) and name not like '{SHADOW}%'"
            " order by type = 'trigger', type = 'index'",
            DERIVED,
        ).fetchall()
        (version,) = db.execute("pragma schema_version").fetchone()
        db.execute("pragma writable_schema = on")
        db.execute(
            f"delete from sqlite_schema where (type = 'index' and sql is not null) or {of_derived}",
            DERIVED,
        )
        db.execute(f"pragma schema_version = {version + 1}")
        db.commit()
    with file_opened(path, keys) as db:
        for _kind, _name, sql in schema:
            db.execute(sql)
        index_all(sqlite_utils.Database(db))
        db.execute(FILL_VISIT_FACT)
        db.commit()
        db.execute("vacuum")
