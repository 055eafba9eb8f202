"""The lines of `doctor` about where the pages are served, the proxy's certificate, and webhooks."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from kiosk.logbook import WebhookState
from kiosk.runtime.errors import CertificateTrouble
from kiosk.runtime.local_authority import last_moment
from kiosk.settings import Web, is_reached_from_outside

RENEW_AHEAD = timedelta(days=30)
BEHIND_A_PROXY = "docs/network.md says how other machines reach the pages."


def pages_seen(web: Web) -> tuple[str, str]:
    """Return where the pages are served, and what to do if that cannot work; "" if it can."""
    if not is_reached_from_outside(web):
        return f"served on this machine only: {web.host}:{web.port}", ""
    names = ", ".join(web.names) or "no names"
    seen = f"served on {web.host}:{web.port} as {names}"
    if not web.proxy:
        do = "Set [web] proxy, or remove [web] names: without it only this machine is served."
        return seen, f"{do} {BEHIND_A_PROXY}"
    seen += f", through the proxy at {web.proxy}"
    if not web.names:
        return seen, f"Set [web] names: the proxy's visitors use another name. {BEHIND_A_PROXY}"
    return seen + ", for people who signed in", ""


def certificate_seen(web: Web, now: datetime) -> tuple[str, str] | None:
    """Return until when the proxy's certificate is valid, and what to do about it; "" if nothing.

    None if there is no proxy.  `now` is aware.
    """
    if not web.proxy:
        return None
    if not web.certificate:
        do = "Name the proxy's certificate in [web] certificate: browsers stop when it ends."
        return "[web] certificate is empty: nobody tells when it ends", do
    try:
        end = last_moment(Path(web.certificate))
    except CertificateTrouble as exc:
        return str(exc), "Name the file of the proxy's certificate in [web] certificate."
    is_due = end - now < RENEW_AHEAD
    do = "Make a new one: `certificate renew`, then reload the proxy (docs/network.md)."
    return f"valid until {end:%Y-%m-%d}", do if is_due else ""


def webhook_seen(state: WebhookState) -> tuple[str, str]:
    """Return how the messages to a program stand, and what to do about them; "" if nothing."""
    seen = f"{state.waiting} waiting, {state.parked} parked"
    if state.stopped_at is not None:
        since = f"{state.stopped_at:%Y-%m-%d %H:%M} UTC"
        do = f"Ask its operator, then run `webhooks resume {state.name}`; no message is lost."
        return f"{seen}; stopped since {since} ({state.stopped_why})", do
    do = f"Look at `webhooks list`, then `webhooks send-again {state.name}` or `webhooks close`."
    return seen, do if state.parked else ""
