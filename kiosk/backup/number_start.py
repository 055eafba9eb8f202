"""From which number the rooms go on, on the day on which a person decides about the logbook.

Patients wait with numbers that the logbook may have lost.  If these were given again, two patients
would hold the same one.  So all rooms go on at one number, which is easy to say aloud: the next one
after a full hundred that is

- ABOVE_KNOWN above the highest number of that day that any of the files holds, and
- one more for each two links that are known to be lost and that no file shows: a number is a link,
  and so is what led to it.  At most ABOVE_UNKNOWN: so much too if it is not known what was lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from kiosk.backup.logbook_state import LogbookState, LogbookTrouble
from kiosk.errors import KioskError
from kiosk.logbook import highest_number, read_facts
from kiosk.runtime.file_key import FileKey
from verify import clinic_day

ABOVE_KNOWN = 50  # more than a large reception gives in the minute that no marker has seen
ABOVE_UNKNOWN = 500
LINKS_OF_A_NUMBER = 2
STEP = 100
NOTHING_KNOWN = (LogbookTrouble.ANOTHER, LogbookTrouble.DIFFERENT, LogbookTrouble.MARKER)


def numbers_from(
    state: LogbookState, files: Iterable[Path], now: datetime, keys: Sequence[FileKey] = ()
) -> int:
    """Return the first number of all rooms for the rest of the day of `now` (aware).

    `files` are the logbooks that there are, whole or not; those that cannot be read are
    passed over.
    """
    highest, seen = 0, 0
    for file in files:
        try:
            if not file.exists():
                continue
            facts = read_facts(file, keys)
            highest = max(highest, highest_number(file, clinic_day(now), keys))
        except KioskError:
            continue  # its links count as not seen
        seen = max(seen, facts.link.id)
    return (highest + _above(state, seen) + STEP - 1) // STEP * STEP + 1


def _above(state: LogbookState, seen: int) -> int:
    known = [state.marker.link] if state.marker is not None else []
    known += [state.facts.link.id] if state.facts is not None and state.trouble is None else []
    if not known or state.trouble in NOTHING_KNOWN:
        return ABOVE_UNKNOWN
    unseen = max(0, max(known) - seen)
    return min(ABOVE_UNKNOWN, ABOVE_KNOWN + unseen // LINKS_OF_A_NUMBER)
