"""Signed in at the gateway: our account there, and the token that it gives for ten minutes.

CV 3190/BHXH-CNTT; a token is good from the address that took it only.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from kiosk.insurer.codes import RECEIVED, SIGNED_OUT, code_in
from kiosk.insurer.errors import InsurerError, InsurerUnreachable, NotSignedIn
from kiosk.insurer.transport import Transport

TOKEN = "/api/token/take"
REFUSED = ("401", "402", "403")  # wrong password, wrong facility, locked
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(minutes=15)  # between logins
RENEW_EARLY = timedelta(seconds=45)  # of a token's ten minutes


@dataclass(frozen=True, slots=True)
class Account:
    """Who we are at the gateway, and which member of staff asks."""

    username: str
    password: str = field(repr=False)
    facility: str
    staff_name: str = field(repr=False)
    staff_cccd: str = field(repr=False)

    @property
    def password_hash(self) -> str:
        """The MD5 that the gateway wants (CV 3190); it is the credential, not a protection."""
        return hashlib.md5(self.password.encode(), usedforsecurity=False).hexdigest().upper()


@dataclass(frozen=True, slots=True)
class Token:
    """What card calls and sendings carry; `expires_at` is aware."""

    access: str = field(repr=False)
    id: str = field(repr=False)
    expires_at: datetime


class GatewaySession:
    """One account at the gateway. Any thread may call; they share one token."""

    def __init__(
        self, exchange: Transport, account: Account, clock: Callable[[], datetime], timeout_s: float
    ) -> None:
        self.account = account
        self._exchange = exchange
        self._clock = clock
        self._timeout_s = timeout_s
        self._signing_in = threading.Lock()
        self._token: Token | None = None
        self.failing_since: datetime | None = None
        self._refusals = 0
        self._locked_until = datetime.min.replace(tzinfo=UTC)

    def call(self, call: Callable[[Token], dict[str, Any]]) -> dict[str, Any]:
        """Make a call with a token; on a 401 sign in anew and repeat it, once.

        InsurerUnreachable or NotSignedIn where that fails.
        """
        try:
            token = self._take_token(None)
            answer = call(token)
            if code_in(answer) == SIGNED_OUT:
                answer = call(self._take_token(refused=token))
            if code_in(answer) == SIGNED_OUT:
                raise NotSignedIn("the gateway refuses a token it has just given")
        except InsurerError:
            self.failing_since = self.failing_since or self._clock()
            raise
        self.failing_since, self._refusals = None, 0
        return answer

    def _take_token(self, refused: Token | None) -> Token:
        """Return a token that is good for a while and is not `refused`; one login at a time."""
        with self._signing_in:
            if self._clock() < self._locked_until:
                raise NotSignedIn("the gateway refused our account; it is tried again later")
            token = self._token
            good_until = self._clock() + RENEW_EARLY
            if token is None or token is refused or token.expires_at <= good_until:
                self._token = token = self._sign_in()
            return token

    def _sign_in(self) -> Token:
        credentials = {
            "username": self.account.username,
            "password": self.account.password_hash,
        }
        answer = self._exchange.post(TOKEN, self._timeout_s, as_form=credentials)
        code, key = code_in(answer), answer.get("APIKey")
        if code in REFUSED:
            # An account that knocks too often is locked: wait longer each time.
            pause = min(FIRST_PAUSE * 2 ** min(self._refusals, 10), LONGEST_PAUSE)
            self._refusals += 1
            self._locked_until = self._clock() + pause
            raise NotSignedIn(f"the gateway refuses our account with code {code}")
        if code != RECEIVED or not isinstance(key, dict):
            raise InsurerUnreachable(f"no token; code {code or '(none)'}")
        access, token_id, expires = (
            str(key.get(name) or "") for name in ("access_token", "id_token", "expires_in")
        )
        try:
            expires_at = datetime.fromisoformat(expires)  # seven digits of a second; cut to six
        except ValueError:
            raise InsurerUnreachable("a token without a readable end") from None
        aware = expires_at if expires_at.tzinfo else expires_at.replace(tzinfo=UTC)
        return Token(access, token_id, aware)
