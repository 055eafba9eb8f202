"""Check how alerts are sent: by mail, by a webhook.

1. Mail needs a server and a sender. Without encryption it goes to a server on this machine only.
2. A password is sent over an encrypted connection only.
3. A webhook is encrypted, except to this machine itself, and signed.
"""

from __future__ import annotations

import re
from datetime import time

from kiosk.settings.network import is_loopback
from kiosk.settings.programs import may_be_sent_to
from kiosk.settings.screens import Require
from kiosk.settings.sections import AlertSettings

ADDRESS = r"[0-9A-Za-z.!#$%&'*+/=?^_`{|}~-]{1,64}@[0-9A-Za-z.-]{1,253}"
HOST = r"[0-9A-Za-z.-]{1,253}|[0-9A-Fa-f:]{2,45}"
QUIET = r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)"
MAX_ADDRESSES = 20


def check_alerts(alerts: AlertSettings, require: Require) -> None:
    """Raise SettingsError, by `require`, if alerts cannot be as the settings say."""
    if alerts.mail_to:
        _check_mail(alerts, require)
    require(
        not alerts.webhook_url or may_be_sent_to(alerts.webhook_url),
        "[alerts] webhook_url",
        alerts.webhook_url.partition("?")[0],
        "https:// and the address of the program, without name and password;"
        " http:// only for a program on this machine (127.0.0.1, [::1] or localhost)",
    )
    require(
        bool(alerts.webhook_secret_file) or not alerts.webhook_url,
        "[alerts] webhook_secret_file",
        "",
        "a file that holds the secret (`webhooks secret` makes one)",
    )
    require(
        0 <= alerts.settle_minutes <= 240,
        "[alerts] settle_minutes",
        alerts.settle_minutes,
        "0 to 240 minutes",
    )
    require(
        0 <= alerts.remind_hours <= 24 * 7, "[alerts] remind_hours", alerts.remind_hours, "0 to 168"
    )
    require(
        not alerts.quiet or quiet_hours(alerts.quiet) is not None,
        "[alerts] quiet",
        alerts.quiet,
        'two times of the day, as "21:00-06:30"',
    )


def quiet_hours(text: str) -> tuple[time, time] | None:
    """Return when nothing is sent, from and until; None if the text is not two times of a day."""
    match = re.fullmatch(QUIET, text, re.ASCII)
    if match is None:
        return None
    hours = [int(part) for part in match.groups()]
    return time(hours[0], hours[1]), time(hours[2], hours[3])


def _check_mail(alerts: AlertSettings, require: Require) -> None:
    require(
        len(alerts.mail_to) <= MAX_ADDRESSES,
        "[alerts] mail_to",
        len(alerts.mail_to),
        f"{MAX_ADDRESSES} addresses at most",
    )
    for key, addresses in (("mail_to", alerts.mail_to), ("mail_from", (alerts.mail_from,))):
        for address in addresses:
            is_address = re.fullmatch(ADDRESS, address, re.ASCII) is not None
            require(is_address, f"[alerts] {key}", address, 'an address, as "it@benhvien.vn"')
    require(
        re.fullmatch(HOST, alerts.mail_server, re.ASCII) is not None,
        "[alerts] mail_server",
        alerts.mail_server,
        "the name of the mail server, because mail_to is set",
    )
    require(1 <= alerts.mail_port <= 65_535, "[alerts] mail_port", alerts.mail_port, "1 to 65535")
    require(
        alerts.mail_security != "none" or is_loopback(alerts.mail_server),
        "[alerts] mail_security",
        alerts.mail_security,
        '"starttls" or "tls"; "none" only for a mail server on this machine',
    )
    require(
        bool(alerts.username) == bool(alerts.password_file),
        "[alerts] password_file",
        alerts.password_file,
        "a file with the password if there is a username, and neither without the other",
    )
