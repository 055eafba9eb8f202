"""How the law is named: a document that no longer holds is never named as the law in force.

Of some groups and benefits only the article of an older decree is known.  From the day on which
the decree was repealed, it is named as an older one, and the article of the decree that replaced
it as not checked.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from verify.entitlement.rules.rows import RepealedLaw

SEPARATOR = "; "  # between the documents of a legal basis


def repealed_in(basis: str, day: date, repealed: Iterable[RepealedLaw]) -> list[RepealedLaw]:
    """Return the documents that a legal basis names and that no longer hold on a day."""
    return [row for row in repealed if row.holds_on(day) and row.document in basis]


def cite(basis: str, day: date, repealed: Iterable[RepealedLaw]) -> str:
    """Return a legal basis for a visit on a day; what no longer holds is marked, in Vietnamese."""
    parts = basis.split(SEPARATOR)
    return SEPARATOR.join(_marked(part, repealed_in(part, day, repealed)) for part in parts)


def _marked(part: str, older: list[RepealedLaw]) -> str:
    if not older:
        return part
    newer = ", ".join(dict.fromkeys(row.replaced_by for row in older))
    return f"{part} (văn bản cũ, đã hết hiệu lực; chưa đối chiếu {newer})"
