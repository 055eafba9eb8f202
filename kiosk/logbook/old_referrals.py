"""Referrals as they were written before they were data: a text among the papers of a visit.

`referral 2026-11-10` or `referral 2026-11-10 for a year`, joined with what else was shown by "; ".
Programs that still send it, and rows that were written so, are translated by this module alone.
"""

from __future__ import annotations

import re
from datetime import date

from verify import Referral

SEPARATOR = "; "
_REFERRAL = re.compile(r"referral (\d{4}-\d{2}-\d{2})( for a year)?\Z", re.ASCII)


def referral_of_text(paper: str) -> Referral | None:
    """Return the referral that one paper names; None if it is another paper or a day is wrong."""
    match = _REFERRAL.match(paper)
    try:
        return Referral(date.fromisoformat(match[1]), match[2] is not None) if match else None
    except ValueError:
        return None


def referral_among(papers: str) -> tuple[Referral | None, str]:
    """Return the first referral that can be read among papers, and the papers without it."""
    shown = papers.split(SEPARATOR)
    for place, paper in enumerate(shown):
        referral = referral_of_text(paper)
        if referral is not None:
            return referral, SEPARATOR.join(shown[:place] + shown[place + 1 :])
    return None, papers


def unreadable_referrals(papers: str) -> list[str]:
    """Return the papers that call themselves a referral and cannot be read as one."""
    return [paper for paper in papers.split(SEPARATOR)
            if paper.startswith("referral") and referral_of_text(paper) is None]  # fmt: skip
