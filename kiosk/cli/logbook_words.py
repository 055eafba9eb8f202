"""What `serve`, `doctor` and `restore` say about a logbook that is not as it should be.

The pages have their own texts in kiosk/web/logbook_words.py, in both languages.
"""

from __future__ import annotations

from kiosk.backup import LogbookGuard, LogbookState, LogbookTrouble

RESTORE = "`restore` puts the newest backup in its place"
ACCEPT = "`restore --accept --why REASON` goes on with it as it is"
SEEN = {
    LogbookTrouble.GONE: "the logbook is missing, but there was one",
    LogbookTrouble.EMPTY: "the logbook's file is empty, but it was not",
    LogbookTrouble.DAMAGED: "the logbook's file is damaged: it cannot be opened",
    LogbookTrouble.OLDER: "the logbook is older than it was: its newest {count} links are missing",
    LogbookTrouble.ANOTHER: "this is another logbook than the one that was here",
    LogbookTrouble.DIFFERENT: "this logbook went on in another way than the one that was here",
    LogbookTrouble.MARKER: "the logbook's marker was changed, or its key in secrets/ is lost",
}
DO = {
    LogbookTrouble.GONE: (
        "Look first whether a disk or folder is missing. Else " + RESTORE + ";"
        " `restore --accept --why REASON` begins a new logbook."
    ),
    LogbookTrouble.EMPTY: f"{RESTORE}; `restore --accept --why REASON` begins a new logbook.",
    LogbookTrouble.DAMAGED: (
        f"{RESTORE}, and keeps the damaged file; `restore --accept --why REASON` begins a new one."
    ),
    LogbookTrouble.OLDER: (
        "Was an older copy put back, or did `logbook.db-wal` get lost? Put back what is right; else"
        f" {RESTORE} if that is newer; {ACCEPT}."
    ),
    LogbookTrouble.ANOTHER: f"Put back the right one; else {RESTORE}; {ACCEPT}.",
    LogbookTrouble.DIFFERENT: f"Put back the right one; else {RESTORE}; {ACCEPT}.",
    LogbookTrouble.MARKER: f"If the logbook is the right one, {ACCEPT}; else {RESTORE}.",
}
HELD = "Until then cards are judged, but nothing is recorded."


def seen_state(state: LogbookState) -> str:
    """Return what was found, with the newest backup; empty if nothing is wrong."""
    if state.trouble is None:
        return ""
    seen = SEEN[state.trouble].format(count=state.missing_links)
    marker, newest = state.marker, state.newest_copy
    if marker is not None:
        seen += f"; it was seen last at {marker.written_at} with link {marker.link}"
    backup = "there is no backup" if newest is None else f"newest backup: {newest.file}"
    return f"{seen}; {backup}"


def advice_for(state: LogbookState) -> str:
    """Return what to do about it; empty if nothing is wrong."""
    return "" if state.trouble is None else DO[state.trouble]


def logbook_lines(guard: LogbookGuard) -> list[str]:
    """Return what `serve` says about the logbook when it starts; nothing if all is well."""
    state, path = guard.state, guard.places.logbook
    if state.trouble is not None:
        return [f"{path}: {seen_state(state)}. {advice_for(state)} {HELD}"]
    if state.has_no_marker:
        return [
            f"{path}: has no marker ({guard.places.beside.name}) yet, so whether it is whole cannot"
            " be known. One is written now."
        ]
    return []
