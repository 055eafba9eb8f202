"""How long a verdict takes, compared with one bare ES256 verification in the same run.

    python bench/verify.py [--cards N] [--folder DIR] [--calls N] [--no-goals]

A registry of N invented cards (ten million by default) is attached, and every call judges another
card: signed ones, forged ones, and plain lines, some thousands of each.  The kinds take turns call
by call, beside the floor, which verifies another signature each time.  So nothing that a desk does
not have helps: no card is in a cache, and no kind has the processor to itself.  Then the same is
measured with a pause before each call, as at a desk where a patient comes now and then.

Building the registry takes one to two minutes and a few GiB.  With --folder it stays there for the
next run with the same number of cards.

Prints a JSON line for each kind: median and p99 in microseconds, and the ratio of its median to
that of the floor; `value` is what has a goal.  Exit 1 if a goal is missed, unless there is
--no-goals.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.cards import born, build, holder, number, valid_from
from bench.goals import Goals, quantile
from kiosk.data import AnswersCache, DataStore
from kiosk.runtime.paths import synced_folder
from kiosk.sandbox import DEMO, days, trusted_keys
from kiosk.sandbox.signing import es256_signature, hc1_from_parts
from tests.data_store import store_at
from verify import Knowledge, Reason, Revocations, judge, read_jwks

CALLS, WARM_UP = 3_000, 500  # calls of each kind; how many more are not counted
REST_CALLS, REST_S = 400, 0.004
FLOOR = "bare ES256"
NOW = datetime(2026, 11, 20, 2, tzinfo=UTC)  # three hours after the registry was made
SIGNED = NOW - timedelta(days=10)
FACILITIES = [f"{province:02d}{place:03d}" for province in range(1, 64) for place in range(1, 40)]

Call = Callable[[], object]
Work = dict[str, Call]


class Goal(NamedTuple):
    """The most that a kind's median may be: microseconds, or multiples of the floor."""

    most: float
    unit: str


RATIO, US = "times the floor", "µs, median"
SIGNED_GOAL, PLAIN_GOAL, RESTED_GOAL = Goal(2.0, RATIO), Goal(60.0, US), Goal(600.0, US)


def measure(
    work: Work, calls: int = CALLS, warm_up: int = WARM_UP, rest_s: float = 0
) -> dict[str, list[float]]:
    """Return how long each call took, in microseconds; the kinds take turns, in a changing order.

    `rest_s` is how long to pause before each call, in seconds.
    """
    times: dict[str, list[float]] = {kind: [] for kind in work}
    order = list(work)
    draw = random.Random(1)
    gc.collect()
    for turn in range(warm_up + calls):
        draw.shuffle(order)
        for kind in order:
            call = work[kind]
            if rest_s:
                time.sleep(rest_s)
            start = time.perf_counter_ns()
            call()
            took = (time.perf_counter_ns() - start) / 1000
            if turn >= warm_up:
                times[kind].append(took)
    return times


def verification(count: int = CALLS) -> Call:
    """Return a call that verifies another good signature over 200 bytes each time."""
    algorithm, key, public = ec.ECDSA(hashes.SHA256()), DEMO.key, DEMO.key.public_key()
    messages = [random.Random(turn).randbytes(200) for turn in range(count)]
    signed = itertools.cycle([(key.sign(message, algorithm), message) for message in messages])

    def verify() -> None:
        signature, message = next(signed)
        public.verify(signature, message, algorithm)

    return verify


def verdicts(payloads: Iterable[bytes], expected: Reason, known: Knowledge) -> Call:
    """Return a call that judges another payload each time, all with the same reason."""
    every = list(payloads)
    for payload in every:
        found = judge(payload, NOW, known).reason
        assert found is expected, f"{found}; expected {expected}"
    turn = itertools.cycle(every)
    return lambda: judge(next(turn), NOW, known)


def facility(place: int) -> str:
    """Return the code of the facility at which the holder of a card is registered."""
    return FACILITIES[place % len(FACILITIES)]


def first_day(place: int) -> date:
    """Return the first day that is on a card, of the years 2012 to 2025."""
    return date(2012, 1, 1) + timedelta(days=place * 37 % 5_000)


def last_day(place: int) -> date:
    """Return the last day that is on a card, of the years 2027 to 2029."""
    return date(2027, 1, 1) + timedelta(days=place * 41 % 1_000)


