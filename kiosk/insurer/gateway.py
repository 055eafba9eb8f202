"""Talk to the insurer's gateway; its spelling and its codes stay in this folder.

Card calls carry token and password hash in the query string (CV 1923 Phụ lục 03), so no URL
and no body is ever logged, and no exception of the HTTP library goes further than here.
"""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from kiosk.errors import InsurerError, InsurerUnreachable, NotSignedIn, SettingsError
from kiosk.insurer.answers import coverage_in
from kiosk.insurer.codes import RECEIVED, SIGNED_OUT, STANDINGS, code_in
from kiosk.insurer.exchange import Exchange
from kiosk.settings import Settings
from verify import Birth, Card, Coverage

TOKEN = "/api/token/take"
CARD_CHECK = "/api/egw/KQNhanLichSuKCB2024"
CHECK_IN = "/api/qd130/checkInKcbQd3176"

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
class Receipt:
    """The gateway's answer to a visit. `answer` is kept whole, as evidence."""

    code: str
    message: str
    transaction: str
    answer: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Token:
    access: str = field(repr=False)
    id: str = field(repr=False)
    expires_at: datetime


class Gateway:
    """One account at the gateway. Any thread may call; they share one token."""

    def __init__(
        self,
        exchange: Exchange,
        account: Account,
        clock: Callable[[], datetime],
        ask_timeout_s: float,
        send_timeout_s: float,
    ) -> None:
        self._exchange = exchange
        self._account = account
        self._clock = clock
        self._ask_timeout_s = ask_timeout_s
        self._send_timeout_s = send_timeout_s
        self._signing_in = threading.Lock()
        self._token: _Token | None = None
        self.failing_since: datetime | None = None
        self.failures_in_a_row = 0

    def look_up(self, card: Card) -> Coverage:
        """Ask for the insurer's word on a card, which needs its holder's name and birth.

        InsurerUnreachable where there is no word: no answer, an unreadable one, or a code that
        says nothing about the card. NotSignedIn where our account is refused.
        """
        if card.holder is None or card.born is None:
            raise ValueError("a card is asked about by number, name and birth")
        body = {
            "maThe": card.number,
            "hoTen": card.holder,
            "ngaySinh": birth_text(card.born),
            "hoTenCb": self._account.staff_name,
            "cccdCb": self._account.staff_cccd,
        }
        answer = self._signed_in(lambda token: self._ask(token, body))
        code = code_in(answer)
        if code not in STANDINGS:
            raise InsurerUnreachable(f"code {code[:8] or '(none)'} says nothing about the card")
        return coverage_in(answer, code, card.number, self._clock())

    def check_in(self, xml: str) -> Receipt:
        """Send one visit; return the gateway's answer, whatever its code.

        InsurerUnreachable where it is not known whether it arrived: send it again as it is.
        """
        body = {
            "username": self._account.username,
            "loaiHoSo": "0",
            "maTinh": self._account.facility[:2],
            "maCSKCB": self._account.facility,
            "fileHSBase64": base64.b64encode(xml.encode()).decode(),
        }
        answer = self._signed_in(lambda token: self._send(token, body))
        return Receipt(
            code_in(answer),
            str(answer.get("thongDiep") or ""),
            str(answer.get("maGiaoDich") or ""),
            self._exchange.as_text(answer),
        )

    def _ask(self, token: _Token, body: dict[str, str]) -> dict[str, Any]:
        query = urlencode(
            {
                "token": token.access,
                "id_token": token.id,
                "username": self._account.username,
                "password": self._account.password_hash,
            },
            quote_via=quote,
        )
        return self._exchange.post(f"{CARD_CHECK}?{query}", self._ask_timeout_s, as_json=body)

    def _send(self, token: _Token, body: dict[str, str]) -> dict[str, Any]:
        headers = {
            "accessToken": token.access,
            "tokenId": token.id,
            "passwordHash": self._account.password_hash,
        }
        return self._exchange.post(CHECK_IN, self._send_timeout_s, as_form=body, headers=headers)

    def _signed_in(self, call: Callable[[_Token], dict[str, Any]]) -> dict[str, Any]:
        """Make a call with a token; on a 401 sign in anew and repeat it, once."""
        try:
            token = self._take_token(None)
            answer = call(token)
            if code_in(answer) == SIGNED_OUT:
                answer = call(self._take_token(refused=token))
            if code_in(answer) == SIGNED_OUT:
                raise NotSignedIn("the gateway refuses a token it has just given")
        except InsurerError:
            self.failing_since = self.failing_since or self._clock()
            self.failures_in_a_row += 1
            raise
        self.failing_since, self.failures_in_a_row = None, 0
        return answer

    def _take_token(self, refused: _Token | None) -> _Token:
        """Return a token that is good for a while and is not `refused`; one login at a time."""
        with self._signing_in:
            token = self._token
            good_until = self._clock() + RENEW_EARLY
            if token is None or token is refused or token.expires_at <= good_until:
                self._token = token = self._sign_in()
            return token

    def _sign_in(self) -> _Token:
        credentials = {
            "username": self._account.username,
            "password": self._account.password_hash,
        }
        answer = self._exchange.post(TOKEN, self._ask_timeout_s, as_form=credentials)
        code, key = code_in(answer), answer.get("APIKey")
        if code in ("401", "402", "403"):
            raise NotSignedIn(f"the gateway refuses our account with code {code}")
        if code != RECEIVED or not isinstance(key, dict):
            raise InsurerUnreachable(f"no token; code {code[:8] or '(none)'}")
        access, token_id, expires = (
            str(key.get(name) or "") for name in ("access_token", "id_token", "expires_in")
        )
        try:
            expires_at = datetime.fromisoformat(expires)  # seven digits of a second; cut to six
        except ValueError:
            raise InsurerUnreachable("a token without a readable end") from None
        aware = expires_at if expires_at.tzinfo else expires_at.replace(tzinfo=UTC)
        return _Token(access, token_id, aware)


def birth_text(born: Birth) -> str:
    """Return a birth date as the gateway wants it; a day that is not known is not invented."""
    parts = [f"{part:02d}" for part in (born.day, born.month) if part]
    return "/".join([*parts, f"{born.year:04d}"])


def open_gateway(settings: Settings, clock: Callable[[], datetime]) -> Gateway | None:
    """Return the client of the insurer's gateway; None where the settings name none."""
    insurer = settings.insurer
    if not insurer.url:
        return None
    try:
        password = Path(insurer.password_file).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsError(
            f"[insurer] password_file: {insurer.password_file} cannot be read"
        ) from exc
    code = settings.facility.code
    account = Account(insurer.username, password, code, insurer.staff_name, insurer.staff_cccd)
    exchange = Exchange(insurer.url)
    return Gateway(exchange, account, clock, insurer.ask_timeout_s, insurer.send_timeout_s)
