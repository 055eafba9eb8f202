"""A referral among the papers of a visit, as text: `referral 2026-11-10`, or `… for a year`."""

from __future__ import annotations

import re
from datetime import date

from verify import Slip

SEPARATOR = "; "
_REFERRAL = re.compile(r"referral (\d{4}-\d{2}-\d{2})( for a year)?\Z", re.ASCII)


def slip_in(papers: str) -> Slip | None:
    """Return the referral that stands among papers; None without one, or for a day that is none."""
    for paper in papers.split(SEPARATOR):
        if match := _REFERRAL.match(paper):
            try:
                return Slip(date.fromisoformat(match[1]), match[2] is not None)
            except ValueError:
                return None
    return None


def is_good(papers: str) -> bool:
    """Tell whether what is called a referral names a day that there is."""
    named = [paper for paper in papers.split(SEPARATOR) if paper.startswith("referral")]
    return all(slip_in(paper) is not None for paper in named)
