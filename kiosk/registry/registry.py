"""One version of the registry, with the changes to it: what it says of a card."""

from __future__ import annotations

from datetime import datetime

from kiosk.registry.errors import RegistryUnreadable
from kiosk.registry.person import RegisteredPerson
from kiosk.registry.row import CARD_LENGTH, PERSON_LENGTH, RegistryRow, check_of, key_of, unpack
from kiosk.registry.snapshot import Snapshot
from verify import REGISTRY, Card, Coverage, Standing


class Registry:
    """An open registry; its files never change.  Any thread may call."""

    def __init__(self, base: Snapshot, changes: Snapshot | None = None) -> None:
        """Put a snapshot of all cards and the changes to it together.

        Raises RegistryUnreadable if `base` is itself a file of changes, or if `changes` belong to
        another version.
        """
        if base.about.base:
            raise RegistryUnreadable(f"{base.path.name}: changes; expected a whole registry")
        if changes is not None and (changes.about.base, changes.about.salt) != (
            base.about.version,
            base.about.salt,  # versions of two feeds may be equal by chance
        ):
            raise RegistryUnreadable(f"{changes.path.name}: changes to another version")
        self.base, self.changes = base, changes
        self.issued: datetime = (changes or base).about.issued  # aware; of the newest file
        self._salt = base.about.salt  # of both files
        self._newest_first = (base,) if changes is None else (changes, base)

    def recall(self, card: Card) -> Coverage | None:
        """Return the coverage of a card; None if the registry has no record of it.

        The changes are looked up first.  The coverage is as of `issued`: what no change names was
        still the same then.  Raises RegistryUnreadable if a file can no longer be read.
        """
        key = key_of(card.number, self._salt)
        for snapshot in self._newest_first:
            row = snapshot.look_up(key)
            if row is not None:
                person = snapshot.person(key)
                return _coverage(card, unpack(row), person, self._salt, self.issued)
        return None

    def close(self) -> None:
        """Close the files."""
        for snapshot in self._newest_first:
            snapshot.close()


def _coverage(
    card: Card, row: RegistryRow, person: RegisteredPerson, salt: bytes, as_of: datetime
) -> Coverage | None:
    if row.standing is Standing.NO_RECORD:
        return None
    # If the registry keeps names, verify compares them later, field by field.
    if person.holder is None and _belongs_to_another(card, row, salt):
        return Coverage(card.number, Standing.NAME_DIFFERS, REGISTRY, as_of)
    return Coverage(
        card.number,
        row.standing,
        REGISTRY,
        as_of,
        _card_number(card.number, row),
        None,  # insurance_number
        person.holder,
        person.born,
        person.sex,
        person.facility,
        row.valid_from,
        row.valid_until,
        row.living_area or None,
        person.five_years_on,
    )


def _card_number(number: str, row: RegistryRow) -> str | None:
    """Return the 15 characters of a card: those that are shown, or, for ten digits, the row's."""
    if len(number) == CARD_LENGTH:
        return number
    is_known = len(number) == PERSON_LENGTH and row.group and row.level
    return f"{row.group}{row.level}{row.province}{number}" if is_known else None


def _belongs_to_another(card: Card, row: RegistryRow, salt: bytes) -> bool:
    """Return whether a row is known to belong to a person with another name or year of birth."""
    if not (row.check and card.holder and card.born):
        return False
    return row.check != check_of(card.holder, card.born.year, salt)
