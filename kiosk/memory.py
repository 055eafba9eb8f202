"""What this kiosk remembers of cards: the gateway's answers and the registry, the newest word."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime

from verify import (
    OF_THE_QUESTION,
    CacheUnreadable,
    Card,
    Coverage,
    CoverageCache,
    Holdings,
    Recollection,
    RegistryUnreadable,
    same_name,
)

# What a registry may leave out, and the gateway said.
OF_THE_HOLDER = ("card_number", "insurance_number", "holder", "born", "sex", "facility",
                 "five_years_on", "new_card")  # fmt: skip

log = logging.getLogger(__name__)


class Memory:
    """The newest word on a card, whether the gateway or the registry said it."""

    def __init__(self, cache: CoverageCache, holdings: Holdings) -> None:
        self._cache, self._holdings = cache, holdings

    def recall(self, card: Card) -> Recollection:
        """Return it, and when anything of the kind was last said.

        Of two memories one that cannot be read leaves the other, and is told.
        """
        word, newest, damaged = None, None, False
        try:
            word, newest, _ = self._cache.recall(card)
        except CacheUnreadable as exc:
            if self._holdings.now().registry is None:
                raise
            log.error("the remembered coverage cannot be read: %s", exc)
            damaged = True
        try:
            word = _newer(card, word, self._holdings.recall(card))
        except RegistryUnreadable as exc:
            log.error("the registry cannot be read: %s", exc)
            damaged = True
        return Recollection(word, self._newest(newest), damaged)

    def newest_word(self) -> datetime | None:
        """Return when the insurer last said anything that is held here; None: never."""
        return self._newest(self._cache.newest_word())

    def _newest(self, answered: datetime | None) -> datetime | None:
        registry = self._holdings.now().registry
        return answered if registry is None else max(registry.issued, answered or registry.issued)


def _newer(card: Card, answered: Coverage | None, registered: Coverage | None) -> Coverage | None:
    """Return the newer of two words on a card; of the same moment, the gateway's.

    The gateway was asked about this very card at that moment. A registry bears the moment at which
    the whole file was made, and what it says of one card may be older than that.
    A registry need not hold names: what the gateway said of the holder and of a new card stays
    with a newer word that says nothing of them.  And its check of a name, which is of eight bits,
    does not stand against a gateway that named this very holder.
    """
    if registered is None or (answered is not None and answered.as_of >= registered.as_of):
        return answered
    if answered is None:
        return registered
    if registered.standing in OF_THE_QUESTION:
        named = card.holder and answered.holder and same_name(card.holder, answered.holder)
        return answered if named else registered
    gaps = {name: getattr(answered, name) for name in OF_THE_HOLDER
            if getattr(registered, name) is None}  # fmt: skip
    return replace(registered, **gaps)
