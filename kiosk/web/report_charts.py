"""The charts of a report, with their words in the language of the request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from flask_babel import gettext as _
from markupsafe import Markup

from kiosk.reports import (
    ChartText,
    Column,
    Dimension,
    Line,
    Report,
    ReportPeriod,
    SharePart,
    columns,
    lines,
    shares,
)
from kiosk.web.language import day_text
from kiosk.web.report_words import (
    OUTCOME_WORDS,
    STATE_WORDS,
    axis_ms_text,
    count_text,
    ms_text,
    period_text,
)

OUTCOME_TONES = {"admitted": "go", "unconfirmed": "wait", "desk": "ask"}
STATE_TONES = {
    "accepted": "go",
    "waiting": "wait",
    "refused": "stop",
    "parked": "ask",
    "closed": "here",
    "left_out": "calm",
    "missing": "fault",
    "not_sent": "calm",
}


class CountedVisits(Protocol):
    """What is counted of some days: a report of this desk, or of the whole facility."""

    @property
    def period(self) -> ReportPeriod:
        """The days."""

    @property
    def visits(self) -> int:
        """How many visits were not cancelled."""

    @property
    def tables(self) -> Mapping[Any, Mapping[str, int]]:
        """How many visits have each value, by `Dimension`."""

    @property
    def states(self) -> Mapping[str, int]:
        """How many visits are in each state at the insurer."""

    @property
    def series_by(self) -> Dimension:
        """DAY or MONTH."""

    @property
    def series(self) -> Mapping[str, int | None]:
        """How many visits each day or month has. None: not known."""


def visit_charts(counted: CountedVisits) -> dict[str, Markup]:
    """Return the charts of counts of visits by name; one without anything to show is left out."""
    if not counted.visits:
        return {}
    found = {
        "hours": _hours(counted),
        "series": _series(counted),
        "outcomes": _parts(counted, "outcomes"),
        "states": _parts(counted, "states"),
    }
    return {name: Markup(drawn) for name, drawn in found.items() if drawn}


def report_charts(report: Report) -> dict[str, Markup]:
    """Return the charts of a report by name; one without anything to show is left out."""
    has_states = report.visits and "states" not in report.damaged
    found = {
        "hours": _hours(report) if report.visits else "",
        "series": _series(report) if "facts" not in report.damaged else "",
        "outcomes": _parts(report, "outcomes") if report.visits else "",
        "states": _parts(report, "states") if has_states else "",
        "times": _times(report),
        "latency": _latency(report),
    }
    # The charts escape every text that comes into them.
    return {name: Markup(drawn) for name, drawn in found.items() if drawn}


def _hours(report: CountedVisits) -> str:
    counts = report.tables[Dimension.HOUR]
    busiest = max(counts, key=lambda hour: counts[hour])
    said = _(
        "Visits by hour of arrival, %(period)s. The most, %(n)s, from %(hour)s:00 on.",
        period=period_text(report.period),
        n=count_text(counts[busiest]),
        hour=busiest,
    )
    known = [int(hour) for hour, count in counts.items() if count]
    shown = range(min(6, *known), max(18, *known) + 1) if known else range(24)
    bars = [Column(str(hour), f"{hour}:00", counts[str(hour)]) for hour in shown]
    return columns(ChartText("hours", _("Visits by hour"), said), bars, count_text)


def _series(report: CountedVisits) -> str:
    if len(report.series) < 2:
        return ""
    known = {key: count for key, count in report.series.items() if count is not None}
    gaps = len(report.series) - len(known)
    said = _(
        "Visits, %(period)s: %(n)s in all.", period=period_text(report.period), n=report.visits
    )
    if gaps:
        said += " " + _("A dash stands where the program did not run, or that is not known.")
    by_month = report.series_by is Dimension.MONTH
    title = _("Visits by month") if by_month else _("Visits by day")
    bars = [
        Column(_short(key, by_month), day_text(key), count) for key, count in report.series.items()
    ]
    return columns(ChartText("series", title, said), bars, count_text)


def _parts(report: CountedVisits, which: str) -> str:
    if which == "outcomes":
        title, tones, texts = _("Outcomes at the desk"), OUTCOME_TONES, OUTCOME_WORDS
        counts: Mapping[str, int] = report.tables[Dimension.OUTCOME]
    else:
        title, tones, texts = _("State at the insurer"), STATE_TONES, STATE_WORDS
        counts = report.states
    parts = [
        SharePart(str(texts[name]), counts.get(name, 0), tone)
        for name, tone in tones.items()
        if counts.get(name) or which == "outcomes" or name in ("accepted", "waiting", "refused")
    ]
    said = "; ".join(f"{part.label}: {count_text(part.value)}" for part in parts)
    return shares(ChartText(which, title, said), parts, count_text)


def _times(report: Report) -> str:
    if report.times is None or len(report.times_series) < 2:
        return ""
    by_month = report.series_by is Dimension.MONTH
    keys = list(report.times_series)
    found = [report.times_series[key] for key in keys]
    said = _(
        "Time from the first scan to the recording, %(period)s: the median is %(median)s, nine of"
        " ten took at most %(most)s.",
        period=period_text(report.period),
        median=ms_text(report.times.median_ms),
        most=ms_text(report.times.p90_ms),
    )
    drawn = [
        Line(_("median"), [times.median_ms for times in found]),
        Line(_("nine of ten at most"), [times.p90_ms for times in found]),
    ]
    title = _("Time per patient")
    labels = [_short(key, by_month) for key in keys]
    return lines(ChartText("times", title, said), labels, drawn, ms_text, axis_ms_text)


def _latency(report: Report) -> str:
    found = report.gateway
    if found.latency is None or len(found.series) < 2:
        return ""
    said = _(
        "How long the insurer’s gateway took to answer, %(period)s: the median is %(median)s, nine"
        " of ten took at most %(most)s.",
        period=period_text(report.period),
        median=ms_text(found.latency.median_ms),
        most=ms_text(found.latency.p90_ms),
    )
    by_month = report.period.has_many_days
    drawn = [
        Line(_("median"), [times.median_ms for times in found.series.values()]),
        Line(_("nine of ten at most"), [times.p90_ms for times in found.series.values()]),
    ]
    labels = [_short(key, by_month) for key in found.series]
    text = ChartText("latency", _("Answers of the gateway"), said)
    return lines(text, labels, drawn, ms_text, axis_ms_text)


def _short(key: str, by_month: bool) -> str:
    """Return a day as "25/11", or a month as "11/26"."""
    parts = key.split("-")
    return f"{parts[1]}/{parts[0][2:]}" if by_month else f"{parts[2]}/{parts[1]}"
