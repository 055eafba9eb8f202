"""Talk to the insurer's gateway; its spelling and its codes stay in this folder.

Card calls carry token and password hash in the query string (CV 1923 Phụ lục 03), so no URL
and no body is ever logged, and no exception of the HTTP library goes further than here.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from kiosk.insurer.card_answers import coverage_in
from kiosk.insurer.card_codes import AskAgain, card_code
from kiosk.insurer.codes import RECEIVED, code_in
from kiosk.insurer.errors import InsurerUnreachable, NotSignedIn
from kiosk.insurer.patient_history import (
    Copayment,
    PastCheck,
    PastVisit,
    copayments_in,
    past_checks_in,
    past_visits_in,
)
from kiosk.insurer.session import GatewaySession, Token
from kiosk.insurer.transport import Transport
from kiosk.insurer.xml_signature import SignXml
from verify import Birth, Card, Coverage

CARD_CHECK = "/api/egw/KQNhanLichSuKCB2024"
HISTORY = "/api/egw/Lskcb2025"
COPAYMENTS = "/api/TraCuuCCT/TraCuuTienMCCT"
CHECK_IN = "/api/qd130/checkInKcb"  # and the decision whose layout is meant
NEWEST = "Qd3176"
MALFORMED, NOTHING_FOUND = "205", "204"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The gateway's answer to a visit. `answer` is kept whole, as evidence."""

    code: str
    message: str
    transaction: str
    answer: str = field(repr=False)


class CardAnswer(NamedTuple):
    """The insurer's word on a card, and who asked about it before."""

    coverage: Coverage
    checks: tuple[PastCheck, ...]


class Gateway:
    """The gateway's calls. Any thread may make them."""

    def __init__(
        self, exchange: Transport, session: GatewaySession, clock: Callable[[], datetime],
        ask_timeout_s: float, send_timeout_s: float, seal: SignXml | None = None,
        decision: str = NEWEST,
    ) -> None:  # fmt: skip
        """`seal` signs what is sent; without one it goes unsigned."""
        self.session = session
        self._account = session.account
        self._exchange = exchange
        self._clock = clock
        self._ask_timeout_s = ask_timeout_s
        self._send_timeout_s = send_timeout_s
        self._seal = seal
        self._check_in = CHECK_IN + decision

    def clock(self) -> datetime | None:
        """Return what the gateway's own clock shows now; None where it never told."""
        return self._exchange.clock()

    def look_up(self, card: Card) -> Coverage:
        """Ask for the insurer's word on a card; raises as `check_card` does."""
        return self.check_card(card).coverage

    def check_card(self, card: Card) -> CardAnswer:
        """Ask for the insurer's word on a card, which needs its holder's name and birth.

        InsurerUnreachable where there is no word: no answer, an unreadable one, or a code that
        says nothing about the card. NotSignedIn where our account, or the member of staff who
        asks, is refused.
        """
        body = self._question(card)
        answer = self.session.call(lambda token: self._ask(CARD_CHECK, token, as_json=body))
        code = code_in(answer)
        means = card_code(code)
        if means.again is AskAgain.ACCOUNT:
            raise NotSignedIn(f"code {code}: our account, or the staff_name or staff_cccd who asks")
        if means.standing is None:
            raise InsurerUnreachable(f"code {code or '(none)'} says nothing about the card")
        word = coverage_in(answer, code, means.standing, card.number, self._clock())
        return CardAnswer(word, past_checks_in(answer))

    def history(self, card: Card) -> list[PastVisit]:
        """Ask where the holder of a card has been; InsurerUnreachable where there is no answer.

        As a form first: documents say JSON, a gateway in use refuses it.
        """
        body = self._question(card)
        answer = self.session.call(lambda token: self._ask(HISTORY, token, as_form=body))
        if code_in(answer) == MALFORMED:
            answer = self.session.call(lambda token: self._ask(HISTORY, token, as_json=body))
        if code_in(answer) not in ("000", "200"):
            raise InsurerUnreachable(f"code {code_in(answer) or '(none)'} instead of a history")
        return past_visits_in(answer)

    def copayments(self, card: Card) -> list[Copayment]:
        """Ask what the holder of a card has paid this year; InsurerUnreachable for no answer."""
        body = self._question(card)
        wanted = {name: body[name] for name in ("maThe", "hoTen", "ngaySinh")}
        wanted["username"] = self._account.username
        answer = self.session.call(lambda token: self._in_one_spelling(token, wanted))
        if code_in(answer) not in (RECEIVED, NOTHING_FOUND):
            raise InsurerUnreachable(f"code {code_in(answer) or '(none)'} instead of payments")
        return copayments_in(answer)

    def _in_one_spelling(self, token: Token, body: dict[str, str]) -> dict[str, Any]:
        """Return the answer of the newest call, whose code is spelt with a capital."""
        answer = self._exchange.post(
            COPAYMENTS, self._ask_timeout_s, as_json=body, headers=self._headers(token)
        )
        return {"maKetQua": answer.get("MaKetQua", answer.get("maKetQua")), **answer}

    def _question(self, card: Card) -> dict[str, str]:
        if card.holder is None or card.born is None:
            raise ValueError("a card is asked about by number, name and birth")
        return {
            "maThe": card.number,
            "hoTen": card.holder,
            "ngaySinh": birth_text(card.born),
            "hoTenCb": self._account.staff_name,
            "cccdCb": self._account.staff_cccd,
        }

    def check_in(self, xml: str) -> Receipt:
        """Send one visit; return the gateway's answer, whatever its code.

        InsurerUnreachable where it is not known whether it arrived: send it again as it is.
        """
        xml = self._seal(xml) if self._seal else xml
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

    def _ask(self, call: str, token: Token, **body: dict[str, str]) -> dict[str, Any]:
        query = urlencode(
            {
                "token": token.access,
                "id_token": token.id,
                "username": self._account.username,
                "password": self._account.password_hash,
            },
            quote_via=quote,
        )
        path = f"{call}?{query}"
        return self._exchange.post(
            path,
            self._ask_timeout_s,
            as_json=body.get("as_json"),
            as_form=body.get("as_form"),
        )

    def _send(self, token: Token, body: dict[str, str]) -> dict[str, Any]:
        headers = self._headers(token)
        return self._exchange.post(
            self._check_in, self._send_timeout_s, as_form=body, headers=headers
        )

    def _headers(self, token: Token) -> dict[str, str]:
        return {
            "accessToken": token.access,
            "tokenId": token.id,
            "passwordHash": self._account.password_hash,
        }


def birth_text(born: Birth) -> str:
    """Return a birth date as the gateway wants it; a day that is not known is not invented."""
    parts = [f"{part:02d}" for part in (born.day, born.month) if part]
    return "/".join([*parts, f"{born.year:04d}"])
