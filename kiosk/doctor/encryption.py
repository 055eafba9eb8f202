"""What protects the files if somebody has the disk or a copy: the disk's encryption, the logbook's.

A key protects from whoever has the files without what opens the key.  Each place of a key comes
with what it protects from, and with what it does not: nobody should rely on more.
"""

from __future__ import annotations

from collections.abc import Sequence

from kiosk.doctor.check import ATTENTION, GOOD, UNKNOWN, Check, good_unless
from kiosk.doctor.words import Words
from kiosk.doctor.words import words as _
from kiosk.runtime.disk_encryption import DiskState
from kiosk.runtime.file_key import FileKey
from kiosk.runtime.key_store import KeyPlace

PLACES: dict[KeyPlace, Words] = {
    "none": _("nowhere"),
    "file": _("in the file %(file)s", file="{file}"),
    "credential": _("with systemd, as the credential %(file)s", file="{file}"),
    "windows": _("with Windows (DPAPI), as %(file)s", file="{file}"),
}
PROTECTS_FROM: dict[KeyPlace, Words] = {
    "none": _("nothing: whoever has the disk, or a copy of the data, reads it"),
    "file": _("whoever has a copy of the data directory, or a stick with it, without the key file"),
    "credential": _("the same; and where systemd uses a TPM, whoever has the disk without this PC"),
    "windows": _(
        "the same, and whoever has the disk without the password of the program's account"
    ),
}
NOT_FROM: dict[KeyPlace, Words] = {
    "none": Words(""),
    "file": _("a stolen PC or disk: the key is on it"),
    "credential": _("whoever administers this PC; and without a TPM, a stolen disk"),
    "windows": _(
        "whoever administers this PC, or gets into that account; an account that signs in by"
        " itself keeps its password on the disk"
    ),
}
TO_DO = _(
    "Encrypt the disk (BitLocker, LUKS), or set [encryption] keys and run `encryption set-up`;"
    " docs/security.md says what each protects from."
)
DISK_TO_DO = _(
    "Encrypt the disk too (BitLocker, LUKS): the key, reports and settings are on it, and it"
    " protects them."
)


def place_of(place: KeyPlace, file: str) -> Words:
    """Return where a key rests."""
    words = PLACES[place]
    return Words(words.text, dict.fromkeys(words.values, file))


def encryption_check(
    place: KeyPlace, file: str, keys: Sequence[FileKey], disk: DiskState, tpm: bool = False
) -> Check:
    """Check the encryption of the logbook.

    `keys` are those that are kept now; `tpm` is whether this machine has a TPM.
    """
    what = _("encryption of the logbook")
    if place == "none":
        seen = _("off: the logbook is read by whoever has the disk or a copy")
        if disk is DiskState.ENCRYPTED:
            seen = seen.then(_("but for the disk's own encryption"), ", ")
            return Check("encryption", what, GOOD, seen)
        return Check("encryption", what, ATTENTION, seen, TO_DO)
    seen = _(
        "on, the key %(name)s rests %(place)s. Protects from %(from)s. Not from %(not_from)s",
        **{
            "name": keys[-1].name,
            "place": place_of(place, file),
            "from": PROTECTS_FROM[place],
            "not_from": NOT_FROM[place],
        },
    )
    if place == "credential":
        seen = seen.then(_("A TPM was found") if tpm else _("No TPM was found"), ". ")
    do = _("A change of the key was interrupted: stop the program, run `encryption rotate`.")
    return good_unless("encryption", what, seen, do if len(keys) > 1 else None)


def disk_encryption_check(disk: DiskState) -> Check:
    """Check whether the system says that the disk is encrypted."""
    code, what = "disk_encryption", _("encryption of the disk")
    if disk is DiskState.ENCRYPTED:
        return Check(code, what, GOOD, _("encrypted, as far as the system says"))
    if disk is DiskState.PLAIN:
        seen = _("not encrypted, as far as the system says")
        return Check(code, what, ATTENTION, seen, DISK_TO_DO)
    return Check(
        code,
        what,
        UNKNOWN,
        _("not known: the system does not say whether it is encrypted"),
        _("Ask whoever set up this PC whether BitLocker or LUKS is on."),
    )
