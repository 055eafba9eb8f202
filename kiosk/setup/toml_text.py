"""Changes of a settings file as text, which keep the comments and the order of whoever wrote it.

1. A function takes the text of a file and returns the text with one change.
2. The result is read again by the parser of the standard library, and compared with what was meant:
   a value can never become a key, a section or a comment.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT

from kiosk.errors import SettingsError

Value = str | int
Values = Mapping[str, Mapping[str, Value]]  # by section and key


def with_values(text: str, values: Values) -> str:
    """Return the text with values set; a section that is missing comes to the end.

    A value that the file has already in the same form is left alone.  Raises SettingsError if the
    text is no TOML, or one of the sections is not a section.
    """
    document = _parsed(text)
    meant = tomllib.loads(text)
    for section, keys in values.items():
        table: Any = document.get(section)
        if table is None:
            table = document[section] = tomlkit.table()
        elif not hasattr(table, "items"):
            raise SettingsError(f"[{section}] is not a section of keys")
        for key, value in keys.items():
            if table.get(key) != value:
                table[key] = value
            meant.setdefault(section, {})[key] = value
    return _checked(document, meant)


def with_block(text: str, section: str, values: Mapping[str, Value]) -> str:
    """Return the text with one more block [[section]]. Raises SettingsError as `with_values`."""
    document = _parsed(text)
    meant = tomllib.loads(text)
    blocks: Any = document.get(section)
    if blocks is None or not len(blocks):
        document.pop(section, None)
        blocks = document[section] = tomlkit.aot()
    table: Any = tomlkit.table() if isinstance(blocks, AoT) else tomlkit.inline_table()
    table.update(values)
    if isinstance(blocks, AoT):
        table.trivia.indent = "\n" if text.strip() else ""  # an empty line before it
    blocks.append(table)
    meant[section] = [*meant.get(section, []), dict(values)]
    return _checked(document, meant)


def without_block(text: str, section: str, name: str) -> str:
    """Return the text without the block [[section]] of a name; unchanged without such a block."""
    document = _parsed(text)
    meant = tomllib.loads(text)
    blocks: Any = document.get(section, [])
    kept = [block for block in meant.get(section, []) if block.get("name") != name]
    for place in reversed(range(len(blocks))):
        if blocks[place].get("name") == name:
            del blocks[place]
    if section in meant:
        meant[section] = kept
    if section in document and not kept:
        document.pop(section)
        meant.pop(section)
    return _checked(document, meant)


def _parsed(text: str) -> tomlkit.TOMLDocument:
    try:
        tomllib.loads(text)
        return tomlkit.parse(text)
    except (TOMLKitError, ValueError, RecursionError) as exc:
        raise SettingsError(f"not TOML: {str(exc).splitlines()[0]}") from exc


def _checked(document: tomlkit.TOMLDocument, meant: Mapping[str, Any]) -> str:
    text = tomlkit.dumps(document)
    try:
        found = tomllib.loads(text)
    except ValueError as exc:
        raise SettingsError("the change cannot be written as TOML; make it by hand") from exc
    if found != meant:
        raise SettingsError("the change would alter other settings too; make it by hand")
    return text
