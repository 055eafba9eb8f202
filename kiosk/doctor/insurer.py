"""The checks of the insurer: our account at its gateway, and what waits to be sent.

The doctor does not sign in: too many sign-ins lock an account.
Whether the password is right is known from the running program's last sign-in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kiosk.doctor.check import ATTENTION, BAD, GOOD, UNKNOWN, Check, good_unless
from kiosk.doctor.observations import Observations
from kiosk.doctor.words import words as _
from kiosk.insurer import overdue_text
from kiosk.settings import Insurer

REFUSED_SEEN = {  # by the code of the gateway's answer (CV 3190)
    "401": _("refused: the gateway takes neither this user name nor this password"),
    "402": _("refused: the account belongs to another facility"),
    "403": _("refused: the account is locked"),
}
REFUSED_DO = {
    "402": _("Check [facility] code and [insurer] username, then restart the program."),
    "403": _("Ask the insurer to unlock the account, then check the password."),
}
WRITE_PASSWORD = _(
    "Write the right password into the file of [insurer] password_file, check [insurer] username,"
    " and restart the program."
)


def sign_in_checks(insurer: Insurer, program: Observations | None) -> Iterator[Check]:
    """Check how the program's last sign-in at the gateway went; nothing without a gateway.

    `program` is what the program saw that runs, or ran last.
    """
    if not insurer.url:
        return
    what = _("sign-in at the gateway")
    if program is None:
        seen = _("not known: the program has not run yet")
        yield Check("sign_in", what, UNKNOWN, seen, _("Start the program, and scan a card."))
        return
    refused = program.sign_in
    if refused is None:
        if program.signed_in_at is None:
            seen = _("not known: the program has not signed in yet")
            yield Check("sign_in", what, UNKNOWN, seen, _("Scan a card, then look again."))
            return
        seen = _("the gateway took the account at %(at)s", at=program.signed_in_at)
        yield Check("sign_in", what, GOOD, seen)
        return
    seen = REFUSED_SEEN.get(refused.code, _("refused, with code %(code)s", code=refused.code))
    seen = seen.then(_("since %(at)s", at=refused.since), "; ")
    do = REFUSED_DO.get(refused.code, WRITE_PASSWORD)
    yield Check("sign_in", what, BAD, seen, do, since=refused.since)


def outbox_check(counts: Mapping[str, int]) -> Check:
    """Check whether messages to the insurer need a person; `counts` are their numbers by state."""
    stuck = counts["refused"] + counts["parked"]
    waiting = counts["queued"] + counts["in_flight"]
    do = _("Correct or close them in the logbook.") if stuck else None
    seen = _("%(waiting)s waiting, %(stuck)s refused or parked", waiting=waiting, stuck=stuck)
    return good_unless("outbox", _("outbox"), seen, do, ATTENTION)


def deadline_checks(
    overdue: int | None, suggested_outages: int | None, outbox: Mapping[str, int]
) -> Iterator[Check]:
    """Check whether visits are past their deadline, and whether outages wait for a person.

    None: not counted.
    """
    if overdue is not None:
        do = _("Open the page Reporting to the insurer; it lists them.") if overdue else None
        seen = _("%(count)s overdue", count=overdue_text(overdue, outbox))
        yield good_unless("deadlines", _("deadlines"), seen, do)
    if suggested_outages is not None:
        do = _("Confirm or dismiss them on the page Outages.") if suggested_outages else None
        seen = _("%(count)s noticed that nobody has looked at", count=suggested_outages)
        yield good_unless("outages", _("outages"), seen, do, ATTENTION)
