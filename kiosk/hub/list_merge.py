"""How two changes of one shared list become one list.

A list has entries under keys: a room under its name, a member of staff under the number.  There are
three lists: what both sides had last (`base`), what this desk has (`mine`), what the hub has now
(`theirs`).

1. An entry that only one side has changed, added or removed is taken as that side has it.
2. An entry that both have changed in different ways is taken as the hub has it: whoever brought
   the newest version has seen all before it.  Its key is named, so that a person can do it again.
3. The order is the hub's, unless only this desk has changed it; new entries come last.

Pure: it reads and writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Entry = Mapping[str, Any]  # as JSON
Entries = Mapping[str, Entry]  # in their order


@dataclass(frozen=True, slots=True)
class MergedList:
    """One list from two."""

    entries: Entries = field(repr=False)
    overruled: tuple[str, ...]  # keys of this desk's changes that were not taken


def merge_lists(base: Entries, mine: Entries, theirs: Entries) -> MergedList:
    """Return one list, by the rules at the top of this module."""
    taken: dict[str, Entry] = {}
    overruled = []
    for key in _order(base, mine, theirs):
        before, ours, hubs = base.get(key), mine.get(key), theirs.get(key)
        entry = hubs
        if ours != before and hubs == before:
            entry = ours
        elif ours not in (before, hubs):
            overruled.append(key)
        if entry is not None:
            taken[key] = entry
    return MergedList(taken, tuple(overruled))


def is_same_list(one: Entries, other: Entries) -> bool:
    """Return whether two lists have the same entries in the same order."""
    return list(one.items()) == list(other.items())


def _order(base: Entries, mine: Entries, theirs: Entries) -> list[str]:
    """Return all keys in the order of the merged list."""
    common = [key for key in base if key in mine and key in theirs]
    is_reordered_there = [key for key in theirs if key in common] != common
    first, second = (theirs, mine) if is_reordered_there or not base else (mine, theirs)
    return [*first, *(key for key in second if key not in first)]
