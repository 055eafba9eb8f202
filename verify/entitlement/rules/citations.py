"""How the law is named: a document that no longer holds is never named as the law in force.

Of some groups and benefits only the article of an older decree is known.  From the day on which
the decree was repealed, it is named as an older one, and the article of the decree that replaced
it as not checked.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from verify.entitlement.rules.rows import RepealedLaw

SEPARATOR = "; "  # between the documents of a legal basis


class Citation(NamedTuple):
    """A legal basis for a visit on a day: its text, and the documents that no longer hold then."""

    text: str  # what no longer holds is marked, in Vietnamese
    older: tuple[RepealedLaw, ...]


def cite(basis: str, day: date, repealed: Iterable[RepealedLaw]) -> Citation:
    """Return a legal basis, documents with `; ` between them, as it is named for a day."""
    older = tuple(row for row in repealed if row.holds_on(day) and row.document in basis)
    if not older:
        return Citation(basis, ())
    parts = [_marked(part, older) for part in basis.split(SEPARATOR)]
    return Citation(SEPARATOR.join(parts), older)


def _marked(part: str, older: tuple[RepealedLaw, ...]) -> str:
    newer = dict.fromkeys(row.replaced_by for row in older if row.document in part)
    if not newer:
        return part
    return f"{part} (văn bản cũ, đã hết hiệu lực; chưa đối chiếu {', '.join(newer)})"
