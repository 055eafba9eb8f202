"""A picture of figures as parts of their goals: a bar for each, and a line at the goal."""

from __future__ import annotations

from collections.abc import Sequence

from kiosk.reports.svg import GAP, ChartText, _svg, _text

WIDTH, LABELS, ROW, TOP = 1_000, 470, 22, 34
MOST = 2.0  # times the goal: longer bars end here, with their number
SCALE = (WIDTH - LABELS - 120) / MOST
LONGEST = 62  # letters of a label
TEXT = ChartText(
    "benches",
    "Benches: figures as parts of their goals",
    "A bar for each figure that has a goal. Bars that end left of the line at 100 % meet it.",
)
STYLE = (
    "<style>svg{font:13px sans-serif;background:#fff}text{fill:#222}.goal{stroke:#222}"
    ".met{fill:#5b8db8}.missed{fill:#c4472f}.missed-text{fill:#a02e18;font-weight:bold}</style>"
)


def percent(part: float) -> str:
    """Return a part of a goal in words; near the goal it needs more digits."""
    digits = 1 if 0.9 < part < 1.1 else 0
    return f"{round(100 * part, digits):g} %" if part else "none"


def picture(bars: Sequence[tuple[str, float | None, bool]]) -> str:
    """Return an SVG file. A bar has a name, its part of the goal (None: not known), and if met."""
    tall = TOP + ROW * len(bars) + 8
    goal = LABELS + SCALE
    body = [STYLE, f'<rect width="{WIDTH}" height="{tall}" fill="#fff"/>']
    body.append(f'<path class="goal" d="M{goal:.1f} {TOP - 6}V{tall - 4}" stroke-dasharray="4 3"/>')
    body.append(_text(goal, TOP - 12, "the goal", "middle"))
    for number, (name, part, is_met) in enumerate(bars):
        y = TOP + ROW * number
        short = name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"
        body.append(_text(LABELS - 8, y + 15, short, "end", "" if is_met else "missed-text"))
        wide = 0.0 if part is None else SCALE * min(max(part, 0.004), MOST)
        kind = "met" if is_met else "missed"
        body.append(
            f'<rect class="{kind}" x="{LABELS}" y="{y + 3}" width="{wide:.1f}" height="{ROW - 6}"/>'
        )
        said = GAP if part is None else percent(part)
        said += "" if is_met else " missed"
        body.append(
            _text(LABELS + wide + 6, y + 15, said, "start", "" if is_met else "missed-text")
        )
    drawn = _svg(TEXT, tall, body, WIDTH)
    return drawn.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1) + "\n"
