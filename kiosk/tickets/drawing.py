"""A ticket as a picture: black dots on white paper, 8 dots to the millimetre.

- The sizes are those of design §16, in points on paper of 80 mm, of which 576 dots are printed.  A
  narrower printer gets the same ticket, smaller.
- The picture has black and white only: a thermal head prints dots, and grey would become a pattern.
- Nothing is cut off: a long name or room is wrapped, also within a word, and a long number
  gets smaller.
- The font has Latin letters only.  LACKING stands for a character that it lacks, as on our other
  papers (docs/decisions/0023).
"""

from __future__ import annotations

import functools
import io
import unicodedata
from collections.abc import Iterator
from importlib.resources import files

import segno
from PIL import Image, ImageDraw, ImageFont

from kiosk.tickets.ticket import PrintedTicket
from kiosk.tickets.wording import Language, TicketText, ticket_text

FULL_WIDTH = 576  # dots, 72 mm
DOTS_PER_POINT = 203 / 72
FONT_PACKAGE, FONT_FILE = "fontpkg_be_vietnam_pro", "BeVietnamPro-{}.ttf"
PLAIN, BOLD = "Medium", "Bold"
LACKING = "¤"
MARGIN = 24  # dots at the top and the bottom; a printer's cutter needs some paper of its own
LINE_HEIGHT = 1.3  # of the size, room for marks above marks, as in Ẫ
CODE_SIDE = 176  # dots, at most, with its quiet zone
QUIET_MODULES = 4
MAX_LARGE_LINES = 2  # a longer name of a room is drawn smaller
BLACK_BELOW = 150  # of 255
NO_CHARACTER = "\uffff"  # no font has a letter for it

Font = ImageFont.FreeTypeFont


def draw_ticket(
    ticket: PrintedTicket, language: Language = "vi", width: int = FULL_WIDTH
) -> Image.Image:
    """Return a ticket as a picture of `width` dots, in mode "1" (black and white)."""
    text = ticket_text(ticket, language)
    roll = _Roll(width)
    _draw_head(roll, text)
    if text.payment:
        roll.space(10)
        roll.dashes()
        roll.passage([(text.payment, 13, BOLD), (text.payment_more, 11, PLAIN)])
    roll.space(8)
    _draw_foot(roll, text)
    return roll.picture()


def _draw_head(roll: _Roll, text: TicketText) -> None:
    roll.centred(text.facility.upper(), 11, BOLD)
    roll.space(6)
    roll.centred(text.heading, 11, PLAIN)
    roll.number(text.label, 92)
    if text.room:
        roll.framed(text.room, 24)
    roll.space(8)
    roll.centred(text.person, 15, BOLD)
    roll.centred(text.at, 11, PLAIN)
    roll.centred(text.again, 13, BOLD)


def _draw_foot(roll: _Roll, text: TicketText) -> None:
    """Draw the way and the ids, with the code beside them."""
    if text.code:
        roll.with_code(text.code, [(text.way, 10, PLAIN)], [(text.foot, 9, PLAIN)])
    else:
        roll.passage([(text.way, 10, PLAIN)])
        roll.space(6)
        roll.centred(text.foot, 9, PLAIN)


Words = list[tuple[str, Font]]  # each word with its font
Runs = list[tuple[str, int, str]]  # text, size in points, cut of the font


