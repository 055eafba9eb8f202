"""Check the settings: what each value may be, and what one value requires of another.

Rules about several values:

1. If the facility's code changes over time, one code is valid on every day.
2. Each reader and each printer has a name of its own, and a desk rule or a printer names a desk of
   a reader.
3. Data are shown as old before they are too old to be used (`soft` is not above `hard`).
4. A feed needs the root metadata that say whose signatures count.
5. A gateway needs an account, the service that a visit is for, and what the code of a patient who
   comes without a referral depends on. Asking it needs a member of staff who is registered there.
6. What goes to the gateway is encrypted (https), because each call carries credentials and personal
   data. Only a gateway on this machine itself, such as the sandbox, may be addressed by http.
7. Webhooks are encrypted too, except to this machine itself (`kiosk.settings.programs`).
8. An encrypted logbook needs a file for its key, or for what the system makes of the key.
9. The pages are served to other machines only behind a proxy with TLS (`kiosk.settings.network`).
"""

from __future__ import annotations

import itertools
import re
from dataclasses import fields
from datetime import date, timedelta
from pathlib import Path

from kiosk.errors import SettingsError, WrongSetting
from kiosk.settings.alerts import check_alerts
from kiosk.settings.network import check_network, is_loopback, is_network, without_account
from kiosk.settings.programs import check_webhooks
from kiosk.settings.retention import check_retention
from kiosk.settings.screens import Require, check_self_service
from kiosk.settings.sections import (
    DeskRule,
    Facility,
    FeedSettings,
    FreshnessLimits,
    NetworkSettings,
    PrinterPort,
    ReaderPort,
    Settings,
)
from kiosk.settings.surroundings import check_surroundings

FACILITY_CODE = r"\d{2}[0-9A-Z]{3}"
URL = r"https?://([0-9A-Za-z.-]{1,253}|\[[0-9A-Fa-f:]+\])(:\d{1,5})?"
URL_PATH = r"(/[0-9A-Za-z._~/-]*)?"
PORT_URL = r"(socket|rfc2217)://[0-9A-Za-z.-]{1,253}:\d{1,5}"
# The forms of a printer's port, by its kind.
PRINTER_PORTS = {
    "network": (
        r"[0-9A-Za-z.-]{1,253}(:\d{1,5})?",
        'an address, and ":" and a port if it is not 9100',
    ),
    "usb": (r"[0-9A-Fa-f]{4}:[0-9A-Fa-f]{4}", "vendor and product, for instance 04b8:0e15"),
}
ONE_DAY = timedelta(days=1)
MAX_AFFIX_LENGTH = 40  # characters of a reader's prefix or suffix


def check(settings: Settings, name: str, may_lack_code: bool = False) -> None:
    """Raise WrongSetting if a value cannot be right; `name` is the name of the settings file.

    With `may_lack_code` the facility's code may be empty: the program is being set up.
    """

    def require(is_right: bool, key: str, seen: object, expected: str) -> None:
        if not is_right:
            shown = without_account(seen) if isinstance(seen, str) else seen
            raise WrongSetting(name, key, shown, expected)

    if settings.facility.code or not may_lack_code:
        _check_facility(settings.facility, require)
    check_network(settings.web, require)
    idle = settings.staff.idle_minutes
    require(1 <= idle <= 240, "[staff] idle_minutes", idle, "1 to 240")
    encryption = settings.encryption
    require(
        encryption.keys == "none" or Path(encryption.key_file).is_absolute(),
        "[encryption] key_file",
        encryption.key_file,
        "the whole path of a file outside of the data directory, because keys is not none",
    )
    for network in settings.staff.pin_networks:
        expected = 'networks such as "10.20.0.0/16", as IT knows them'
        require(is_network(network), "[staff] pin_networks", network, expected)
    _check_insurer(settings, require)
    check_retention(settings.retention, require)
    _check_cautions(settings, require)
    _check_ages(settings.freshness, require)
    _check_feed(settings.feed, require)
    _check_desks(settings.desks, settings.readers, require)
    check_self_service(settings, require)
    check_alerts(settings.alerts, require)
    check_webhooks(settings.webhooks, require)
    check_surroundings(settings, require)
    _check_way_out(settings.network, name)
    if settings.insurer.url:
        _check_account(settings, require)
        _check_visits(settings, require)
    for reader in settings.readers:
        _check_reader(reader, require)
    _check_printers(settings, require)
    names = [reader.name for reader in settings.readers]
    require(
        len(set(names)) == len(names),
        "[[readers]] name",
        names,
        "a name of its own for each reader",
    )


def _check_facility(facility: Facility, require: Require) -> None:
    require(
        _matches(FACILITY_CODE, facility.code),
        "[facility] code",
        facility.code,
        "the 5 characters of your mã CSKCB, for instance 01999",
    )
    require(0 <= facility.score <= 100, "[facility] score", facility.score, "0 to 100")
    if facility.codes:
        _check_codes(facility, require)


