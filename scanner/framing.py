"""Cut a stream of bytes into payloads.

1.  CR, LF or TAB ends a payload, and so do NUL, ETX and EOT; without an end mark, silence does.
2.  Control characters and blanks alone are noise of the line and no payload, and so are a few bytes
    that are no text.  In front of a payload at most `MAX_LEAD` control characters and blanks are
    kept: a protocol may put its length there.
3.  Some readers put an Enter in the middle of a long code.  What may be the first part of a card
    therefore waits for a short silence, and is joined with what follows if that goes on with it.
    A number waits too: a card may begin with it.
    Every other line ends with its Enter and is never joined with a card: a label or a web address
    that was scanned before a card does not swallow it.
4.  Lines that are nothing known wait too: a code may have several, and is one scan.
5.  A whole card that closes itself ends at once, even if the next scan follows without a gap.
6.  What follows a closed card or a NUL without an end mark between is a scan only if it is a card.
    Otherwise it is the checksum or the suffix of a reader.  The same holds for the rest of a card
    that was whole before its end.
7.  An over-long payload is dropped as a whole, up to its end: half a card is worse than none.

Pure: the time comes in as an argument.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import NamedTuple

MAX_PAYLOAD_BYTES = 4_096
MAX_NOISE_BYTES = 8  # that are no text: a line that is plugged in makes some
MAX_LEAD = 6  # bytes of noise that are kept in front of a payload
MAX_STARTS = 4  # of the newest pieces at which a card may begin
MAX_PIECES = 80  # that wait: a signed card in blocks of 64 bytes has fewer
MAX_CLOSINGS = 16  # of one payload that are looked at; a card has one
MIN_CARD_BYTES = 9  # the shortest number
SILENCE_S = 0.15  # after this long a reader that sends no end mark has finished
SILENCE_AFTER_MARK_S = 0.08  # the same behind an end mark that did not end a payload
END_MARKS = frozenset(b"\r\n\t")
NUL, STX, ETX, EOT, BLANK, BAR = 0, 2, 3, 4, 0x20, 0x7C
CLOSING_BYTES = frozenset(b"$#")  # behind a bar they close a payload themselves, if it is whole
NO_SIGNS = frozenset((*range(0x21), 0x7F))  # control characters and the blank
BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")


class Extent(Enum):
    """How much of a card a payload holds."""

    WHOLE = "a whole card"
    NUMBER = "a whole number, with which a card may begin"
    BEGUN = "begins as a card does, and may go on"
    STUB = "so short that a card may begin so"
    CODE = "another code, complete"
    REST = "the end of a card"
    TEXT = "nothing known, may have more lines"


CARD_PARTS = (Extent.NUMBER, Extent.BEGUN, Extent.STUB)
ExtentOf = Callable[[bytes], Extent]


class _Piece(NamedTuple):
    """The bytes between two end marks, and the noise in front of them."""

    lead: bytes
    body: bytes
    is_tail: bool = False  # it follows another payload without an end mark


class Framer:
    """The bytes of the payload that is arriving now."""

    def __init__(
        self,
        silence_s: float = SILENCE_S,
        extent_of: ExtentOf | None = None,
        end_marks: frozenset[int] = END_MARKS,
        max_bytes: int = MAX_PAYLOAD_BYTES,
    ) -> None:
        """Start with nothing; without `extent_of`, each end mark ends a payload.

        Without `end_marks`, only silence does, and a whole card that closes itself.
        """
        self._silence_s = silence_s
        self._extent_of = extent_of
        self._end_marks = end_marks
        self._stops = frozenset((NUL, ETX, EOT)) if end_marks else frozenset[int]()
        self._max_bytes = max_bytes
        self._fed_at = 0.0
        self._lead = b""
        self._body = bytearray()
        self._dropping = False
        self._closings = 0  # in the body, none of which closed it
        self._pending: list[_Piece] = []  # ended by an end mark, but more may belong to them
        self._pending_extent = Extent.TEXT
        self._is_tail = False  # nothing but a card may follow now
        self._was_whole = False  # the last payload was, and no silence came since

    @property
    def is_idle(self) -> bool:
        """Whether no payload has begun to arrive."""
        return not (self._body or self._pending or self._dropping)

    def feed(self, data: bytes, now: float) -> list[bytes]:
        """Take bytes that came at `now` (seconds, monotonic); return the payloads they complete."""
        payloads: list[bytes] = []
        for byte in data:
            if byte in self._end_marks:
                payloads += self._end_piece()
                self._is_tail = False
            elif self._dropping:
                continue
            elif not self._body and byte in NO_SIGNS:
                self._add_noise(byte)
            elif byte in self._stops and not _is_wide(self._body, byte):
                payloads += self.finish()
                self._is_tail = True
            else:
                payloads += self._append(byte)
        self._fed_at = now
        return payloads

    def tick(self, now: float) -> list[bytes]:
        """Return the payloads that silence until `now` (seconds, monotonic) completes, if any."""
        silence_s = self._silence_s
        if self._pending and not self._body:
            silence_s = min(SILENCE_AFTER_MARK_S, silence_s)
        return self.finish() if now - self._fed_at > silence_s else []

    def finish(self) -> list[bytes]:
        """Return the payloads that the end of all bytes completes, if any."""
        payloads = self._end_piece() + self._give_pending()
        self._is_tail = self._was_whole = False
        return payloads

    def _add_noise(self, byte: int) -> None:
        if byte == STX:
            self._is_tail = False  # a frame of its own begins
        self._lead = (self._lead + bytes((byte,)))[-MAX_LEAD:]

    def _append(self, byte: int) -> list[bytes]:
        body = self._body
        body.append(byte)
        if len(body) == 4 and body[1] == NUL != body[3] and not _has_order_mark(body):
            del body[:2]  # not UTF-16: noise before the NUL
        if len(body) > self._max_bytes:
            body.clear()
            self._dropping = True
            return self._give_pending()
        if byte not in CLOSING_BYTES or BAR not in body[-4:-1] or self._closings > MAX_CLOSINGS:
            return []
        self._closings += 1
        payloads = self._take_whole([*self._pending, _Piece(self._lead, bytes(body))])
        if payloads:
            self._lead, self._is_tail, self._closings = b"", True, 0
            body.clear()
        return payloads

    def _end_piece(self) -> list[bytes]:
        """End the bytes since the last end mark; return the payloads that this completes."""
        piece = _Piece(self._lead, bytes(self._body), self._is_tail)
        self._lead = b""
        self._body.clear()
        self._dropping = False
        self._closings = 0
        if _is_noise(piece.body):
            return []
        if self._extent_of is None:
            return [_joined([piece])]
        payloads = self._take_whole([*self._pending, piece])
        return payloads or self._settle(piece, self._extent_of)

    def _take_whole(self, pieces: list[_Piece]) -> list[bytes]:
        """Return the whole card that the pieces end with, and what came before it."""
        newest = range(max(1, len(pieces) - MAX_STARTS), len(pieces))
        for start in (0, *newest):
            payload = _joined(pieces[start:])
            if self._extent_of is not None and self._extent_of(payload) is Extent.WHOLE:
                self._pending = pieces[:start]
                payloads = [*self._give_pending(), payload]
                self._was_whole = True
                return payloads
        return []

    def _settle(self, piece: _Piece, extent_of: ExtentOf) -> list[bytes]:
        """Decide what becomes of a piece that ends no whole card."""
        extent = extent_of(_joined([piece]))
        is_rest = self._was_whole and extent is Extent.REST
        if is_rest or (piece.is_tail and extent not in CARD_PARTS):
            return []
        pieces = [*self._pending, piece]
        together = self._extent_together(pieces, extent)
        if together is not None:
            self._pending, self._pending_extent = pieces, together
            return []
        payloads = self._give_pending()
        if extent is Extent.CODE:
            return [*payloads, _joined([piece])]
        self._pending, self._pending_extent = [piece], extent
        return payloads

    def _extent_together(self, pieces: list[_Piece], extent: Extent) -> Extent | None:
        """Return the extent of the pieces, of which the last has `extent`, as one code.

        None if the last one does not belong to those before it.
        """
        before = self._pending_extent
        length = sum(len(piece.body) for piece in pieces)
        if self._extent_of is None or len(pieces) < 2:
            return None
        if length > self._max_bytes or len(pieces) > MAX_PIECES:
            return None
        if before is Extent.TEXT and extent in (Extent.TEXT, Extent.REST):
            return before
        joined = self._extent_of(_joined(pieces))
        is_number = before is Extent.STUB and joined in (Extent.STUB, Extent.NUMBER)
        return joined if joined is Extent.BEGUN or is_number else None

    def _give_pending(self) -> list[bytes]:
        """Return the pieces that wait, joined; a piece that begins another card begins a payload.

        Nothing waits afterwards.
        """
        pieces, self._pending = self._pending, []
        self._was_whole = self._was_whole and not pieces
        payloads: list[list[_Piece]] = []
        for piece in pieces:
            is_begun = bool(payloads) and self._begins(payloads[-1][0]) and self._begins(piece)
            if is_begun or not payloads:
                payloads.append([])
            payloads[-1].append(piece)
        return [_joined(payload) for payload in payloads if not _is_too_short(payload)]

    def _begins(self, piece: _Piece) -> bool:
        return self._extent_of is not None and self._extent_of(_joined([piece])) is Extent.BEGUN


def split_payload(data: bytes, extent_of: ExtentOf, end_marks: frozenset[int]) -> list[bytes]:
    """Return the payloads in bytes that came at once: the scans of a reader, with its end marks."""
    framer = Framer(extent_of=extent_of, end_marks=end_marks)
    return framer.feed(data, now=0) + framer.finish()


def _joined(pieces: Sequence[_Piece]) -> bytes:
    """Return the bytes of pieces. Within a code a blank is a letter; other noise is left out."""
    first, *more = pieces
    rest = (bytes(byte for byte in piece.lead if byte == BLANK) + piece.body for piece in more)
    return first.lead + first.body + b"".join(rest)


def _is_noise(body: bytes) -> bool:
    """Return whether a few bytes are no text in any encoding that a card may have."""
    return len(body) <= MAX_NOISE_BYTES and not body.decode("utf-8", "ignore").strip()


def _is_too_short(pieces: Sequence[_Piece]) -> bool:
    """Return whether pieces behind another payload are shorter than any card."""
    return pieces[0].is_tail and sum(len(piece.body) for piece in pieces) < MIN_CARD_BYTES


def _has_order_mark(body: bytes | bytearray) -> bool:
    return body.startswith(BYTE_ORDER_MARKS)


def _is_wide(body: bytearray, byte: int) -> bool:
    """Return whether a byte that could end a payload belongs to a letter of UTF-16."""
    if _has_order_mark(body):
        return True
    if len(body) < 2:
        return byte == NUL
    return body[1] == NUL and (len(body) < 4 or body[3] == NUL)
