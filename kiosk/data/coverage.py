"""The coverage of a card: the newest that the gateway answered or the registry holds."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from kiosk.data.answers_cache import AnswersCache
from kiosk.registry import Registry, RegistryUnreadable
from verify import MISMATCH_STANDINGS, Card, Coverage, CoverageRecord, CoverageUnreadable, same_name

# What a registry may leave out, and the gateway said.
OF_THE_HOLDER = ("card_number", "insurance_number", "holder", "born", "sex", "facility",
                 "five_years_on", "new_card")  # fmt: skip

log = logging.getLogger(__name__)


class CoverageLookup:
    """The newest coverage of a card, from the gateway's answers and one version's registry."""

    def __init__(
        self,
        answers: AnswersCache,
        registry: Registry | None,
        registered: Callable[[Card], Coverage | None],
    ) -> None:
        """`registered` reads the registry; it may raise RegistryUnreadable."""
        self._answers, self._registry, self._registered = answers, registry, registered

    def recall(self, card: Card) -> CoverageRecord:
        """Return the newest coverage of a card, and when the insurer last said anything.

        Of two sources one that cannot be read leaves the other, and the record says so.  Raises
        CoverageUnreadable if the answers cannot be read and there is no registry.
        """
        coverage, newest, damaged = None, None, False
        try:
            coverage, newest, _ = self._answers.recall(card)
        except CoverageUnreadable as exc:
            if self._registry is None:
                raise
            log.error("the remembered coverage cannot be read: %s", exc)
            damaged = True
        try:
            coverage = _newer(card, coverage, self._registered(card))
        except RegistryUnreadable as exc:
            log.error("the registry cannot be read: %s", exc)
            damaged = True
        return CoverageRecord(coverage, self._newest(newest), damaged)

    def newest_answer(self) -> datetime | None:
        """Return when the insurer last said anything that is held here; None: never."""
        return self._newest(self._answers.newest_answer())

    def _newest(self, answered: datetime | None) -> datetime | None:
        if self._registry is None:
            return answered
        return max(self._registry.issued, answered or self._registry.issued)


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
    if registered.standing in MISMATCH_STANDINGS:
        named = card.holder and answered.holder and same_name(card.holder, answered.holder)
        return answered if named else registered
    gaps = {name: getattr(answered, name) for name in OF_THE_HOLDER
            if getattr(registered, name) is None}  # fmt: skip
    return replace(registered, **gaps)
