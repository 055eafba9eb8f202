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

from kiosk.data import MAX_CLOCK_DRIFT, DataSet, DataStore, State, data_sets, read_sync_status
from kiosk.runtime.paths import synced_folder
from kiosk.settings import Insurer, ReaderPort, Settings
from scanner import ReaderLost, attached_ports, device_of, has_zbar
from verify import Knowledge, is_clock_in_doubt

KNOCK_S = 3.0
LITTLE_SPACE = 500 * 1024 * 1024  # bytes; a year of visits of a district hospital
NEVER = {"word": "Scan a card with the gateway set up."}
OLD = {
    State.OLD: "Look why nothing newer came: the network, the account, the feed.",
    State.TOO_OLD: "Renew it: the {what} is too old to be used; cards are unconfirmed.",
    State.AHEAD: "Set the machine's clock: the {what} was made in its future.",
}
PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; `do` is empty where it is good."""

    what: str
    seen: str
    do: str = ""


def run_checks(
    settings: Settings,
    folder: Path,
    store: DataStore,
    answered: datetime | None,
    counts: Mapping[str, int],
    now: datetime,
) -> list[dict[str, Any]]:
    """Return all checks as JSON: `what`, `good`, `seen`, `do`.

    `answered` is when the gateway last answered, `now` the moment (both aware).
    """
    checks = [
        _disk(folder),
        _clock(store.current().knowledge, now),
        _zbar(),
        _facility(settings),
        *(_reader(port) for port in settings.readers),
        *_gateway(settings.insurer),
        *_sets(settings, synced_folder(folder), store, answered, now),
        _outbox(counts),
    ]
    return [{"good": not check.do} | asdict(check) for check in checks]


def _disk(folder: Path) -> Check:
    free = shutil.disk_usage(folder).free
    do = "Make room: a full disk stops the logbook." if free < LITTLE_SPACE else ""
    return Check("disk", f"{free // 1_000_000} MB free at {folder}", do)


def _clock(known: Knowledge, now: datetime) -> Check:
    late = is_clock_in_doubt(now, known.floor)
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


def _sets(
    settings: Settings, folder: Path, store: DataStore, answered: datetime | None, now: datetime
) -> Iterator[Check]:
    """Look at what is known, set by set, and at the feed that is to keep it fresh."""
    if store.failure:
        yield Check(
            "synced data",
            f"cannot be read: {store.failure}",
            "Have them fetched or built again: `feed fetch`, `registry build`.",
        )
    for data_set in data_sets(settings, folder, store, answered):
        yield from _set(data_set, now)
    tables_failure = store.current().tables_failure
    if tables_failure:
        do = "Correct your own in tables/, or remove them."
        yield Check("law's tables, the feed's", tables_failure, do)
    tries = read_sync_status(folder)
    if tries.failure:
        reached = "never" if tries.reached_at is None else f"{_age(now - tries.reached_at)} ago"
        yield Check(
            "feed's last try",
            f"{tries.failure}: {tries.detail}; last reached: {reached}",
            "docs/feed.md says what each failure means.",
        )
    if tries.drift_s is not None:
        late = abs(tries.drift_s) > MAX_CLOCK_DRIFT.total_seconds()
        yield Check(
            "clock against the feed's",
            f"{-tries.drift_s:+.0f} s",
            "Set the machine's clock; switch on time synchronisation." if late else "",
        )


def _set(one: DataSet, now: datetime) -> Iterator[Check]:
    what = {"word": "insurer's word", "tables": "law's tables"}.get(one.name, one.name)
    state = one.state(now)
    if one.missing:
        yield Check(
            f"{what}, whole",
            f"damaged: {', '.join(one.missing)}",
            "Cards that stand in it are unconfirmed: have it made anew.",
        )
    if state is State.NEVER and not one.required:
        yield Check(what, "not set up")
        return
    if state is State.NEVER or one.issued is None:
        yield Check(what, "never had any", NEVER.get(one.name, "Look why the feed gave nothing."))
        return
    version = "" if one.version is None else f", version {one.version}"
    seen = f"made {_age(now - one.issued)} ago{version}"
    good = state is State.FRESH or one.origin == "program"
    yield Check(what, seen, "" if good else OLD[state].format(what=what))


def _gateway(insurer: Insurer) -> Iterator[Check]:
    if not insurer.url:
        yield Check(
            "gateway",
            "[insurer] url is empty: nothing is asked and nothing sent",
            "Fill in the section [insurer].",
        )
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


def _outbox(counts: Mapping[str, int]) -> Check:
    stuck = counts["refused"] + counts["parked"]
    waiting = counts["queued"] + counts["in_flight"]
    do = "Look at them in the logbook." if stuck else ""
    return Check("outbox", f"{waiting} waiting, {stuck} refused or parked", do)


def _age(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.0f} days"
