"""Text for places that take signs for commands: terminals, logs and spreadsheets.

A name, a path or an answer of another program may hold signs that move a terminal's cursor, turn
the direction of writing, begin a line of a log, or begin a formula.
"""

from __future__ import annotations

FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")


def visible(text: str) -> str:
    r"""Return a text with every sign that does not show as an escape, such as `\u001b`.

    Blanks stay; line ends are escaped, too.  The escapes are those of JSON.
    """
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else _escape(sign) for sign in text)


def spreadsheet_cell(value: object) -> object:
    """Return a value for a CSV file that people open in a spreadsheet.

    A text that would be taken for a formula gets an apostrophe in front; numbers stay.
    """
    is_formula = isinstance(value, str) and value.lstrip(" ").startswith(FORMULA_SIGNS)
    return f"'{value}" if is_formula else value


def _escape(sign: str) -> str:
    octets = sign.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{octets[at : at + 2].hex()}" for at in range(0, len(octets), 2))
