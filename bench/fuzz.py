"""Coverage-guided fuzzing of `judge`, and a replay that measures every input it found.

    pip install -e ".[test]" atheris
    python bench/fuzz.py -runs=10000000 -max_len=1200 CORPUS_FOLDER
    python bench/fuzz.py --replay CORPUS_FOLDER

1. No exception may leave `judge`.
2. Nothing that nobody signed may be admitted.
3. No name or number of the seeds may reach a log line or an exception's message.

The corpus folder may be empty; the seeds are written into it.  The first byte of an input says how
the rest is wrapped, so that the code behind compression and signatures is reached too: see
`KINDS`.

The replay judges each input of the folder without instrumentation and prints a JSON line: the
number of inputs, the longest time (microseconds) and the most memory (bytes) of one of them.
"""

from __future__ import annotations

import gc
import json
import logging
import sys
import time
import tracemalloc
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

REPLAY = "--replay" in sys.argv
if REPLAY:
    instruments: AbstractContextManager[object] = nullcontext()
else:
    import atheris

    instruments = atheris.instrument_imports(include=["verify"])

with instruments:
    from kiosk.sandbox import DEMO, PEOPLE, payload_of, trusted_keys
    from kiosk.sandbox.people import NOT_A_CARD
    from kiosk.sandbox.phone import Phone
    from kiosk.sandbox.signing import hc1_text
    from tests.verify.test_smart_health_cards import COVERAGE, ISSUER, PATIENT, claims, deflate
    from tests.verify.test_smart_health_cards import card as smart_card
    from verify import Knowledge, Outcome, judge, read_jwks, verdict_json
    from verify.errors import VerifyError

NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)
PHONE = Phone("the fuzzed phone")
TRUSTED = json.loads(trusted_keys(NOW))
TRUSTED["keys"].append(DEMO.jwk() | {"iss": ISSUER, "use": "shc", "env": "prod"})
KNOWN = Knowledge(read_jwks(json.dumps(TRUSTED)), demo=True)
SIGNED = {payload_of(patient, NOW).encode() for patient in PEOPLE}
PLANTED = sorted(
    {text for patient in PEOPLE for text in (patient.holder, patient.holder.encode().hex())}
    | {text for patient in PEOPLE for text in (patient.insurance_number, patient.card_number)}
)

# How the first byte of an input wraps the rest. Any other input is used as it is.
KINDS: dict[bytes, Callable[[bytes], str]] = {
    b"\xff": DEMO.sign_payload,  # claims under a good signature
    b"\xfe": hc1_text,  # any COSE message, compressed
    b"\xfd": lambda data: PHONE.show(data, NOW),  # any card, presented by a phone
    b"\xfc": lambda data: smart_card(None, raw=deflate(data)),  # JSON under a good signature
}
SIGNING = (b"\xff", b"\xfc")
SEEDS = [
    *SIGNED,
    NOT_A_CARD.encode(),
    b"9999900001",
    b"\xff\xa0",
    b"\xfe" + DEMO.card({1: "GD4019999900031", 2: "Mẫu", 3: "1980"}, NOW, 9, None),
    b"\xfd" + DEMO.card({1: "GD4019999900031", 0: [1, 2]}, NOW, 9, PHONE),
    b"\xfc" + json.dumps(claims(PATIENT, COVERAGE)).encode(),
]


def payload_in(data: bytes) -> bytes:
    """Return the payload that an input of the fuzzer stands for."""
    make = KINDS.get(data[:1])
    return data if make is None else make(data[1:]).encode()


GENUINE = [judge(payload_in(seed), NOW, KNOWN).card for seed in SEEDS]


def check_no_planted(text: str) -> None:
    """Raise AssertionError if a text holds a name or a number of the seeds."""
    if any(planted in text for planted in PLANTED):
        raise AssertionError("a planted name or number in a log or an exception's message")


class Watch(logging.Handler):
    """Checks every line that is logged."""

    def emit(self, record: logging.LogRecord) -> None:
        """Check one line."""
        check_no_planted(self.format(record))


class _Watched(VerifyError):
    """Checks the message of every error of `verify` when it is made."""

    def __init__(self, *args: object) -> None:
        check_no_planted(repr(args))
        Exception.__init__(self, *args)


def try_one(data: bytes) -> None:
    """Judge one input. Raises if it breaks a rule."""
    verdict = judge(payload_in(data), NOW, KNOWN)
    verdict_json(verdict)
    is_signed = data[:1] in SIGNING
    if verdict.outcome is Outcome.ADMITTED and not is_signed and verdict.card not in GENUINE:
        raise AssertionError("admitted, but not one of the cards that were signed")


def replay(folder: Path) -> None:
    """Judge every input of a run and print the longest time and the most memory of one."""
    inputs = [payload_in(path.read_bytes()) for path in sorted(folder.iterdir()) if path.is_file()]
    longest = max(min(_took(payload) for _ in range(3)) for payload in inputs)
    gc.disable()
    tracemalloc.start()
    most_memory = max(_needed(payload) for payload in inputs)
    line = {"inputs": len(inputs), "longest_us": round(longest), "most_bytes": most_memory}
    print(json.dumps(line))


def _took(payload: bytes) -> float:
    start = time.perf_counter_ns()
    judge(payload, NOW, KNOWN)
    return (time.perf_counter_ns() - start) / 1000


def _needed(payload: bytes) -> int:
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    judge(payload, NOW, KNOWN)
    return tracemalloc.get_traced_memory()[1] - before


def main() -> None:
    """Write the seeds and fuzz, or replay."""
    folders = [Path(argument) for argument in sys.argv[1:] if not argument.startswith("-")]
    logging.getLogger().addHandler(Watch())
    logging.getLogger().setLevel(logging.DEBUG)
    VerifyError.__init__ = _Watched.__init__  # type: ignore[method-assign,assignment]  # to see every message
    if REPLAY:
        replay(folders[0])
        return
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(SEEDS):
            (folder / f"seed-{number:02d}").write_bytes(seed)
    atheris.Setup(sys.argv, try_one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
