"""Which of several codes in one view is the scan: one card at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable

IsCard = Callable[[bytes], bool]


def select_one(payloads: Iterable[bytes], is_wanted: IsCard) -> list[bytes]:
    """Return the codes that could be the scan: those that are wanted, or else any one.

    More than one means that nobody can tell whose turn it is.
    """
    codes = list(dict.fromkeys(payloads))
    wanted = [code for code in codes if is_wanted(code)]
    return wanted or codes[:1]
