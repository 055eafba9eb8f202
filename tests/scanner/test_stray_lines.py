"""A line, or noise, before or between cards swallows no card, however the bytes arrive."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.readers.scans import extent_of
from scanner.framing import Extent, Framer
from tests.cast import BHYT15, BHYT17, CCCD, payload
from verify import holds_text
from verify.formats.classify import normalise

HC1 = payload("binh")
CARDS = [BHYT15.encode(), BHYT17.encode(), CCCD.encode(), HC1, (CCCD + "||||").encode()]
LABELS = [
    b"8934567890123",
    b"12345670",
    b"12",
    b"AB12",
    b"DN401",
    b"https://bhxh.example/app?id=1#top",
    b"00020101021138540010A00000072701240006970436011012345678900208QRIBFTTA53037045802VN6304ABCD",
    b"AT",
    b"AT+GCAP",
    b"OK",
    "Số 1, Phường Thử, Hà Nội".encode(),
    b"BEGIN:VCARD",
    b"BN-2024/000123",
    b"QR",
]
NOISE = [b"\r", b"\n", b"\0", b"\0\0\0", b" ", b"\x02", b"\x03", b"\x04", b" \t ", b"\0" * 5_000]
ENDS = [b"\r", b"\r\n", b"\n", b"\t"]


class Sent(NamedTuple):
    """What a reader sends, and the card in it."""

    data: bytes
    card: bytes | None = None


def with_end(text: bytes, end: bytes, card: bytes | None = None) -> Sent:
    return Sent(text + end, card)


def with_enter_inside(card: bytes, place: int, end: bytes) -> Sent:
    place = 1 + place % (len(card) - 1)
    return Sent(card[:place] + end + card[place:] + end, card)


noise = st.sampled_from(NOISE).map(Sent)
label = st.builds(with_end, st.sampled_from(LABELS), st.sampled_from(ENDS))
whole = st.sampled_from(CARDS)
card = st.builds(lambda text, end: Sent(text + end, text), whole, st.sampled_from(ENDS))
cut = st.builds(with_enter_inside, whole, st.integers(0, 2_000), st.sampled_from(ENDS[:3]))
framed = whole.map(lambda text: Sent(b"\x02" + text + b"\x03", text))
closed = st.sampled_from([BHYT15, BHYT17]).map(lambda text: Sent(text.encode(), text.encode()))
pauses = st.sampled_from([0.0, 0.0, 0.004, 0.03, 0.06, 0.2, 1.0])


def received(sent: list[tuple[Sent, float]], size: int) -> list[bytes]:
    """Return what a framer delivers of pieces that arrive in chunks, each with a pause behind."""
    framer, now, payloads = Framer(extent_of=extent_of), 1.0, []
    for (data, _), pause in sent:
        for place in range(0, len(data), size):
            payloads += framer.feed(data[place : place + size], now)
        for _ in range(int(pause / 0.05)):
            now += 0.05
            payloads += framer.tick(now)
        now += pause % 0.05
    return payloads + framer.tick(now + 1)


def reading(scan: bytes) -> str:
    """Return the text of a card without the empty fields at its end."""
    return normalise(scan).rstrip("|")


def cards_in(payloads: list[bytes]) -> list[str]:
    return [reading(scan) for scan in payloads if extent_of(scan) is Extent.WHOLE]


@settings(max_examples=200)
@given(
    st.lists(st.tuples(noise | label | card | cut | framed | closed, pauses), max_size=8),
    st.sampled_from([1, 7, 64, 10_000]),
)
def test_each_card_is_delivered_once_and_noise_never(
    sent: list[tuple[Sent, float]], size: int
) -> None:
    payloads = received(sent, size)

    assert cards_in(payloads) == [reading(each.card) for each, _ in sent if each.card]
    assert all(holds_text(scan) for scan in payloads)
