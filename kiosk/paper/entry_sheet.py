"""Lay out the sheets on which patients are written down while the program is away.

- A4 across, one page for a sheet.  The page says what to do, so that nobody has to remember it.
- Each line has its code for readers and for people, and a number twice: one stays on the sheet, one
  is torn off for the patient along the dashed line on the right.
- A text that is too long for its place is set smaller, and then on two lines; nothing is cut off.
"""

from __future__ import annotations

import io

from reportlab.graphics import renderPDF
from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from kiosk.paper.pdf import (
    BOLD,
    CREATOR,
    GREY,
    INK,
    PLAIN,
    SHADE,
    drawable_text,
    register_fonts,
)
from kiosk.paper.sheets import EntryLine, EntrySheet, EntrySheetWords

PAGE = landscape(A4)
MARGIN = 8 * mm
HEAD, FOOT, COLUMN_HEAD = 30.5 * mm, 10 * mm, 6 * mm
CODE_SIZE = 11.6 * mm  # of a square code with its quiet zone
TEAR_OFF = 24 * mm  # wide, on the right
MIN_SIZE = 5.5  # points; a text that needs less is set on two lines
# The widths of the columns in relation to each other, without the code and the tear-off.
WIDTHS = {
    "number": 13,
    "time": 15,
    "name": 58,
    "born": 24,
    "card": 38,
    "room": 20,
    "phone": 25,
    "kind": 24,
    "signature": 21,
}


def entry_sheets_pdf(sheets: tuple[EntrySheet, ...], words: EntrySheetWords) -> bytes:
    """Return the sheets as PDF, each on a page of its own. Any thread may call it."""
    register_fonts()
    output = io.BytesIO()
    canvas = Canvas(output, pagesize=PAGE, lang=words.language)
    canvas.setTitle(drawable_text(words.title))
    canvas.setAuthor(drawable_text(words.facility))
    canvas.setCreator(CREATOR)
    canvas.setProducer(CREATOR)
    for number, sheet in enumerate(sheets, 1):
        page = words.page_of % {"page": number, "pages": len(sheets)}
        _draw_head(canvas, sheet, words)
        _draw_table(canvas, sheet, words)
        _draw_foot(canvas, words.foot, page)
        canvas.showPage()
    canvas.save()
    return output.getvalue()


def _draw_head(canvas: Canvas, sheet: EntrySheet, words: EntrySheetWords) -> None:
    left, right, top = MARGIN, PAGE[0] - MARGIN, PAGE[1] - MARGIN
    fields_width = 74 * mm
    width = right - left - fields_width - 6 * mm
    canvas.setFillColor(GREY)
    _draw_text(canvas, words.facility, left, top - 3.5 * mm, width, 9.5)
    canvas.setFillColor(INK)
    _draw_text(canvas, sheet.title, left, top - 10.5 * mm, width, 17, BOLD)
    for index, text in enumerate(words.instructions):
        _draw_text(canvas, text, left, top - (16 + 4.4 * index) * mm, width, 9)
    for index, label in enumerate((words.day_field, words.desk_field)):
        base = top - (6 + 10 * index) * mm
        canvas.setFillColor(INK)
        _draw_text(canvas, label, right - fields_width, base, 18 * mm, 10)
        canvas.setStrokeColor(INK)
        canvas.setLineWidth(0.8)
        canvas.line(right - fields_width + 19 * mm, base - 1 * mm, right, base - 1 * mm)
    canvas.setFillColor(GREY)
    _draw_text(canvas, sheet.printed, right - fields_width, top - 26 * mm, fields_width, 8)


def _draw_table(canvas: Canvas, sheet: EntrySheet, words: EntrySheetWords) -> None:
    left, top = MARGIN, PAGE[1] - MARGIN - HEAD
    right, bottom = PAGE[0] - MARGIN, MARGIN + FOOT
    tear = right - TEAR_OFF
    height = (top - COLUMN_HEAD - bottom) / len(sheet.lines)
    first = left + CODE_SIZE + 17 * mm
    scale = (tear - 2 * mm - first) / sum(WIDTHS.values())
    edges = [first]
    for width in WIDTHS.values():
        edges.append(edges[-1] + width * scale)
    canvas.setFillColor(SHADE)
    canvas.rect(left, top - COLUMN_HEAD, edges[-1] - left, COLUMN_HEAD, stroke=0, fill=1)
    canvas.setFillColor(INK)
    for index, name in enumerate(WIDTHS):
        room = edges[index + 1] - edges[index] - 2 * mm
        _draw_text(canvas, words.columns[name], edges[index] + mm, top - 4.1 * mm, room, 8.5, BOLD)
    for index, line in enumerate(sheet.lines):
        base = top - COLUMN_HEAD - height * (index + 1)
        _draw_code(canvas, line, left, base, height)
        _draw_centred(canvas, line.number, edges[0], edges[1], base + height / 2 - 4, 12)
        _draw_kinds(canvas, words.kinds, edges[7] + mm, base, height, edges[8] - edges[7])
        _draw_centred(canvas, line.number, tear, right, base + height * 0.42, 17)
        canvas.setFillColor(GREY)
        _draw_text(canvas, words.tear_off, tear + 2 * mm, base + 2 * mm, TEAR_OFF - 3 * mm, 7)
        canvas.setFillColor(INK)
        _draw_dots(canvas, (edges[1] + edges[2]) / 2, base + height * 0.3)
    canvas.setStrokeColor(INK)
    canvas.setLineWidth(0.5)
    for index in range(len(sheet.lines) + 1):
        base = top - COLUMN_HEAD - height * index
        canvas.line(left, base, edges[-1], base)
    for edge in edges:
        canvas.line(edge, top, edge, bottom)
    canvas.setDash(3, 2)
    canvas.line(tear, top, tear, bottom)
    for index in range(len(sheet.lines) + 1):
        base = top - COLUMN_HEAD - height * index
        canvas.line(tear, base, right, base)
    canvas.setDash()


