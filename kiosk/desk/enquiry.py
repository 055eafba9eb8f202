"""Enquiries: the value of a card without a visit.

1.  An enquiry is no attempt: it is not written down as a reading, is in no list and in no count of
    the day, and takes nothing from a card in a phone that is shown at the desk later.
2.  What the insurer has stated about the card, and is still fresh, is shown with its age.  Else the
    insurer is asked, if the settings of the desk do not forbid that; a clerk may ask again.
3.  Each question counts in the hourly limit and stops at its pauses, as every other, and is in the
    log of look-ups with the purpose `enquiry` and who asked.  So is an enquiry that was answered
    from what is held: a look at a person leaves a trace.
4.  An enquiry is kept in memory under a secret name, for `KEPT_FOR` and until the page closes it.
    Neither its number nor its payload is in an address or in the log of the program.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from kiosk.desk.copayments import Copayments, KnownStatement
from kiosk.desk.query_policy import PauseReason, QueryPolicy
from kiosk.desk.question_log import QuestionLog
from kiosk.errors import KioskError
from kiosk.insurer import CardAnswer, question_about
from kiosk.logbook import LookupPurpose
from verify import (
    Birth,
    Card,
    Coverage,
    CoverageRecord,
    CoverageUnreadable,
    Knowledge,
    Proof,
    Reason,
    Verdict,
    check_first_presentation,
    holds_text,
    judge,
    judge_card,
)

log = logging.getLogger(__name__)

KEPT_FOR = timedelta(minutes=10)
MAX_KEPT = 64  # enquiries, the newest ones
MAX_HANDED = 8  # payloads, likewise
NAME_BYTES = 18
HELD = "held"  # why nothing was asked: what is held here was shown


class Asked(StrEnum):
    """Whether the insurer was asked, and what came of it."""

    NO = "no"  # what is held is fresh, or the desk asks only when a clerk presses
    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    PAUSED = "paused"  # no question may be asked just now
    LACKS_HOLDER = "lacks_holder"  # without name and birth the insurer answers nothing
    NO_GATEWAY = "no_gateway"


class EnquiryOver(KioskError):
    """There is no enquiry of this name any more."""


@dataclass(frozen=True, slots=True)
class Enquiry:
    """What is known of one card.  The repr hides whose."""

    name: str = field(repr=False)  # secret
    author: str  # see `kiosk.logbook.author`
    at: datetime  # aware; when it was last judged
    verdict: Verdict = field(repr=False)  # by what may decide; its card is None if none was read
    coverage: Coverage | None = field(repr=False)  # the newest that is held, however old
    asked: Asked = Asked.NO
    paused: PauseReason | None = None
    payments: KnownStatement | None = field(default=None, repr=False)
    payments_failed: bool = False  # the question about payments had no answer

    @property
    def card(self) -> Card | None:
        """The card, with name and birth of the insurer's record if it does not have its own."""
        card = self.verdict.card
        return card and _filled(card, self.coverage)

    @property
    def decides(self) -> bool:
        """Whether what is held is fresh enough to decide about the card."""
        return self.verdict.coverage is not None


