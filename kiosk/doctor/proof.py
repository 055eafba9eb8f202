"""The check of the proof: the kiosk's key, and the newest signed root."""

from __future__ import annotations

from datetime import datetime, timedelta

from kiosk.doctor.check import ATTENTION, BAD, Check, good_unless
from kiosk.doctor.words import plain
from kiosk.doctor.words import words as _
from kiosk.logbook import from_utc_text
from kiosk.proof import Proofs

MAX_AGE = timedelta(days=3)  # of the newest root: a weekend may pass without a nightly job


def proof_check(proofs: Proofs, now: datetime) -> Check:
    """Check the key and the newest root at `now` (aware).

    Raises LogbookUnavailable if the logbook cannot be read.
    """
    keys, root = proofs.keys.known(), proofs.roots.newest()
    trouble = proofs.keys.trouble()
    seen = _("no key yet: the first root makes one")
    if keys:
        key = keys[-1]
        seen = _(
            "key %(mark)s since %(day)s, in %(path)s",
            mark=key.mark,
            day=key.made_at[:10],
            path=str(proofs.keys.path),
        )
    newest = _("newest root of %(day)s", day=str(root.day)) if root else _("no root")
    seen = seen.then(newest, "; ")
    if trouble:
        do = _(
            "Put the key back from where it is kept safe; `logbook key` and docs/proof.md say more."
        )
        return Check("proof", _("proof"), BAD, seen.then(plain(trouble), "; "), do)
    is_old = root is not None and now - from_utc_text(root.at) > MAX_AGE
    do = _("Run `sync` each night, or `logbook root`: what is not signed can be cut off unseen.")
    return good_unless("proof", _("proof"), seen, do if is_old else None, ATTENTION)
