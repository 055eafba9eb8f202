"""The coverage of a card: the newest that the gateway answered or the registry holds.

1. The newer of the two counts.
2. If both are of the same moment, the gateway's counts: it was asked about this very card at that
   moment.  A registry has the time when its whole file was made, and what it says of one
   card may be older than that.
3. A registry need not hold names.  What the gateway said of the holder and of a new card stays with
   a newer record of the registry that says nothing of them.
4. A registry's check of a name has only eight bits.  It does not count against a gateway that named
   this very holder.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from kiosk.data.answers_cache import AnswersCache
from kiosk.registry import Registry, RegistryUnreadable
from verify import (
    MISMATCH_STANDINGS,
    Card,
    Coverage,
    CoverageRecord,
    CoverageUnreadable,
    NameMatch,
    compare_names,
)

FIELDS_A_REGISTRY_MAY_LACK = (
    "card_number",
    "insurance_number",
    "holder",
    "born",
    "sex",
    "facility",
    "five_years_on",
    "new_card",
)

log = logging.getLogger(__name__)


class CoverageLookup:
    """The newest coverage of a card, from the gateway's answers and one version's registry."""

    def __init__(
        self,
        answers: AnswersCache,
        registry: Registry | None,
        registered: Callable[[Card], Coverage | None],
    ) -> None:
        """`registered` looks a card up in the registry; it may raise RegistryUnreadable."""
        self._answers, self._registry, self._registered = answers, registry, registered

    def recall(self, card: Card) -> CoverageRecord:
        """Return the newest coverage of a card, and when the insurer last said anything (aware).

        If one of the two sources cannot be read, the other one counts, and the record says that
        it is damaged.  Raises CoverageUnreadable if the answers cannot be read and there is no
        registry.
        """
        coverage, newest, damaged = None, None, False
        try:
            coverage, newest, _ = self._answers.recall(card)
        except CoverageUnreadable as exc:
            if self._registry is None:
                raise
            log.error("the gateway's answers cannot be read: %s", exc)
            damaged = True
        try:
            coverage = _newer(card, coverage, self._registered(card))
        except RegistryUnreadable as exc:
            log.error("the registry cannot be read: %s", exc)
            damaged = True
        return CoverageRecord(coverage, self._newest(newest), damaged)

    def newest_answer(self) -> datetime | None:
        """Return when the insurer last said anything, to the gateway or by the registry (aware).

        None: never.  Raises CoverageUnreadable if the answers cannot be read.
        """
        return self._newest(self._answers.newest_answer())

    def _newest(self, answered: datetime | None) -> datetime | None:
        if self._registry is None:
            return answered
        issued = self._registry.issued
        return issued if answered is None or answered < issued else answered


def _newer(card: Card, answered: Coverage | None, registered: Coverage | None) -> Coverage | None:
    """Return the coverage that counts, by the rules of this module."""
    if registered is None or (answered is not None and answered.as_of >= registered.as_of):
        return answered
    if answered is None:
        return registered
    if registered.standing in MISMATCH_STANDINGS:
        holder, named = card.holder, answered.holder
        is_other = not (holder and named) or compare_names(holder, named) is NameMatch.DIFFERENT
        return registered if is_other else answered
    lacking = [name for name in FIELDS_A_REGISTRY_MAY_LACK if getattr(registered, name) is None]
    return registered._replace(**{name: getattr(answered, name) for name in lacking})
