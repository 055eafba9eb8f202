"""The checks of where the pages are served, the proxy's certificate, and webhooks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from kiosk.doctor.check import ATTENTION, BAD, GOOD, Check, good_unless
from kiosk.doctor.words import Words, plain
from kiosk.doctor.words import words as _
from kiosk.logbook import WebhookState
from kiosk.runtime.errors import CertificateTrouble
from kiosk.runtime.local_authority import last_moment
from kiosk.settings import Web, is_reached_from_outside

RENEW_AHEAD = timedelta(days=30)
BEHIND_A_PROXY = _("docs/network.md says how other machines reach the pages.")


def pages_check(web: Web) -> Check:
    """Check where the pages are served, and whether that can work."""
    what = _("pages")
    where = f"{web.host}:{web.port}"
    if not is_reached_from_outside(web):
        return Check("pages", what, GOOD, _("served on this machine only: %(at)s", at=where))
    names: Words | str = ", ".join(web.names) or _("no names")
    seen = _("served on %(at)s as %(names)s", at=where, names=names)
    if not web.proxy:
        do = _("Set [web] proxy, or remove [web] names: without it only this machine is served.")
        return Check("pages", what, BAD, seen, do.then(BEHIND_A_PROXY))
    seen = seen.then(_("through the proxy at %(proxy)s", proxy=web.proxy), ", ")
    if not web.names:
        do = _("Set [web] names: the proxy's visitors use another name.")
        return Check("pages", what, BAD, seen, do.then(BEHIND_A_PROXY))
    return Check("pages", what, GOOD, seen.then(_("for people who signed in"), ", "))


def certificate_checks(web: Web, now: datetime) -> Iterator[Check]:
    """Check until when the proxy's certificate is valid; nothing if there is no proxy.

    `now` is aware.
    """
    if not web.proxy:
        return
    code, what = "certificate", _("certificate")
    if not web.certificate:
        seen = _("[web] certificate is empty: nobody tells when it ends")
        do = _("Name the proxy's certificate in [web] certificate: browsers stop when it ends.")
        yield Check(code, what, ATTENTION, seen, do)
        return
    try:
        end = last_moment(Path(web.certificate))
    except CertificateTrouble as exc:
        do = _("Name the file of the proxy's certificate in [web] certificate.")
        yield Check(code, what, BAD, plain(str(exc)), do)
        return
    seen = _("valid until %(day)s", day=end.date())
    do = _("Make a new one: `certificate renew`, then reload the proxy (docs/network.md).")
    state = BAD if end <= now else ATTENTION
    yield good_unless(code, what, seen, do if end - now < RENEW_AHEAD else None, state)


def webhook_check(state: WebhookState) -> Check:
    """Check how the messages to a program stand."""
    what = _("webhook %(name)s", name=state.name)
    seen = _("%(waiting)s waiting, %(parked)s parked", waiting=state.waiting, parked=state.parked)
    if state.stopped_at is not None:
        stopped = _("stopped since %(at)s (%(why)s)", at=state.stopped_at, why=state.stopped_why)
        do = _(
            "Ask its operator, then run `webhooks resume %(name)s`; no message is lost.",
            name=state.name,
        )
        return Check("webhook", what, BAD, seen.then(stopped, "; "), do, subject=state.name)
    do = _(
        "Look at `webhooks list`, then `webhooks send-again %(name)s` or `webhooks close`.",
        name=state.name,
    )
    parked = do if state.parked else None
    return good_unless("webhook", what, seen, parked, ATTENTION, subject=state.name)
