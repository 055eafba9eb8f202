"""Check the programs that are sent what happens to visits, by webhooks.

1. The address begins with https://; http:// is for a program on this machine itself.
2. The address holds no name or password: it is shown on pages and in logs of receivers.
3. Each has a name of its own and a file with its secret.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from kiosk.settings.network import is_loopback
from kiosk.settings.screens import Require
from kiosk.settings.sections import WebhookTarget

NAME = r"[0-9A-Za-z_-]{1,40}"
MAX_URL_LENGTH = 500
MAX_WEBHOOKS = 10  # each has a thread


def check_webhooks(targets: tuple[WebhookTarget, ...], require: Require) -> None:
    """Raise SettingsError, by `require`, if a webhook cannot be as the settings say."""
    names = [target.name for target in targets]
    require(
        len(set(names)) == len(names) <= MAX_WEBHOOKS,
        "[[webhooks]] name",
        names,
        f"a name of its own for each webhook, and {MAX_WEBHOOKS} at most",
    )
    for target in targets:
        require(
            re.fullmatch(NAME, target.name, re.ASCII) is not None,
            "[[webhooks]] name",
            target.name,
            "letters, digits, _ and -",
        )
        require(
            may_be_sent_to(target.url),
            f"[[webhooks]] {target.name}: url",
            target.url.partition("?")[0][:MAX_URL_LENGTH],
            "https:// and the address of the program, without name and password;"
            " http:// only for a program on this machine (127.0.0.1, [::1] or localhost)",
        )
        require(
            bool(target.secret_file),
            f"[[webhooks]] {target.name}: secret_file",
            "",
            "a file that holds the secret (`webhooks secret` makes one)",
        )


def may_be_sent_to(url: str) -> bool:
    """Return whether messages may be sent to an address: encrypted, or on this machine."""
    is_plain = url.isascii() and url.isprintable() and " " not in url
    if not is_plain or len(url) > MAX_URL_LENGTH:
        return False
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    if not parts.hostname or "@" in parts.netloc or parts.fragment or port == 0:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))
