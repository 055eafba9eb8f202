"""Lay out a document as PDF, on pages of A4 or A5, or on a roll.

- The font is Be Vietnam Pro, from the package fontpkg-be-vietnam-pro (docs/decisions/0023).  The
  letters that a document uses are embedded, with their characters: text can be found and copied.
- A text is put into NFC.  The font has Latin letters only: LACKING stands for each character that
  it lacks, and the paper then says so.
- Nothing is cut off: long words and numbers are broken, and long tables go on on the next page.
"""

from __future__ import annotations

import functools
import io
import itertools
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.resources import files
from xml.sax.saxutils import escape

from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing, Rect
from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4, A5
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    CondPageBreak,
    Flowable,
    KeepTogether,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

from kiosk.paper.document import (
    Bars,
    Block,
    Codes,
    Facts,
    Grid,
    Heading,
    Paper,
    PaperSize,
    Passage,
    Steps,
    Tone,
)

FONT_PACKAGE, FONT_FILE = "fontpkg_be_vietnam_pro", "BeVietnamPro-{}.ttf"
PLAIN, BOLD = "BeVietnamPro-Regular", "BeVietnamPro-SemiBold"
CREATOR = "Tiếp Đón"
FRAME_PADDING = 6  # points; reportlab's own
ROLL_LENGTH = 3000 * mm  # of the page on which a roll is measured
SCALE_STEP, MIN_SCALE = 0.05, 0.85  # by which letters get smaller, and the smallest ones
CODE_SIZE, CODE_PLACE = 27 * mm, 41 * mm  # of a QR code with its quiet zone; how wide its text is
INK, GREY, LINE, SHADE = (HexColor(code) for code in ("#111111", "#555555", "#bbbbbb", "#f1f1f1"))
HEADING_NEEDS = 35 * mm  # of space below, so that it does not stand alone at the end of a page
LABEL_SHARE = 0.27  # of the width, for the labels of facts
LACKING = "¤"  # in the place of a character that the font lacks


def _style(size: float, font: str = PLAIN, **more: object) -> ParagraphStyle:
    return ParagraphStyle(
        f"{font} {size} {sorted(more)}",
        **{
            "fontName": font,
            "fontSize": size,
            "leading": size * 1.45,  # room for marks above marks, as in Ẫ
            "textColor": INK,
            "splitLongWords": True,
            **more,
        },
    )


@dataclass(frozen=True, slots=True)
class Layout:
    """The page of a document, and how much its letters are enlarged. Lengths are in points."""

    page: tuple[float, float]
    margin: float
    scale: float

    @property
    def width(self) -> float:
        """How wide the text is."""
        return self.page[0] - 2 * (self.margin + FRAME_PADDING)

    def style(self, size: float, font: str = PLAIN, **more: object) -> ParagraphStyle:
        """Return a style in this size, or larger."""
        return _style(size * self.scale, font, **more)

    def passage(self, tone: Tone) -> ParagraphStyle:
        """Return the style of a passage."""
        match tone:
            case Tone.BODY:
                return self.style(9.5, spaceAfter=1.5 * mm)
            case Tone.LEAD:
                more = {"spaceBefore": 4 * mm, "spaceAfter": 4 * mm, "backColor": SHADE}
                return self.style(10.5, borderPadding=(6, 7, 7, 7), **more)
            case Tone.NOTE:
                return self.style(8, textColor=GREY, spaceAfter=1 * mm)
            case Tone.CODE:  # broken anywhere
                return self.style(8.4, spaceAfter=1.5 * mm, wordWrap="CJK")


LAYOUTS = {  # by size, and whether it is large
    (PaperSize.A4, False): Layout(A4, 17 * mm - FRAME_PADDING, 1),
    (PaperSize.A4, True): Layout(A4, 17 * mm - FRAME_PADDING, 1.45),
    (PaperSize.A5, False): Layout(A5, 11 * mm - FRAME_PADDING, 1),
    (PaperSize.A5, True): Layout(A5, 11 * mm - FRAME_PADDING, 1.3),
    # A roll of 80 mm has 72 mm that are printed.
    (PaperSize.ROLL, False): Layout((80 * mm, ROLL_LENGTH), 5 * mm - FRAME_PADDING, 0.9),
    (PaperSize.ROLL, True): Layout((80 * mm, ROLL_LENGTH), 5 * mm - FRAME_PADDING, 0.95),
}


