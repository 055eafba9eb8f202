"""The lists that all desks of a facility have: the staff, and the rooms.

1.  Each desk keeps its lists in its own files, and works with them while the hub is away.
2.  The hub holds versions of each list, which are only added.  A desk brings the next version; if
    another one was quicker, the number is taken, and the desk compares again with the newest one.
3.  Changes of both sides become one list (`kiosk.hub.list_merge`).
4.  What a desk does not take over, such as a number that belongs to somebody else there, stays as
    it is at that desk, is not brought to the hub, and is named on its pages.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

from kiosk.hub.connection import HubConnection
from kiosk.hub.list_merge import Entries, is_same_list, merge_lists
from kiosk.logbook import SharedListState, SharedListStates

log = logging.getLogger(__name__)

OVERRULED = "overruled"  # the note at a change that another desk's change has replaced
SELECT_NEWEST = """
select version, entries from hub.shared_list
where facility = %(facility)s and kind = %(kind)s order by version desc limit 1
"""
BRING = """
insert into hub.shared_list (facility, kind, version, desk, entries)
values (%(facility)s, %(kind)s, %(version)s, %(desk)s, %(entries)s::jsonb)
on conflict do nothing
"""


class ListHolder(Protocol):
    """What holds a list at this desk."""

    takes_whole: bool  # a list is taken over as a whole, or not at all

    def entries(self) -> dict[str, Any] | None:
        """Return the list as it is here. None: it does not exist, or cannot be read."""

    def take_over(
        self, entries: Mapping[str, Any], known: Collection[str], now: datetime
    ) -> dict[str, str]:
        """Make the list here as `entries`; return by key what was not taken over, and why."""


class SharedListLane:
    """Keeps one list the same at this desk and at the hub. One thread may call `compare`."""

    def __init__(
        self,
        kind: str,
        holder: ListHolder,
        states: SharedListStates,
        clock: Callable[[], datetime],
    ) -> None:
        """`kind` is rooms or staff; `clock` returns the time, aware."""
        self._kind, self._holder, self._states, self._clock = kind, holder, states, clock

    def compare(self, hub: HubConnection) -> None:
        """Take over what other desks have changed, and bring what this one has.

        Raises a HubError if the hub cannot be used, NotRecorded or LogbookUnavailable if the
        logbook cannot.
        """
        state = self._states.read(self._kind)
        found = hub.rows(SELECT_NEWEST, {"facility": hub.facility, "kind": self._kind})
        newest, theirs = (found[0]["version"], _entries(found[0]["entries"])) if found else (0, {})
        here = self._holder.entries()
        mine = dict(state.entries) if here is None else _without_held(here, state)
        if newest == state.version and is_same_list(mine, state.entries):
            self._forget_settled(state, here or {})
            return
        if not theirs and not mine:
            return
        base = state.entries if newest else {}
        merged = merge_lists(base, mine, theirs)
        if not is_same_list(merged.entries, theirs):
            if not self._bring(hub, newest + 1, merged.entries):
                return  # another desk was quicker: compared again in the next round
            newest += 1
        self._keep(state, newest, merged.entries, merged.overruled)

    def _bring(self, hub: HubConnection, version: int, entries: Entries) -> bool:
        """Add the next version; return whether it is ours."""
        values = {
            "facility": hub.facility,
            "kind": self._kind,
            "version": version,
            "desk": hub.desk,
            "entries": json.dumps(list(entries.items()), ensure_ascii=False),
        }
        return hub.execute(BRING, values) == 1

    def _keep(
        self, state: SharedListState, version: int, entries: Entries, overruled: tuple[str, ...]
    ) -> None:
        """Make the list here as `entries`, and note what was taken over."""
        now = self._clock()
        refused = self._holder.take_over(entries, set(state.entries), now)
        if refused and self._holder.takes_whole:  # tried again in the next round
            self._states.write(replace(state, notes=refused), now)
            return
        here = self._holder.entries() or {}
        held = {key: here[key] for key in refused if key in here}
        notes = dict.fromkeys(overruled, OVERRULED) | refused
        kept = SharedListState(self._kind, version, now, entries, held, notes)
        self._states.write(kept, now)
        log.info("the list of %s has version %d", self._kind, version)

    def _forget_settled(self, state: SharedListState, here: Mapping[str, Any]) -> None:
        """Forget what was not taken over, where a person has made it as the list has it since."""
        held = {
            key: entry
            for key, entry in state.held.items()
            if key not in here or here[key] != state.entries.get(key)
        }
        if len(held) < len(state.held):
            notes = {
                key: why for key, why in state.notes.items() if key in held or key not in state.held
            }
            self._states.write(replace(state, held=held, notes=notes), self._clock())


def _without_held(here: Mapping[str, Any], state: SharedListState) -> dict[str, Any]:
    """Return this desk's list, with the hub's entries where this desk's stay as they were."""
    mine = {}
    for key, entry in here.items():
        is_held = key in state.held and state.held[key] == entry
        if is_held and key in state.entries:
            mine[key] = state.entries[key]
        elif not is_held:
            mine[key] = entry
    return mine


def _entries(pairs: object) -> dict[str, Any]:
    """Return the entries of a version; those that are no pair of a key and an object are left."""
    if not isinstance(pairs, list):
        return {}
    return {
        pair[0]: pair[1]
        for pair in pairs
        if isinstance(pair, list) and len(pair) == 2
        if isinstance(pair[0], str) and isinstance(pair[1], dict)
    }
