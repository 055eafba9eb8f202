"""Lay out a document as PDF, on pages of A4.

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
from importlib.resources import files
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    CondPageBreak,
    Flowable,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

from kiosk.paper.document import Block, Facts, Grid, Heading, Paper, Passage, Tone

FONT_PACKAGE, FONT_FILE = "fontpkg_be_vietnam_pro", "BeVietnamPro-{}.ttf"
PLAIN, BOLD = "BeVietnamPro-Regular", "BeVietnamPro-SemiBold"
CREATOR = "Tiếp Đón"
FRAME_PADDING = 6  # points; reportlab's own
MARGIN = 17 * mm - FRAME_PADDING
LEFT, RIGHT = MARGIN + FRAME_PADDING, A4[0] - MARGIN - FRAME_PADDING
WIDTH = RIGHT - LEFT
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


TITLE = _style(16, BOLD, spaceAfter=2 * mm)
ISSUER = _style(9.5, textColor=GREY, spaceAfter=1 * mm)
HEADING = _style(11.5, BOLD, spaceBefore=5 * mm, spaceAfter=1.5 * mm)
CELL, CELL_BOLD = _style(8.8), _style(8.8, BOLD)
LABEL = _style(8.8, textColor=GREY)
PASSAGES = {
    Tone.BODY: _style(9.5, spaceAfter=1.5 * mm),
    Tone.LEAD: _style(
        10.5, spaceBefore=4 * mm, spaceAfter=4 * mm, backColor=SHADE, borderPadding=(6, 7, 7, 7)
    ),
    Tone.NOTE: _style(8, textColor=GREY, spaceAfter=1 * mm),
    Tone.CODE: _style(8.4, spaceAfter=1.5 * mm, wordWrap="CJK"),  # broken anywhere
}


def to_pdf(paper: Paper) -> bytes:
    """Return a document as PDF. Any thread may call it."""
    _register_fonts()
    _, pages = _laid_out(paper, 0)
    return _laid_out(paper, pages)[0]


@functools.cache
def _register_fonts() -> None:
    """Make the fonts known to reportlab, which keeps them for the whole process."""
    for name in (PLAIN, BOLD):
        file = files(FONT_PACKAGE) / "files" / FONT_FILE.format(name.partition("-")[2])
        pdfmetrics.registerFont(TTFont(name, io.BytesIO(file.read_bytes())))


def _laid_out(paper: Paper, pages: int) -> tuple[bytes, int]:
    """Return the PDF, whose footers say that it has `pages` pages, and how many it has."""
    output = io.BytesIO()
    document = SimpleDocTemplate(
        output,
        pagesize=A4,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        subject="",
        bottomMargin=MARGIN + 6 * mm,
        title=_text(paper.title),
        author=_text(paper.issuer),
        creator=CREATOR,
        producer=CREATOR,
        lang=paper.language,
    )

    def add_footer(canvas: Canvas, _document: SimpleDocTemplate) -> None:
        canvas.setStrokeColor(LINE)
        canvas.line(LEFT, MARGIN + 4 * mm, RIGHT, MARGIN + 4 * mm)
        canvas.setFont(PLAIN, 7.5)
        canvas.setFillColor(GREY)
        canvas.drawString(LEFT, MARGIN, _text(paper.footer))
        page = paper.page_of % {"page": canvas.getPageNumber(), "pages": pages}
        canvas.drawRightString(RIGHT, MARGIN, _text(page))

    flow: list[Flowable] = [_paragraph(paper.issuer, ISSUER), _paragraph(paper.title, TITLE)]
    for block in paper.blocks:
        flow += _flowables(block)
    if any(LACKING in _text(text) for text in _texts(paper)):
        flow.append(_paragraph(f"{LACKING}  {paper.lacking_note}", PASSAGES[Tone.NOTE]))
    document.build(flow, onFirstPage=add_footer, onLaterPages=add_footer)
    return output.getvalue(), document.page


def _flowables(block: Block) -> list[Flowable]:
    match block:
        case Heading():
            return [CondPageBreak(HEADING_NEEDS), _paragraph(block.text, HEADING)]
        case Passage():
            return [_paragraph(block.text, PASSAGES[block.tone])]
        case Facts():
            return _facts(block)
        case Grid():
            return [_grid(block), Spacer(0, 2 * mm)]


def _facts(block: Facts) -> list[Flowable]:
    if not block.rows:
        return []
    cells = [[_paragraph(label, LABEL), _paragraph(value, CELL)] for label, value in block.rows]
    widths = [WIDTH * LABEL_SHARE, WIDTH * (1 - LABEL_SHARE)]
    return [Table(cells, widths, style=TableStyle([*_TIGHT, ("LEFTPADDING", (0, 0), (0, -1), 0)]))]


def _grid(block: Grid) -> Flowable:
    cells = [[_paragraph(text, CELL_BOLD) for text in block.heading]]
    cells += [[_paragraph(text, CELL) for text in row] for row in block.rows]
    widths = [WIDTH * width / sum(block.widths) for width in block.widths]
    lines = [("LINEBELOW", (0, 0), (-1, -1), 0.4, LINE), ("BACKGROUND", (0, 0), (-1, 0), SHADE)]
    return Table(cells, widths, repeatRows=1, splitInRow=1, style=TableStyle([*_TIGHT, *lines]))


_TIGHT = [
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("TOPPADDING", (0, 0), (-1, -1), 1.5),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
    ("LEFTPADDING", (0, 0), (-1, -1), 3),
    ("RIGHTPADDING", (0, 0), (-1, -1), 3),
]


def _paragraph(text: str, style: ParagraphStyle) -> Flowable:
    lines = (escape(_text(line)) for line in text.split("\n"))
    return Paragraph("<br/>".join(lines), style)


def _text(text: str) -> str:
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
            case Facts() | Grid():
                yield from itertools.chain.from_iterable(block.rows)
