"""Whether a hub slows desks down, and how fast a hub with ten million visits answers.

    python bench/hub.py [--visits 10000000] [--records 1000000] [--desks 20] [--every 1]
                        [--rounds 6] [--seconds 8] [--waiting 6000] [--only rows|desks] [--no-goals]

Starts a PostgreSQL of its own (Debian's package), without `fsync`.

*rows* fills it with visits of twenty facilities and twelve months, the newest `--records` of them
with their records, through the hub's own schema.  Then it asks as the program does, as the login of
a desk: a facility's month, and whether a person is here today.  Prints bytes per visit.

*desks* starts so many desks as processes, each with its own logbook of `--waiting` visits that the
hub does not have, and as many desks without a hub.  A patient comes to each desk every `--every`
seconds.  In each round the desks without a hub and those with one take turns, while the hub is
there, catches up with all that waits, hangs (its processes are stopped), and is down.  Prints
percentiles of the milliseconds of scans and visits, and the ratio of each p99 to that without a
hub.  The server has a lower priority than the desks, because it should be another machine.  So
should each desk: with twenty, the work of all lanes falls on the processors of one machine.
`--desks 2 --every 0.1` has as many patients, and about a processor for each desk.

Ends with 1 if a goal is missed, unless --no-goals is given: scans p99 at most 1.2 times that
without a hub, a month within 5 s, here-today within 5 ms, no visit missing at the hub.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.goals import Goals
from bench.hub_answers import measure_rows
from bench.hub_conditions import measure_desks


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visits", type=int, default=10_000_000)
    parser.add_argument("--records", type=int, default=1_000_000, help="with their records")
    parser.add_argument("--desks", type=int, default=20)
    parser.add_argument("--every", type=float, default=1.0, help="seconds between two patients")
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each turn")
    parser.add_argument("--waiting", type=int, default=6_000, help="visits at each desk")
    parser.add_argument("--only", choices=("rows", "desks"))
    parser.add_argument("--no-goals", action="store_true", help="exit 0 whatever is measured")
    words = parser.parse_args()
    goals = Goals(not words.no_goals)
    if words.only != "desks":
        measure_rows(goals, words.visits, words.records)
    if words.only != "rows":
        measure_desks(goals, words.desks, words.rounds, words.seconds, words.every, words.waiting)
    goals.end()


if __name__ == "__main__":
    main()