def signed_cards(places: Sequence[int], cards: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield the protected header and the claims of the signed card of each place."""
    protected = cbor2.dumps({1: -7, 4: DEMO.key_id})
    expires = int((SIGNED + timedelta(days=200)).timestamp())
    for place in places:
        entries = {
            1: number(place, cards),
            2: holder(place),
            3: days(date.fromisoformat(born(place))),
            4: 1 + place % 2,
            5: facility(place),
            6: days(first_day(place)),
            7: days(last_day(place)),
            8: 4,
        }
        claims = {1: "VN", 4: expires, 6: int(SIGNED.timestamp()), -260: {-84: entries}}
        yield protected, cbor2.dumps(claims)


def hc1(places: Sequence[int], cards: int, forged: bool = False) -> Iterator[bytes]:
    """Yield the HC1 text of each place's card; a forged one has the signature of the one before."""
    key = DEMO.key
    before = bytes(64)
    for protected, claims in signed_cards(places, cards):
        signature = es256_signature(key, protected, claims)
        yield hc1_from_parts(protected, claims, before if forged else signature).encode()
        before = signature


def bhyt(places: Sequence[int], cards: int, with_level: bool) -> Iterator[bytes]:
    """Yield the plain line of each place's card: `bhyt17` with the benefit digit, or `bhyt15`."""
    for place in places:
        card = number(place, cards)
        year, month, day = born(place).split("-")
        code, first = facility(place), f"{first_day(place):%d/%m/%Y}"
        parts = [
            card[5:] if with_level else card,
            holder(place).encode().hex(),
            f"{day}/{month}/{year}",
            str(1 + place % 2),
            "-" if with_level else "Số 1, Phường Thử".encode().hex(),
            f"{code[:2]} - {code[2:]}",
            first,
            "-",
            first,
            f"{code[:2]}01{card[5:]}",
            "-",
            "4",
            f" {last_day(place):%d/%m/%Y}",
            f"{place:015x}-7102",
        ]
        end = ["4", "Quận Thử, Thành phố Mẫu".encode().hex(), "$"] if with_level else ["$"]
        yield "|".join(parts + end).encode()


def work_of(known: Knowledge, cards: int, count: int) -> Work:
    """Return the calls of all kinds, each with `count` cards of its own."""
    draw = random.Random(2)

    def places(kind: range) -> list[int]:
        """Return random places of cards whose first day is before NOW."""
        found = (
            place
            for place in draw.sample(kind, min(2 * count, len(kind)))
            if valid_from(place) <= str(NOW.date())
        )
        return list(itertools.islice(found, count))

    known_cards, strangers = range(cards), range(cards, 2 * cards)
    return {
        FLOOR: verification(count),
        "bhyt17": verdicts(bhyt(places(known_cards), cards, True), Reason.IN_FORCE, known),
        "bhyt15": verdicts(bhyt(places(known_cards), cards, False), Reason.IN_FORCE, known),
        "hc1": verdicts(hc1(places(known_cards), cards), Reason.IN_FORCE, known),
        "hc1 not in the registry": verdicts(hc1(places(strangers), cards), Reason.VOUCHED, known),
        "hc1 forged": verdicts(hc1(places(known_cards), cards, forged=True), Reason.FORGED, known),
    }


GOALS = {
    "bhyt17": PLAIN_GOAL,
    "bhyt15": PLAIN_GOAL,
    "hc1": SIGNED_GOAL,
    "hc1 not in the registry": SIGNED_GOAL,
}


def print_against_floor(
    goals: Goals,
    times: dict[str, list[float]],
    limits: Mapping[str, Goal] | None = None,
    suffix: str = "",
) -> None:
    """Print a JSON line for each kind, with its goal if it has one.

    A line has the median and p99, and the ratio of the median to the floor.  `suffix` is added to
    the name of each kind.
    """
    floor = statistics.median(times[FLOOR])
    for kind, took in times.items():
        median, ratio = statistics.median(took), statistics.median(took) / floor
        figures = {
            "us": round(median, 1),
            "p99_us": round(quantile(took, 0.99), 1),
            "ratio": round(ratio, 2),
        }
        limit = (limits or {}).get(kind)
        if limit is None:
            goals.show(kind + suffix, **figures)
        else:
            value = ratio if limit.unit == RATIO else median
            goals.check(kind + suffix, value, limit.most, unit=limit.unit, **figures)


def open_store(data: Path) -> DataStore:
    """Open a data directory as a desk does; its issuers' keys and revocations were just made."""
    known = Knowledge(read_jwks(trusted_keys(NOW)), revocations=Revocations(issued=NOW), demo=True)
    return store_at(synced_folder(data), known, AnswersCache(data / "coverage.db"))


def main() -> None:
    """Measure and print; exit 1 if a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cards", type=int, default=10_000_000, help="in the registry")
    parser.add_argument("--folder", type=Path, help="where the registry is kept for the next run")
    parser.add_argument("--calls", type=int, default=CALLS, help="of each kind that are counted")
    parser.add_argument("--no-goals", action="store_true", help="exit 0 whatever is measured")
    args = parser.parse_args()
    goals = Goals(not args.no_goals)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        data = (args.folder or Path(temporary)) / f"registry-{args.cards}"
        build(data, args.cards)
        store = open_store(data)
        work = work_of(store.current().knowledge, args.cards, args.calls + WARM_UP)
        print_against_floor(goals, measure(work, args.calls), GOALS)
        rested = measure(work, min(REST_CALLS, args.calls), 20, REST_S)
        limits = dict.fromkeys(GOALS, RESTED_GOAL)
        print_against_floor(goals, rested, limits, f", after {REST_S * 1000:g} ms of rest")
        store.close()
    goals.end()


if __name__ == "__main__":
    main()
