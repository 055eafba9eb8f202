"""The words of an alert: for a mail in the language of the settings, for a webhook as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from kiosk.alerts.ledger import AlertNews
from kiosk.doctor import Check, Speech, Words, english_outside
from kiosk.doctor import words as _
from kiosk.settings import Facility

EVENT_KIND, TEST_KIND = "kiosk.alert", "kiosk.alert.test"
MAX_NAMED = 3  # in a subject


def subject_of(news: AlertNews, facility: Facility, speech: Speech) -> str:
    """Return the subject of a mail."""
    checks = news.turned_bad or news.still_bad or news.turned_good
    if news.turned_bad:
        said = _("%(count)s things need a person", count=len(checks))
    elif news.is_reminder:
        said = _("%(count)s things still need a person", count=len(checks))
    else:
        said = _("%(count)s things are good again", count=len(checks))
    named = ", ".join(speech.say(check.what) for check in checks[:MAX_NAMED])
    more = " …" if len(checks) > MAX_NAMED else ""
    return f"Tiếp Đón {facility.code}: {speech.say(said)}: {named}{more}"


def body_of(news: AlertNews, facility: Facility, speech: Speech, now: datetime) -> str:
    """Return the text of a mail."""
    parts = [
        _part(_("Needs a person now"), news.turned_bad, speech),
        _part(_("Good again"), news.turned_good, speech, only_names=True),
        _part(_("Still needs a person"), news.still_bad, speech),
    ]
    place = speech.say(
        _(
            "Facility %(code)s, %(at)s. This message comes from the program by itself;"
            " docs/doctor.md says how to change that.",
            code=facility.code,
            at=now,
        )
    )
    return "\n\n".join([*filter(None, parts), place]) + "\n"


def _part(title: Words, checks: Sequence[Check], speech: Speech, only_names: bool = False) -> str:
    if not checks:
        return ""
    lines = [speech.say(title).upper()]
    for check in checks:
        since = speech.say(_("since %(at)s", at=check.since)) if check.since else ""
        lines.append(f"- {speech.say(check.what)}" + (f" ({since})" if since else ""))
        if not only_names:
            lines += [f"  {speech.say(check.seen)}", f"  → {speech.say(check.do)}"]
    return "\n".join(lines)


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def event_of(news: AlertNews, facility: Facility, now: datetime, is_test: bool = False) -> str:
    """Return the JSON of a webhook."""
    speech = english_outside()

    def listed(checks: Sequence[Check]) -> list[dict[str, str | None]]:
        return [
            {
                "code": check.code,
                "what": speech.say(check.what),
                "state": str(check.state),
                "since": _utc(check.since) if check.since else None,
                "seen": speech.say(check.seen),
                "do": speech.say(check.do),
            }
            for check in checks
        ]

    return json.dumps(
        {
            "type": TEST_KIND if is_test else EVENT_KIND,
            "timestamp": now.astimezone(UTC).isoformat(timespec="milliseconds"),
            "data": {
                "facility": facility.code,
                "turned_bad": listed(news.turned_bad),
                "turned_good": listed(news.turned_good),
                "still_bad": listed(news.still_bad),
            },
        },
        separators=(",", ":"),
        ensure_ascii=False,
    )
