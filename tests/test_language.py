"""The language of the product's code: plain, present-day English (CONTRIBUTING.md)."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCES = [
    ROOT / "run_kiosk.py",
    *(
        path
        for room in ("scanner", "verify", "kiosk", "bench")
        for path in (ROOT / room).rglob("*.py")
    ),
]
PAGES = [*(ROOT / "templates").rglob("*.html"), *(ROOT / "kiosk/web/static").rglob("*.js")]
WORDS = [ROOT / "config/words/en.toml", ROOT / "config/kiosk.toml"]
NOT_PLAIN = re.compile(
    r"(?<![^\W_])([Tt]old|[Hh]eard|[Bb]efell|[Aa]new|[Tt]aken up|is none|are none)(?![^\W_])"
)
KEPT_KEYS = {'"told"', '"not_told"'}  # of JSON that other programs read
TEMPLATE_CODE = re.compile(r"{[{%#].*?[}%#]}", re.DOTALL)  # `is none` is a test of Jinja
MAX_FORMATTER_EXCEPTIONS = 10  # `fmt: skip`, where a table is clearer


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the names, strings and comments of a Python file, each with its line."""
    source = path.read_text("utf-8")
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        is_text = token.type in (tokenize.NAME, tokenize.STRING, tokenize.COMMENT)
        if is_text and token.string not in KEPT_KEYS:
            yield token.start[0], token.string


def test_no_name_docstring_message_or_comment_is_archaic() -> None:
    offences = [
        f"{path.relative_to(ROOT)}:{line}: {match[0]}"
        for path in SOURCES
        for line, text in texts(path)
        for match in NOT_PLAIN.finditer(" ".join(text.split()))
    ]

    assert not offences, "\n".join(offences)


def test_no_page_and_no_setting_is_archaic() -> None:
    offences = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in (*PAGES, *WORDS)
        for match in NOT_PLAIN.finditer(
            " ".join(TEMPLATE_CODE.sub(" ", path.read_text("utf-8")).split())
        )
    ]

    assert not offences, "\n".join(offences)


def test_docstrings_say_if_and_not_where_for_errors() -> None:
    quaint = re.compile(r"\b[A-Z]\w+(Error|Unreadable|Malformed|Recorded)?,? where\b")
    offences = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        for match in quaint.finditer(ast.get_docstring(node) or "")
        if match[1]
    ]

    assert not offences, "\n".join(offences)


def test_the_formatter_formats_nearly_everything() -> None:
    skipped = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in SOURCES
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if "fmt: skip" in line or "fmt: off" in line
    ]

    assert len(skipped) < MAX_FORMATTER_EXCEPTIONS, "\n".join(skipped)
