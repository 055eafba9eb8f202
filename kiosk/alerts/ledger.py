"""What was reported by one way of alerts, and what is due; pure, but for its JSON.

1.  A check that turned bad is reported once it has been so for `settle_minutes`: a reader whose
    plug is moved is no news.  It is reported once more when it has been good again for as long.
2.  Changes of the same look go into one message.  Between two messages pass MIN_INTERVAL at least.
3.  In the quiet hours nothing is sent. What is over by their end is never reported.
4.  What is still bad is repeated every `remind_hours`, all of it in one message.
5.  A way that fails is tried again, later each time, with what is due then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Any

from kiosk.doctor import BAD, Check, CheckState
from kiosk.runtime.back_off import retry_delay
from kiosk.settings import AlertSettings, quiet_hours
from verify import CLINIC_ZONE

MIN_INTERVAL = timedelta(minutes=15)
FIRST_RETRY, LONGEST_RETRY = timedelta(minutes=1), timedelta(hours=1)
UNSURE = frozenset({CheckState.UNKNOWN})  # neither bad nor good again


@dataclass(frozen=True, slots=True)
class AlertNews:
    """What one message tells."""

    turned_bad: tuple[Check, ...] = ()
    turned_good: tuple[Check, ...] = ()
    still_bad: tuple[Check, ...] = ()

    @property
    def is_reminder(self) -> bool:
        """Whether nothing changed."""
        return not self.turned_bad and not self.turned_good


@dataclass(frozen=True, slots=True)
class AlertLedger:
    """What was reported by one way; the moments are aware. It holds keys of checks and states."""

    reported: Mapping[str, str] = field(
        default_factory=dict
    )  # the state that was reported, by the key
    sent_at: datetime | None = None
    reminded_at: datetime | None = None
    failing_since: datetime | None = None
    why: str = ""
    tries: int = 0  # in a row that failed
    next_try_at: datetime | None = None

    def due(self, checks: Sequence[Check], settings: AlertSettings, now: datetime) -> AlertNews:
        """Return what is to be reported now; news of nothing if that is nothing, or not now."""
        nothing = AlertNews()
        if is_quiet(settings.quiet, now) or _is_ahead(self.next_try_at, now):
            return nothing
        if self.sent_at is not None and timedelta(0) <= now - self.sent_at < MIN_INTERVAL:
            return nothing
        bad = [check for check in checks if matters(check, settings)]
        turned_bad = [
            check
            for check in bad
            if _is_worse(check.state, self.reported.get(check.key)) and _lasts(check, settings, now)
        ]
        turned_good = [
            check
            for check in checks
            if check.key in self.reported
            and not matters(check, settings)
            and check.state not in UNSURE
            and _lasts(check, settings, now)
        ]
        fresh = {check.key for check in turned_bad}
        still = tuple(
            check for check in bad if check.key in self.reported and check.key not in fresh
        )
        if turned_bad or turned_good:
            return AlertNews(tuple(turned_bad), tuple(turned_good), still)
        is_due = settings.remind_hours > 0 and (
            self.reminded_at is None
            or not timedelta(0) <= now - self.reminded_at < timedelta(hours=settings.remind_hours)
        )
        return AlertNews(still_bad=still) if still and is_due else nothing

    def after(self, news: AlertNews, checks: Sequence[Check], now: datetime) -> AlertLedger:
        """Return the ledger after a message was delivered."""
        there = {check.key for check in checks}
        gone = {check.key for check in news.turned_good}
        reported = {
            key: state for key, state in self.reported.items() if key in there and key not in gone
        }
        reported |= {check.key: str(check.state) for check in news.turned_bad}
        return AlertLedger(reported, sent_at=now, reminded_at=now)

    def after_failure(self, why: str, now: datetime) -> AlertLedger:
        """Return the ledger after a message was not delivered."""
        tries = self.tries + 1
        return replace(
            self,
            failing_since=self.failing_since or now,
            why=why,
            tries=tries,
            next_try_at=now + retry_delay(tries, FIRST_RETRY, LONGEST_RETRY),
        )

    def as_json(self) -> dict[str, Any]:
        """Return the ledger for its file."""
        moments = ("sent_at", "reminded_at", "failing_since", "next_try_at")
        at = {name: getattr(self, name) and getattr(self, name).isoformat() for name in moments}
        return {"reported": dict(self.reported), "why": self.why, "tries": self.tries} | at


def ledger_from(record: Any) -> AlertLedger:
    """Return what a file holds of a way; an empty ledger if that is nothing, or damaged."""
    try:
        moments = {
            name: record[name] and datetime.fromisoformat(record[name])
            for name in ("sent_at", "reminded_at", "failing_since", "next_try_at")
        }
        if any(moment and moment.tzinfo is None for moment in moments.values()):
            return AlertLedger()
        reported = {str(key): str(state) for key, state in record["reported"].items()}
        return AlertLedger(reported, why=str(record["why"]), tries=int(record["tries"]), **moments)
    except (AttributeError, KeyError, TypeError, ValueError):
        return AlertLedger()


def matters(check: Check, settings: AlertSettings) -> bool:
    """Return whether a check in its state is to be reported."""
    return check.state is BAD or (
        settings.states == "attention" and check.state is CheckState.ATTENTION
    )


def is_quiet(quiet: str, now: datetime) -> bool:
    """Return whether nothing is sent at `now` (aware): from the first time on, until the second."""
    hours = quiet_hours(quiet)
    if hours is None or hours[0] == hours[1]:
        return False
    begin, end = hours
    clock = now.astimezone(CLINIC_ZONE).time().replace(tzinfo=None)
    return _between(begin, clock, end) if begin < end else not _between(end, clock, begin)


def _between(begin: time, clock: time, end: time) -> bool:
    return begin <= clock < end


def _is_worse(state: CheckState, reported: str | None) -> bool:
    return reported is None or (state is BAD and reported != BAD)


def _lasts(check: Check, settings: AlertSettings, now: datetime) -> bool:
    since = check.since or now
    return now - since >= timedelta(minutes=settings.settle_minutes)


def _is_ahead(moment: datetime | None, now: datetime) -> bool:
    """Return whether a moment is still to come; one too far ahead was set by a wrong clock."""
    return moment is not None and timedelta(0) < moment - now <= LONGEST_RETRY
