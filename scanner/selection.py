"""Which of several codes in one view is the scan: one card at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable

IsCard = Callable[[bytes], bool]


def select_scans(payloads: Iterable[bytes], is_card: IsCard) -> list[bytes]:
    """Return the codes that could be the scan: all cards, or else the first of the other codes.

    More than one means that nothing says which patient's turn it is.
    """
    codes = list(dict.fromkeys(payloads))
    cards = [code for code in codes if is_card(code)]
    return cards or codes[:1]
