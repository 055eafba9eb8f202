"""One version of the registry, and the changes to it: what is said of a card."""

from __future__ import annotations

from datetime import datetime

from kiosk.registry.errors import RegistryUnreadable
from kiosk.registry.person import RegisteredPerson
from kiosk.registry.row import RegistryRow, check_of, key_of, unpack
from kiosk.registry.snapshot import Snapshot
from verify import REGISTRY, Card, Coverage, Standing


class Registry:
    """Open files that nobody ever changes. Any thread may call."""

    def __init__(self, base: Snapshot, changes: Snapshot | None = None) -> None:
        """RegistryUnreadable where the changes are to another version."""
        if base.about.base:
            raise RegistryUnreadable(f"{base.path.name}: changes, without what they change")
        if changes is not None and (changes.about.base, changes.about.salt) != (
            base.about.version,
            base.about.salt,  # versions of two feeds may be equal by chance
        ):
            raise RegistryUnreadable(f"{changes.path.name}: changes to another version")
        self.base, self.changes = base, changes

    @property
    def issued(self) -> datetime:
        """When the newest of it was made."""
        return (self.changes or self.base).about.issued

    def recall(self, card: Card) -> Coverage | None:
        """Return what the registry says of a card; None where it says nothing.

        RegistryUnreadable where a file cannot be read any more.
        """
        for snapshot in filter(None, (self.changes, self.base)):
            salt = snapshot.about.salt
            key = key_of(card.number, salt)
            found = snapshot.look_up(key)
            if found is not None:
                return _word(card, unpack(found), snapshot.person(key), salt, self.issued)
        return None

    def close(self) -> None:
        """Let go of the files."""
        for snapshot in filter(None, (self.changes, self.base)):
            snapshot.close()


def _word(
    card: Card, row: RegistryRow, person: RegisteredPerson, salt: bytes, as_of: datetime
) -> Coverage | None:
    if row.standing is Standing.NO_RECORD:
        return None
    # Where names are kept they are compared when it is decided, field by field.
    if person.holder is None and _is_of_another(card, row, salt):
        return Coverage(card.number, Standing.NAME_DIFFERS, REGISTRY, as_of)
    tail = card.number[-10:]
    whole = f"{row.group}{row.level}{row.province}{tail}" if row.group and row.level else None
    shown = card.number if len(card.number) == 15 else None
    return Coverage(
        number=card.number,
        standing=row.standing,
        code=REGISTRY,
        as_of=as_of,
        card_number=shown or (whole if len(card.number) == 10 else None),
        holder=person.holder,
        born=person.born,
        sex=person.sex,
        facility=person.facility,
        five_years_on=person.five_years_on,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        living_area=row.living_area or None,
    )


def _is_of_another(card: Card, row: RegistryRow, salt: bytes) -> bool:
    """Tell whether a row is known to be of somebody with another name or year of birth."""
    if not (row.check and card.holder and card.born):
        return False
    return row.check != check_of(card.holder, card.born.year, salt)
