"""What may be published: only what a kiosk can use, and no key that was withdrawn comes back."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from kiosk.errors import SettingsError
from verify import BadKeys, BadTable, key_id_of, read_jwks, read_law, read_revocations

PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})  # RFC 7518 §6


def check_keys(path: Path, before: Path | None, reinstate: frozenset[str]) -> datetime | None:
    """Return when a key set was made, if it says so.

    SettingsError where it is none, holds a private key, or a withdrawn key is withdrawn no more:
    who took a key back once is not to find it good again by somebody's slip; `reinstate` names
    the keys of which it is meant.
    """
    text = _read(path)
    try:
        issued = read_jwks(text).issued
    except BadKeys as exc:
        raise SettingsError(f"{path}: {exc}") from exc
    if any(set(key) & PRIVATE for key in json.loads(text)["keys"]):
        raise SettingsError(f"{path}: holds a private key, which all the world would get")
    if before is not None:
        withdrawn = _withdrawn(before.read_text("utf-8-sig"))
        back = [key for key in withdrawn - _withdrawn(text) if key[1].hex() not in reinstate]
        if back:
            name = min(key_id.hex() for _, key_id in back)
            raise SettingsError(
                f"{path}: key {name} was withdrawn and is so no more; is that meant, "
                f"say --reinstate {name}"
            )
    return issued


def check_revocations(path: Path) -> datetime | None:
    """Return when a revocation file was made; SettingsError where it is none, or a list in it is
    damaged."""
    try:
        found = read_revocations(_read(path))
    except BadKeys as exc:
        raise SettingsError(f"{path}: {exc}") from exc
    if found.missing:
        raise SettingsError(f"{path}: {found.missing[0]} is damaged")
    return found.issued


def check_tables(folder: Path) -> None:
    """SettingsError where a folder does not hold all of the law's tables, and good ones."""
    try:
        read_law(folder)
    except BadTable as exc:
        raise SettingsError(f"{folder / str(exc)}") from exc


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except (OSError, ValueError) as exc:
        raise SettingsError(f"{path}: cannot be read ({type(exc).__name__})") from exc


def _withdrawn(text: str) -> set[tuple[str, bytes]]:
    """Return issuer and id of each key that is withdrawn."""
    return {
        (str(key.get("iss")), key_id_of(key["kid"], "key"))
        for key in json.loads(text)["keys"]
        if key.get("state") == "withdrawn"
    }
