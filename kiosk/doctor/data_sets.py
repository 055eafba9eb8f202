"""The checks of the data that cards are judged with: how old, how whole, and the feed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

from kiosk.data import DataSet, DataStore, State, SyncStatus, data_sets, read_sync_status
from kiosk.doctor.check import ATTENTION, BAD, GOOD, UNKNOWN, Check, good_unless
from kiosk.doctor.machine import feed_clock_check
from kiosk.doctor.words import Words, plain
from kiosk.doctor.words import words as _
from kiosk.settings import FeedSettings, Settings
from verify import clinic_day

HOLIDAYS_AHEAD = timedelta(days=14)  # seven working days and the holidays among them
NAMES = {
    "word": _("insurer's word"),
    "registry": _("registry"),
    "keys": _("keys"),
    "revocations": _("revocations"),
    "tables": _("law's tables"),
    "feed": _("feed"),
}
IF_NEVER = {"word": _("Set up the gateway and scan a card.")}
ADVICE = {
    State.OLD: _(
        "Find out why nothing newer arrived: check the network, the account and the feed."
    ),
    State.TOO_OLD: _("Renew the data: they are too old to be used, so cards are unconfirmed."),
    State.AHEAD: _("Set the clock of this machine: it is behind the time when the data were made."),
}
FEED_SEEN = {
    "unreachable": _("the feed cannot be reached"),
    "slow": _("a file of the feed took too long"),
    "not_there": _("the feed has no file of the expected name"),
    "expired": _("the feed's metadata have expired"),
    "rolled_back": _("the feed is older than what was adopted here"),
    "not_signed": _("the feed is signed with keys that this kiosk does not trust"),
    "not_whole": _("a file of the feed is not the one that was signed"),
}
FEED_DO = {
    "unreachable": _("Check the network, the proxy and [feed]; it is tried again by itself."),
    "slow": _("Check the network; the download goes on where it stopped."),
    "not_there": _("Ask the feed's publisher."),
    "expired": _("Check the clock of this machine; if it is right, ask the feed's publisher."),
    "rolled_back": _("Ask the feed's publisher: somebody served an old copy."),
    "not_signed": _(
        "Ask the publisher in person whether its keys were changed; then put its new root metadata"
        " in place of [feed] root_file (docs/feed.md)."
    ),
    "not_whole": _("Fetch it again: `feed fetch`. If that stays, ask the feed's publisher."),
}
WAITS_FOR_NETWORK = frozenset({"unreachable", "slow"})  # the age of the data says how bad it is


def data_checks(
    settings: Settings, folder: Path, store: DataStore, answered: datetime | None, now: datetime
) -> Iterator[Check]:
    """Check each set of data, and the feed that keeps them fresh.

    `folder` is that of the synced data, and `answered` when the gateway last answered.
    """
    if store.failure:
        yield Check(
            "synced_data",
            _("synced data"),
            BAD,
            _("cannot be read: %(why)s", why=str(store.failure)),
            _("Fetch or build them again: `feed fetch`, `registry build`."),
        )
    for data_set in data_sets(settings, folder, store, answered):
        yield from _set_checks(data_set, now)
    tables_failure = store.current().tables_failure
    if tables_failure:
        yield Check(
            "tables_of_feed",
            _("law's tables, the feed's"),
            BAD,
            plain(str(tables_failure)),
            _("Correct your own tables in tables/, or remove them."),
        )
    status = read_sync_status(folder)
    yield from feed_checks(settings.feed, status, now)
    if status.drift_s is not None:
        yield feed_clock_check(status.drift_s)


def feed_checks(feed: FeedSettings, status: SyncStatus, now: datetime) -> Iterator[Check]:
    """Check the last try to fetch from the feed; nothing if there is no feed and never was."""
    what = _("feed's last try")
    if status.failure:
        reached: Words = _("never")
        if status.reached_at is not None:
            reached = _("%(age)s ago", age=now - status.reached_at)
        # The kind of the failure comes first, as other programs read it.
        seen = plain(f"{status.failure}: {status.detail}")
        known = FEED_SEEN.get(status.failure)
        seen = seen.then(_("that is: %(what)s", what=known), "; ") if known else seen
        seen = seen.then(_("last reached: %(when)s", when=reached), "; ")
        state = ATTENTION if status.failure in WAITS_FOR_NETWORK else BAD
        do = FEED_DO.get(status.failure, _("docs/feed.md explains each failure."))
        yield Check("feed", what, state, seen, do)
    elif status.reached_at is not None:
        seen = _("reached %(age)s ago", age=now - status.reached_at)
        yield Check("feed", what, GOOD, seen)
    elif feed.url or feed.folder:
        seen = _("not tried yet")
        yield Check("feed", what, UNKNOWN, seen, _("Run `feed fetch`, or start the program."))


def holidays_check(known_until: date, now: datetime) -> Check:
    """Check whether the table of holidays reaches far enough for the deadlines of today."""
    is_short = known_until < clinic_day(now) + HOLIDAYS_AHEAD
    do = _("Add the new year's days off to tables/holidays.csv, or renew the feed.")
    seen = _("known until %(day)s", day=known_until)
    return good_unless("holidays", _("holidays"), seen, do if is_short else None, ATTENTION)


def _set_checks(data_set: DataSet, now: datetime) -> Iterator[Check]:
    """Check that a set of data is complete, and that it is fresh; damage has a check of its own."""
    name = data_set.name
    what = NAMES.get(name, plain(name))
    state = replace(data_set, missing=()).state(now)
    if data_set.missing:
        yield Check(
            "data_set_whole",
            _("%(set)s, whole", set=what),
            BAD,
            _("damaged: %(parts)s", parts=", ".join(data_set.missing)),
            _("Get a new copy; until then the cards in the damaged parts are unconfirmed."),
            subject=name,
        )
    if state is State.NEVER and not data_set.required:
        yield Check("data_set", what, GOOD, _("not set up"), subject=name)
        return
    if state is State.NEVER or data_set.issued is None:
        do = IF_NEVER.get(name, _("Find out why the feed did not deliver it."))
        yield Check("data_set", what, ATTENTION, _("never received"), do, subject=name)
        return
    seen = _("made %(age)s ago", age=now - data_set.issued)
    if data_set.version is not None:
        seen = seen.then(_("version %(version)s", version=data_set.version), ", ")
    is_good = state is State.FRESH or data_set.origin == "program"
    how = ATTENTION if state is State.OLD else BAD
    yield good_unless("data_set", what, seen, None if is_good else ADVICE[state], how, subject=name)
