"""Hold settings against what they must look like, and against each other."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields

from kiosk.errors import SettingsError
from kiosk.settings.sections import Settings

HOST = r"[0-9A-Za-z.:_-]{1,253}"
URL = r"https?://([0-9A-Za-z.-]{1,253}|\[[0-9A-Fa-f:]+\])(:\d{1,5})?"
PORT_URL = r"(socket|rfc2217)://[0-9A-Za-z.-]{1,253}:\d{1,5}"


def check(settings: Settings, name: str) -> None:
    """Raise SettingsError where a value is none that can be meant; `name` is the file."""
    facility, insurer, web = settings.facility, settings.insurer, settings.web

    def wanted(good: bool, key: str, seen: object, what: str) -> None:
        if not good:
            raise SettingsError(f"{name}: {key} is {seen!r}; wanted {what}")

    wanted(_like(r"\d{2}[0-9A-Z]{3}", facility.code), "[facility] code",
           facility.code, "the 5 characters of your mã CSKCB, for instance 01999")  # fmt: skip
    wanted(0 <= facility.score <= 100, "[facility] score", facility.score, "0 to 100")
    wanted(not insurer.url or _like(URL, insurer.url), "[insurer] url", insurer.url,
           "https:// and a host, nothing behind it")  # fmt: skip
    wanted(_like(HOST, web.host), "[web] host", web.host, "an address or a name of this machine")
    wanted(0 <= web.port <= 65_535, "[web] port", web.port, "0 to 65535")
    wanted(1 <= web.screens <= 100, "[web] screens", web.screens, "1 to 100")
    for key in ("ask_timeout_s", "send_timeout_s"):
        seconds = getattr(insurer, key)
        wanted(1 <= seconds <= 600, f"[insurer] {key}", seconds, "1 to 600 seconds")
    wanted(1 <= insurer.ask_per_hour <= 10_000, "[insurer] ask_per_hour",
           insurer.ask_per_hour, "1 to 10000")  # fmt: skip
    for key in ("facilities_in_30_days", "visits_in_30_days", "checks_elsewhere"):
        most = getattr(settings.cautions, key)
        wanted(0 <= most <= 1_000, f"[cautions] {key}", most, "0 to 1000")
    desks = {reader.desk for reader in settings.readers if reader.desk}
    for rule in settings.desks:
        wanted(rule.name in desks, "[[desks]] name", rule.name, "a desk that a reader names")
    _check_ages(settings, wanted)
    if insurer.url:
        _check_for_insurer(settings, wanted)
    for reader in settings.readers:
        wanted(bool(reader.name and reader.port), "[[readers]]", reader.name, "a name and a port")
        wanted(reader.baud in range(300, 4_000_001), "[[readers]] baud", reader.baud, "300 or more")
        wanted(reader.silence_ms == 0 or reader.silence_ms in range(20, 5_001),
               "[[readers]] silence_ms", reader.silence_ms, "20 to 5000, or 0")  # fmt: skip
        for key in ("prefix", "suffix"):
            around = getattr(reader, key)
            wanted(len(around) <= 40, f"[[readers]] {key}", around[:50], "40 characters at most")
        is_url = reader.kind == "serial" and "://" in reader.port
        wanted(not is_url or _like(PORT_URL, reader.port), "[[readers]] port",
               reader.port, "a device, socket://host:port or rfc2217://host:port")  # fmt: skip
    names = [reader.name for reader in settings.readers]
    wanted(len(set(names)) == len(names), "[[readers]] name", names, "a name of its own for each")


def _check_ages(settings: Settings, wanted: Callable[..., None]) -> None:
    """Hold where data come from, and how old they may be."""
    feed, ages = settings.feed, settings.freshness
    for field in fields(settings.freshness):
        most = 24 * 365 if field.name.endswith("_hours") else 365
        value = getattr(settings.freshness, field.name)
        wanted(1 <= value <= most, f"[freshness] {field.name}", value, f"1 to {most}")
    for name, soft, hard in (
        ("", ages.soft_hours, ages.hard_days),
        ("keys_", ages.keys_soft_hours, ages.keys_hard_days),
        ("revocations_", ages.revocations_soft_hours, ages.revocations_hard_days),
    ):
        wanted(soft <= 24 * hard, f"[freshness] {name}soft_hours", soft,
               f"no more than {name}hard_days, which is {hard}")  # fmt: skip
    wanted(not feed.url or _like(URL + r"(/[0-9A-Za-z._~/-]*)?", feed.url), "[feed] url", feed.url,
           "https:// and where the feed is served")  # fmt: skip
    wanted(bool(feed.root_file) or not (feed.url or feed.folder), "[feed] root_file", "",
           "the feed's first root metadata, to know whose signatures to believe")  # fmt: skip
    wanted(1 <= feed.every_minutes <= 24 * 60, "[feed] every_minutes",
           feed.every_minutes, "1 to 1440")  # fmt: skip
    wanted(1 <= feed.longest_minutes <= 24 * 60, "[feed] longest_minutes",
           feed.longest_minutes, "1 to 1440")  # fmt: skip


def _check_for_insurer(settings: Settings, wanted: Callable[..., None]) -> None:
    """Hold what the insurer requires of every question and every visit."""
    insurer, visit = settings.insurer, settings.visit
    for key in ("username", "password_file"):
        wanted(bool(getattr(insurer, key)), f"[insurer] {key}", "", "a value, as url is set")
    wanted(not insurer.staff_cccd or _like(r"\d{12}", insurer.staff_cccd),
           "[insurer] staff_cccd", f"{len(insurer.staff_cccd)} letters", "12 digits")  # fmt: skip
    if insurer.ask != "never":
        wanted(bool(insurer.staff_name and insurer.staff_cccd), "[insurer] staff_name",
               insurer.staff_name, "a name, and staff_cccd, to ask of cards")  # fmt: skip
    for key in ("service_code", "service_name"):
        wanted(bool(getattr(visit, key)), f"[visit] {key}", "", "a value, as url is set")
    wanted(_like(r"\d{2}", visit.care), "[visit] care", visit.care, "MA_LOAI_KCB, two digits")
    code = visit.self_arrival_code
    wanted(not code or _like(r"\d{1,2}(\.\d{1,2})?", code), "[visit] self_arrival_code",
           code, "a MA_DOITUONG_KCB, for instance 1.12, or nothing")  # fmt: skip
    wanted(bool(code or settings.facility.level), "[facility] level", "",
           "ban_dau, co_ban or chuyen_sau, to reckon MA_DOITUONG_KCB")  # fmt: skip


def _like(pattern: str, text: str) -> bool:
    return re.fullmatch(pattern, text, re.ASCII) is not None