class Enquiries:
    """Answers enquiries.  Any thread may call; what asks the insurer waits for it."""

    def __init__(
        self,
        query_policy: QueryPolicy,
        check_card: Callable[[Card], CardAnswer] | None,
        copayments: Copayments,
        question_log: QuestionLog,
        remember: Callable[[Coverage, datetime], None],
        knowledge: Callable[[], Knowledge],
        clock: Callable[[], datetime],
    ) -> None:
        """`check_card` asks the gateway; None if there is no gateway."""
        self._query_policy = query_policy
        self._check_card = check_card
        self._copayments = copayments
        self._question_log = question_log
        self._remember = remember
        self._knowledge = knowledge
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[str, Enquiry] = {}
        self._handed: dict[str, bytes] = {}  # payloads that a page is about to ask about

    @property
    def has_gateway(self) -> bool:
        """Whether there is anybody to ask."""
        return self._check_card is not None

    def budget(self) -> tuple[int, int]:
        """Return how many questions may still be asked now, and how many in an hour."""
        return self._query_policy.budget(self._clock())

    def pause(self) -> PauseReason | None:
        """Return why no question may be asked just now; None if one may."""
        return self._query_policy.paused_at(self._clock())

    def hand(self, payload: bytes) -> str:
        """Keep a payload that a reader has read for a page; return the name to take it by."""
        name = secrets.token_urlsafe(NAME_BYTES)
        with self._lock:
            self._handed[name] = payload
            while len(self._handed) > MAX_HANDED:
                del self._handed[next(iter(self._handed))]
        return name

    def take(self, name: str) -> bytes:
        """Return a payload that was handed over, once.  Raises EnquiryOver."""
        with self._lock:
            payload = self._handed.pop(name, None)
        if payload is None:
            raise EnquiryOver("no payload of this name waits")
        return payload

    def read(self, payload: bytes, author: str, may_ask: bool) -> Enquiry:
        """Answer an enquiry about the card in a payload.

        The insurer is asked only if it `may_ask` and what is held is not fresh.  A payload without
        text gives an enquiry without a card.
        """
        verdict = self._judge(payload if holds_text(payload) else b"?")
        return self._answer(verdict, author, may_ask)

    def read_typed(
        self, number: str, holder: str, born: Birth | None, author: str, may_ask: bool
    ) -> Enquiry:
        """Answer an enquiry about a number, with the name and birth of the holder if typed."""
        verdict = self._judge(number.encode())
        card = verdict.card
        if card is not None and (holder or born):
            card = _with_holder(card, holder, born)
            verdict = judge_card(card, verdict.format, (), self._clock(), self._quiet_knowledge())
        return self._answer(verdict, author, may_ask)

    def ask(self, name: str, author: str, holder: str = "", born: Birth | None = None) -> Enquiry:
        """Ask the insurer about the card of an enquiry now; return what is known then.

        `holder` and `born` are added to a card that lacks them.  Raises EnquiryOver.
        """
        found = self.kept(name)
        card = found.verdict.card
        if card is None:
            return found
        if holder or born:
            card = _with_holder(card, holder, born)
        return self._keep(self._ask(replace(found, author=author), card))

    def ask_payments(self, name: str, author: str) -> Enquiry:
        """Ask what the holder of the card has paid this year.  Raises EnquiryOver."""
        found = self.kept(name)
        card = found.card
        if card is None:
            return found
        statement = self._copayments.ask(
            card, found.coverage, author, purpose=LookupPurpose.ENQUIRY
        )
        known = self._copayments.known(card, found.coverage)
        return self._keep(replace(found, payments=known, payments_failed=statement is None))

    def of_verdict(self, verdict: Verdict, author: str) -> Enquiry:
        """Return what is held about the card of a verdict at the desk; nobody is asked."""
        return self._with_held(verdict, author)

    def kept(self, name: str) -> Enquiry:
        """Return an enquiry by its name.  Raises EnquiryOver if it was closed, or is too old."""
        with self._lock:
            found = self._kept.get(name)
        if found is None or not timedelta(0) <= self._clock() - found.at < KEPT_FOR:
            self.close(name)
            raise EnquiryOver("the enquiry is closed")
        return found

    def close(self, name: str) -> None:
        """Forget an enquiry."""
        with self._lock:
            self._kept.pop(name, None)

    def _keep(self, enquiry: Enquiry) -> Enquiry:
        now = self._clock()
        with self._lock:
            self._kept = {
                name: other
                for name, other in self._kept.items()
                if name != enquiry.name and timedelta(0) <= now - other.at < KEPT_FOR
            }
            self._kept[enquiry.name] = enquiry
            while len(self._kept) > MAX_KEPT:
                del self._kept[next(iter(self._kept))]
        return enquiry

    def _quiet_knowledge(self) -> Knowledge:
        """Return what is known, without taking note that a card in a phone was shown."""
        return replace(self._knowledge(), check_presentation=check_first_presentation)

    def _judge(self, payload: bytes) -> Verdict:
        return judge(payload, self._clock(), self._quiet_knowledge())

    def _answer(self, verdict: Verdict, author: str, may_ask: bool) -> Enquiry:
        found = self._with_held(verdict, author)
        card = verdict.card
        if card is None:
            return self._keep(found)
        is_certain = verdict.reason is not Reason.LEADING_ZERO_LOST
        if is_certain and may_ask and not self._is_fresh(verdict):
            return self._keep(self._ask(found, card))
        self._note_look(card, found)
        return self._keep(found)

    def _is_fresh(self, verdict: Verdict) -> bool:
        coverage = verdict.coverage
        if coverage is None or verdict.proof is not Proof.INSURER:
            return False
        return abs(self._clock() - coverage.as_of) <= self._knowledge().freshness.soft

    def _with_held(self, verdict: Verdict, author: str) -> Enquiry:
        """Return an enquiry with what is held here, however old."""
        card, coverage = verdict.card, verdict.coverage
        if card is not None and coverage is None:
            try:
                coverage = self._knowledge().recall(card).coverage
            except CoverageUnreadable as exc:
                log.error("the stored coverage cannot be read: %s", exc)
        payments = self._copayments.known(card, coverage) if card is not None else None
        name = secrets.token_urlsafe(NAME_BYTES)
        return Enquiry(name, author, self._clock(), verdict, coverage, payments=payments)

    def _note_look(self, card: Card, enquiry: Enquiry) -> None:
        """Write down that somebody has looked at what is held about a person."""
        with self._question_log.asking(LookupPurpose.ENQUIRY, enquiry.author) as asking:
            asking.not_asked(HELD, self._clock(), question_about(card))

    def _ask(self, found: Enquiry, card: Card) -> Enquiry:
        if self._check_card is None:
            self._note_look(card, found)
            return replace(found, at=self._clock(), asked=Asked.NO_GATEWAY)
        asked_card = _filled(card, found.coverage)
        if asked_card.holder is None or asked_card.born is None:
            self._note_look(card, found)
            return replace(found, at=self._clock(), asked=Asked.LACKS_HOLDER)
        with self._question_log.asking(LookupPurpose.ENQUIRY, found.author) as asking:
            now = self._clock()
            answer = self._query_policy.ask_about(asked_card, self._check_card, now)
            was_asked = bool(asking.questions) or answer is not None
            if not was_asked:
                asking.not_asked(self._query_policy.pause(), now, question_about(card))
        if answer is None:
            asked = Asked.NO_ANSWER if was_asked else Asked.PAUSED
            paused = None if was_asked else self._query_policy.why
            return replace(found, at=self._clock(), asked=asked, paused=paused)
        try:
            self._remember(answer.coverage, self._clock())
        except CoverageUnreadable as exc:
            log.error("the insurer's answer to an enquiry cannot be kept: %s", exc)
        return self._with_answer(found, asked_card, answer.coverage)

    def _with_answer(self, found: Enquiry, card: Card, coverage: Coverage) -> Enquiry:
        record = CoverageRecord(coverage, coverage.as_of)
        known = replace(self._quiet_knowledge(), recall=lambda _card: record)
        verdict = judge_card(card, found.verdict.format, (), self._clock(), known)
        return replace(
            found,
            at=self._clock(),
            verdict=verdict,
            coverage=coverage,
            asked=Asked.ANSWERED,
            paused=None,
            payments=self._copayments.known(card, coverage),
        )


def _filled(card: Card, coverage: Coverage | None) -> Card:
    """Return a card with what a coverage says of its holder and the card does not."""
    if coverage is None:
        return card
    return card._replace(holder=card.holder or coverage.holder, born=card.born or coverage.born)


def _with_holder(card: Card, holder: str, born: Birth | None) -> Card:
    """Return a card with the typed name and birth of its holder, for which nobody vouches."""
    return card.unvouched._replace(
        holder=holder or card.holder, born=born or card.born, repaired_holder=None
    )