class _Roll:
    """Paper that gets longer as it is drawn on."""

    def __init__(self, width: int) -> None:
        self._width, self._scale = width, width / FULL_WIDTH
        self._image = Image.new("L", (width, self._dots(400)), 255)
        self._draw = ImageDraw.Draw(self._image)
        self._y = self._dots(MARGIN)

    def picture(self) -> Image.Image:
        """Return what was drawn, in black and white."""
        whole = self._image.crop((0, 0, self._width, self._y + self._dots(MARGIN)))
        return whole.point([0] * BLACK_BELOW + [255] * (256 - BLACK_BELOW)).convert("1")

    def space(self, dots: int) -> None:
        """Leave some paper white."""
        self._advance(self._dots(dots))

    def centred(self, text: str, points: int, cut: str) -> None:
        """Draw a text in the middle, on as many lines as it needs."""
        for line in self._lines([(text, points, cut)], self._width):
            self._line(line, (self._width - _width_of(line)) // 2)

    def passage(self, runs: Runs, width: int | None = None) -> None:
        """Draw a paragraph from the left."""
        for line in self._lines(runs, width or self._width):
            self._line(line, 0)

    def number(self, label: str, points: int) -> None:
        """Draw the number as large as it fits; its digits have no marks above or below."""
        font = self._font(points, BOLD)
        while font.getlength(label) > self._width and points > 8:
            points -= 2
            font = self._font(points, BOLD)
        left, top, right, bottom = font.getbbox(label)
        gap = self._dots(18)
        self._grow(round(bottom - top) + 2 * gap)
        x = (self._width - (right - left)) // 2 - left
        self._draw.text((x, self._y + gap - top), label, font=font, fill=0)
        self._advance(round(bottom - top) + 2 * gap)

    def framed(self, text: str, points: int) -> None:
        """Draw a text in a frame."""
        border, padding = max(self._dots(5), 2), self._dots(12)
        inside = self._width - 2 * (border + padding)
        lines = self._lines([(text, points, BOLD)], inside)
        if len(lines) > MAX_LARGE_LINES:
            lines = self._lines([(text, points * 2 // 3, BOLD)], inside)
        top = self._y
        self._advance(border + padding // 2)
        for line in lines:
            self._line(line, (self._width - _width_of(line)) // 2)
        self._advance(border + padding)
        frame = (0, top, self._width - 1, self._y - 1)
        self._draw.rectangle(frame, outline=0, width=border)

    def dashes(self) -> None:
        """Draw a dashed line over the whole width."""
        thick, dash = max(self._dots(3), 1), self._dots(10)
        self._grow(thick)
        for x in range(0, self._width, 2 * dash):
            self._draw.rectangle((x, self._y, x + dash - 1, self._y + thick - 1), fill=0)
        self._advance(thick + self._dots(12))

    def with_code(self, code: str, *passages: Runs) -> None:
        """Draw paragraphs, with a QR code to the right of them."""
        picture = _code_picture(code, self._dots(CODE_SIDE))
        top, gap = self._y, self._dots(12)
        self._grow(picture.height)
        self._image.paste(picture, (self._width - picture.width, top))
        for runs in passages:
            self.passage(runs, self._width - picture.width - gap)
            self.space(6)
        self._advance(max(0, top + picture.height - self._y))

    def _line(self, words: Words, x: int) -> None:
        height = max(_height_of(font) for _word, font in words)
        self._grow(height)
        baseline = self._y + round(height * 0.78)
        for word, font in words:
            self._draw.text((x, baseline), word, font=font, fill=0, anchor="ls")
            x += round(font.getlength(f"{word} "))
        self._advance(height)

    def _lines(self, runs: Runs, width: int) -> list[Words]:
        words = [
            (part, font)
            for text, points, cut in runs
            for font in [self._font(points, cut)]
            for word in drawable(text).split()
            for part in _parts_of(word, font, width)
        ]
        lines: list[Words] = []
        for word in words:
            if lines and _width_of([*lines[-1], word]) <= width:
                lines[-1].append(word)
            else:
                lines.append([word])
        return lines

    def _font(self, points: int, cut: str) -> Font:
        return _font(cut, max(round(points * DOTS_PER_POINT * self._scale), 6))

    def _dots(self, dots: int) -> int:
        return round(dots * self._scale)

    def _advance(self, dots: int) -> None:
        self._grow(dots)
        self._y += dots

    def _grow(self, dots: int) -> None:
        """Make the paper long enough for `dots` more."""
        needed = self._y + dots + self._dots(MARGIN)
        if needed > self._image.height:
            longer = Image.new("L", (self._width, 2 * needed), 255)
            longer.paste(self._image)
            self._image, self._draw = longer, ImageDraw.Draw(longer)


def drawable(text: str) -> str:
    """Return a text in NFC, with LACKING for each character that the font lacks."""
    return "".join(
        letter if letter.isspace() or _has_letter(letter) else LACKING
        for letter in unicodedata.normalize("NFC", text)
    )


@functools.cache
def _has_letter(letter: str) -> bool:
    """Return whether the font has a letter, and not only the sign for one that it lacks."""
    font = _font(PLAIN, 40)
    return bytes(font.getmask(letter)) != bytes(font.getmask(NO_CHARACTER))


def _width_of(words: Words) -> int:
    blanks = sum(round(font.getlength(f"{word} ")) for word, font in words[:-1])
    last, font = words[-1]
    return blanks + round(font.getlength(last))


def _height_of(font: Font) -> int:
    return round(font.size * LINE_HEIGHT)


def _parts_of(word: str, font: Font, width: int) -> Iterator[str]:
    """Yield a word in parts that fit into the width: most words are one part."""
    part = ""
    for letter in word:
        if part and font.getlength(part + letter) > width:
            yield part
            part = ""
        part += letter
    if part:
        yield part


@functools.cache
def _font(cut: str, size: int) -> Font:
    file = files(FONT_PACKAGE) / "files" / FONT_FILE.format(cut)
    # Basic layout needs no other library, and Vietnamese needs no other layout.
    return ImageFont.truetype(
        io.BytesIO(file.read_bytes()), size, layout_engine=ImageFont.Layout.BASIC
    )


def code_svg(code: str) -> str:
    """Return a QR code as an SVG element, for a page that the browser prints."""
    qr = segno.make(code, error="m", micro=False)
    return str(qr.svg_inline(border=QUIET_MODULES, svgclass="code", lineclass=None, omitsize=True))


def _code_picture(code: str, side: int) -> Image.Image:
    """Return a QR code with its quiet zone, as large as whole dots fit into `side`."""
    qr = segno.make(code, error="m", micro=False)
    modules = qr.symbol_size(border=QUIET_MODULES)[0]
    stream = io.BytesIO()
    qr.save(stream, kind="png", scale=max(side // modules, 3), border=QUIET_MODULES)
    return Image.open(stream).convert("L")
