"""The check of `doctor` about the proof: the kiosk's key, and the newest signed root."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from kiosk.logbook import from_utc_text
from kiosk.proof import Proofs

MAX_AGE = timedelta(days=3)  # of the newest root: a weekend may pass without a nightly job


def proof_checks(proofs: Proofs, now: datetime) -> Iterator[dict[str, Any]]:
    """Yield the check as JSON at `now` (aware), as those of `kiosk.cli.checks`.

    Raises LogbookUnavailable if the logbook cannot be read.
    """
    keys, root = proofs.keys.known(), proofs.roots.newest()
    trouble = proofs.keys.trouble()
    seen = "no key yet: the first root makes one"
    if keys:
        seen = f"key {keys[-1].mark} since {keys[-1].made_at[:10]}, in {proofs.keys.path}"
    seen += f"; newest root of {root.day}" if root else "; no root"
    do = f"{trouble[0].upper()}{trouble[1:]}." if trouble else ""
    if not do and root and now - from_utc_text(root.at) > MAX_AGE:
        do = "Run `sync` each night, or `logbook root`: what is not signed can be cut off unseen."
    yield {"good": not do, "what": "proof", "seen": seen, "do": do}
