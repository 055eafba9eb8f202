"""The messages to other programs about visits, and the receivers of them: the webhooks' outbox.

- A message is claimed for the time of a lease.  If the program is killed while it sends, the lease
  runs out and the message is sent again under the same event id.
- The messages of one visit go to a receiver in their order: an older one that is not delivered,
  also a parked one, holds the newer ones back.  Those of other visits do not wait.
- A message is parked PARKED_AFTER after its first try, if it was tried MIN_TRIES times: then a
  person sends it again, or closes it.
- A receiver that wants no more messages is stopped; they are kept until a person resumes it.
- Delivered messages are deleted after KEPT_FOR.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from kiosk.logbook.database import Database
from kiosk.logbook.errors import NoSuchMessage
from kiosk.logbook.times import from_utc_text, to_utc_text
from kiosk.logbook.visit_events import kinds_as_text
from kiosk.runtime.back_off import retry_delay

FIRST_RETRY_DELAY = timedelta(seconds=5)
MAX_RETRY_DELAY = timedelta(minutes=15)
PARKED_AFTER = timedelta(days=3)
MIN_TRIES = 20  # before a message is parked: the machine may have been off, or its clock wrong
KEPT_FOR = timedelta(days=30)
MAX_SHOWN = 100

# As in `kiosk.logbook.outbox`: a time further ahead than any delay or lease was written by a clock
# that was wrong, and the message is due as well.
SELECT_DUE = """
select m.* from webhook_message m
where m.webhook = :webhook and m.state in ('queued', 'in_flight')
  and ((m.state = 'queued' and (m.next_try_at <= :now or m.next_try_at > :latest_try))
    or (m.state = 'in_flight' and (m.lease_until <= :now or m.lease_until > :latest_lease)))
  and exists (select 1 from webhook w
    where w.name = :webhook and w.active = 1 and w.stopped_at is null)
  and not exists (select 1 from webhook_message older
    where older.webhook = m.webhook and older.visit = m.visit and older.id < m.id
    and older.state in ('queued', 'in_flight', 'parked'))