def to_pdf(paper: Paper) -> bytes:
    """Return a document as PDF. Any thread may call it."""
    register_fonts()
    layout = LAYOUTS[paper.size, paper.is_large]
    _, pages, used = _laid_out(paper, layout, 0)
    least = 1
    if paper.on_one_page and pages > 1:  # what takes two pages even so has the largest letters
        least = _laid_out(paper, replace(layout, scale=MIN_SCALE), 0)[1]
    while paper.on_one_page and pages > least and layout.scale > MIN_SCALE:
        layout = replace(layout, scale=max(MIN_SCALE, layout.scale - SCALE_STEP))
        _, pages, used = _laid_out(paper, layout, 0)
    if paper.size is PaperSize.ROLL and pages == 1:
        layout = replace(layout, page=(layout.page[0], used))
    return _laid_out(paper, layout, pages)[0]


@functools.cache
def register_fonts() -> None:
    """Make the fonts known to reportlab, which keeps them for the whole process."""
    for name in (PLAIN, BOLD):
        file = files(FONT_PACKAGE) / "files" / FONT_FILE.format(name.partition("-")[2])
        pdfmetrics.registerFont(TTFont(name, io.BytesIO(file.read_bytes())))


def _laid_out(paper: Paper, layout: Layout, pages: int) -> tuple[bytes, int, float]:
    """Return the PDF, whose footers say that it has `pages` pages.

    Also returns how many it has, and how much of the last one's height is used.
    """
    output = io.BytesIO()
    is_roll = paper.size is PaperSize.ROLL
    margin = layout.margin
    document = SimpleDocTemplate(
        output,
        pagesize=layout.page,
        leftMargin=margin,
        rightMargin=margin,
        topMargin=margin,
        subject="",
        bottomMargin=margin if is_roll else margin + 6 * mm,
        title=drawable_text(paper.title),
        author=drawable_text(paper.issuer),
        creator=CREATOR,
        producer=CREATOR,
        lang=paper.language,
    )

    def add_footer(canvas: Canvas, _document: SimpleDocTemplate) -> None:
        if is_roll:
            return
        left, right = margin + FRAME_PADDING, layout.page[0] - margin - FRAME_PADDING
        canvas.setStrokeColor(LINE)
        canvas.line(left, margin + 4 * mm, right, margin + 4 * mm)
        canvas.setFont(PLAIN, 7.5)
        canvas.setFillColor(GREY)
        canvas.drawString(left, margin, drawable_text(paper.footer))
        page = paper.page_of % {"page": canvas.getPageNumber(), "pages": pages}
        canvas.drawRightString(right, margin, drawable_text(page))

    flow = [
        _paragraph(paper.issuer, layout.style(9.5, textColor=GREY, spaceAfter=1 * mm)),
        _paragraph(paper.title, layout.style(16, BOLD, spaceAfter=2 * mm)),
    ]
    for block in paper.blocks:
        flow += _flowables(block, layout)
    if any(LACKING in drawable_text(text) for text in _texts(paper)):
        flow.append(_paragraph(f"{LACKING}  {paper.lacking_note}", layout.passage(Tone.NOTE)))
    if is_roll:
        flow.append(_paragraph(paper.footer, layout.passage(Tone.NOTE)))
    document.build(flow, onFirstPage=add_footer, onLaterPages=add_footer)
    used = layout.page[1] - document.frame._y + margin + FRAME_PADDING
    return output.getvalue(), document.page, used


def _flowables(block: Block, layout: Layout) -> list[Flowable]:
    match block:
        case Heading():
            return [CondPageBreak(HEADING_NEEDS), _heading(block.text, layout)]
        case Passage():
            return [_paragraph(block.text, layout.passage(block.tone))]
        case Facts():
            return _facts(block, layout)
        case Grid():
            return [_grid(block, layout), Spacer(0, 2 * mm)]
        case Bars():
            return [_bars(block, layout), Spacer(0, 2 * mm)] if block.rows else []
        case Steps():
            return [_steps(block, layout), Spacer(0, 2 * mm)] if block.rows else []
        case Codes():
            together = [_heading(block.heading, layout), _codes(block, layout)]
            return [KeepTogether(together), Spacer(0, 2 * mm)] if block.rows else []


def _heading(text: str, layout: Layout) -> Flowable:
    return _paragraph(text, layout.style(11.5, BOLD, spaceBefore=5 * mm, spaceAfter=1.5 * mm))


def _facts(block: Facts, layout: Layout) -> list[Flowable]:
    if not block.rows:
        return []
    label, value = layout.style(8.8, textColor=GREY), layout.style(8.8)
    cells = [[_paragraph(name, label), _paragraph(text, value)] for name, text in block.rows]
    widths = [layout.width * LABEL_SHARE, layout.width * (1 - LABEL_SHARE)]
    return [Table(cells, widths, style=TableStyle([*_TIGHT, ("LEFTPADDING", (0, 0), (0, -1), 0)]))]


