"""The checks of the hub that several desks share: whether it answers, what it lacks of this desk.

The running program knows; a command shows what it saw last, or that nobody knows.  The desk works
without its hub, so what is wrong there holds nobody up, and is found only if somebody looks.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from kiosk.doctor.check import ATTENTION, BAD, GOOD, UNKNOWN, Check, good_unless
from kiosk.doctor.observations import HubCondition, HubSeen
from kiosk.doctor.words import Words, plain
from kiosk.doctor.words import words as _

SHORT = timedelta(minutes=2)  # a failover or a restart of the hub is over by then
LATE = timedelta(minutes=10)  # 100,000 changes of a week without the hub go up in three minutes
MAX_SKEW = timedelta(minutes=2)  # between the hub's clock and ours
SILENT = "the hub does not answer"  # how a lane says it, in English
WHAT = _("hub")
WORKS_ALONE = _("Until then this desk works alone.")
DO = {
    HubCondition.UNREACHABLE: _("Are its servers and the network up? See docs/hub.md."),
    HubCondition.LOGIN_REFUSED: _(
        "Was this desk retired? Otherwise write its password into the file of [hub] password_file,"
        " or make a new one: `hub desk add`."
    ),
    HubCondition.BEHIND: _(
        "The server is an old primary, or one that was replaced: fence it, or take it out of"
        " [hub] url (docs/hub.md)."
    ),
    HubCondition.UNFIT: _(
        "Compare [facility] code and [hub] with the hub (`hub check`); if the hub is newer,"
        " upgrade this desk."
    ),
    HubCondition.REFUSED: _(
        "Do this program and the hub fit together? Run `hub check`, and `hub migrate` if it is"
        " older."
    ),
    HubCondition.DESK: _("See the lines about the logbook and the disk."),
    HubCondition.NEEDS_OPERATOR: _(
        "Run `hub migrate` for the hub, which makes the months that are missing, and look whether"
        " its disk is full."
    ),
}


def hub_checks(is_set: bool, seen: HubSeen | None, now: datetime) -> Iterator[Check]:
    """Check how this desk stands with its hub at `now` (aware); nothing if it has none.

    `seen` is what the running program sees; None: it does not run, or has not said.
    """
    if not is_set:
        return
    if seen is None:
        yield Check("hub", WHAT, UNKNOWN, _("not known: the program does not run"))
        return
    yield _answer(seen, now)
    yield _waiting(seen, now)
    if seen.set_aside:
        text = _("%(count)s changes were refused by the hub and set aside", count=seen.set_aside)
        do = _("Look at them on the page Needs a person; they are kept at this desk.")
        yield Check("hub_set_aside", _("changes that were set aside"), ATTENTION, text, do)
    if seen.given_twice:
        count = seen.given_twice
        text = _("%(count)s numbers of today were given at another desk too", count=count)
        do = _("Ask for the name when such a number is called: the page Queue marks them.")
        yield Check("hub_numbers", _("queue numbers of all desks"), ATTENTION, text, do)
    if seen.skew is not None:
        do = _("Set this PC's clock, or the hub's: the days of visits follow from this PC's.")
        is_wrong = abs(seen.skew) > MAX_SKEW
        text = plain(f"{round(-seen.skew.total_seconds()):+d} s")
        what = _("clock against the hub's")
        yield good_unless("hub_clock", what, text, do if is_wrong else None, ATTENTION)
    if seen.has_twin:
        text = _("another program works as this desk")
        do = _("Stop the other one: is a copy of this PC running? Give it a number of its own.")
        yield Check("hub_twin", _("this desk's number"), BAD, text, do)
    elif seen.holds_outbox:
        text = _("no visit is sent before the hub has said what was sent already")
        do = _("Bring the hub back, or let a supervisor decide on the page Needs a person.")
        yield Check("hub_outbox", _("sending after a restore"), BAD, text, do)


def _answer(seen: HubSeen, now: datetime) -> Check:
    condition, since = seen.condition, seen.answered_at
    if condition is HubCondition.CONNECTED:
        return Check("hub", WHAT, GOOD, _("it answers"))
    if condition is HubCondition.STARTING:
        return Check("hub", WHAT, UNKNOWN, _("not known yet: the program has just started"))
    text: Words = _("no answer") if condition is HubCondition.UNREACHABLE else _REFUSES[condition]
    if seen.why:
        is_said = seen.why.startswith(SILENT)  # in words of the reader's language
        text = text.then(plain(seen.why.removeprefix(SILENT)), "" if is_said else ": ")
    if since is not None:
        text = text.then(_("its last answer: %(at)s", at=since), "; ")
    is_short = since is not None and now - since < SHORT
    state = ATTENTION if condition is HubCondition.UNREACHABLE and is_short else BAD
    return Check("hub", WHAT, state, text, DO[condition].then(WORKS_ALONE))


_REFUSES = {
    HubCondition.LOGIN_REFUSED: _("it refuses this desk's account"),
    HubCondition.BEHIND: _("it is not the newest server"),
    HubCondition.UNFIT: _("it is no hub for this desk"),
    HubCondition.NEEDS_OPERATOR: _("it cannot take changes now"),
    HubCondition.REFUSED: _("it refuses what this program asks"),
    HubCondition.DESK: _("this desk's own logbook cannot be read or written"),
}


def _waiting(seen: HubSeen, now: datetime) -> Check:
    what = _("changes for the hub")
    if seen.waiting is None:
        return Check("hub_waiting", what, UNKNOWN, _("not known: the hub has not said what it has"))
    text = _("%(count)s wait", count=seen.waiting)
    since = seen.behind_since
    is_late = since is not None and now - since > LATE
    if since is not None:
        text = text.then(_("the hub lacks something of this desk since %(at)s", at=since), "; ")
    do = _("Nothing is lost: they go up when the hub takes them. See the line about the hub.")
    return good_unless("hub_waiting", what, text, do if is_late else None, ATTENTION)
