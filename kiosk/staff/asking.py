"""In whose name the insurer is asked: the person who scanned, with their citizen number.

A reader in a page belongs to whoever used it last.  A wired reader belongs to whoever is signed in
at its desk; if that is nobody, or several, it belongs to the desk.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

from kiosk.logbook import LogbookUnavailable, staff_author, staff_in
from kiosk.staff.errors import NoSuchMember
from kiosk.staff.members import Members
from kiosk.staff.sessions import Sessions

MOST_READERS = 1000  # names of readers that are remembered


class Askers:
    """Who scans at which reader. In memory: after a restart, the desk of the reader counts."""

    def __init__(self, members: Members, sessions: Sessions) -> None:
        self._members, self._sessions = members, sessions
        self._authors: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, reader: str, author: str) -> None:
        """Note who scanned at a reader that is in a page."""
        with self._lock:
            self._authors[reader] = author
            self._authors.move_to_end(reader)
            while len(self._authors) > MOST_READERS:
                self._authors.popitem(last=False)

    def at(self, reader: str, desk: str) -> str | None:
        """Return the author who scans at a reader of a desk; None if nobody is known."""
        with self._lock:
            noted = self._authors.get(reader)
        if noted is not None or not desk:
            return noted
        try:
            here = {
                (session.member, session.name)
                for session in self._sessions.open()
                if session.desk == desk and not session.is_locked
            }
        except LogbookUnavailable:
            return None
        return staff_author(*here.pop()) if len(here) == 1 else None

    def identity(self, author: str | None) -> tuple[str, str] | None:
        """Return the name and the citizen number of the member who is an author.

        None if that is no member, or their citizen number is not known: then the insurer is asked
        in the name that the settings hold.
        """
        member = staff_in(author or "")
        if member is None:
            return None
        try:
            found = self._members.find(member[0])
        except (NoSuchMember, LogbookUnavailable):
            return None
        return (found.name, found.citizen_number) if found.citizen_number else None
