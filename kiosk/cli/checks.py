"""The checks of `doctor`: what is wrong with the machine, settings, data and network, and its cure.

Rules:

1. A check changes nothing.
2. It opens no reader's port, because the running program uses it. A printer is opened for a moment
   and asked how it is; nothing is printed.
3. It connects to the gateway, but does not sign in.
"""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kiosk.cli.encryption_words import disk_seen, encryption_seen
from kiosk.cli.network_checks import certificate_seen, pages_seen, webhook_seen
from kiosk.cli.obstacles import advice, seen_text
from kiosk.cli.printers import look_at
from kiosk.cli.signature import signature_advice, signature_seen
from kiosk.data import MAX_CLOCK_DRIFT, DataSet, DataStore, State, data_sets, read_sync_status
from kiosk.insurer import Need, Obstacle, SignatureState, SigningTrouble, overdue_text
from kiosk.logbook import WebhookState
from kiosk.queue import RoomList
from kiosk.runtime.disk_encryption import DiskState, disk_state, has_tpm
from kiosk.runtime.file_key import FileKey
from kiosk.runtime.paths import synced_folder
from kiosk.settings import Insurer, ReaderPort, Settings
from scanner import ReaderLost, attached_ports, device_of, has_zbar
from verify import MAX_CLOCK_DRIFT as MAX_WRONG_CLOCK
from verify import Knowledge, clinic_day, is_clock_in_doubt

CONNECT_TIMEOUT_S = 3.0
MIN_FREE_BYTES = 500 * 1024 * 1024  # the visits of a district hospital in a year
HOLIDAYS_AHEAD = timedelta(days=14)  # seven working days and the holidays among them
DATA_SET_NAMES = {"word": "insurer's word", "tables": "law's tables"}
ADVICE_IF_NEVER = {"word": "Set up the gateway and scan a card."}
ADVICE = {
    State.OLD: "Find out why nothing newer arrived: check the network, the account and the feed.",
    State.TOO_OLD: "Renew the {what}: it is too old to be used, so cards are unconfirmed.",
    State.AHEAD: "Set the clock of this machine: it is behind the time when the {what} was made.",
}
SET_CLOCK = "Set the clock of this machine and switch on time synchronisation."
MAX_VISITS_NAMED = 5
DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Check:
    """A check: its name, what was seen, and what to do about it; `do` is empty if it is good."""

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
    obstacles: Sequence[Obstacle] = (),
    signature: SignatureState | None = None,
    ahead: timedelta | None = None,
    wrong_times: int = 0,
    communes_to_inform: Sequence[str] = (),
    overdue: int | None = None,
    suggested_outages: int | None = None,
    rooms: RoomList | None = None,
    webhooks: Sequence[WebhookState] = (),
    keys: Sequence[FileKey] = (),
) -> list[dict[str, Any]]:
    """Run all checks and return them as JSON: `what`, `good`, `seen`, `do`.

    `answered` is when the gateway last answered, `now` is the current time (both aware). `counts`
    are the numbers of messages in the outbox by state. `obstacles` are the settings that keep
    visits from being sent. `signature` is how visits are signed; None: as the settings say. `ahead`
    is how far our clock is ahead of the one that was last read, and `wrong_times` the number of
    visits that a wrong clock recorded. `communes_to_inform` are the visits of unknown patients that
    their commune was not informed of in time.
    `overdue` is how many visits are past their deadline, and
    `suggested_outages` how many outages nobody has confirmed or dismissed; None: not counted.
    `rooms` are those of the file; None: not read.  `webhooks` are the programs that are sent what
    happens to visits.  `keys` are those of the encrypted files.
    """
    disk = disk_state(folder)
    checks = [
        _disk(folder),
        Check("encryption of the disk", *disk_seen(disk)),
        _encryption(settings, keys, disk),
        _clock(store.current().knowledge, now),
        *_other_clock(ahead, wrong_times),
        _zbar(),
        _facility(settings),
        Check("pages", *pages_seen(settings.web)),
        *_certificate(settings, now),
        *(_reader(port) for port in settings.readers),
        *(Check(f"printer {port.name}", *look_at(port)) for port in settings.printers),
        *_gateway(settings.insurer),
        *_obstacles(settings, obstacles),
        _signature(settings.insurer, signature),
        *_sets(settings, synced_folder(folder), store, answered, now),
        _outbox(counts),
        _unknown_patients(communes_to_inform),
        *_deadlines(overdue, suggested_outages, counts),
        *_rooms(rooms),
        *(Check(f"webhook {state.name}", *webhook_seen(state)) for state in webhooks),
        _holidays(store.current().law.holidays_known_until(), now),
    ]
    return [{"good": not check.do} | asdict(check) for check in checks]


