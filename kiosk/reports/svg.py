"""Charts as SVG: columns, shares of a whole, and lines.  No script, and no colour of their own.

- Colours come from the page: each mark has a class, which the styles of the page give a colour in
  every theme.  No meaning is in a colour alone: shares have patterns and words, lines have dashes
  and shapes.
- A chart has a title and a description for people who do not see it; a table with the same figures
  stands beside it.
- What is not known is a gap with a sign, never a column of zero.
- All texts come in already in the reader's language.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

WIDTH, HEIGHT = 600, 240
LEFT, RIGHT, TOP, BOTTOM = 62, 12, 26, 32
LETTER = 8.2  # how wide a letter of a label is, at most
GAP = "–"  # in the place of what is not known
SHARE_WIDTH, SHARE_HEIGHT, ROW_HEIGHT = (
    430,
    36,
    28,
)  # of the bar of a whole, and of a line of its words
DASHES = ("", "7 4", "2 4")
PATTERNS = (  # what tells parts apart without their colours
    "",
    '<path d="M0 8L8 0" class="hatch"/>',
    '<path d="M0 4H8" class="hatch"/>',
    '<path d="M0 0L8 8M0 8L8 0" class="hatch"/>',
    '<circle cx="4" cy="4" r="1.6" class="dot"/>',
    '<path d="M4 0V8" class="hatch"/>',
    '<path d="M0 0L8 8" class="hatch"/>',
)


@dataclass(frozen=True, slots=True)
class ChartText:
    """What a chart is called, and what it shows in a sentence. `key` is unique on its page."""

    key: str
    title: str
    description: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column. `value` is None if it is not known."""

    label: str  # below it, if there is space
    name: str  # the whole label, for those who point at it
    value: float | None


