"""Any payload gets a verdict, and nothing of it gets into a log line or an exception.

Each format has a strategy of its own that makes payloads close enough to be read and wrong enough
to fail.  Good cards are damaged, and any CBOR or JSON is put under a good signature.
"""

from __future__ import annotations

import logging
import zlib
from collections.abc import Iterator
from typing import Any

import base45
import cbor2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk.sandbox import DEMO, PEOPLE, payload_of, trusted_keys
from kiosk.sandbox.phone import Phone
from kiosk.sandbox.signing import hc1_text
from tests.cast import BHYT15, BHYT17, CCCD, NOW
from tests.verify.test_smart_health_cards import COVERAGE, KEYS, PATIENT, claims
from tests.verify.test_smart_health_cards import card as smart_card
from verify import (
    Card,
    CoverageRecord,
    CoverageUnreadable,
    Knowledge,
    Outcome,
    judge,
    read_jwks,
    verdict_json,
)
from verify.errors import VerifyError

KNOWN = Knowledge(read_jwks(trusted_keys(NOW)), demo=True)
SMART = Knowledge(KEYS)
PHONE = Phone("a strategy's phone")
GOOD = [payload_of(patient, NOW) for patient in PEOPLE] + [BHYT17, BHYT15, CCCD]
GENUINE = [judge(text.encode(), NOW, KNOWN).card for text in GOOD]
PLANTED = ["Hoàng Thị Gieo", "Hoàng Thị Gieo".encode().hex(), "9999977777", "001099977777"]

digits = st.text("0123456789", max_size=16)
planted = st.sampled_from(PLANTED)
words = planted | st.text(max_size=20)
in_hex = words.map(lambda text: text.encode(errors="replace").hex())
dates = st.dates().map(lambda day: f"{day:%d/%m/%Y}") | digits | st.just("-")
ends = st.sampled_from(["|$", "|#", "", "|", "$"])


def line(*fields: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*fields).map("|".join)


numbers = planted | digits | st.from_regex(r"[A-Z]{2}[1-7]\d{12}", fullmatch=True)
bhyt = st.tuples(
    line(numbers, in_hex, dates, st.sampled_from("123"), in_hex | st.just("-"),
         st.just("01 - 999") | words, dates, dates, dates, numbers, words, digits, dates,
         st.from_regex(r"[0-9a-f]{1,16}-\d{4}", fullmatch=True))
    | line(numbers, in_hex, dates, digits, words, dates, dates, dates),
    st.sampled_from(["", "|4|-"]) | words,
    ends,
).map("".join)  # fmt: skip
cccd = line(
    st.just("001099977777") | digits, digits, words, digits, st.sampled_from(["Nam", "Nữ", "x"]),
    words, digits, words,
)  # fmt: skip
typed = st.tuples(numbers, st.sampled_from(["", " ", "-", "O", "\u00e9"]), digits).map("".join)
smart = st.text("0123456789/", max_size=300).map("shc:/".__add__)
letters = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:", max_size=200)
hc1 = letters.map("HC1:".__add__) | st.binary(max_size=200).map(
    lambda data: "HC1:" + base45.b45encode(zlib.compress(data)).decode()
)

leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.binary(max_size=40) | words
trees = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.integers(-300, 20) | words, inner)
    ),
    max_leaves=12,
)
fields = st.dictionaries(st.integers(0, 9), trees | st.just("GD4019999977777") | planted)
cwt = st.fixed_dictionaries(
    {1: st.just("VN") | trees, 4: st.just(int(NOW.timestamp()) + 9) | trees},
    optional={6: st.just(0) | trees, 8: trees, -260: st.fixed_dictionaries({-84: fields}) | trees},
)
json_trees = st.recursive(
    st.none() | st.booleans() | st.integers() | words,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*COVERAGE, *PATIENT, "family"]), inner)
    ),
    max_leaves=10,
)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """Return a good card of which a piece was removed, changed, doubled or replaced."""
    card = draw(st.sampled_from(GOOD))
    place, length = draw(st.integers(0, len(card))), draw(st.integers(0, 30))
    piece = card[place : place + length]
    middle = draw(st.sampled_from(["", piece * 2, piece.lower(), piece[::-1]]) | words)
    return card[:place] + middle + card[place + length :]


class MessageRecorder(logging.Handler):
    """Records every log line and the message of every error that is made."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture(scope="module")
def recorder() -> Iterator[MessageRecorder]:
    made, root = MessageRecorder(), logging.getLogger()
    level = root.level

    def record_and_init(self: VerifyError, *args: object) -> None:
        made.lines.append(repr(args))
        Exception.__init__(self, *args)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(VerifyError, "__init__", record_and_init)
        root.addHandler(made)
        root.setLevel(logging.DEBUG)
        yield made
        root.removeHandler(made)
        root.setLevel(level)


def judged(text: str, known: Knowledge, recorder: MessageRecorder) -> Outcome:
    """Return the outcome of a payload, after checking that no message named anybody."""
    recorder.lines.clear()
    verdict = judge(text.encode(errors="surrogatepass"), NOW, known)
    verdict_json(verdict)
    messages = "\n".join(recorder.lines)
    assert not [secret for secret in PLANTED if secret.casefold() in messages.casefold()]
    if verdict.card in GENUINE:
        return Outcome.UNCONFIRMED  # only what readers may add was added to a good card
    return verdict.outcome


many = settings(suppress_health_check=list(HealthCheck))


@many
@given(bhyt | cccd | typed | smart | hc1 | damaged())
def test_an_unsigned_payload_is_judged_and_not_admitted(
    recorder: MessageRecorder, text: str
) -> None:
    assert judged(text, KNOWN, recorder) is not Outcome.ADMITTED


@many
@given(cwt | trees)
def test_any_claims_under_a_good_signature_are_judged(recorder: MessageRecorder, body: Any) -> None:
    judged(DEMO.sign_payload(cbor2.dumps(body)), KNOWN, recorder)


@many
@given(trees)
def test_any_unsigned_message_is_judged_and_not_admitted(
    recorder: MessageRecorder, message: Any
) -> None:
    assert judged(hc1_text(cbor2.dumps(message)), KNOWN, recorder) is not Outcome.ADMITTED
    shown = PHONE.show(cbor2.dumps(message), NOW)
    assert judged(shown, KNOWN, recorder) is not Outcome.ADMITTED


@many
@given(json_trees, json_trees)
def test_any_health_card_under_a_good_signature_is_judged(
    recorder: MessageRecorder, coverage: Any, patient: Any
) -> None:
    resources: list[dict[str, Any]] = [
        COVERAGE | (coverage if isinstance(coverage, dict) else {}),
        PATIENT | (patient if isinstance(patient, dict) else {}),
    ]
    judged(smart_card(claims(*resources)), SMART, recorder)
    judged(smart_card(coverage), SMART, recorder)


def test_the_recorder_notices_a_secret_that_leaks(recorder: MessageRecorder) -> None:
    def recall_with_leak(_card: Card) -> CoverageRecord:
        raise CoverageUnreadable(PLANTED[0])

    with pytest.raises(AssertionError):
        judged(BHYT17, Knowledge(recall=recall_with_leak), recorder)
