"""What the most expensive payloads that we know cost: time and memory of one verdict each.

    python bench/hostile.py

Prints a JSON line for each: the shortest of five tries in milliseconds, and the peak of memory in
KiB.  No payload may take more than 20 ms or 16 MiB.
"""

from __future__ import annotations

import json
import sys
import time
import tracemalloc
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import base45
import cbor2

sys.path.insert(0, str(Path(__file__).parents[1]))

from kiosk.sandbox import DEMO, trusted_keys
from kiosk.sandbox.signing import hc1_text
from tests.cast import BHYT17, CCCD
from tests.verify.test_smart_health_cards import KEYS, as_digits, b64, card, deflate
from verify import Knowledge, judge, read_jwks

NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)
KNOWN = Knowledge(read_jwks(trusted_keys(NOW)), demo=True)
SMART = Knowledge(KEYS)
MAX_PAYLOAD_BYTES = 4_096


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


def main() -> None:
    """Measure and print."""
    for name, (text, known) in hostile().items():
        payload = text.encode()
        took = []
        for _ in range(5):
            start = time.perf_counter_ns()
            judge(payload, NOW, known)
            took.append((time.perf_counter_ns() - start) / 1e6)
        tracemalloc.start()
        verdict = judge(payload, NOW, known)
        memory = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        line = {"what": name, "bytes": len(payload), "reason": verdict.reason.value}
        print(json.dumps(line | {"ms": round(min(took), 2), "kib": round(memory / 1024)}))


if __name__ == "__main__":
    main()
