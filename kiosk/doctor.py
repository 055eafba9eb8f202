"""What is attached, configured, reachable and fresh; and what to do about what is not.

Nothing is changed: no port is opened that the running program may hold, and the gateway is only
knocked at, without an account.
"""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kiosk.places import holdings_folder
from kiosk.settings import Insurer, ReaderPort, Settings
from scanner import ReaderLost, attached_ports, device_of, has_zbar
from verify import Holdings, Knowledge, in_doubt

KNOCK_S = 3.0
LITTLE_SPACE = 500 * 1024 * 1024  # bytes; a year of visits of a district hospital
PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; `do` is empty where it is good."""

    what: str
    seen: str
    do: str = ""


def examine(
    settings: Settings, folder: Path, known: Knowledge, counts: Mapping[str, int], now: datetime
) -> list[dict[str, Any]]:
    """Return all checks as JSON: `what`, `good`, `seen`, `do`; `now` is aware."""
    checks = [
        _disk(folder),
        _clock(known, now),
        _zbar(),
        _facility(settings),
        *(_reader(port) for port in settings.readers),
        *_trust(settings, known, now),
        *_gateway(settings.insurer),
        _word(settings, known, now),
        _registry(folder, known, now),
        _outbox(counts),
    ]
    return [{"good": not check.do} | asdict(check) for check in checks]


def _disk(folder: Path) -> Check:
    free = shutil.disk_usage(folder).free
    do = "Make room: a full disk stops the logbook." if free < LITTLE_SPACE else ""
    return Check("disk", f"{free // 1_000_000} MB free at {folder}", do)


def _clock(known: Knowledge, now: datetime) -> Check:
    late = in_doubt(now, known.floor)
    do = "Set the machine's clock and switch on time synchronisation." if late else ""
    return Check("clock", f"{now.isoformat(timespec='seconds')}", do)


def _facility(settings: Settings) -> Check:
    facility = settings.facility
    if not (facility.level and facility.former_tier):
        seen = "[facility] level or former_tier is empty: what patients are entitled to is unknown"
        return Check("facility", seen, "Fill them in; config/kiosk.toml says how.")
    return Check("facility", f"{facility.level}, {facility.score} points, {facility.former_tier}")


def _zbar() -> Check:
    if has_zbar():
        return Check("zbar", "there: pictures get a second opinion")
    return Check(
        "zbar",
        "not there: pictures are read by zxing alone",
        'Install it for hard pictures: pip install "tiepdon[zbar]", on Linux also libzbar0.',
    )


def _reader(port: ReaderPort) -> Check:
    what = f"reader {port.name}"
    if port.kind == "camera" or "://" in port.port:
        return Check(what, f"{port.port}: not looked at; the page Readers tells")
    try:
        device = device_of(port.port)
    except ReaderLost as exc:
        return Check(what, str(exc), "Plug it in, or name another: `readers` lists what there is.")
    is_there = device in {one.device for one in attached_ports()} or Path(device).is_char_device()
    if not is_there:
        return Check(what, f"{device}: not there", "Plug it in, or name another port.")
    return Check(what, f"attached as {device}")


def _trust(settings: Settings, known: Knowledge, now: datetime) -> Iterator[Check]:
    """Look at keys and revocation lists."""
    sets = (
        ("keys", settings.trust.keys_file, known.issuers.issued, known.freshness.keys_hard),
        ("revocations", settings.trust.revocations_file, known.revocations.issued,
         known.freshness.revocations_hard),
    )  # fmt: skip
    for what, file, issued, hard in sets:
        if issued is None:
            seen = f"[trust] {what}_file is {file!r}: no signed card is confirmed by itself"
            yield Check(what, seen, "Name the issuers' file, if you meet signed cards.")
            continue
        do = f"Fetch newer {what}: signed cards are unconfirmed." if now - issued > hard else ""
        yield Check(what, f"made {_age(now - issued)} ago", do)


def _gateway(insurer: Insurer) -> Iterator[Check]:
    if not insurer.url:
        yield Check("gateway", "[insurer] url is empty: nothing is asked and nothing sent",
                    "Fill in the section [insurer].")  # fmt: skip
        return
    try:
        address = urlsplit(insurer.url)
        host, port = address.hostname or "", address.port or PORTS[address.scheme]
    except ValueError:
        yield Check("gateway", f"[insurer] url is {insurer.url!r}", "Write https:// and a host.")
        return
    try:
        with socket.create_connection((host, port), KNOCK_S):
            yield Check("gateway", f"{host}:{port} can be reached")
    except (OSError, UnicodeError) as exc:
        seen = f"{host}:{port} cannot be reached ({type(exc).__name__})"
        yield Check("gateway", seen, "Look at the network and the firewall; visits wait here.")


def _word(settings: Settings, known: Knowledge, now: datetime) -> Check:
    newest = known.newest_word()
    if newest is None:
        return Check("insurer's word", "never had any", "Scan a card with the gateway set up.")
    old = now - newest > timedelta(hours=settings.freshness.soft_hours)
    do = "Look why nothing was asked: the network, the account, [insurer] ask." if old else ""
    return Check("insurer's word", f"the newest is {_age(now - newest)} old", do)


def _registry(folder: Path, known: Knowledge, now: datetime) -> Check:
    held = Holdings(holdings_folder(folder))
    using, failure = held.now().registry, held.failure
    held.close()
    if failure:
        return Check("registry", f"cannot be read: {failure}", "Build it anew: `registry build`.")
    if using is None:
        return Check("registry", "none: only the gateway's answers are known here")
    age = now - using.issued
    do = "Build a newer one: it is no longer used." if age > known.freshness.hard else ""
    return Check("registry", f"{using.base.about.rows} rows, made {_age(age)} ago", do)


def _outbox(counts: Mapping[str, int]) -> Check:
    stuck = counts["refused"] + counts["parked"]
    waiting = counts["queued"] + counts["in_flight"]
    do = "Look at them in the logbook." if stuck else ""
    return Check("outbox", f"{waiting} waiting, {stuck} refused or parked", do)


def _age(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.0f} days"
