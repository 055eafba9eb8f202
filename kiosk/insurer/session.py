"""The session at the gateway: our account, and the token that a sign-in gives for ten minutes.

The rules (CV 3190/BHXH-CNTT):

- A token works only from the network address that it was given to.
- A call that is answered with 401 is repeated once, with a new token.
- After a refused sign-in the next one waits: an account with too many attempts is locked.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from kiosk.insurer.codes import RECEIVED, SIGNED_OUT, code_in
from kiosk.insurer.errors import InsurerError, InsurerUnreachable, NotSignedIn
from kiosk.insurer.transport import Transport

TOKEN_PATH = "/api/token/take"
SIGN_IN_REFUSED = ("401", "402", "403")  # wrong password, wrong facility, locked
FIRST_SIGN_IN_PAUSE = timedelta(minutes=1)  # after a refused sign-in; doubles with each refusal
MAX_SIGN_IN_PAUSE = timedelta(minutes=15)
MAX_SIGN_IN_DOUBLINGS = 10
TOKEN_LIFETIME = timedelta(minutes=10)
TOKEN_MARGIN = timedelta(seconds=45)  # a token is renewed this long before its end


@dataclass(frozen=True, slots=True)
class Account:
    """Our account at the gateway, and the member of staff in whose name we ask."""

    username: str
    password: str = field(repr=False)
    facility: str
    staff_name: str = field(repr=False)
    staff_cccd: str = field(repr=False)

    @property
    def password_hash(self) -> str:
        """The MD5 that the gateway requires (CV 3190): a credential, not a protection."""
        return hashlib.md5(self.password.encode(), usedforsecurity=False).hexdigest().upper()


@dataclass(frozen=True, slots=True)
class Token:
    """The token that every other call carries. `expires_at` is aware."""

    access: str = field(repr=False)
    id: str = field(repr=False)
    expires_at: datetime


class GatewaySession:
    """One account at the gateway. Any thread may use it; all share one token.

    `failing_since` (aware) is when calls began to fail, None while they succeed.  `signed_in_at`
    (aware) is when the gateway last took our account; `refused_since` (aware) and `refused_code`
    say since when it has refused it, and how.
    """

    def __init__(
        self,
        transport: Transport,
        account: Account,
        clock: Callable[[], datetime],
        timeout_s: float,
    ) -> None:
        self.account = account
        self._transport = transport
        self._clock = clock
        self._timeout_s = timeout_s
        self._signing_in = threading.Lock()
        self._token: Token | None = None
        self.failing_since: datetime | None = None
        self.signed_in_at: datetime | None = None
        self.refused_since: datetime | None = None
        self.refused_code = ""
        self._refusals = 0
        self._locked_until = datetime.min.replace(tzinfo=UTC)

    def call(self, call: Callable[[Token], dict[str, Any]]) -> dict[str, Any]:
        """Make a call with a token and return its answer. After a 401 sign in and repeat it once.

        Raises InsurerUnreachable if there is no readable answer, or NotSignedIn if the gateway
        refuses our account.
        """
        with self._failures_noted():
            token = self._take_token(None)
            answer = call(token)
            if code_in(answer) == SIGNED_OUT:
                answer = call(self._take_token(refused=token))
            if code_in(answer) == SIGNED_OUT:
                raise NotSignedIn("the gateway refuses a token that it has just given")
        return answer

    def renew(self) -> None:
        """Take a new token, whatever becomes of the one in use.

        Raises InsurerUnreachable or NotSignedIn, like `call`.
        """
        with self._failures_noted():
            self._take_token(refused=self._token)

    @contextlib.contextmanager
    def _failures_noted(self) -> Iterator[None]:
        """Note since when calls fail, if the one in this context does; else that they succeed."""
        try:
            yield
        except InsurerError:
            self.failing_since = self.failing_since or self._clock()
            raise
        self.failing_since, self._refusals = None, 0

    def _take_token(self, refused: Token | None) -> Token:
        """Return a token that is valid for TOKEN_MARGIN at least and is not `refused`.

        One thread signs in at a time.
        """
        with self._signing_in:
            # An end that is farther away than the longest pause was set by a clock that was wrong.
            if timedelta(0) < self._locked_until - self._clock() <= MAX_SIGN_IN_PAUSE:
                raise NotSignedIn("the gateway refused our account; the next attempt is later")
            token = self._token
            needed_until = self._now_for_tokens() + TOKEN_MARGIN
            if token is None or token is refused or token.expires_at <= needed_until:
                self._token = token = self._sign_in()
            return token

    def _now_for_tokens(self) -> datetime:
        """Return the time (aware) to compare a token's end with.

        If the two clocks differ by more than a token lives, it is the gateway's: by ours every
        token would have ended already, and each call would sign in.
        """
        ours, theirs = self._clock(), self._transport.server_clock.now()
        return theirs if theirs is not None and abs(ours - theirs) > TOKEN_LIFETIME else ours

    def _sign_in(self) -> Token:
        credentials = {
            "username": self.account.username,
            "password": self.account.password_hash,
        }
        answer = self._transport.post(TOKEN_PATH, self._timeout_s, as_form=credentials)
        code, key = code_in(answer), answer.get("APIKey")
        if code in SIGN_IN_REFUSED:
            doublings = min(self._refusals, MAX_SIGN_IN_DOUBLINGS)
            pause = min(FIRST_SIGN_IN_PAUSE * 2**doublings, MAX_SIGN_IN_PAUSE)
            self._refusals += 1
            self._locked_until = self._clock() + pause
            self.refused_since, self.refused_code = self.refused_since or self._clock(), code
            raise NotSignedIn(f"the gateway refuses our account with code {code}")
        if code != RECEIVED or not isinstance(key, dict):
            raise InsurerUnreachable(f"the sign-in gave no token; code {code or '(none)'}")
        access, token_id, expires = (
            str(key.get(name) or "") for name in ("access_token", "id_token", "expires_in")
        )
        try:
            expires_at = datetime.fromisoformat(
                expires
            )  # with seven digits of a second, of which six are read
        except ValueError:
            raise InsurerUnreachable("the sign-in gave a token without a readable end") from None
        aware = expires_at if expires_at.tzinfo else expires_at.replace(tzinfo=UTC)
        self.signed_in_at, self.refused_since, self.refused_code = self._clock(), None, ""
        return Token(access, token_id, aware)
