"""What the most expensive payloads that we know cost: time and memory of one verdict each.

    python bench/hostile.py [--max-ms N] [--max-kib N]

Prints a JSON line for each: the shortest of five tries in milliseconds of processor time, and the
peak of memory in KiB.  Then a line names the longest and the largest.  No payload may take more
than 20 ms or 16 MiB, and none may be admitted: then exit 1, and `passed` in this line names those
that were.  The floor is a bare ES256 verification.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
import tracemalloc
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import base45
import cbor2

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.goals import Goals
from bench.verify import FLOOR, measure, verification
from kiosk.sandbox import DEMO, trusted_keys
from kiosk.sandbox.signing import hc1_text
from tests.cast import BHYT17, CCCD
from tests.verify.test_smart_health_cards import KEYS, as_digits, b64, card, deflate
from verify import Knowledge, Outcome, judge, read_jwks

NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)
KNOWN = Knowledge(read_jwks(trusted_keys(NOW)), demo=True)
SMART = Knowledge(KEYS)
MAX_PAYLOAD_BYTES = 4_096
MAX_MS, MAX_KIB = 20.0, 16 * 1024.0
TRIES = 5


class Cost(NamedTuple):
    """What one verdict on a payload costs; `ms` is the shortest of some tries."""

    what: str
    bytes: int
    outcome: str
    reason: str
    ms: float
    kib: float


def nested(depth: int) -> Any:
    """Return lists nested in lists."""
    item: Any = []
    for _ in range(depth):
        item = [item]
    return item


def cwt(entry: object) -> bytes:
    """Return the claims of a card with any value as its number."""
    return cbor2.dumps({1: "VN", 4: 1_800_000_000, 6: 1, -260: {-84: {1: entry}}})


def hostile() -> dict[str, tuple[str, Knowledge]]:
    """Return payloads by what is expensive about them, with the knowledge to judge them by."""
    parts = BHYT17.split("|")
    telex = "|".join([*parts[:1], "ấẫ" * 99, *parts[2:]])
    both = "|".join(["đ" * 20, "é" * 200, *parts[2:]])
    bomb = base45.b45encode(zlib.compress(bytes(50_000_000), 9)).decode()[: MAX_PAYLOAD_BYTES - 96]
    header = b64(json.dumps({"alg": "ES256", "zip": "DEF", "kid": DEMO.key_id.hex()}).encode())
    wide = json.dumps({"iss": "x", "a": [0] * 30_000}).encode()
    deep = b'{"a":' * 900 + b"1" + b"}" * 900
    return {
        "longest letters": ("x" * MAX_PAYLOAD_BYTES, KNOWN),
        "longest bars": ("|" * MAX_PAYLOAD_BYTES, KNOWN),
        "longest digits": ("9" * MAX_PAYLOAD_BYTES, KNOWN),
        "marks upon marks": (CCCD.replace("Mẫu", "a" + "\u0301" * 1_900), KNOWN),
        "marks in disorder": (CCCD.replace("Mẫu", "a" + "\u0316\u0301" * 900), KNOWN),
        "signs that show nothing": (CCCD.replace("Mẫu", "a\u200b\u00ad" * 600), KNOWN),
        "other script": (CCCD.replace("Mẫu", "\U00020000" * 950), KNOWN),
        "full width": ("\uff11" * 1_300, KNOWN),
        "bars between blanks": (" |\u00a0" * 1_000, KNOWN),
        "misread UTF-8": (CCCD.replace("Mẫu", "á»…" * 450), KNOWN),
        "long name in hexadecimal": ("|".join([*parts[:1], "e1baab" * 640, *parts[2:]]), KNOWN),
        "damaged by Telex": (telex, KNOWN),
        "damaged in both fields": (both, KNOWN),
        "damaged and long": ("|".join(["ấ" * 10, "ấ" * 60, *["ấ" * 90] * 14]), KNOWN),
        "base45 alone": ("HC1:" + "A" * 3_990, KNOWN),
        "zlib bomb": ("HC1:" + bomb, KNOWN),
        "CBOR deep": (hc1_text(cbor2.dumps(nested(300))), KNOWN),
        "CBOR wide": (hc1_text(cbor2.dumps(dict.fromkeys(range(700), 0))), KNOWN),
        "CBOR big number": (DEMO.sign_payload(cwt(2**60_000)), KNOWN),
        "CBOR long text": (DEMO.sign_payload(cwt("ấ" * 2_500)), KNOWN),
        "signed, wide": (DEMO.sign_payload(cwt(list(range(700)))), KNOWN),
        "JSON wide": (as_digits(f"{header}.{b64(deflate(wide))}.AA"), SMART),
        "JSON deep": (card(None, raw=deflate(deep)), SMART),
        "DEFLATE bomb": (card(None, raw=deflate(b" " * 50_000_000)[:1_000]), SMART),
        "digits of a health card": ("shc:/" + "56" * 2_000, SMART),
    }


def cost_of(what: str, text: str, known: Knowledge) -> Cost:
    """Judge a payload several times and return what one verdict costs."""
    payload, took = text.encode(), []
    for _ in range(TRIES):
        start = time.thread_time_ns()
        judge(payload, NOW, known)
        took.append((time.thread_time_ns() - start) / 1e6)
    tracemalloc.start()
    verdict = judge(payload, NOW, known)
    memory = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    ms, kib = round(min(took), 2), round(memory / 1024)
    return Cost(what, len(payload), verdict.outcome.value, verdict.reason.value, ms, kib)


def check(goals: Goals, costs: Sequence[Cost], max_ms: float, max_kib: float) -> None:
    """Print the longest, the largest and the admitted, each with its limit."""
    floor_ms = statistics.median(measure({FLOOR: verification()}, 500, 50)[FLOOR]) / 1000
    longest = max(costs, key=lambda cost: cost.ms)
    largest = max(costs, key=lambda cost: cost.kib)
    admitted = [cost.what for cost in costs if cost.outcome == Outcome.ADMITTED]
    ratio = round(longest.ms / floor_ms, 1)
    goals.check(
        "longest payload",
        longest.ms,
        max_ms,
        unit="ms of a processor",
        ratio=ratio,
        of=longest.what,
    )
    goals.check("largest payload", largest.kib, max_kib, unit="KiB", of=largest.what)
    goals.check("admitted payloads", len(admitted), 0, of=admitted)


def summary(costs: Sequence[Cost], max_ms: float, max_kib: float) -> dict[str, object]:
    """Return a line with the longest, the largest, and all that passed a limit."""
    longest = max(costs, key=lambda cost: cost.ms)
    largest = max(costs, key=lambda cost: cost.kib)
    passed = [
        cost.what
        for cost in costs
        if cost.ms > max_ms or cost.kib > max_kib or cost.outcome == Outcome.ADMITTED
    ]
    return {
        "longest": longest.what,
        "ms": longest.ms,
        "largest": largest.what,
        "kib": largest.kib,
        "limits": {"ms": max_ms, "kib": max_kib},
        "passed": passed,
    }


def main() -> None:
    """Measure and print; exit 1 if a limit is passed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--max-ms", type=float, default=MAX_MS)
    parser.add_argument("--max-kib", type=float, default=MAX_KIB)
    args = parser.parse_args()
    costs = []
    for what, (text, known) in hostile().items():
        costs.append(cost_of(what, text, known))
        print(json.dumps(costs[-1]._asdict()), flush=True)
    goals = Goals()
    print(json.dumps(summary(costs, args.max_ms, args.max_kib)))
    check(goals, costs, args.max_ms, args.max_kib)
    goals.end()


if __name__ == "__main__":
    main()
