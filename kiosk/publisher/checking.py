"""What may be published: only what a kiosk can use, and no key that was withdrawn comes back."""

from __future__ import annotations

import json
from pathlib import Path

from kiosk.errors import SettingsError
from verify import BadKeys, BadTable, read_jwks, read_law, read_revocations


def check_keys(path: Path, before: Path | None, reinstate: frozenset[str]) -> None:
    """SettingsError where a file is no key set, or a withdrawn key is withdrawn no more.

    Who took a key back once is not to find it good again by somebody's slip; `reinstate` names
    the keys of which it is meant.
    """
    text = _read(path)
    try:
        read_jwks(text)
    except BadKeys as exc:
        raise SettingsError(f"{path}: {exc}") from exc
    if before is None:
        return
    withdrawn = _withdrawn(before.read_text("utf-8-sig"))
    back = sorted(withdrawn - _withdrawn(text) - reinstate)
    if back:
        raise SettingsError(
            f"{path}: key {back[0]} was withdrawn and is so no more; is that meant, "
            f"say --reinstate {back[0]}"
        )


def check_revocations(path: Path) -> None:
    """SettingsError where a file is not a revocation file, or a list in it is damaged."""
    try:
        found = read_revocations(_read(path))
    except BadKeys as exc:
        raise SettingsError(f"{path}: {exc}") from exc
    if found.missing:
        raise SettingsError(f"{path}: {found.missing[0]} is damaged")


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


def _withdrawn(text: str) -> set[str]:
    return {str(key["kid"]) for key in json.loads(text)["keys"] if key.get("state") == "withdrawn"}
