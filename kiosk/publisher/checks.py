"""Check what is to be published.

Rules:

1. Only a file that a kiosk can use is published.
2. No private key is published.
3. A key that was withdrawn stays withdrawn, unless the publisher names it with `reinstate`. A slip
   must not make a key valid again that its issuer took back.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from kiosk.data import missing_tables, read_tables
from kiosk.errors import SettingsError
from kiosk.runtime.paths import shipped_folder
from verify import BadKeys, BadTable, key_id_of, read_jwks, read_revocations

# Members that only a private JWK has: RFC 7518 §6.
PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


def check_keys(path: Path, published: Path | None, reinstate: frozenset[str]) -> datetime | None:
    """Return when a key set was made (aware), or None if its file does not say so.

    `published` is the key set of the present version. Raises SettingsError if the file is not a
    key set, holds a private key, or does not withdraw a key that `published` withdraws, unless
    `reinstate` holds the hexadecimal id of that key.
    """
    text = _read(path)
    try:
        issued = read_jwks(text).issued
    except BadKeys as exc:
        raise SettingsError(f"{path}: {exc}") from exc
    if any(set(key) & PRIVATE_MEMBERS for key in json.loads(text)["keys"]):
        raise SettingsError(
            f"{path}: holds a private key, which everybody could read; publish public keys only"
        )
    if published is not None:
        withdrawn = _withdrawn_keys(published.read_text("utf-8-sig"))
        no_longer_withdrawn = [
            key_id.hex()
            for issuer, key_id in withdrawn - _withdrawn_keys(text)
            if key_id.hex() not in reinstate
        ]
        if no_longer_withdrawn:
            key_id = min(no_longer_withdrawn)
            raise SettingsError(
                f"{path}: key {key_id} was withdrawn, but this file does not withdraw it;"
                f" if that is intended, add --reinstate {key_id}"
            )
    return issued


def check_revocations(path: Path) -> datetime | None:
    """Return when a revocation file was made (aware), or None if it does not say so.

    Raises SettingsError if the file is not a revocation file, or if a list in it is damaged.
    """
    try:
        revocations = read_revocations(_read(path))
    except BadKeys as exc:
        raise SettingsError(f"{path}: {exc}") from exc
    if revocations.missing:
        raise SettingsError(f"{path}: {revocations.missing[0]} is damaged; export the file again")
    return revocations.issued


def check_tables(folder: Path) -> None:
    """Raise SettingsError if a folder does not hold all tables of the law, or if one is wrong."""
    for name in missing_tables(folder):
        raise SettingsError(f"{folder / name}: cannot be read; expected all tables of the law")
    try:
        read_tables(folder, shipped_folder("config") / "tables")
    except BadTable as exc:
        raise SettingsError(f"{folder / str(exc)}") from exc


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except (OSError, ValueError) as exc:
        raise SettingsError(f"{path}: cannot be read ({type(exc).__name__})") from exc


def _withdrawn_keys(text: str) -> set[tuple[str, bytes]]:
    """Return the issuer and the id of each withdrawn key in a JWK set."""
    return {
        (str(key.get("iss")), key_id_of(key["kid"], "key"))
        for key in json.loads(text)["keys"]
        if key.get("state") == "withdrawn"
    }
