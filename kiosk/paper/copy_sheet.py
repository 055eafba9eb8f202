"""Lay out a sheet that a person copies from, field by field, in large letters on A4 or A5.

- The fields come first, numbered in the order in which they are copied; numbers stand in groups.
- What is to be brought has a box to tick, and the steps are numbered.
- Fonts and letters are those of `kiosk.paper.pdf`; nothing is cut off, and a long sheet goes on on
  the next page.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from xml.sax.saxutils import escape

from reportlab.lib.pagesizes import A4, A5
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
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

from kiosk.paper.document import Grid, PaperSize
from kiosk.paper.pdf import (
    BOLD,
    CREATOR,
    FRAME_PADDING,
    GREY,
    INK,
    LACKING,
    LINE,
    PLAIN,
    SHADE,
    drawable_text,
    qr_drawing,
    register_fonts,
)
from kiosk.paper.sheets import CopySection, CopySheet, LineMark

MIN_POINTS = 8.0  # of any letter
LABEL_SHARE = 0.36  # of the width
CODE_SIZE, CODE_PLACE = 22 * mm, 40 * mm  # of a QR code with its quiet zone; how wide its text is
COUNT_WIDTH = 8 * mm  # of the number of a field, on A4


PAGES = {PaperSize.A4: A4, PaperSize.A5: A5}
MARGINS = {PaperSize.A4: 16 * mm, PaperSize.A5: 10 * mm}
# Of all letters: the first at which a sheet fits on one page; on more pages the first of all.
SCALES = {PaperSize.A4: (1.0, 0.9, 0.82, 0.75), PaperSize.A5: (0.75,)}


def copy_sheet_pdf(sheet: CopySheet, size: PaperSize) -> bytes:
    """Return a sheet as PDF. Any thread may call it."""
    register_fonts()
    for scale in SCALES[size]:
        layout = _Layout(sheet, size, scale)
        _, pages = layout.laid_out(0)
        if pages == 1:
            return layout.laid_out(pages)[0]
    layout = _Layout(sheet, size, SCALES[size][0])
    _, pages = layout.laid_out(0)
    return layout.laid_out(pages)[0]


class _Layout:
    """One sheet on one size of paper."""

    def __init__(self, sheet: CopySheet, size: PaperSize, scale: float) -> None:
        self.sheet, self.page = sheet, PAGES[size]
        self.scale, self.margin = scale, MARGINS[size]
        self.width = self.page[0] - 2 * self.margin

    def laid_out(self, pages: int) -> tuple[bytes, int]:
        """Return the PDF, whose footers say that it has `pages` pages, and how many it has."""
        output = io.BytesIO()
        side = self.margin - FRAME_PADDING
        document = SimpleDocTemplate(
            output,
            pagesize=self.page,
            leftMargin=side,
            rightMargin=side,
            topMargin=side,
            bottomMargin=side + 7 * mm,
            subject="",
            title=drawable_text(self.sheet.heading),
            author=drawable_text(self.sheet.issuer),
            creator=CREATOR,
            producer=CREATOR,
            lang=self.sheet.language,
        )

        def add_footer(canvas: Canvas, _document: SimpleDocTemplate) -> None:
            right = self.page[0] - self.margin
            base = self.margin - 2 * mm
            canvas.setStrokeColor(LINE)
            canvas.line(self.margin, base + 4 * mm, right, base + 4 * mm)
            canvas.setFont(PLAIN, MIN_POINTS)
            canvas.setFillColor(GREY)
            canvas.drawString(self.margin, base, drawable_text(self.sheet.footer))
            page = self.sheet.page_of % {"page": canvas.getPageNumber(), "pages": pages}
            canvas.drawRightString(right, base, drawable_text(page))

        document.build(self._flow(), onFirstPage=add_footer, onLaterPages=add_footer)
        return output.getvalue(), document.page

    def _flow(self) -> list[Flowable]:
        sheet = self.sheet
        flow = [
            self._text(f"{sheet.issuer} · {sheet.printed}", 9, colour=GREY, after=1.5),
            self._framed(
                [
                    self._text(sheet.heading, 15.5, BOLD, after=0.6),
                    self._text(sheet.remark, 9, after=0),
                ]
            ),
            self._text(sheet.goal, 19, BOLD, before=3.5, after=1.5),
            *([self._rows()] if sheet.rows else []),
        ]
        if sheet.comparison is not None:
            flow += [self._heading(sheet.comparison_heading), self._grid(sheet.comparison)]
        for section in sheet.sections:
            flow += self._section(section)
        if sheet.codes:
            flow.append(KeepTogether([self._heading(sheet.codes_heading), self._codes()]))
        if any(LACKING in drawable_text(text) for text in self._texts()):
            flow.append(self._text(f"{LACKING}  {sheet.lacking_note}", 9, colour=GREY))
        return flow

    def _rows(self) -> Flowable:
        cells = [
            [
                self._text(str(count), 10, colour=GREY),
                self._text(row.label, 11, colour=INK),
                self._text(row.value, 17 if row.is_number else 14, BOLD),
            ]
            for count, row in enumerate(self.sheet.rows, 1)
        ]
        count = COUNT_WIDTH * self.scale
        label = (self.width - count) * LABEL_SHARE
        style = [
            ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
            ("LINEBELOW", (0, 0), (-1, -1), 0.5, LINE),
            ("TOPPADDING", (0, 0), (-1, -1), 2 * self.scale),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 3 * self.scale),
            ("LEFTPADDING", (0, 0), (-1, -1), 2),
            ("RIGHTPADDING", (0, 0), (-1, -1), 2),
        ]
        widths = [count, label, self.width - count - label]
        return Table(cells, widths, splitInRow=1, style=TableStyle(style))

    def _grid(self, grid: Grid) -> Flowable:
        cells = [[self._text(text, 10, BOLD) for text in grid.heading]]
        cells += [[self._text(text, 12) for text in row] for row in grid.rows]
        widths = [self.width * width / sum(grid.widths) for width in grid.widths]
        style = [
            ("GRID", (0, 0), (-1, -1), 0.5, GREY),
            ("BACKGROUND", (0, 0), (-1, 0), SHADE),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ]
        return Table(cells, widths, repeatRows=1, splitInRow=1, style=TableStyle(style))

    def _section(self, section: CopySection) -> list[Flowable]:
        if not section.lines:
            return []
        lines = [
            self._line(section.mark, count, line, note)
            for count, (line, note) in enumerate(
                itertools.zip_longest(section.lines, section.notes, fillvalue=""), 1
            )
        ]
        if section.is_framed:
            heading = self._text(section.heading, 11.5, BOLD, after=1)
            frame = self._framed([heading, *lines])
            return [Spacer(0, 2.5 * mm * self.scale), KeepTogether([frame])]
        heading = self._heading(section.heading)
        return [
            CondPageBreak(30 * mm * self.scale),
            KeepTogether([heading, lines[0]]),
            *lines[1:],
        ]

    def _line(self, mark: LineMark, count: int, text: str, note: str) -> Flowable:
        """Return one line of a section, indented behind its mark, with its note below."""
        marks = {LineMark.BOX: "", LineMark.STEP: f"{count}.", LineMark.DOT: "•"}
        indent = (6.5 if mark is not LineMark.DOT else 4) * mm * self.scale
        cells = [[self._text(marks[mark], 11.5, BOLD), self._text(text, 11.5)]]
        style = [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("TOPPADDING", (0, 0), (-1, -1), 0.8),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 1.6 * self.scale),
            ("LEFTPADDING", (0, 0), (-1, -1), 0),
            ("RIGHTPADDING", (0, 0), (-1, -1), 0),
        ]
        if note:
            cells.append(["", self._text(note, 9)])
            style.append(("NOSPLIT", (0, 0), (-1, -1)))  # type: ignore[arg-type]
            style.append(("BACKGROUND", (1, 1), (1, 1), SHADE))
            style.append(("LEFTPADDING", (1, 1), (1, 1), 5))
        if mark is LineMark.BOX:
            cells[0][0] = _TickBox(3.6 * mm * self.scale)
        width = self.width - 4 * mm  # of a frame's padding, whether there is a frame or not
        return Table(cells, [indent, width - indent], style=TableStyle(style), hAlign="LEFT")

    def _codes(self) -> Flowable:
        """Return the QR codes, with what they lead to above and their addresses below."""
        codes = self.sheet.codes
        across = max(1, min(len(codes), int(self.width // CODE_PLACE)))
        cells: list[list[Flowable]] = [
            [self._text(name, 9, BOLD), qr_drawing(address, CODE_SIZE), self._text(address, 8)]
            for name, address in codes
        ]
        cells += [[] for _ in range(-len(cells) % across)]
        rows = [cells[at : at + across] for at in range(0, len(cells), across)]
        style = [("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0)]
        return Table(rows, [self.width / across] * across, style=TableStyle(style))

    def _framed(self, parts: list[Flowable]) -> Flowable:
        style = [
            ("BOX", (0, 0), (-1, -1), 0.9, INK),
            ("BACKGROUND", (0, 0), (-1, -1), SHADE),
            ("TOPPADDING", (0, 0), (-1, -1), 4 * self.scale),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 5 * self.scale),
            ("LEFTPADDING", (0, 0), (-1, -1), 2 * mm),
            ("RIGHTPADDING", (0, 0), (-1, -1), 2 * mm),
        ]
        return Table([[parts]], [self.width], splitInRow=1, style=TableStyle(style))

    def _heading(self, text: str) -> Flowable:
        return self._text(text, 13, BOLD, before=3.5, after=1.2)

    def _text(
        self,
        text: str,
        size: float,
        font: str = PLAIN,
        *,
        colour: object = INK,
        before: float = 0,
        after: float = 0,
    ) -> Flowable:
        """Return a paragraph. Sizes are points and spaces millimetres, both of A4."""
        points = max(size * self.scale, MIN_POINTS)
        style = ParagraphStyle(
            f"{font} {size}",
            fontName=font,
            fontSize=points,
            leading=points * 1.38,  # room for marks above marks, as in Ẫ
            textColor=colour,
            spaceBefore=before * mm * self.scale,
            spaceAfter=after * mm * self.scale,
            splitLongWords=True,
        )
        lines = (escape(drawable_text(line)) for line in text.split("\n"))
        return Paragraph("<br/>".join(lines), style)

    def _texts(self) -> Iterator[str]:
        """Yield the texts that may come from outside."""
        yield from (row.value for row in self.sheet.rows)
        if self.sheet.comparison is not None:
            yield from itertools.chain.from_iterable(self.sheet.comparison.rows)


class _TickBox(Flowable):  # type: ignore[misc]  # reportlab carries no types
    """An empty box to tick."""

    def __init__(self, side: float) -> None:
        super().__init__()
        self.width = self.height = side

    def draw(self) -> None:
        """Draw the box on the page."""
        self.canv.setStrokeColor(INK)
        self.canv.setLineWidth(1)
        self.canv.rect(0, -0.6, self.width, self.height, stroke=1, fill=0)
