"""Documents on paper: every Vietnamese letter is whole, and no text breaks the page."""

from __future__ import annotations

import io
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from kiosk.paper import Block, Facts, Grid, Heading, Paper, Passage, Tone, to_pdf

TONES = ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
LETTERS = [
    unicodedata.normalize("NFC", base + tone)
    for base in "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY"
    for tone in TONES
] + ["đ", "Đ"]


def paper(*blocks: Block) -> Paper:
    return Paper("Thử giấy", "Bệnh viện Mẫu", "vi", blocks, "chân", "%(page)s/%(pages)s", "thiếu")


def read(pdf: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(pdf), strict=True)


def text_of(*blocks: Block) -> str:
    return "\n".join(page.extract_text() for page in read(to_pdf(paper(*blocks))).pages)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_every_vietnamese_letter_is_drawn_and_can_be_copied(
    form: Literal["NFC", "NFD"],
) -> None:
    assert len(LETTERS) == 146
    words = unicodedata.normalize(form, " ".join(LETTERS))

    text = text_of(Heading(words), Passage(words), Facts(((words, words),)))

    assert all(text.count(letter) >= 4 for letter in LETTERS)
    assert "¤" not in text


def test_a_letter_that_the_font_lacks_is_marked_and_the_paper_says_so() -> None:
    text = text_of(Facts((("Họ tên", "محمد 漢字 😀 \ud800 Trần"),)))

    assert "¤¤¤¤ ¤¤ ¤ ¤ Trần" in text
    assert "¤ thiếu" in " ".join(text.split())
    assert "thiếu" not in text_of(Passage("Trần Thị Lộc"))


def test_no_sign_turns_text_around_or_hides_in_it() -> None:
    assert "ab" in text_of(Passage("a\u202e\u200b\u2066b"))


def test_texts_are_no_markup() -> None:
    evil = '<b>x</b> &amp; <img src="file:///etc/passwd"/> <a href="x">%(page)s %s'

    assert evil in " ".join(text_of(Passage(evil)).split())


def test_a_long_word_is_broken_and_nothing_of_it_is_lost() -> None:
    name = "Ữ" * 900

    text = text_of(Facts((("Họ tên", name),)), Grid(("a", "b"), ((name, name),), (1, 5)))

    assert text.count("Ữ") == 2700


def test_a_long_table_goes_on_with_its_heading_and_each_page_has_its_number() -> None:
    rows = tuple((str(number), "Nguyễn Văn An") for number in range(120))

    pages = read(to_pdf(paper(Grid(("Số", "Người bệnh"), rows, (1, 3))))).pages

    texts = [page.extract_text() for page in pages]
    assert len(texts) > 2
    for number, text in enumerate(texts, 1):
        assert "Người bệnh" in text
        assert f"{number}/{len(texts)}" in text
    assert sum(text.count("Nguyễn Văn An") for text in texts) == 120


def test_the_file_says_its_title_issuer_and_language_and_nothing_else() -> None:
    pdf = read(to_pdf(paper(Passage("Nguyễn Văn An"))))

    assert pdf.metadata is not None
    found = {key: value for key, value in pdf.metadata.items() if "Date" not in key}
    assert found == {
        "/Title": "Thử giấy",
        "/Author": "Bệnh viện Mẫu",
        "/Creator": "Tiếp Đón",
        "/Producer": "Tiếp Đón",
        "/Subject": "",
        "/Keywords": "",
        "/Trapped": "/False",
    }
    assert str(pdf.root_object["/Lang"]) == "vi"


def test_papers_that_are_made_at_the_same_time_do_not_mix() -> None:
    names = [f"{letter * 40} {number}" for number, letter in enumerate("ẪỠẶỮỰ")]

    with ThreadPoolExecutor(5) as pool:
        texts = list(pool.map(lambda name: text_of(Passage(name)), names * 3))

    assert [names[place % 5] in text for place, text in enumerate(texts)] == [True] * 15


@settings(max_examples=30)
@given(st.lists(st.text(max_size=60), min_size=3, max_size=3))
def test_any_text_gives_a_paper_that_can_be_read(texts: list[str]) -> None:
    one, two, three = texts
    blocks = (
        Heading(one),
        Passage(two, Tone.LEAD),
        Facts(((two, three),)),
        Grid((one, two), ((three, one),), (1, 2)),
        Passage(three, Tone.CODE),
    )

    assert len(read(to_pdf(paper(*blocks))).pages) == 1
