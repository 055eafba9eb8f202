"""The client of the insurer's gateway. Its field names and codes are used in this room only.

- Questions about a card carry the token and the password hash in the query string (CV 1923 Phụ lục
  03).  So no URL and no body is ever logged, and no error of the HTTP library leaves this room.
- A question about a card needs its number and the holder's name and birth.
- Some calls exist in two forms; each method says which form is tried first, and why.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote, urlencode

from kiosk.insurer.card_answers import coverage_in
from kiosk.insurer.card_codes import AskAgain, card_code
from kiosk.insurer.codes import RECEIVED, code_in
from kiosk.insurer.errors import InsurerUnreachable, NotSignedIn
from kiosk.insurer.patient_history import (
    NOTHING_FOUND,
    PastCheck,
    PastVisit,
    PaymentStatement,
    past_checks_in,
    past_visits_in,
    payments_in,
)
from kiosk.insurer.questions import AskedQuestion, Observe, observe_nothing, observed
from kiosk.insurer.session import TOKEN_PATH, GatewaySession, Token
from kiosk.insurer.transport import GatewayAnswer, Transport
from kiosk.insurer.xml0 import facility_of
from kiosk.logbook import LookupKind
from verify import Birth, Card, Coverage, clinic_day

CARD_CHECK_PATH = "/api/egw/KQNhanLichSuKCB2024"
HISTORY_PATH = "/api/egw/Lskcb2025"
COPAYMENTS_PATH = "/api/TraCuuCCT/TraCuuTienMCCT"
CHECK_IN_PATH = "/api/qd130/checkInKcb"  # the decision that defines the layout follows
CALL_NAMES = {  # of all calls but those that send visits, whose paths name a decision
    TOKEN_PATH: "sign_in",
    CARD_CHECK_PATH: "card",
    HISTORY_PATH: "history",
    COPAYMENTS_PATH: "copayments",
}
LATEST_DECISION = "Qd3176"
HISTORY_FOUND = ("000", "200")
MALFORMED = "205"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The gateway's answer to a sent document."""

    code: str
    message: str
    transaction: str  # maGiaoDich; empty if there is no such code
    answer: str = field(repr=False)  # the whole answer, as evidence


class CardAnswer(NamedTuple):
    """The insurer's answer about a card, and the earlier questions about it."""

    coverage: Coverage
    checks: tuple[PastCheck, ...]


