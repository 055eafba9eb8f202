"""Measure how long an entitlement takes, compared with a bare ES256 verification.

    python bench/entitlement.py [--calls N] [--no-goals]

Prints a JSON line for each situation: median and p99 in microseconds, with the sentence and the
notes in one language, and without them.  The measurements take turns.  Exit 1 if an entitlement
without its texts takes more than 50 µs, unless there is --no-goals.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.goals import Goals
from bench.verify import CALLS, FLOOR, US, Goal, Work, measure, print_against_floor, verification
from kiosk.runtime.paths import shipped_folder
from verify import Birth, FacilityProfile, Situation, entitle, read_law

LIMIT = Goal(50.0, US)  # of each situation without its texts
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
    """Measure and print; exit 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=CALLS, help="of each kind that are counted")
    parser.add_argument("--no-goals", action="store_true", help="exit 0 whatever is measured")
    wanted = parser.parse_args()
    goals = Goals(not wanted.no_goals)
    work: Work = {FLOOR: verification()}
    for name, situation in SITUATIONS.items():
        work |= {
            name: without_texts(situation),
            f"{name}, with words": with_texts(situation),
        }
    limits = dict.fromkeys(SITUATIONS, LIMIT)
    print_against_floor(goals, measure(work, wanted.calls), limits)
    goals.end()


if __name__ == "__main__":
    main()
