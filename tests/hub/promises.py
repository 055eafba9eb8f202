"""What has to hold after each schedule, when everything is whole again."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from kiosk.logbook import room_key
from tests.hub.hospital import Arrival, Desk, Hospital
from tests.hub.office import Version
from verify import clinic_day

MAX_TIMES = 2  # that a message reaches the insurer, for each reason


def broken_promises(hospital: Hospital, made: set[Version], excused: set[Version]) -> list[str]:
    """Return what does not hold.

    `made` has all versions that a logbook or the office ever had, `excused` those that were lost
    with the only disk that had them.
    """
    return [
        *_lost(hospital, made - excused),
        *_unlike_the_hub(hospital),
        *_mirrors(hospital, {visit for visit, _version, _digest in excused}),
        *_messages(hospital),
        *_numbers(hospital),
        *_left_over(hospital),
    ]


def _lost(hospital: Hospital, made: set[Version]) -> Iterator[str]:
    """No version is lost: the hub has it, or keeps it for a person."""
    for visit, version, _digest in sorted(made - hospital.at_hub()):
        yield f"lost: version {version} of {visit}"


def _unlike_the_hub(hospital: Hospital) -> Iterator[str]:
    """The visits of all logbooks together are those of the hub, each as it stands, once."""
    found = hospital.hub.sql(
        "select v.id, v.desk, v.version, v.room, v.ticket, v.insurer_state,"
        " v.cancelled_at is not null as gone, encode(w.digest, 'hex') as digest"
        " from hub.visit v left join hub.visit_version w on w.day = v.day and w.visit = v.id"
        " and w.version = v.version",
        on=hospital.primary,
    )
    there = {row.pop("id"): row for row in found}
    here: dict[str, dict[str, Any]] = {}
    for desk in hospital.desks:
        digests = {(visit, version): digest for visit, version, digest in desk.versions()}
        rows = desk.kiosk.database.rows(
            "select v.id, v.version, v.record ->> 'room' as room, v.cancelled_at, m.state,"
            " (select t.label from ticket t where t.visit = v.id and t.state <> 'moved') as label"
            " from visit v left join newest_message m on m.visit = v.id"
        )
        for row in rows:
            if row["id"] in here:
                yield f"doubled: {row['id']} is in two logbooks"
            here[row["id"]] = {
                "desk": desk.number,
                "version": row["version"],
                "room": row["room"],
                "ticket": row["label"] or "",
                "insurer_state": row["state"] or "not_sent",
                "gone": row["cancelled_at"] is not None,
                "digest": digests[row["id"], row["version"]],
            }
    for visit in sorted(here.keys() | there.keys()):
        mine, theirs = here.get(visit), there.get(visit)
        if mine != theirs:
            names = [name for name in mine or () if not theirs or mine[name] != theirs[name]]  # type: ignore[index]
            yield f"unlike the hub: {visit}: " + (
                ", ".join(
                    f"{name} here {mine[name]!r:.20} there {theirs[name]!r:.20}" for name in names
                )
                if mine and theirs
                else f"only {'here' if mine else 'there'}"
            )


def _mirrors(hospital: Hospital, lost: set[str]) -> Iterator[str]:
    """Every desk knows what the others recorded yesterday and today.

    Others may remember visits that were `lost` with the one disk that had them: they were there.
    """
    since = clinic_day(datetime.now(UTC)) - timedelta(days=1)
    for desk in hospital.desks:
        rows = hospital.hub.sql(
            "select id, version, cancelled_at is not null as gone, room, ticket from hub.visit"
            " where desk <> %s and day >= %s",
            [desk.number, since],
            on=hospital.primary,
        )
        there = {
            row["id"]: (row["version"], row["gone"], row["room"], row["ticket"]) for row in rows
        }
        mirror = desk.mirror()
        for visit in sorted(there.keys() | mirror.keys()):
            is_remembered = visit in lost and visit not in there
            if there.get(visit) != mirror.get(visit) and not is_remembered:
                yield (
                    f"mirror of desk {desk.number}: {visit} is {mirror.get(visit)},"
                    f" at the hub {there.get(visit)}"
                )


def _messages(hospital: Hospital) -> Iterator[str]:
    """Each message came, once or twice, in the order of its visit and of its person."""
    arrivals = hospital.ledger.arrivals
    times = Counter((each.visit, each.version) for each in arrivals)
    excuses = {desk.number: desk.deaths + desk.life for desk in hospital.desks}
    senders = {(each.visit, each.version): each.desk for each in arrivals}
    for (visit, version), count in times.items():
        if count > MAX_TIMES + max(0, excuses[senders[visit, version]] - 1):
            yield f"sent {count} times: version {version} of {visit}"
        if count > 1 and not excuses[senders[visit, version]]:
            yield f"sent {count} times without a kill: version {version} of {visit}"
    for each in arrivals:
        if each.was_known:
            yield f"sent again although the hub knew: version {each.version} of {each.visit}"
    yield from _out_of_order(arrivals)
    newest = {each.visit: each.version for each in arrivals}
    for desk in hospital.desks:
        rows = desk.kiosk.database.rows("select visit, version, state from newest_message")
        for row in rows:
            if row["state"] in ("queued", "in_flight"):
                yield f"not sent: version {row['version']} of {row['visit']}"
            if row["state"] == "accepted" and newest.get(row["visit"]) != row["version"]:
                yield f"never came: version {row['version']} of {row['visit']}"


def _out_of_order(arrivals: list[Arrival]) -> Iterator[str]:
    by_visit: dict[str, int] = {}
    by_person: dict[tuple[int, int, str], int] = defaultdict(int)
    for each in arrivals:
        if each.version < by_visit.get(each.visit, 0):
            yield f"out of order: version {each.version} of {each.visit}"
        by_visit[each.visit] = each.version
        key = (each.desk, each.life, each.person)
        if each.outbox < by_person[key]:
            yield f"out of order: {each.visit} after a later message of its person"
        by_person[key] = each.outbox


def doubles(hospital: Hospital) -> dict[tuple[date, str, str], list[tuple[Desk, int]]]:
    """Return the numbers that several visits have, with the desks and tickets.

    The number of a patient who was sent on to another room does not count: nobody calls it.
    """
    found: dict[tuple[date, str, str], list[tuple[Desk, int]]] = defaultdict(list)
    for desk in hospital.desks:
        for row in desk.kiosk.database.rows(
            "select id from ticket where visit is not null and state <> 'moved'"
        ):
            ticket = desk.kiosk.tickets.get(row["id"])
            assert ticket is not None
            found[ticket.day, room_key(ticket.room), ticket.label].append((desk, row["id"]))
    return {key: desks for key, desks in found.items() if len(desks) > 1}


def _numbers(hospital: Hospital) -> Iterator[str]:
    """With a synchronous standby no number is there twice; otherwise the pages say so."""
    for (_day, room, label), given in doubles(hospital).items():
        if len({desk.number for desk, _ in given}) < len(given) or not label.isdecimal():
            yield f"number {label} of {room} is there twice at one desk"
            continue
        if hospital.is_synchronous and not any(desk.life for desk, _ in given):
            yield f"number {label} of {room} was given twice"
        for desk, number in given:
            ticket = desk.kiosk.tickets.get(number)
            assert ticket is not None
            if not desk.kiosk.also_given_by(ticket):
                yield f"number {label} of {room} was given twice, and desk {desk.number} is silent"


def _left_over(hospital: Hospital) -> Iterator[str]:
    """Nothing waits, and nothing is held or set aside."""
    for desk in hospital.desks:
        state = desk.hub.state()
        if state.trouble or state.waiting or state.hold or state.set_aside:
            yield (
                f"desk {desk.number}: {state.trouble} {state.words} waiting {state.waiting}"
                f" hold {state.hold} set aside {len(state.set_aside)}"
            )
        if desk.kiosk.others is not None and desk.kiosk.others.ours():
            yield f"desk {desk.number}: changes of other desks wait"