def _grid(block: Grid, layout: Layout) -> Flowable:
    bold, plain = layout.style(8.8, BOLD), layout.style(8.8)
    cells = [[_paragraph(text, bold) for text in block.heading]]
    cells += [[_paragraph(text, plain) for text in row] for row in block.rows]
    widths = [layout.width * width / sum(block.widths) for width in block.widths]
    lines = [("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE), ("BACKGROUND", (0, 0), (-1, 0), SHADE)]
    return Table(cells, widths, repeatRows=1, splitInRow=1, style=TableStyle([*_TIGHT, *lines]))


def _bars(block: Bars, layout: Layout) -> Flowable:
    text, number = layout.style(8.8), layout.style(8.8, BOLD, alignment=TA_RIGHT)
    widths = [layout.width * share for share in (0.44, 0.12, 0.44)]
    cells = []
    for label, value, length in block.rows:
        drawing = Drawing(widths[2] - 8, 7 * layout.scale)
        wide = max(0.0, min(1.0, length)) * (widths[2] - 8)
        if wide:
            drawing.add(Rect(0, 0, wide, 6 * layout.scale, fillColor=GREY, strokeColor=None))
        cells.append([_paragraph(label, text), _paragraph(value, number), drawing])
    lines = [
        ("LINEBELOW", (0, 0), (-1, -1), 0.25, LINE),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
    ]
    return Table(cells, widths, splitInRow=0, style=TableStyle([*_TIGHT, *lines]))


def _steps(block: Steps, layout: Layout) -> Flowable:
    number, text = layout.style(15, BOLD), layout.style(12.5)
    note = layout.style(8.5, textColor=GREY)
    cells = [
        [
            _paragraph(str(index), number),
            [_paragraph(said, text), *([_paragraph(more, note)] if more else [])],
        ]
        for index, (said, more) in enumerate(block.rows, 1)
    ]
    first = 9 * mm * layout.scale
    lines = [
        ("LINEABOVE", (0, 1), (-1, -1), 0.4, LINE),
        ("TOPPADDING", (0, 0), (-1, -1), 4),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 6),
    ]
    return Table(cells, [first, layout.width - first], style=TableStyle([*_TIGHT, *lines]))


def _codes(block: Codes, layout: Layout) -> Flowable:
    across = max(1, min(len(block.rows), int(layout.width // CODE_PLACE)))
    title, address = layout.style(8.5, BOLD), _style(7, wordWrap="CJK")
    cells: list[list[object]] = [
        [_paragraph(name, title), qr_drawing(text, CODE_SIZE), _paragraph(text, address)]
        for name, text in block.rows
    ]
    cells += [""] * (-len(cells) % across)  # type: ignore[list-item]  # empty places
    rows = [cells[at : at + across] for at in range(0, len(cells), across)]
    return Table(rows, [layout.width / across] * across, style=TableStyle(_TIGHT))


def qr_drawing(text: str, side: float) -> Drawing:
    """Return the QR code of a text; `side` is its length in points, with the quiet zone."""
    widget = QrCodeWidget(text, barLevel="M", barBorder=2)
    widget.barWidth = widget.barHeight = side
    drawing = Drawing(side, side)
    drawing.add(widget)
    return drawing


_TIGHT = [
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("TOPPADDING", (0, 0), (-1, -1), 1.5),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
    ("LEFTPADDING", (0, 0), (-1, -1), 3),
    ("RIGHTPADDING", (0, 0), (-1, -1), 3),
]


def _paragraph(text: str, style: ParagraphStyle) -> Flowable:
    lines = (escape(drawable_text(line)) for line in text.split("\n"))
    return Paragraph("<br/>".join(lines), style)


def drawable_text(text: str) -> str:
    """Return a line as it can be drawn: in NFC, without control characters."""
    return "".join(map(_drawable, unicodedata.normalize("NFC", text)))


def _drawable(character: str) -> str:
    """Return what is drawn for a character: nothing for one that cannot be seen."""
    category = unicodedata.category(character)
    if category in ("Cf", "Mn", "Me") and not _has_letter(character):
        return ""
    if category[0] == "Z" or category == "Cc":
        return " "
    return character if _has_letter(character) else LACKING


def _has_letter(character: str) -> bool:
    return ord(character) in pdfmetrics.getFont(PLAIN).face.charToGlyph


def _texts(paper: Paper) -> Iterator[str]:
    """Yield the texts of a document that may come from outside."""
    for block in paper.blocks:
        match block:
            case Heading() | Passage():
                yield block.text
            case Codes():
                yield from (block.heading, *itertools.chain.from_iterable(block.rows))
            case Bars():
                for label, value, _length in block.rows:
                    yield from (label, value)
            case Facts() | Grid() | Steps():
                yield from itertools.chain.from_iterable(block.rows)
