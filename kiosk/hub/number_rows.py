"""The queue numbers in the hub: ask for one, put back those that were given, find doubles.

1. A number is given by one statement that counts the series up under its row's lock, and by the row
   of who asked, in one transaction: 20 desks at once get no number twice, and none is left out.
2. The same question (`asked`) gets the same number, however often it comes, and never before a
   synchronous standby has it.
3. Numbers that are put back count the series up first.  Rows of several series are in the order of
   their keys, so that two desks wait for each other and never in a circle.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any
from uuid import uuid4

from kiosk.hub.connection import HubConnection
from kiosk.hub.number_hand import NumberQuestion, RoomDay, RoomNumber
from kiosk.logbook import room_key

SELECT_ASKED = """
select number from hub.number_given where facility = %(facility)s and asked = %(asked)s
"""
# Changes nothing, and lets the commit wait for a synchronous standby: an earlier try may stand at
# this server alone, where a restart or a limit of time has ended its wait.
WAIT_FOR_STANDBY = """
update hub.number_space set next = next
where facility = %(facility)s and day = %(day)s and room = %(room)s
"""
COUNT_UP = """
insert into hub.number_space as s (facility, day, room, next)
values (%(facility)s, %(day)s, %(room)s, 2)
on conflict (facility, day, room) do update set next = s.next + 1
returning next - 1 as number
"""
NOTE_GIVEN = """
insert into hub.number_given (facility, day, room, number, desk, asked)
values (%(facility)s, %(day)s, %(room)s, %(number)s, %(desk)s, %(asked)s)
"""
# The numbers of one desk and day, as one JSON text.
GIVEN = "jsonb_to_recordset(%(given)s::jsonb) as g (room text, number int, asked uuid)"
COUNT_UP_BEYOND = f"""
insert into hub.number_space as s (facility, day, room, next)
select %(facility)s, %(day)s, g.room, max(g.number) + 1 from {GIVEN} group by g.room order by g.room
on conflict (facility, day, room) do update set next = excluded.next where s.next < excluded.next
"""
PUT_BACK = f"""
insert into hub.number_given (facility, day, room, number, desk, asked)
select %(facility)s, %(day)s, g.room, g.number, %(desk)s, g.asked from {GIVEN}
order by g.room, g.number
on conflict do nothing
"""
SELECT_OF_OTHERS = f"""
select n.room, n.number, n.desk from hub.number_given n
join {GIVEN} on g.room = n.room and g.number = n.number
where n.facility = %(facility)s and n.day = %(day)s and n.desk <> %(desk)s
"""
# What visits of a day have the same number in the same room, in one pass over that day.  All rooms
# with such a number are returned: the names of a room may differ.
SELECT_TWICE = """
select room, ticket, desk from (
    select room, ticket, desk, bool_or(is_twice) over (partition by ticket) as is_meant from (
        select v.room, v.ticket, v.desk,
            min(v.desk) over same_number <> max(v.desk) over same_number as is_twice
        from hub.visit v
        where v.facility = %(facility)s and v.day = %(day)s and v.ticket ~ '^[0-9]+$'
        window same_number as (partition by lower(v.room), v.ticket)) n) m
where is_meant
"""
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)


def ask_for_number(connection: HubConnection, question: NumberQuestion) -> int:
    """Return a number of a series that is this desk's from now on. Raises HubError.

    The same question gets the same number, so that it can be asked again after a HubError.
    """
    series = question.series
    values = _values(connection, series.day) | {"room": series.room, "asked": question.asked}
    with connection.transaction():
        [*found] = connection.rows(SELECT_ASKED, values)
        if found:
            number = int(found[0]["number"])
            connection.execute(WAIT_FOR_STANDBY, values)
        else:
            number = int(connection.rows(COUNT_UP, values)[0]["number"])
            connection.execute(NOTE_GIVEN, values | {"number": number})
    return number


def put_back(
    connection: HubConnection, day: date, given: Collection[RoomNumber]
) -> Mapping[RoomNumber, int]:
    """Let the hub know the numbers of a day that this desk holds; nobody gets them then.

    Return those that another desk holds too, each with that desk.  Raises HubError.
    """
    rows = [
        {"room": series.room, "number": number, "asked": str(uuid4())}
        for series, number in sorted(given)
        if series.day == day
    ]
    if not rows:
        return {}
    values = _values(connection, day) | {"given": json.dumps(rows)}
    with connection.transaction():
        connection.execute(COUNT_UP_BEYOND, values)
        connection.execute(PUT_BACK, values)
        found = connection.rows(SELECT_OF_OTHERS, values)
    return {RoomNumber(RoomDay(day, row["room"]), row["number"]): int(row["desk"]) for row in found}


def given_twice(connection: HubConnection, day: date) -> Mapping[RoomNumber, int]:
    """Return the numbers that visits of this desk and of another one have, with that desk.

    Only visits that have come up are known.  Raises HubError.
    """
    desks: dict[RoomNumber, set[int]] = {}
    for row in connection.rows(SELECT_TWICE, _values(connection, day)):
        if _NUMBER.fullmatch(row["ticket"]):
            series = RoomDay(day, room_key(row["room"]))
            desks.setdefault(RoomNumber(series, int(row["ticket"])), set()).add(row["desk"])
    own = connection.desk
    return {
        number: min(found - {own})
        for number, found in desks.items()
        if own in found and len(found) > 1
    }


def _values(connection: HubConnection, day: date) -> dict[str, Any]:
    return {"facility": connection.facility, "desk": connection.desk, "day": day}
