"""Words that were deleted from the index of visits, and are to leave the file.

FTS5 only marks a word as deleted.  It goes when the part of the index that holds it is merged with
the others.
"""

from __future__ import annotations

from kiosk.logbook.database import Database

MERGED_PAGES = 500  # of the index in one transaction, so that the desk gets its turn


def forget_old_words(database: Database) -> None:
    """Merge all parts of the index, in small transactions, so that deleted words leave the file.

    Empty the write-ahead log afterwards.  Raises NotRecorded if the logbook cannot be written.
    """
    pages = -MERGED_PAGES  # negative: begin to merge all parts, also those of different sizes
    while True:
        with database.transaction() as db:
            before = db.conn.total_changes
            db.execute("insert into visit_words (visit_words, rank) values ('merge', ?)", [pages])
            changes = db.conn.total_changes - before
        if changes < 2:  # nothing is left to merge, as the documentation of FTS5 says
            return
        pages = MERGED_PAGES