order by m.next_try_at, m.id limit 1
"""


@dataclass(frozen=True, slots=True)
class VisitEvent:
    """One event about a visit that its holder is to send now. It holds no personal data."""

    message: int  # the id of the row
    id: str  # the same in each try, and for all receivers
    kind: str  # see `VisitEventKind`
    visit: str
    version: int
    facility: str
    at: datetime  # aware
    tries: int  # this one included
    first_try_at: datetime  # aware
    lease_until: datetime  # aware; proves who holds it


@dataclass(frozen=True, slots=True)
class WebhookState:
    """How the messages to one receiver stand."""

    name: str
    waiting: int
    parked: int
    oldest: datetime | None  # aware: since when the oldest waits; None if none waits
    stopped_at: datetime | None  # aware; None: it is sent messages
    stopped_why: str

    def as_json(self) -> dict[str, object]:
        """Return the state as JSON."""
        return {
            "name": self.name,
            "waiting": self.waiting,
            "parked": self.parked,
            "oldest": self.oldest and self.oldest.isoformat(),
            "stopped_at": self.stopped_at and self.stopped_at.isoformat(),
            "stopped_why": self.stopped_why,
        }


@dataclass(frozen=True, slots=True)
class ParkedEvent:
    """A message that needs a person."""

    message: int
    webhook: str
    event: str
    kind: str
    visit: str
    at: datetime  # aware
    tries: int
    why: str


class WebhookMessages:
    """The tables `webhook` and `webhook_message`. Each step is one transaction.

    All times are aware.  Methods that read raise LogbookUnavailable if the logbook cannot be read,
    methods that write raise NotRecorded if it cannot be written.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def configure(self, kinds_by_name: Mapping[str, Sequence[str]]) -> None:
        """Queue messages for these receivers from now on, and for no others.

        The values are the kinds that a receiver wants; empty: all.  What waits for others is kept.
        """
        wanted = {name: kinds_as_text(kinds) for name, kinds in kinds_by_name.items()}
        rows = self._database.rows("select name, kinds from webhook where active = 1")
        if {row["name"]: row["kinds"] for row in rows} == wanted:
            return
        with self._database.transaction() as db:
            db.execute("update webhook set active = 0")
            for name, kinds in wanted.items():
                db.execute(
                    "insert into webhook (name, kinds, active) values (?, ?, 1)"
                    " on conflict (name) do update set kinds = excluded.kinds, active = 1",
                    [name, kinds],
                )

    def claim(self, webhook: str, now: datetime, lease: timedelta) -> VisitEvent | None:
        """Take the oldest message to a receiver that is due, for no longer than `lease`.

        None if no message is due, or if the receiver is stopped.
        """
        values: dict[str, object] = {
            "webhook": webhook,
            "now": to_utc_text(now),
            "latest_try": to_utc_text(now + MAX_RETRY_DELAY),
            # The margin: a clock that was put back a little must not end a lease.
            "latest_lease": to_utc_text(now + lease + MAX_RETRY_DELAY),
        }
        # The first look takes no lock, so that an idle lane does not wait for another writer.
        if not self._database.rows(SELECT_DUE, values):
            return None
        lease_until, at = now + lease, to_utc_text(now)
        with self._database.transaction() as db:
            row = db.execute(SELECT_DUE, values).fetchone()
            if row is None:
                return None
            db.execute(
                "update webhook_message set state = 'in_flight', tries = tries + 1,"
                " first_try_at = coalesce(first_try_at, ?), lease_until = ?, changed_at = ?"
                " where id = ?",
                [at, to_utc_text(lease_until), at, row["id"]],
            )
        return VisitEvent(
            message=row["id"],
            id=row["event"],
            kind=row["kind"],
            visit=row["visit"],
            version=row["version"],
            facility=row["facility"],
            at=from_utc_text(row["at"]),
            tries=row["tries"] + 1,
            first_try_at=from_utc_text(row["first_try_at"] or at),
            lease_until=lease_until,
        )

    def note_delivered(self, event: VisitEvent, now: datetime, http_status: int) -> None:
        """Record that the receiver has a message."""
        self._settle(event, now, state="delivered", http_status=http_status, message=None)

    def note_failed(
        self, event: VisitEvent, now: datetime, why: str, http_status: int | None
    ) -> bool:
        """Queue a message again with a delay that doubles each time, or park it; say if parked."""
        is_over = event.tries >= MIN_TRIES and now - event.first_try_at >= PARKED_AFTER
        delay = retry_delay(event.tries, FIRST_RETRY_DELAY, MAX_RETRY_DELAY)
        self._settle(
            event,
            now,
            state="parked" if is_over else "queued",
            http_status=http_status,
            message=why,
            next_try_at=to_utc_text(now + delay),
        )
        return is_over

    def stop(
        self, webhook: str, event: VisitEvent, now: datetime, why: str, http_status: int
    ) -> None:
        """Send a receiver nothing more until `resume`; its messages are kept."""
        self._settle(event, now, state="queued", http_status=http_status, message=why)
        with self._database.transaction() as db:
            db.execute(
                "update webhook set stopped_at = coalesce(stopped_at, ?), stopped_why = ?"
                " where name = ?",
                [to_utc_text(now), why, webhook],
            )

    def resume(self, webhook: str, now: datetime) -> int:
        """Send a receiver messages again, now; return how many wait. Parked ones stay parked.

        Raises NoSuchMessage if the settings name no such receiver.
        """
        with self._database.transaction() as db:
            found = db.execute(
                "update webhook set stopped_at = null, stopped_why = null"
                " where name = ? and active = 1",
                [webhook],
            )
            if not found.rowcount:
                raise NoSuchMessage(f"the running program has no webhook {webhook!r}")
            return int(
                db.execute(
                    "update webhook_message set next_try_at = ?, first_try_at = null"
                    " where webhook = ? and state = 'queued'",
                    [to_utc_text(now), webhook],
                ).rowcount
            )

    def make_all_due(self, webhook: str, now: datetime) -> None:
        """Make all messages that wait due now: the receiver answers again."""
        with self._database.transaction() as db:
            db.execute(
                "update webhook_message set next_try_at = :now"
                " where webhook = :webhook and state = 'queued' and next_try_at > :now",
                {"webhook": webhook, "now": to_utc_text(now)},
            )

    def send_again(
        self, webhook: str, now: datetime, author: str, message: int | None = None
    ) -> int:
        """Queue a parked message to a receiver again, or all of them; return how many.

        Raises NoSuchMessage if no such message is parked.
        """
        values = {"now": to_utc_text(now), "author": author}
        change = (
            "state = 'queued', tries = 0, first_try_at = null, next_try_at = :now,"
            " changed_at = :now, author = :author"
        )
        return self._change_parked(change, values, webhook, message)

    def close(
        self, webhook: str, now: datetime, author: str, why: str, message: int | None = None
    ) -> int:
        """Give a parked message to a receiver up, or all of them; return how many.

        Raises NoSuchMessage if no such message is parked.
        """
        values = {"now": to_utc_text(now), "author": author, "why": f"closed: {why}"}
        change = "state = 'closed', changed_at = :now, author = :author, message = :why"
        return self._change_parked(change, values, webhook, message)

    def _change_parked(
        self, change: str, values: dict[str, str], webhook: str, message: int | None
    ) -> int:
        with self._database.transaction() as db:
            changed = db.execute(
                f"update webhook_message set {change} where webhook = :webhook"
                " and state = 'parked' and (:message is null or id = :message)",
                {**values, "webhook": webhook, "message": message},
            ).rowcount
        if not changed:
            raise NoSuchMessage(f"no such message to {webhook!r} is parked")
        return int(changed)

    def states(self) -> list[WebhookState]:
        """Return how the messages to each receiver stand that the settings name, by name."""
        rows = self._database.rows(
            "select w.name, w.stopped_at, w.stopped_why,"
            " (select count(*) from webhook_message m where m.webhook = w.name"
            "  and m.state in ('queued', 'in_flight')) as waiting,"
            " (select count(*) from webhook_message m where m.webhook = w.name"
            "  and m.state = 'parked') as parked,"
            " (select min(at) from webhook_message m where m.webhook = w.name"
            "  and m.state in ('queued', 'in_flight')) as oldest"
            " from webhook w where w.active = 1 order by w.name"
        )
        return [
            WebhookState(
                row["name"],
                row["waiting"],
                row["parked"],
                _moment(row["oldest"]),
                _moment(row["stopped_at"]),
                row["stopped_why"] or "",
            )
            for row in rows
        ]

    def parked(self, limit: int = MAX_SHOWN) -> list[ParkedEvent]:
        """Return the messages that need a person, oldest first."""
        rows = self._database.rows(
            "select * from webhook_message where state = 'parked' order by id limit ?", [limit]
        )
        return [
            ParkedEvent(
                message=row["id"],
                webhook=row["webhook"],
                event=row["event"],
                kind=row["kind"],
                visit=row["visit"],
                at=from_utc_text(row["at"]),
                tries=row["tries"],
                why=row["message"] or "",
            )
            for row in rows
        ]

    def prune(self, webhook: str, now: datetime) -> int:
        """Delete the messages that were delivered KEPT_FOR ago; return how many."""
        with self._database.transaction() as db:
            return int(
                db.execute(
                    "delete from webhook_message where webhook = ? and state = 'delivered'"
                    " and changed_at < ?",
                    [webhook, to_utc_text(now - KEPT_FOR)],
                ).rowcount
            )

    def _settle(self, event: VisitEvent, now: datetime, **columns: Any) -> None:
        """Record what became of a message whose lease is still the one of `event`."""
        values = columns | {"changed_at": to_utc_text(now)}
        assignments = ", ".join(f"{name} = ?" for name in values)
        with self._database.transaction() as db:
            db.execute(
                f"update webhook_message set {assignments}, lease_until = null"
                " where id = ? and state = 'in_flight' and lease_until = ?",
                [*values.values(), event.message, to_utc_text(event.lease_until)],
            )


def _moment(text: str | None) -> datetime | None:
    return from_utc_text(text) if text else None
