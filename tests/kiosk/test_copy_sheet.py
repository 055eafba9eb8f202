"""Sheets to copy from: nothing is cut off, on either paper."""

from __future__ import annotations

import io

import pytest
from pypdf import PdfReader

from kiosk.paper import (
    SHEET_SIZES,
    CopyRow,
    CopySection,
    CopySheet,
    Grid,
    LineMark,
    PaperSize,
    copy_sheet_pdf,
)

FRAMED = CopySection("Khung", ("một dòng", "hai dòng", "ba dòng"), is_framed=True)


def sheet(*rows: CopyRow, sections: tuple[CopySection, ...] = ()) -> CopySheet:
    return CopySheet(
        heading="Phiếu",
        goal="Việc",
        issuer="Bệnh viện Mẫu",
        printed="in lúc 10:00",
        language="vi",
        remark="ghi chú",
        rows=rows,
        comparison=Grid(("a", "b"), (("x" * 200, "y"),), (1, 1)),
        comparison_heading="Khác nhau",
        sections=sections,
        footer="chân trang",
        page_of="%(page)s/%(pages)s",
        lacking_note="thiếu chữ",
    )


def pages(document: CopySheet, size: PaperSize) -> list[str]:
    reader = PdfReader(io.BytesIO(copy_sheet_pdf(document, size)), strict=True)
    return [page.extract_text() for page in reader.pages]


@pytest.mark.parametrize("size", SHEET_SIZES)
def test_a_sheet_has_the_size_that_was_asked_for(size: PaperSize) -> None:
    reader = PdfReader(io.BytesIO(copy_sheet_pdf(sheet(), size)), strict=True)
    box = reader.pages[0].mediabox

    assert round(float(box.width) / 72 * 25.4) == {PaperSize.A4: 210, PaperSize.A5: 148}[size]


@pytest.mark.parametrize("size", SHEET_SIZES)
def test_long_values_and_many_fields_go_on_on_the_next_page(size: PaperSize) -> None:
    rows = [CopyRow(f"mục {n}", f"giá trị {n} " + "dài" * 60) for n in range(60)]
    found = pages(sheet(*rows), size)

    text = " ".join(found)
    assert len(found) > 2
    assert all(f"giá trị {n} " in text for n in range(60))
    assert f"{len(found)}/{len(found)}" in found[-1]


@pytest.mark.parametrize("size", SHEET_SIZES)
@pytest.mark.parametrize("count", range(8, 34))
def test_a_frame_is_on_one_page(size: PaperSize, count: int) -> None:
    rows = [CopyRow("mục", "giá trị", is_number=True)] * count
    found = pages(sheet(*rows, sections=(FRAMED,)), size)

    [page] = [page for page in found if "Khung" in page]
    assert "ba dòng" in page


def test_a_letter_that_the_font_lacks_is_marked_and_explained() -> None:
    [page] = pages(sheet(CopyRow("tên", "漢字")), PaperSize.A4)

    assert "¤¤" in page
    assert "thiếu chữ" in page


def test_steps_are_numbered_and_an_empty_section_is_left_out() -> None:
    sections = (
        CopySection("Bước", ("một", "hai"), LineMark.STEP),
        CopySection("Trống", ()),
    )
    [page] = pages(sheet(sections=sections), PaperSize.A5)

    assert "1." in page
    assert "2." in page
    assert "Trống" not in page