@dataclass(frozen=True, slots=True)
class SharePart:
    """A part of a whole. `tone` is the class of its colour."""

    label: str
    value: int
    tone: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line through values; None leaves a gap."""

    label: str
    values: Sequence[float | None]


Format = Callable[[float], str]


def columns(text: ChartText, bars: Sequence[Column], number: Format) -> str:
    """Return a chart of columns. `number` writes a value of the axis."""
    top = _axis_top([bar.value for bar in bars if bar.value is not None])
    slot = (WIDTH - LEFT - RIGHT) / max(1, len(bars))
    body = [*_grid(top, number), *_labels([bar.label for bar in bars], slot)]
    wide = min(44.0, slot * 0.74)
    for place, bar in enumerate(bars):
        middle = LEFT + slot * (place + 0.5)
        if bar.value is None:
            body.append(_text(middle, HEIGHT - BOTTOM - 6, GAP, "middle", "gap"))
            continue
        tall = (HEIGHT - TOP - BOTTOM) * bar.value / top
        said = escape(f"{bar.name}: {number(bar.value)}")
        body.append(
            f'<rect class="bar" x="{middle - wide / 2:.1f}" y="{HEIGHT - BOTTOM - tall:.1f}"'
            f' width="{wide:.1f}" height="{tall:.1f}"><title>{said}</title></rect>'
        )
        if slot >= LETTER * len(number(bar.value)) and bar.value:
            body.append(_text(middle, HEIGHT - BOTTOM - tall - 5, number(bar.value), "middle"))
    return _svg(text, HEIGHT, body)


def shares(text: ChartText, parts: Sequence[SharePart], number: Format) -> str:
    """Return a bar of a whole with its parts, and a line of words for each part."""
    whole = sum(part.value for part in parts)
    body: list[str] = []
    at = 1.0
    for place, part in enumerate(parts):
        wide = (SHARE_WIDTH - 2) * part.value / whole if whole else 0
        if wide:
            body.append(_patterned(text.key, place, part.tone, at, 0, wide, SHARE_HEIGHT))
        at += wide
    for place, part in enumerate(parts):
        y = SHARE_HEIGHT + 12 + ROW_HEIGHT * place
        body.append(_patterned(text.key, place, part.tone, 1, y, 30, 18))
        percent = f" · {number(round(100 * part.value / whole, 1))} %" if whole else ""
        body.append(_text(42, y + 15, f"{part.label}: {number(part.value)}{percent}", "start"))
    body.insert(0, "".join(_patterns(text.key, len(parts))))
    tall = SHARE_HEIGHT + 14 + ROW_HEIGHT * len(parts)
    return _svg(text, tall, body, SHARE_WIDTH, "chart share-chart")


def lines(
    text: ChartText, labels: Sequence[str], drawn: Sequence[Line], number: Format, axis: Format
) -> str:
    """Return a chart of lines over the same labels, each with its words at the top.

    `number` writes a value, and `axis` a value of the axis, in at most eight letters.
    """
    known = [value for line in drawn for value in line.values if value is not None]
    top = _axis_top(known)
    slot = (WIDTH - LEFT - RIGHT) / max(1, len(labels))
    body = [*_grid(top, axis), *_labels(labels, slot)]
    at = float(LEFT)
    for place, line in enumerate(drawn):
        points = [
            (LEFT + slot * (on + 0.5), HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top, on)
            if value is not None
            else None
            for on, value in enumerate(line.values)
        ]
        dash = f' stroke-dasharray="{DASHES[place % len(DASHES)]}"' if place else ""
        for run in _runs(points):
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y, _on in run)
            body.append(f'<polyline class="line l{place}" points="{path}"{dash}/>')
        for point in points:
            if point is not None:
                x, y, on = point
                value = line.values[on]
                said = escape(f"{line.label}, {labels[on]}: {number(value or 0)}")
                body.append(_marker(place, x, y, said))
        body.append(f'<path class="line l{place}" d="M{at:.0f} 8h26"{dash}/>')
        body.append(_marker(place, at + 13, 8, ""))
        body.append(_text(at + 32, 12, line.label, "start"))
        at += 52 + LETTER * len(line.label)
    return _svg(text, HEIGHT, body)


def _svg(
    text: ChartText, height: int, body: Sequence[str], width: int = WIDTH, kind: str = "chart"
) -> str:
    key = escape(text.key)
    return (
        f'<svg class="{kind}" viewBox="0 0 {width} {height}" role="img"'
        f' aria-labelledby="{key}-title {key}-desc"><title id="{key}-title">{escape(text.title)}'
        f'</title><desc id="{key}-desc">{escape(text.description)}</desc>{"".join(body)}</svg>'
    )


def _axis_top(values: Sequence[float]) -> float:
    """Return a round number that no value exceeds, for the end of the axis; at least 1."""
    highest = max([*values, 1.0])
    power = 10.0 ** math.floor(math.log10(highest))
    return next(step * power for step in (1, 2, 4, 5, 8, 10) if step * power >= highest)


def _grid(top: float, number: Format) -> Iterator[str]:
    parts = next(parts for parts in (4, 5, 2, 1) if top % parts == 0)  # counts are whole numbers
    for part in range(parts + 1):
        y = HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * part / parts
        kind = "grid" if part else "axis"
        yield f'<path class="{kind}" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
        yield _text(LEFT - 6, y + 5, number(top * part / parts), "end", "tick")


def _labels(labels: Sequence[str], slot: float) -> Iterator[str]:
    longest = max((len(label) for label in labels), default=0)
    every = max(1, math.ceil((LETTER * longest + 6) / slot)) if labels else 1
    for place, label in enumerate(labels):
        if place % every == 0:
            yield _text(LEFT + slot * (place + 0.5), HEIGHT - BOTTOM + 20, label, "middle", "tick")


def _text(x: float, y: float, words: str, anchor: str, kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{named}>{escape(words)}</text>'


def _patterns(key: str, count: int) -> Iterator[str]:
    yield "<defs>"
    for place in range(count):
        name = quoteattr(f"{key}-p{place}")
        yield (
            f'<pattern id={name} width="8" height="8" patternUnits="userSpaceOnUse">'
            f"{PATTERNS[place % len(PATTERNS)]}</pattern>"
        )
    yield "</defs>"


def _patterned(
    key: str, place: int, tone: str, x: float, y: float, wide: float, tall: float
) -> str:
    box = f'x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{tall:.1f}"'
    pattern = f'<rect {box} fill="url(#{escape(key)}-p{place})"/>' if PATTERNS[place % 7] else ""
    return f'<rect class="part {escape(tone)}" {box}/>{pattern}'


Point = tuple[float, float, int]


def _runs(points: Sequence[Point | None]) -> Iterator[list[Point]]:
    """Yield the points between gaps."""
    run: list[Point] = []
    for point in [*points, None]:
        if point is None:
            if len(run) > 1:
                yield run
            run = []
        else:
            run.append(point)


def _marker(place: int, x: float, y: float, said: str) -> str:
    title = f"<title>{said}</title>" if said else ""
    if place % 2 == 0:
        return f'<circle class="mark l{place}" cx="{x:.1f}" cy="{y:.1f}" r="3.4">{title}</circle>'
    return (
        f'<rect class="mark l{place}" x="{x - 3.2:.1f}" y="{y - 3.2:.1f}" width="6.4" height="6.4">'
        f"{title}</rect>"
    )
