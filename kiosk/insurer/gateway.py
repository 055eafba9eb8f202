"""Talk to the insurer's gateway; its spelling and its codes stay in this folder.

Card calls carry token and password hash in the query string (CV 1923 Phụ lục 03), so no URL
and no body is ever logged, and no exception of the HTTP library goes further than here.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from kiosk.errors import InsurerUnreachable, NotSignedIn, SettingsError
from kiosk.insurer.answers import coverage_in
from kiosk.insurer.card_codes import Again, card_code
from kiosk.insurer.codes import code_in
from kiosk.insurer.exchange import Exchange
from kiosk.insurer.session import Account, Session, Token
from kiosk.settings import Settings
from verify import Birth, Card, Coverage

CARD_CHECK = "/api/egw/KQNhanLichSuKCB2024"
CHECK_IN = "/api/qd130/checkInKcbQd3176"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The gateway's answer to a visit. `answer` is kept whole, as evidence."""

    code: str
    message: str
    transaction: str
    answer: str = field(repr=False)


class Gateway:
    """The gateway's calls. Any thread may make them."""

    def __init__(
        self, exchange: Exchange, session: Session, clock: Callable[[], datetime],
        ask_timeout_s: float, send_timeout_s: float,
    ) -> None:  # fmt: skip
        self.session = session
        self._account = session.account
        self._exchange = exchange
        self._clock = clock
        self._ask_timeout_s = ask_timeout_s
        self._send_timeout_s = send_timeout_s

    def look_up(self, card: Card) -> Coverage:
        """Ask for the insurer's word on a card, which needs its holder's name and birth.

        InsurerUnreachable where there is no word: no answer, an unreadable one, or a code that
        says nothing about the card. NotSignedIn where our account, or the member of staff who
        asks, is refused.
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
        answer = self.session.call(lambda token: self._ask(token, body))
        code = code_in(answer)
        means = card_code(code)
        if means.again is Again.ACCOUNT:
            raise NotSignedIn(f"code {code}: our account, or the staff_name or staff_cccd who asks")
        if means.standing is None:
            raise InsurerUnreachable(f"code {code or '(none)'} says nothing about the card")
        return coverage_in(answer, code, means.standing, card.number, self._clock())

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
        answer = self.session.call(lambda token: self._send(token, body))
        code = code_in(answer)
        if not code:
            raise InsurerUnreachable("an answer without a code")
        return Receipt(
            code,
            str(answer.get("thongDiep") or ""),
            str(answer.get("maGiaoDich") or ""),
            self._exchange.as_text(answer),
        )

    def _ask(self, token: Token, body: dict[str, str]) -> dict[str, Any]:
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

    def _send(self, token: Token, body: dict[str, str]) -> dict[str, Any]:
        headers = {
            "accessToken": token.access,
            "tokenId": token.id,
            "passwordHash": self._account.password_hash,
        }
        return self._exchange.post(CHECK_IN, self._send_timeout_s, as_form=body, headers=headers)


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
        password = Path(insurer.password_file).read_text("utf-8-sig").strip()
    except (OSError, ValueError) as exc:
        why = f"{insurer.password_file} cannot be read ({type(exc).__name__})"
        raise SettingsError(f"[insurer] password_file: {why}") from exc
    if not password:
        raise SettingsError(f"[insurer] password_file: {insurer.password_file} is empty")
    code = settings.facility.code
    account = Account(insurer.username, password, code, insurer.staff_name, insurer.staff_cccd)
    exchange = Exchange(insurer.url)
    session = Session(exchange, account, clock, insurer.ask_timeout_s)
    return Gateway(exchange, session, clock, insurer.ask_timeout_s, insurer.send_timeout_s)