def _check_codes(facility: Facility, require: Require) -> None:
    """Check that on every day one code of the facility is valid, and that `code` is among them.

    The day of a visit picks the code.
    """
    key = "[[facility.codes]]"
    rows = sorted(facility.codes, key=lambda row: row.valid_from)
    codes = [row.code for row in rows]
    for row in rows:
        require(
            _matches(FACILITY_CODE, row.code), f"{key} code", row.code, "5 characters, as 01999"
        )
        require(
            row.valid_from <= row.valid_until,
            f"{key} valid_until",
            str(row.valid_until),
            f"a day not before valid_from, {row.valid_from}",
        )
    require(facility.code in codes, "[facility] code", facility.code, f"one of {key}: {codes}")
    for before, after in itertools.pairwise(rows):
        require(
            before.valid_until < after.valid_from,
            f"{key} valid_until",
            str(before.valid_until),
            f"a day before {after.valid_from}, when {after.code} begins: two codes would overlap",
        )
        require(
            before.valid_until + ONE_DAY == after.valid_from,
            f"{key} valid_until",
            str(before.valid_until),
            f"{after.valid_from - ONE_DAY}, the day before {after.code} begins: no code would be"
            " valid in the gap",
        )
    require(
        rows[-1].valid_until == date.max,
        f"{key} valid_until",
        str(rows[-1].valid_until),
        "a last code without valid_until: no code would be valid after it",
    )


def _check_way_out(network: NetworkSettings, name: str) -> None:
    """Raise SettingsError, which names the file and no account, if the proxy cannot be used."""
    try:
        network.proxies()
    except SettingsError as exc:
        raise SettingsError(f"{name}: {exc}") from exc


def _check_insurer(settings: Settings, require: Require) -> None:
    insurer = settings.insurer
    require(
        not insurer.url or _matches(URL, insurer.url),
        "[insurer] url",
        insurer.url,
        "https:// and a host, without a path",
    )
    require(
        not insurer.url or insurer.url.startswith("https://") or _is_this_machine(insurer.url),
        "[insurer] url",
        insurer.url,
        "https://, because each call carries your credentials and personal data;"
        " http:// only for a gateway on this machine (127.0.0.1, [::1] or localhost)",
    )
    for key in ("ask_timeout_s", "send_timeout_s"):
        seconds = getattr(insurer, key)
        require(1 <= seconds <= 600, f"[insurer] {key}", seconds, "1 to 600 seconds")
    require(
        1 <= insurer.visits_per_sending <= 50,
        "[insurer] visits_per_sending",
        insurer.visits_per_sending,
        "1 to 50",
    )
    require(
        1 <= insurer.files_at_once <= 8, "[insurer] files_at_once", insurer.files_at_once, "1 to 8"
    )
    require(
        1 <= insurer.lookups_years <= 50,
        "[insurer] lookups_years",
        insurer.lookups_years,
        "1 to 50 years",
    )
    require(
        1 <= insurer.aim_minutes <= 1_440,
        "[insurer] aim_minutes",
        insurer.aim_minutes,
        "1 to 1440 minutes",
    )
    require(
        1 <= insurer.ask_per_hour <= 10_000,
        "[insurer] ask_per_hour",
        insurer.ask_per_hour,
        "1 to 10000",
    )
    require(
        not (insurer.sign_file and insurer.sign_module),
        "[insurer] sign_module",
        insurer.sign_module,
        "nothing, because sign_file is set: sign with a file or with a token",
    )
    require(
        bool(insurer.sign_password_file) or not insurer.sign_module,
        "[insurer] sign_password_file",
        "",
        "a file that holds the token's PIN, because sign_module is set",
    )


def _check_cautions(settings: Settings, require: Require) -> None:
    for key in ("facilities_in_30_days", "visits_in_30_days", "checks_elsewhere"):
        count = getattr(settings.cautions, key)
        require(0 <= count <= 1_000, f"[cautions] {key}", count, "0 to 1000")


def _check_ages(ages: FreshnessLimits, require: Require) -> None:
    for field in fields(ages):
        longest = 24 * 365 if field.name.endswith("_hours") else 365
        age = getattr(ages, field.name)
        require(1 <= age <= longest, f"[freshness] {field.name}", age, f"1 to {longest}")
    for prefix, soft_hours, hard_days in (
        ("", ages.soft_hours, ages.hard_days),
        ("keys_", ages.keys_soft_hours, ages.keys_hard_days),
        ("revocations_", ages.revocations_soft_hours, ages.revocations_hard_days),
    ):
        require(
            soft_hours <= 24 * hard_days,
            f"[freshness] {prefix}soft_hours",
            soft_hours,
            f"no more than {prefix}hard_days, which is {hard_days}",
        )


def _check_feed(feed: FeedSettings, require: Require) -> None:
    require(
        not feed.url or _matches(URL + URL_PATH, feed.url),
        "[feed] url",
        feed.url,
        "https:// and the address of the feed",
    )
    require(
        bool(feed.root_file) or not (feed.url or feed.folder),
        "[feed] root_file",
        "",
        "the file of the feed's first root metadata, which says whose signatures count",
    )
    for key in ("every_minutes", "longest_minutes"):
        minutes = getattr(feed, key)
        require(1 <= minutes <= 24 * 60, f"[feed] {key}", minutes, "1 to 1440")


