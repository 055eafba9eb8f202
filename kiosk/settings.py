"""Settings: one TOML file, read into frozen values.

The shipped config/kiosk.toml holds every default; a site's file holds what differs.
An unknown key, a wrong type or an empty required value is a SettingsError of one line.
"""

from __future__ import annotations

import re
import tomllib
import typing
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from kiosk.errors import SettingsError
from kiosk.places import place

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Facility:
    """This clinic, as the insurer knows it."""

    code: str
    name: str
    level: Literal["", "initial", "basic", "specialised"]
    score: int
    former_tier: Literal["", "commune", "district", "province", "central"]


@dataclass(frozen=True, slots=True)
class Insurer:
    """The gateway and our account there. Without a url nothing is asked and nothing sent."""

    url: str
    username: str
    password_file: str
    staff_name: str
    staff_cccd: str
    ask: Literal["always", "unsure", "never"]
    ask_timeout_s: int
    send_timeout_s: int


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose signatures are believed."""

    keys_file: str


@dataclass(frozen=True, slots=True)
class FreshnessLimits:
    """How old the insurer's word may be."""

    soft_hours: int
    hard_days: int


@dataclass(frozen=True, slots=True)
class Web:
    """Where the pages are served."""

    host: str
    port: int
    screens: int


@dataclass(frozen=True, slots=True)
class VisitDefaults:
    """What a visit is where the desk says nothing else."""

    service_code: str
    service_name: str
    room: str
    care: str
    self_arrival_code: str


@dataclass(frozen=True, slots=True)
class ReaderPort:
    """A reader and where it is attached."""

    name: str
    kind: Literal["serial"]
    port: str
    baud: int = 115_200


@dataclass(frozen=True, slots=True)
class Settings:
    """All of them."""

    facility: Facility
    insurer: Insurer
    trust: Trust
    freshness: FreshnessLimits
    web: Web
    visit: VisitDefaults
    readers: tuple[ReaderPort, ...] = ()


def load_settings(own: Path | None, demo: dict[str, Any] | None = None) -> Settings:
    """Read the shipped settings, then a site's own over them; or raise SettingsError.

    `demo` holds sections that come last, for the sandbox.
    """
    shipped = place("config") / "kiosk.toml"
    merged = _read(shipped)
    name = str(shipped)
    for source, sections in ((own, _read(own) if own else {}), (None, demo or {})):
        name = str(source) if source else name
        for section, values in sections.items():
            same = isinstance(values, dict) and isinstance(merged.get(section), dict)
            merged[section] = {**merged[section], **values} if same else values
    settings = _build(Settings, merged, name, "")
    _check(settings, name)
    return settings


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as exc:
        raise SettingsError(f"{path}: cannot be read ({exc.strerror})") from exc
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise SettingsError(f"{path}: not TOML: {exc}") from exc


def _build(kind: type[T], values: object, name: str, section: str) -> T:
    if not isinstance(values, dict):
        raise SettingsError(f"{name}: [{section}] is {_kind(values)}; wanted a section of keys")
    hints = get_type_hints(kind)
    known = {field.name: field for field in fields(typing.cast(Any, kind))}
    for key in values:
        if key not in known:
            where = f"[{section}] {key}" if section else f"[{key}]"
            raise SettingsError(f"{name}: {where} is not a setting; known: {', '.join(known)}")
    found = {
        key: _value(hints[key], value, name, f"[{section}] {key}" if section else key)
        for key, value in values.items()
    }
    for key, field in known.items():
        if key not in found and field.default is MISSING:
            raise SettingsError(f"{name}: [{section}] {key} is missing")
    return kind(**found)


def _value(hint: Any, value: object, name: str, where: str) -> Any:
    if is_dataclass(hint):
        return _build(typing.cast(type[Any], hint), value, name, where)
    if get_origin(hint) is tuple:
        if not isinstance(value, list):
            raise SettingsError(f"{name}: {where} is {_kind(value)}; wanted [[{where}]] blocks")
        return tuple(_build(get_args(hint)[0], item, name, where) for item in value)
    if get_origin(hint) is Literal:
        if value not in get_args(hint):
            choices = ", ".join(repr(choice) for choice in get_args(hint))
            raise SettingsError(f"{name}: {where} is {value!r}; wanted one of {choices}")
        return value
    if type(value) is not hint:
        raise SettingsError(f"{name}: {where} is {_kind(value)}; wanted {_KINDS[hint]}")
    return value


_KINDS = {str: "text in quotes", int: "a whole number", dict: "a section", list: "a list"}


def _kind(value: object) -> str:
    return _KINDS.get(type(value), type(value).__name__)


def _check(settings: Settings, name: str) -> None:
    """Hold values against each other and against what they must look like."""
    facility, insurer, web = settings.facility, settings.insurer, settings.web

    def wanted(good: bool, key: str, seen: object, what: str) -> None:
        if not good:
            raise SettingsError(f"{name}: {key} is {seen!r}; wanted {what}")

    wanted(bool(re.fullmatch(r"\d{2}[0-9A-Z]{3}", facility.code)), "[facility] code",
           facility.code, "the 5 characters of your mã CSKCB, for instance 01999")  # fmt: skip
    wanted(0 <= facility.score <= 100, "[facility] score", facility.score, "0 to 100")
    wanted(not insurer.url or bool(re.match(r"https?://[^/?#\s]+$", insurer.url)),
           "[insurer] url", insurer.url, "https:// and a host, nothing behind it")  # fmt: skip
    wanted(0 <= web.port <= 65_535, "[web] port", web.port, "0 to 65535")
    wanted(1 <= web.screens <= 100, "[web] screens", web.screens, "1 to 100")
    for key in ("ask_timeout_s", "send_timeout_s"):
        seconds = getattr(insurer, key)
        wanted(1 <= seconds <= 600, f"[insurer] {key}", seconds, "1 to 600 seconds")
    wanted(1 <= settings.freshness.soft_hours <= 24 * 365, "[freshness] soft_hours",
           settings.freshness.soft_hours, "1 or more")  # fmt: skip
    wanted(1 <= settings.freshness.hard_days <= 365, "[freshness] hard_days",
           settings.freshness.hard_days, "1 to 365")  # fmt: skip
    if insurer.url:
        for key in ("username", "password_file"):
            wanted(bool(getattr(insurer, key)), f"[insurer] {key}", "", "a value, as url is set")
        wanted(not insurer.staff_cccd or bool(re.fullmatch(r"\d{12}", insurer.staff_cccd)),
               "[insurer] staff_cccd", "(hidden)", "12 digits")  # fmt: skip
        if insurer.ask != "never":
            wanted(bool(insurer.staff_name and insurer.staff_cccd), "[insurer] staff_name",
                   insurer.staff_name, "a name, and staff_cccd, to ask of cards")  # fmt: skip
    for reader in settings.readers:
        wanted(bool(reader.name and reader.port), "[[readers]]", reader.name, "a name and a port")
    names = [reader.name for reader in settings.readers]
    wanted(len(set(names)) == len(names), "[[readers]] name", names, "a name of its own for each")