def _rooms(rooms: RoomList | None) -> Iterator[Check]:
    if rooms is None:
        return
    if rooms.fault:
        do = "Save the rooms on the page /rooms, which replaces the file, or repair it by hand."
        yield Check("rooms", rooms.fault, do)
        return
    do = "" if rooms.open_rooms else "Open a room on the page /rooms: none takes patients."
    yield Check("rooms", f"{len(rooms.rooms)}, {len(rooms.open_rooms)} of them open", do)


def _disk(folder: Path) -> Check:
    free = shutil.disk_usage(folder).free
    do = "Free some space: a full disk stops the logbook." if free < MIN_FREE_BYTES else ""
    return Check("disk", f"{free // 1_000_000} MB free at {folder}", do)


def _encryption(settings: Settings, keys: Sequence[FileKey], disk: DiskState) -> Check:
    place = settings.encryption
    seen, do = encryption_seen(place.keys, place.key_file, keys, disk, has_tpm())
    return Check("encryption of the logbook", seen, do)


def _clock(known: Knowledge, now: datetime) -> Check:
    is_late = is_clock_in_doubt(now, known.floor)
    do = f"{SET_CLOCK} If it is right: `clock` shows what it is compared with." if is_late else ""
    return Check("clock", now.isoformat(timespec="seconds"), do)


def _other_clock(ahead: timedelta | None, wrong_times: int) -> Iterator[Check]:
    """Check our clock against the one that was last read, and the visits that it recorded."""
    if ahead is not None:
        is_wrong = abs(ahead) > MAX_WRONG_CLOCK
        do = f"{SET_CLOCK} Until then no visit is sent." if is_wrong else ""
        yield Check("clock against the last one read", f"{ahead.total_seconds():+.0f} s", do)
    if wrong_times:
        yield Check(
            "times of visits",
            f"{wrong_times} visits were recorded by a wrong clock",
            "Settle their times in the logbook: Visits with a wrong time.",
        )


def _facility(settings: Settings) -> Check:
    facility = settings.facility
    if not (facility.level and facility.former_tier):
        seen = "[facility] level or former_tier is empty: the benefits of patients are unknown"
        return Check("facility", seen, "Fill them in; config/kiosk.toml explains them.")
    return Check("facility", f"{facility.level}, {facility.score} points, {facility.former_tier}")


def _certificate(settings: Settings, now: datetime) -> Iterator[Check]:
    found = certificate_seen(settings.web, now)
    if found is not None:
        yield Check("certificate", *found)


def _zbar() -> Check:
    if has_zbar():
        return Check("zbar", "installed: pictures are read by two programs")
    return Check(
        "zbar",
        "not installed: pictures are read by zxing alone",
        'Install it to read bad pictures: pip install "tiepdon[zbar]", on Linux also libzbar0.',
    )


def _reader(port: ReaderPort) -> Check:
    what = f"reader {port.name}"
    if port.kind == "camera" or "://" in port.port:
        return Check(what, f"{port.port}: not checked here; the page Readers shows its state")
    try:
        device = device_of(port.port)
    except ReaderLost as exc:
        return Check(
            what, str(exc), "Plug it in, or name another port; `readers` lists the attached ones."
        )
    devices = {attached.device for attached in attached_ports()}
    if device not in devices and not Path(device).is_char_device():
        return Check(what, f"{device}: not attached", "Plug it in, or name another port.")
    return Check(what, f"attached as {device}")


def _sets(
    settings: Settings, folder: Path, store: DataStore, answered: datetime | None, now: datetime
) -> Iterator[Check]:
    """Check each set of data, and the feed that keeps them fresh."""
    if store.failure:
        yield Check(
            "synced data",
            f"cannot be read: {store.failure}",
            "Fetch or build them again: `feed fetch`, `registry build`.",
        )
    for data_set in data_sets(settings, folder, store, answered):
        yield from _data_set(data_set, now)
    tables_failure = store.current().tables_failure
    if tables_failure:
        do = "Correct your own tables in tables/, or remove them."
        yield Check("law's tables, the feed's", tables_failure, do)
    status = read_sync_status(folder)
    if status.failure:
        reached = "never" if status.reached_at is None else f"{_age(now - status.reached_at)} ago"
        yield Check(
            "feed's last try",
            f"{status.failure}: {status.detail}; last reached: {reached}",
            "docs/feed.md explains each failure.",
        )
    if status.drift_s is not None:
        is_wrong = abs(status.drift_s) > MAX_CLOCK_DRIFT.total_seconds()
        yield Check(
            "clock against the feed's",
            f"{-status.drift_s:+.0f} s",
            SET_CLOCK if is_wrong else "",
        )