def _draw_code(canvas: Canvas, line: EntryLine, left: float, base: float, height: float) -> None:
    """Draw a line's code for readers, and beside it the one for people."""
    widget = QrCodeWidget(line.scanned, barLevel="M", barBorder=3)
    widget.barWidth = widget.barHeight = CODE_SIZE
    drawing = Drawing(CODE_SIZE, CODE_SIZE)
    drawing.add(widget)
    renderPDF.draw(drawing, canvas, left, base + (height - CODE_SIZE) / 2)
    _draw_text(canvas, line.code, left + CODE_SIZE + 0.5 * mm, base + height / 2 - 3, 16 * mm, 10)


def _draw_kinds(
    canvas: Canvas, kinds: tuple[str, str], left: float, base: float, height: float, width: float
) -> None:
    """Draw the boxes to tick."""
    for index, kind in enumerate(kinds):
        at = base + height * (0.58 if index == 0 else 0.16)
        canvas.setStrokeColor(INK)
        canvas.setLineWidth(0.7)
        canvas.rect(left, at, 3 * mm, 3 * mm, stroke=1, fill=0)
        _draw_text(canvas, kind, left + 4 * mm, at + 0.5 * mm, width - 6 * mm, 7.5)


def _draw_dots(canvas: Canvas, middle: float, base: float) -> None:
    """Draw the colon between hours and minutes, so that nobody forgets the minutes."""
    for height in (0, 2.2 * mm):
        canvas.circle(middle, base + height, 0.45 * mm, stroke=0, fill=1)


def _draw_foot(canvas: Canvas, foot: str, page: str) -> None:
    left, right = MARGIN, PAGE[0] - MARGIN
    canvas.setFillColor(INK)
    _draw_text(canvas, foot, left, MARGIN + 4.5 * mm, right - left - TEAR_OFF, 9, BOLD)
    canvas.setFillColor(GREY)
    canvas.setFont(PLAIN, 7.5)
    canvas.drawRightString(right, MARGIN, drawable_text(page))


def _draw_centred(
    canvas: Canvas, text: str, left: float, right: float, base: float, size: float
) -> None:
    canvas.setFillColor(INK)
    size = _fitting_size(text, right - left - 2 * mm, size, BOLD)
    canvas.setFont(BOLD, size)
    canvas.drawCentredString((left + right) / 2, base, drawable_text(text))


def _draw_text(
    canvas: Canvas,
    text: str,
    left: float,
    base: float,
    width: float,
    size: float,
    font: str = PLAIN,
) -> None:
    """Draw a text in a width: smaller if it is long, and on two lines if that is not enough."""
    drawn = drawable_text(text)
    fitting = _fitting_size(drawn, width, size, font)
    if fitting >= MIN_SIZE or " " not in drawn:
        canvas.setFont(font, fitting)
        canvas.drawString(left, base, drawn)
        return
    words, middle = drawn.split(), len(drawn) / 2
    cuts = range(1, len(words))
    cut = min(cuts, key=lambda at: abs(len(" ".join(words[:at])) - middle))
    lines = (" ".join(words[:cut]), " ".join(words[cut:]))
    fitting = min(_fitting_size(line, width, size, font) for line in lines)
    canvas.setFont(font, fitting)
    for index, line in enumerate(lines):
        canvas.drawString(left, base - index * fitting * 1.3, line)


def _fitting_size(text: str, width: float, size: float, font: str) -> float:
    """Return the size, at most `size` points, at which a text is no wider than `width`."""
    needed = float(stringWidth(text, font, size))
    return size if needed <= width else size * width / needed
