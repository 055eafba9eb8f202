"""Read the settings: the shipped TOML file, and over it the file of the site."""

from __future__ import annotations

import difflib
import tomllib
import typing
from dataclasses import MISSING, fields, is_dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from kiosk.errors import SettingsError
from kiosk.runtime.paths import shipped_folder
from kiosk.settings.limits import check
from kiosk.settings.sections import Settings

T = TypeVar("T")


def load_settings(
    own: Path | None, demo: dict[str, Any] | None = None, may_lack_code: bool = False
) -> Settings:
    """Return the shipped settings, with the values of the site's file `own` in place of theirs.

    `demo` holds sections that replace both, by section and key, for the sandbox. With
    `may_lack_code` the facility's code may be empty, as before the program is set up. Raises
    SettingsError if a file cannot be read or a key is unknown or missing, and WrongSetting if a
    value is wrong.
    """
    shipped = shipped_folder("config") / "kiosk.toml"
    merged = _read(shipped)
    name = "no kiosk.toml of your own (--config FILE, or in the data directory)"
    for source, sections in ((own, _read(own) if own else {}), (None, demo or {})):
        name = str(source) if source else name
        for section, values in sections.items():
            both_are_sections = isinstance(values, dict) and isinstance(merged.get(section), dict)
            merged[section] = {**merged[section], **values} if both_are_sections else values
    settings = _build(Settings, merged, name, "")
    check(settings, name, may_lack_code)
    return settings


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as exc:
        raise SettingsError(f"{path}: cannot be read ({exc.strerror})") from exc
    except (ValueError, RecursionError) as exc:  # tomllib's own error is a ValueError
        raise SettingsError(f"{path}: not TOML: {str(exc).splitlines()[0]}") from exc


def _build(kind: type[T], values: object, name: str, section: str) -> T:
    """Return the dataclass `kind` of a section; `name` is the file, for messages."""
    if not isinstance(values, dict):
        raise SettingsError(
            f"{name}: [{section}] is {_type_name(values)}; expected a section of keys"
        )
    hints = get_type_hints(kind)
    known = {field.name: field for field in fields(typing.cast(Any, kind))}
    for key in values:
        if key not in known:
            where = f"[{section}] {key}" if section else f"[{key}]"
            likely = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {likely[0]}? " if likely else ""
            raise SettingsError(
                f"{name}: {where} is not a setting of this version of the program; {hint}"
                f"known: {', '.join(known)}"
            )
    arguments = {
        key: _value(hints[key], value, name, f"[{section}] {key}" if section else key)
        for key, value in values.items()
    }
    for key, field in known.items():
        if key not in arguments and field.default is MISSING:
            raise SettingsError(f"{name}: [{section}] {key} is missing")
    return kind(**arguments)


def _value(hint: Any, value: object, name: str, where: str) -> Any:
    """Return a value as the type `hint`; `name` and `where` name the file and the key."""
    if is_dataclass(hint):
        return _build(typing.cast(type[Any], hint), value, name, where)
    if hint == tuple[str, ...]:
        if not isinstance(value, list) or not all(type(item) is str for item in value):
            raise SettingsError(
                f"{name}: {where} is {_type_name(value)}; expected a list of texts in quotes"
            )
        return tuple(value)
    if get_origin(hint) is tuple and get_origin(get_args(hint)[0]) is Literal:
        texts = _value(tuple[str, ...], value, name, where)
        return tuple(_value(get_args(hint)[0], text, name, where) for text in texts)
    if get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise SettingsError(
                f"{name}: {where} is {_type_name(value)}; expected [[{where}]] blocks"
            )
        return tuple(_build(get_args(hint)[0], item, name, where) for item in value)
    if get_origin(hint) is Literal:
        if value not in get_args(hint):
            choices = ", ".join(repr(choice) for choice in get_args(hint))
            raise SettingsError(f"{name}: {where} is {value!r}; expected one of {choices}")
        return value
    if type(value) is not hint:
        raise SettingsError(f"{name}: {where} is {_type_name(value)}; expected {_TYPE_NAMES[hint]}")
    return value


_TYPE_NAMES = {
    str: "text in quotes",
    int: "a whole number",
    date: "a day without quotes, as 2027-01-31",
    dict: "a section",
    list: "a list",
}


def _type_name(value: object) -> str:
    return _TYPE_NAMES.get(type(value), type(value).__name__)
