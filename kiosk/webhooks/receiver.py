"""A receiver of webhooks: where it is, and one signed POST to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from kiosk.errors import SettingsError
from kiosk.logbook import VisitEvent, VisitEventKind
from kiosk.runtime.http_post import post_once, tls_context
from kiosk.runtime.proxies import DIRECT, Proxies
from kiosk.settings import WebhookTarget
from kiosk.webhooks.message import message_body, signed_headers
from kiosk.webhooks.signing_secrets import read_secrets

MAX_EXCHANGE_S = 10.0  # all of it, from the look-up of the address to the status of the answer

# From a URL, a body and headers: the HTTP status of the answer.  Raises NotPosted.
Post = Callable[[str, bytes, dict[str, str]], int]


class Receiver:
    """A receiver that the settings name. Only one thread may use it at a time."""

    def __init__(self, name: str, url: str, secret_file: str, post: Post) -> None:
        """The secrets are read at each sending, so that they change without a restart."""
        self.name = name
        self._url, self._secret_file, self._post = url, secret_file, post

    def send(self, event: VisitEvent, now: datetime) -> int:
        """Send an event; return the HTTP status. `now` (aware) is signed with it.

        Raises NotPosted if there is no answer, and SettingsError if the secrets cannot be read.
        """
        body = message_body(event)
        headers = signed_headers(event.id, body, read_secrets(self._secret_file), now)
        return self._post(self._url, body.encode(), headers)


def post_signed(
    url: str,
    secret_file: str,
    authority_file: str,
    event_id: str,
    body: str,
    now: datetime,
    proxies: Proxies = DIRECT,
) -> int:
    """Send a body of another kind, signed in the same way; return the HTTP status.

    `proxies` are the way out.  Raises NotPosted if there is no answer, and SettingsError if a file
    cannot be read.
    """
    headers = signed_headers(event_id, body, read_secrets(secret_file), now)
    authorities = tls_context(authority_file)
    return post_once(url, body.encode(), headers, MAX_EXCHANGE_S, authorities, proxies)


def open_receiver(
    target: WebhookTarget, total_s: float = MAX_EXCHANGE_S, proxies: Proxies = DIRECT
) -> Receiver:
    """Return the receiver of the settings. An exchange takes no longer than `total_s` seconds.

    `proxies` are the way out.

    Raises SettingsError if its secrets or its certificate authorities cannot be read, or if it
    wants a kind of event that there is not.
    """
    for kind in target.kinds:
        if kind not in list(VisitEventKind):
            raise SettingsError(
                f"[[webhooks]] {target.name}: kinds has {kind!r}; expected some of"
                f" {', '.join(VisitEventKind)}"
            )
    read_secrets(target.secret_file)
    context = tls_context(target.authority_file)

    def post(url: str, body: bytes, headers: dict[str, str]) -> int:
        return post_once(url, body, headers, total_s, context, proxies)

    return Receiver(target.name, target.url, target.secret_file, post)
