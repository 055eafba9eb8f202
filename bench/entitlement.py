"""Measure how long an entitlement takes, compared with a bare ES256 verification.

    python bench/entitlement.py

Prints a JSON line for each situation: median and p99 in microseconds, with the sentence and the
notes in one language, and without them.  The measurements take turns.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.verify import FLOOR, Work, measure, print_against_floor, verification
from kiosk.runtime.paths import shipped_folder
from verify import Birth, FacilityProfile, Situation, entitle, read_law

LAW = read_law(shipped_folder("config") / "tables")
PLAIN = Situation(
    date(2026, 11, 21),
    FacilityProfile("01005", "co_ban", 45, "none"),
    object_codes=("DN",),
    digit=4,
    registered_at="01001",
    born=Birth(1980, 2, 1),
)
SITUATIONS = {
    "self, paid in full": PLAIN,
    "self, half tier": replace(PLAIN, facility=FacilityProfile("01005", "co_ban", 60, "tinh")),
    "five years, much paid": replace(
        PLAIN, arrival="registered", five_years_since=date(2020, 1, 1), copaid_vnd=20_000_000
    ),
    "old digit, no rule": replace(
        PLAIN,
        object_codes=("CN",),
        digit=3,
        facility=FacilityProfile("01005", "chuyen_sau", 80, "none"),
    ),
}


def without_texts(situation: Situation) -> Callable[[], object]:
    """Return a call that computes the entitlement."""
    return lambda: entitle(situation, LAW)


def with_texts(situation: Situation) -> Callable[[], object]:
    """Return a call that computes the entitlement and its texts, as a page shows them."""

    def compute() -> object:
        answer = entitle(situation, LAW)
        return answer.sentence.vi, [note.vi for note in answer.notes]

    return compute


def main() -> None:
    """Measure and print."""
    work: Work = {FLOOR: verification()}
    for name, situation in SITUATIONS.items():
        work |= {
            name: without_texts(situation),
            f"{name}, with words": with_texts(situation),
        }
    print_against_floor(measure(work))


if __name__ == "__main__":
    main()
