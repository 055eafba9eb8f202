"""Coverage-guided fuzzing of `judge`: no exception leaves it, and nothing is admitted.

    pip install atheris
    python bench/fuzz.py -runs=10000000 -max_len=1200 CORPUS_FOLDER

The corpus folder may be empty; seeds are written into it.  Half of the inputs are taken as they
come; the other half are claims that are signed with the demo's good key, so that what stands
behind a signature is reached too.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).parents[1]))

with atheris.instrument_imports(include=["verify"]):
    from kiosk.sandbox import DEMO, NOT_A_CARD, PEOPLE, payload_of, trusted_keys
    from verify import Knowledge, Outcome, judge, read_jwks, verdict_json

NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)
KNOWN = Knowledge(read_jwks(trusted_keys(NOW)), demo=True)
SIGNED = {payload_of(one, NOW).encode() for one in PEOPLE}
GENUINE = [judge(payload, NOW, KNOWN).card for payload in SIGNED]


def try_one(data: bytes) -> None:
    """Judge one input; what it may not do, raises."""
    is_claims = data[:1] == b"\xff"
    payload = DEMO.sign_payload(data[1:]).encode() if is_claims else data
    verdict = judge(payload, NOW, KNOWN)
    verdict_json(verdict)
    if verdict.outcome is Outcome.ADMITTED and not is_claims and verdict.card not in GENUINE:
        raise AssertionError("admitted, but not one of the cards that were signed")


def main() -> None:
    """Write the seeds and fuzz."""
    folders = [Path(word) for word in sys.argv[1:] if not word.startswith("-")]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate([*SIGNED, NOT_A_CARD.encode(), b"9999900001", b"\xff\xa0"]):
            (folder / f"seed-{number}").write_bytes(seed)
    atheris.Setup(sys.argv, try_one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
