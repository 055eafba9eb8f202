"""What this kiosk remembers of cards: the gateway's answers and the registry, the newest word."""

from __future__ import annotations

import logging
from datetime import datetime

from verify import Card, CoverageCache, Holdings, Recollection, RegistryUnreadable

log = logging.getLogger(__name__)


class Memory:
    """The newest word on a card, whether the gateway or the registry said it."""

    def __init__(self, cache: CoverageCache, holdings: Holdings) -> None:
        self._cache, self._holdings = cache, holdings

    def recall(self, card: Card) -> Recollection:
        """Return it, and when anything of the kind was last said.

        A registry that cannot be read any more leaves what is remembered, and says so in the log.
        """
        word, newest = self._cache.recall(card)
        try:
            registered = self._holdings.recall(card)
        except RegistryUnreadable as exc:
            log.error("the registry cannot be read: %s", exc)
            return Recollection(word, newest)
        if registered is not None and (word is None or word.as_of < registered.as_of):
            word = registered
        return Recollection(word, self._newest(newest))

    def newest_word(self) -> datetime | None:
        """Return when the insurer last said anything that is held here; None: never."""
        return self._newest(self._cache.newest_word())

    def _newest(self, answered: datetime | None) -> datetime | None:
        registry = self._holdings.now().registry
        return answered if registry is None else max(registry.issued, answered or registry.issued)