def _check_desks(
    rules: tuple[DeskRule, ...], readers: tuple[ReaderPort, ...], require: Require
) -> None:
    desks = {reader.desk for reader in readers if reader.desk}
    for rule in rules:
        require(rule.name in desks, "[[desks]] name", rule.name, "a desk that a reader names")


def _check_reader(reader: ReaderPort, require: Require) -> None:
    require(bool(reader.name and reader.port), "[[readers]]", reader.name, "a name and a port")
    require(reader.baud in range(300, 4_000_001), "[[readers]] baud", reader.baud, "300 or more")
    require(
        reader.silence_ms == 0 or reader.silence_ms in range(20, 5_001),
        "[[readers]] silence_ms",
        reader.silence_ms,
        "20 to 5000, or 0",
    )
    for key in ("prefix", "suffix"):
        affix = getattr(reader, key)
        require(
            len(affix) <= MAX_AFFIX_LENGTH,
            f"[[readers]] {key}",
            affix[: MAX_AFFIX_LENGTH + 10],
            f"{MAX_AFFIX_LENGTH} characters at most",
        )
    is_url = reader.kind == "serial" and "://" in reader.port
    require(
        not is_url or _matches(PORT_URL, reader.port),
        "[[readers]] port",
        reader.port,
        "a device, socket://host:port or rfc2217://host:port",
    )


def _check_printers(settings: Settings, require: Require) -> None:
    names = [printer.name for printer in settings.printers]
    require(
        len(set(names)) == len(names),
        "[[printers]] name",
        names,
        "a name of its own for each printer",
    )
    desks = {reader.desk for reader in settings.readers}
    desks |= {kiosk.name for kiosk in settings.self_service}
    for printer in settings.printers:
        _check_printer(printer, require)
        require(
            not printer.desk or printer.desk in desks,
            "[[printers]] desk",
            printer.desk,
            "a desk that a reader names, or a screen for self-service",
        )


def _check_printer(printer: PrinterPort, require: Require) -> None:
    require(bool(printer.name and printer.port), "[[printers]]", printer.name, "a name and a port")
    number = printer.port.rpartition(":")[2] if printer.kind == "network" else ""
    require(
        not number.isdigit() or "." in number or int(number) <= 65_535,
        "[[printers]] port",
        printer.port,
        "a port of at most 65535",
    )
    pattern, expected = PRINTER_PORTS.get(printer.kind, (".+", ""))
    require(_matches(pattern, printer.port), "[[printers]] port", printer.port, expected)
    require(
        printer.width in range(320, 833) and printer.width % 8 == 0,
        "[[printers]] width",
        printer.width,
        "dots, a multiple of 8: 576 for paper of 80 mm, 384 for 58 mm",
    )
    require(printer.baud in range(300, 4_000_001), "[[printers]] baud", printer.baud, "300 or more")
    require(
        printer.answers != "yes" or printer.kind in ("network", "usb", "serial"),
        "[[printers]] answers",
        printer.answers,
        'nothing or "no": a file or a queue of Windows passes on no answers',
    )


def _check_account(settings: Settings, require: Require) -> None:
    """Check what the insurer requires of every call and every question."""
    insurer = settings.insurer
    for key in ("username", "password_file"):
        require(bool(getattr(insurer, key)), f"[insurer] {key}", "", "a value, because url is set")
    require(
        not insurer.staff_cccd or _matches(r"\d{12}", insurer.staff_cccd),
        "[insurer] staff_cccd",
        f"{len(insurer.staff_cccd)} characters",
        "12 digits",
    )
    if insurer.ask != "never":
        require(
            bool(insurer.staff_name and insurer.staff_cccd),
            "[insurer] staff_name",
            insurer.staff_name,
            "a name, and staff_cccd too, to ask about cards",
        )


def _check_visits(settings: Settings, require: Require) -> None:
    """Check what the insurer requires of every visit."""
    visit = settings.visit
    for key in ("service_code", "service_name"):
        require(bool(getattr(visit, key)), f"[visit] {key}", "", "a value, because url is set")
    require(_matches(r"\d{2}", visit.care), "[visit] care", visit.care, "MA_LOAI_KCB, two digits")
    code = visit.self_arrival_code
    is_right = not code or _matches(r"\d{1,2}(\.\d{1,2})?", code)
    expected = "a MA_DOITUONG_KCB, for instance 1.12, or nothing"
    require(is_right, "[visit] self_arrival_code", code, expected)
    require(
        bool(code or settings.facility.level),
        "[facility] level",
        "",
        "ban_dau, co_ban or chuyen_sau, to find the MA_DOITUONG_KCB of a visit",
    )


def _is_this_machine(url: str) -> bool:
    """Return whether the host of a URL is a loopback address, or the name of one."""
    match = re.match(URL, url, re.ASCII)
    return match is not None and is_loopback(match[1].strip("[]"))


def _matches(pattern: str, text: str) -> bool:
    return re.fullmatch(pattern, text, re.ASCII) is not None