class Gateway:
    """The gateway's calls. Any thread may make them.

    Every call signs in if it has to.  It raises InsurerUnreachable if there is no readable answer,
    or NotSignedIn if the gateway refuses our account.  `observe` is called with each question about
    a person when it has ended, whatever its end; it must not raise.
    """

    def __init__(
        self,
        transport: Transport,
        session: GatewaySession,
        clock: Callable[[], datetime],
        ask_timeout_s: float,
        send_timeout_s: float,
        decision: str = LATEST_DECISION,
    ) -> None:
        """Set up the client; nothing is sent yet.

        The timeouts are for one question and for one sending.  `decision` chooses the check-in
        call.
        """
        self.session = session
        self.observe: Observe = observe_nothing
        # Returns the name and the citizen number of the person who asks; None: as the settings say.
        self.asker: Callable[[], tuple[str, str] | None] = lambda: None
        self._account = session.account
        self._transport = transport
        self._clock = clock
        self._ask_timeout_s = ask_timeout_s
        self._send_timeout_s = send_timeout_s
        self._check_in_path = CHECK_IN_PATH + decision
        self.check_in_call = decision  # the name of the check-in call

    @property
    def account(self) -> str:
        """The name of our account."""
        return self._account.username

    def watch_calls(self, note: Callable[[str, bool, float], None]) -> None:
        """Call `note` with the name of each call, whether it was answered, and its seconds."""
        self._transport.observe = lambda path, is_answered, seconds: note(
            CALL_NAMES.get(path, "check_in"), is_answered, seconds
        )

    def clock(self) -> datetime | None:
        """Return what the gateway's own clock shows now (aware). None before its first answer."""
        return self._transport.server_clock.now()

    def clock_age_s(self) -> float | None:
        """Return for how many seconds the gateway's clock has not been read. None: never read."""
        return self._transport.server_clock.age_s()

    def read_clock(self) -> None:
        """Sign in again, for the time in the answer: no other call is without a patient's data.

        Raises InsurerUnreachable or NotSignedIn.
        """
        self.session.renew()

    def look_up(self, card: Card) -> Coverage:
        """Return the insurer's answer about a card. Raises as `check_card` does."""
        return self.check_card(card).coverage

    def check_card(self, card: Card) -> CardAnswer:
        """Return the insurer's answer about a card, and the earlier questions about it.

        Raises:
        - InsurerUnreachable if there is no readable answer, or if its code says nothing about the
          card;
        - NotSignedIn if our account is refused, or the member of staff in whose name we ask;
        - ValueError if the card has no holder or no birth.
        """
        body = self._card_query(card)
        with self._question(LookupKind.CARD, body) as question:
            answer = self.session.call(
                lambda token: question.keep(self._ask(CARD_CHECK_PATH, token, as_json=body))
            )
            code = code_in(answer)
            meaning = card_code(code)
            if meaning.ask_again is AskAgain.AFTER_ACCOUNT_FIX:
                raise NotSignedIn(
                    f"the gateway refuses with code {code}: check our account, staff_name and"
                    " staff_cccd in [insurer]"
                )
            if meaning.standing is None:
                raise InsurerUnreachable(f"code {code or '(none)'} says nothing about the card")
        coverage = coverage_in(answer, code, meaning.standing, card.number, self._clock())
        return CardAnswer(coverage, past_checks_in(answer))

    def history(self, card: Card) -> list[PastVisit]:
        """Return the earlier visits of a card's holder, newest first.

        The question is sent as a form first and then as JSON: the documents say JSON, but a
        gateway in use refuses it.

        Raises InsurerUnreachable, NotSignedIn, or ValueError if the card has no holder or birth.
        """
        body = self._card_query(card)
        with self._question(LookupKind.HISTORY, body) as question:
            answer = self.session.call(
                lambda token: question.keep(self._ask(HISTORY_PATH, token, as_form=body))
            )
            if code_in(answer) == MALFORMED:
                answer = self.session.call(
                    lambda token: question.keep(self._ask(HISTORY_PATH, token, as_json=body))
                )
            if code_in(answer) not in HISTORY_FOUND:
                raise InsurerUnreachable(f"code {code_in(answer) or '(none)'} instead of a history")
        return past_visits_in(answer)

    def payments(self, card: Card) -> PaymentStatement:
        """Return what the portal says that a card's holder has paid this year.

        Raises InsurerUnreachable, NotSignedIn, or ValueError if the card has no holder or birth.
        """
        query = self._card_query(card)
        body = {name: query[name] for name in ("maThe", "hoTen", "ngaySinh")}
        body["username"] = self._account.username
        with self._question(LookupKind.COPAYMENTS, body) as question:
            answer = self.session.call(
                lambda token: question.keep(self._ask_copayments(token, body))
            )
            if code_in(answer) not in (RECEIVED, NOTHING_FOUND):
                raise InsurerUnreachable(f"code {code_in(answer) or '(none)'} instead of payments")
        return payments_in(answer, clinic_day(self._clock()).year)

    def _question(
        self, kind: LookupKind, query: dict[str, str]
    ) -> AbstractContextManager[AskedQuestion]:
        asked = {"username": self.account} | query
        return observed(kind, asked, self._clock(), self.observe)

    def _ask_copayments(self, token: Token, body: dict[str, str]) -> GatewayAnswer:
        """Return the answer with its code under `maKetQua`: this call writes `MaKetQua`."""
        answer = self._transport.post(
            COPAYMENTS_PATH, self._ask_timeout_s, as_json=body, headers=self._headers(token)
        )
        answer.setdefault("maKetQua", answer.get("MaKetQua"))
        return answer

    def _card_query(self, card: Card) -> dict[str, str]:
        if card.holder is None or card.born is None:
            raise ValueError("a question about a card needs its number, name and birth")
        own = (self._account.staff_name, self._account.staff_cccd)
        name, citizen_number = self.asker() or own
        return {
            "maThe": card.number,
            "hoTen": card.holder,
            "ngaySinh": birth_text(card.born),
            "hoTenCb": name,
            "cccdCb": citizen_number,
        }

    def check_in(self, document: bytes) -> Receipt:
        """Send a document with one or more visits; return the gateway's answer, whatever its code.

        `document` is in UTF-8 and signed, if it is to be; it is sent byte for byte, under the
        facility's code that its visits have: that of their day.

        Raises NotSignedIn, or InsurerUnreachable if it is not known whether the document arrived.
        It may then be sent again unchanged: the insurer knows a visit by its id.
        """
        facility = facility_of(document) or self._account.facility
        body = {
            "username": self._account.username,
            "loaiHoSo": "0",
            "maTinh": facility[:2],
            "maCSKCB": facility,
            "fileHSBase64": base64.b64encode(document).decode(),
        }
        answer = self.session.call(lambda token: self._send(token, body))
        code = code_in(answer)
        if not code:
            raise InsurerUnreachable("an answer without a code")
        return Receipt(
            code,
            str(answer.get("thongDiep") or ""),
            str(answer.get("maGiaoDich") or ""),
            self._transport.as_text(answer),
        )

    def _ask(self, path: str, token: Token, **body: dict[str, str]) -> GatewayAnswer:
        """Make a call about a card, with the credentials in the query string."""
        query = urlencode(
            {
                "token": token.access,
                "id_token": token.id,
                "username": self._account.username,
                "password": self._account.password_hash,
            },
            quote_via=quote,
        )
        return self._transport.post(
            f"{path}?{query}",
            self._ask_timeout_s,
            as_json=body.get("as_json"),
            as_form=body.get("as_form"),
        )

    def _send(self, token: Token, body: dict[str, str]) -> GatewayAnswer:
        headers = self._headers(token)
        return self._transport.post(
            self._check_in_path, self._send_timeout_s, as_form=body, headers=headers
        )

    def _headers(self, token: Token) -> dict[str, str]:
        return {
            "accessToken": token.access,
            "tokenId": token.id,
            "passwordHash": self._account.password_hash,
        }


def birth_text(born: Birth) -> str:
    """Return a birth as the gateway writes it: dd/mm/yyyy, mm/yyyy or yyyy.

    A part that is not known is left out and never invented.
    """
    parts = [f"{part:02d}" for part in (born.day, born.month) if part]
    return "/".join([*parts, f"{born.year:04d}"])
