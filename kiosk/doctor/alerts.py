"""The checks of alerts: whether they are set up, and whether the last one of each way arrived."""

from __future__ import annotations

from collections.abc import Iterator

from kiosk.doctor.check import ATTENTION, GOOD, Check
from kiosk.doctor.observations import Observations
from kiosk.doctor.words import plain
from kiosk.doctor.words import words as _
from kiosk.settings import AlertSettings

WAYS = {"mail": _("alerts by mail"), "webhook": _("alerts by webhook")}
DO = {
    "mail": _("Check [alerts] and the mail server, then run `alerts test`."),
    "webhook": _("Check [alerts] and the program at webhook_url, then run `alerts test`."),
}


def alert_checks(settings: AlertSettings, program: Observations | None) -> Iterator[Check]:
    """Check each way of alerts that is set up; `program` is what the program saw last."""
    failing = program.alerts if program is not None else {}
    for way in settings.ways:
        what = WAYS[way]
        found = failing.get(way)
        if found is None:
            seen = _("no failure is known")
            yield Check("alerts", what, GOOD, seen, subject=way)
            continue
        seen = _("not delivered since %(at)s: %(why)s", at=found.since, why=plain(found.why))
        yield Check("alerts", what, ATTENTION, seen, DO[way], subject=way, since=found.since)
