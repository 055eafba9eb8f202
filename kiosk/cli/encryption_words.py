"""The texts about encryption at rest, for `doctor` and `encryption status`.

A key protects from whoever has the files without what opens the key.  Each place of a key comes
with what it protects from, and with what it does not: nobody should rely on more.
"""

from __future__ import annotations

from collections.abc import Sequence

from kiosk.runtime.disk_encryption import DiskState
from kiosk.runtime.file_key import FileKey
from kiosk.runtime.key_store import KeyPlace

PLACES: dict[KeyPlace, str] = {
    "none": "nowhere",
    "file": "in the file {file}",
    "credential": "with systemd, as the credential {file}",
    "windows": "with Windows (DPAPI), as {file}",
}
PROTECTS_FROM: dict[KeyPlace, str] = {
    "none": "nothing: whoever has the disk, or a copy of the data, reads it",
    "file": "whoever has a copy of the data directory, or a stick with it, without the key file",
    "credential": "the same; and where systemd uses a TPM, whoever has the disk without this PC",
    "windows": "the same, and whoever has the disk without the password of the program's account",
}
NOT_FROM: dict[KeyPlace, str] = {
    "none": "",
    "file": "a stolen PC or disk: the key is on it",
    "credential": "whoever administers this PC; and without a TPM, a stolen disk",
    "windows": "whoever administers this PC, or gets into that account; an account that signs in by"
    " itself keeps its password on the disk",
}
TO_DO = (
    "Encrypt the disk (BitLocker, LUKS), or set [encryption] keys and run `encryption set-up`;"
    " docs/security.md says what each protects from."
)
DISK_TO_DO = (
    "Encrypt the disk too (BitLocker, LUKS): the key, reports and settings are on it, and it"
    " protects them."
)


def encryption_seen(
    place: KeyPlace, file: str, keys: Sequence[FileKey], disk: DiskState, tpm: bool = False
) -> tuple[str, str]:
    """Return what `doctor` says of the encryption of the logbook, and what to do; "" if nothing.

    `keys` are those that are kept now; `tpm` is whether this machine has a TPM.
    """
    if place == "none":
        seen = "off: the logbook is read by whoever has the disk or a copy"
        return (seen + ", but for the disk's own encryption" * (disk is DiskState.ENCRYPTED)), (
            "" if disk is DiskState.ENCRYPTED else TO_DO
        )
    seen = f"on, the key {keys[-1].name} rests {PLACES[place].format(file=file)}."
    seen += f" Protects from {PROTECTS_FROM[place]}. Not from {NOT_FROM[place]}"
    if place == "credential":
        seen += ". A TPM was found" if tpm else ". No TPM was found"
    if len(keys) > 1:
        return (
            seen,
            "A change of the key was interrupted: stop the program, run `encryption rotate`.",
        )
    return seen, ""


def disk_seen(disk: DiskState) -> tuple[str, str]:
    """Return what `doctor` says of the disk, and what to do; "" if nothing."""
    if disk is DiskState.ENCRYPTED:
        return "encrypted, as far as the system says", ""
    if disk is DiskState.PLAIN:
        return "not encrypted, as far as the system says", DISK_TO_DO
    return "not known: the system does not say whether it is encrypted", ""