def _data_set(data_set: DataSet, now: datetime) -> Iterator[Check]:
    """Check that a set of data is complete, and that it is fresh; damage has a check of its own."""
    what = DATA_SET_NAMES.get(data_set.name, data_set.name)
    state = replace(data_set, missing=()).state(now)
    if data_set.missing:
        yield Check(
            f"{what}, whole",
            f"damaged: {', '.join(data_set.missing)}",
            "Get a new copy; until then the cards in the damaged parts are unconfirmed.",
        )
    if state is State.NEVER and not data_set.required:
        yield Check(what, "not set up")
        return
    if state is State.NEVER or data_set.issued is None:
        do = ADVICE_IF_NEVER.get(data_set.name, "Find out why the feed did not deliver it.")
        yield Check(what, "never received", do)
        return
    version = "" if data_set.version is None else f", version {data_set.version}"
    seen = f"made {_age(now - data_set.issued)} ago{version}"
    is_good = state is State.FRESH or data_set.origin == "program"
    yield Check(what, seen, "" if is_good else ADVICE[state].format(what=what))


def _gateway(insurer: Insurer) -> Iterator[Check]:
    if not insurer.url:
        yield Check(
            "gateway",
            "[insurer] url is empty: nothing is asked or sent",
            "Fill in the section [insurer].",
        )
        return
    try:
        address = urlsplit(insurer.url)
        host, port = address.hostname or "", address.port or DEFAULT_PORTS[address.scheme]
    except ValueError:
        yield Check("gateway", f"[insurer] url is {insurer.url!r}", "Write https:// and a host.")
        return
    try:
        with socket.create_connection((host, port), CONNECT_TIMEOUT_S):
            yield Check("gateway", f"{host}:{port} can be reached")
    except (OSError, UnicodeError) as exc:
        seen = f"{host}:{port} cannot be reached ({type(exc).__name__})"
        yield Check(
            "gateway", seen, "Check the network and the firewall; visits wait here meanwhile."
        )


def _obstacles(settings: Settings, obstacles: Sequence[Obstacle]) -> Iterator[Check]:
    """Check whether visits can be sent; that there is no gateway has a check of its own."""
    found = [obstacle for obstacle in obstacles if obstacle.need is not Need.GATEWAY]
    for obstacle in found:
        yield Check("visits", seen_text(obstacle), advice(obstacle, settings))
    if not found:
        yield Check("visits", "the settings have all that a visit's message needs")


def _signature(insurer: Insurer, state: SignatureState | None) -> Check:
    """Check how visits are signed; without a gateway nothing is sent, and nothing is wrong."""
    if state is None:
        is_set = bool(insurer.sign_file or insurer.sign_module)
        state = SignatureState(None if is_set else SigningTrouble.UNSIGNED)
    advice_if_sent = signature_advice(state) if insurer.url else ""
    return Check("signature", signature_seen(state), advice_if_sent)


def _outbox(counts: Mapping[str, int]) -> Check:
    stuck = counts["refused"] + counts["parked"]
    waiting = counts["queued"] + counts["in_flight"]
    do = "Correct or close them in the logbook." if stuck else ""
    return Check("outbox", f"{waiting} waiting, {stuck} refused or parked", do)


def _unknown_patients(visits: Sequence[str]) -> Check:
    """Check that communes know of unknown patients (Luật Khám bệnh, chữa bệnh 2023 Điều 72)."""
    if not visits:
        return Check("unknown patients", "none is unknown for 48 hours without a notice")
    named = ", ".join(visits[:MAX_VISITS_NAMED]) + (" …" if len(visits) > MAX_VISITS_NAMED else "")
    do = "Inform the commune, and record it on the page of the visit."
    return Check("unknown patients", f"48 hours have passed, the commune not informed: {named}", do)


def _deadlines(
    overdue: int | None, suggested_outages: int | None, outbox: Mapping[str, int]
) -> Iterator[Check]:
    """Check whether visits are past their deadline, and whether outages wait for a person."""
    if overdue is not None:
        do = "Open the page Reporting to the insurer; it lists them." if overdue else ""
        yield Check("deadlines", f"{overdue_text(overdue, outbox)} overdue", do)
    if suggested_outages is not None:
        do = "Confirm or dismiss them on the page Outages." if suggested_outages else ""
        yield Check("outages", f"{suggested_outages} noticed that nobody has looked at", do)


def _holidays(known_until: date, now: datetime) -> Check:
    """Check whether the table of holidays reaches far enough for the deadlines of today."""
    is_short = known_until < clinic_day(now) + HOLIDAYS_AHEAD
    do = (
        "Add the new year's days off to tables/holidays.csv, or renew the feed." if is_short else ""
    )
    return Check("holidays", f"known until {known_until}", do)


def _age(age: timedelta) -> str:
    hours = age.total_seconds() / 3600
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.0f} days"
