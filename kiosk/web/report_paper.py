"""A report, and a closed day, on paper (A4), in the language of the request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _

from kiosk.logbook import DayCoverage
from kiosk.paper import Bars, Block, Facts, Grid, Heading, Paper, Passage, Tone
from kiosk.reports import (
    TABLES,
    DayClosing,
    Dimension,
    FigureChange,
    Report,
)
from kiosk.web.language import author_text, day_text, moment_text, shown_language
from kiosk.web.paper_words import lacking_note, page_of
from kiosk.web.report_words import (
    CLOSED_FIGURES,
    HELP_WORDS,
    INCIDENT_WORDS,
    OUTCOME_WORDS,
    RESULT_WORDS,
    STATE_WORDS,
    count_text,
    dimension_text,
    hours_text,
    ms_text,
    period_text,
    reason_text,
)

MOST_ROWS = 40  # of a table on paper
BLANK = "…………………………………………"  # to be filled in by hand
NAMED = (  # figures of a closing
    *("visits", "cancelled", "not_insured", "from_paper", "corrections", "cancellations"),
    "unfinished",
)
Naming = Callable[[Dimension, str], str]


def report_paper(report: Report, facility: str, name_of: Naming) -> Paper:
    """Return a report as a document; `facility` is its name, with its code."""
    said = _(
        "%(period)s: %(visits)s visits, %(cancelled)s cancelled ones not counted. As of %(at)s.",
        period=period_text(report.period),
        visits=count_text(report.visits),
        cancelled=count_text(report.cancelled),
        at=moment_text(report.made_at),
    )
    blocks: list[Block] = [Passage(said, Tone.LEAD), *_missing_days(report)]
    if report.has_data:
        blocks += _figures(report, name_of)
    return Paper(
        title=_("Report of the reception · %(period)s", period=period_text(report.period)),
        issuer=facility,
        language=shown_language(),
        blocks=tuple(blocks),
        footer=_("As of %(at)s", at=moment_text(report.made_at)),
        page_of=page_of(),
        lacking_note=lacking_note(),
    )


def _missing_days(report: Report) -> list[Block]:
    if not report.has_data:
        return [
            Passage(
                _(
                    "No data: the program did not run on these days, or that is not known. Where"
                    " nothing stands below, it does not mean that nobody came."
                )
            )
        ]
    found: list[Block] = []
    if count := report.coverage.get(DayCoverage.DID_NOT_RUN, 0):
        words = _(
            "The program did not run on %(n)s of these days: what happened then is missing here.",
            n=count,
        )
        found.append(Passage(words))
    if count := report.coverage.get(DayCoverage.NOT_KNOWN, 0):
        found.append(
            Passage(_("Of %(n)s of these days it is not known whether the program ran.", n=count))
        )
    return found


def _figures(report: Report, name_of: Naming) -> list[Block]:
    blocks: list[Block] = []
    hours = {hour: n for hour, n in report.tables[Dimension.HOUR].items() if n}
    if hours:
        blocks += [
            Heading(dimension_text(Dimension.HOUR)),
            _bars([(name_of(Dimension.HOUR, hour), n) for hour, n in hours.items()]),
        ]
    if len(report.series) > 1:
        rows = [(name_of(report.series_by, key), n) for key, n in report.series.items()]
        blocks += [Heading(dimension_text(report.series_by)), _bars(rows)]
    blocks += [Heading(_("At the insurer")), _states(report.states, report.visits)]
    for dimension in TABLES:
        counts = report.tables[dimension]
        if dimension is Dimension.HOUR or not counts:
            continue
        listed = list(counts.items())
        bars = _bars([(name_of(dimension, value), n) for value, n in listed[:MOST_ROWS]])
        if len(listed) > MOST_ROWS:
            rest = sum(n for _value, n in listed[MOST_ROWS:])
            more = _("%(n)s more values", n=len(listed) - MOST_ROWS)
            bars = Bars((*bars.rows, (more, count_text(rest), 0)))
        blocks += [Heading(dimension_text(dimension)), bars]
    return blocks + _times(report) + _readings(report) + _gateway(report)


def _bars(rows: Sequence[tuple[str, int | None]]) -> Bars:
    """Return counts as bars; what is not known has none."""
    most = max((count or 0 for _name, count in rows), default=0) or 1
    return Bars(
        tuple(
            (name, "—" if count is None else count_text(count), (count or 0) / most)
            for name, count in rows
        )
    )


def _states(states: Mapping[str, int], visits: int) -> Grid:
    """Return the states at the insurer, as a sum that the reader can follow."""
    names = ("accepted", "refused", "waiting", "parked", "closed")
    rows = [(str(STATE_WORDS[name]), count_text(states[name])) for name in names]
    total = sum(states[name] for name in names)
    whole, visit_words = _("for the insurer"), _("visits")
    rows.append((f"= {whole}", count_text(total)))
    more = ("left_out", "missing")
    rows += [(f"+ {STATE_WORDS[name]}", count_text(states[name])) for name in more]
    rows.append((f"= {visit_words}", count_text(visits)))
    rows += [
        (_("of these %(state)s", state=STATE_WORDS[name]), count_text(states[name]))
        for name in ("signed", "overdue")
        if name in states
    ]
    return Grid((_("State at the insurer"), _("Visits")), tuple(rows), (3, 1))


def _times(report: Report) -> list[Block]:
    rows = [
        (_("Without a time: from paper, or the clock was changed"), count_text(report.not_timed))
    ]
    if report.times:
        rows = [
            (_("Visits with a time"), count_text(report.times.count)),
            (_("median"), ms_text(report.times.median_ms)),
            (_("nine of ten at most"), ms_text(report.times.p90_ms)),
            (_("the slowest"), ms_text(report.times.worst_ms)),
            *rows,
        ]
    return [Heading(_("From scan to recorded")), Facts(tuple(rows))]


def _readings(report: Report) -> list[Block]:
    found = report.readings
    if not found.readings:
        return [Heading(_("Readers")), Passage(_("No data: nothing was read."))]
    rows = tuple(
        (reader.reader, count_text(reader.readings), count_text(reader.failed))
        for reader in found.by_reader[:MOST_ROWS]
    )
    heading = (_("Reader"), _("Readings"), _("Damaged or incomplete"))
    blocks: list[Block] = [Heading(_("Readers")), Grid(heading, rows, (3, 1, 1))]
    for title, counts in (
        (_("Damaged or incomplete"), found.failures),
        (_("Readings that led to nothing"), found.nothing),
    ):
        if counts:
            blocks += [Heading(title), _bars([(reason_text(why), n) for why, n in counts.items()])]
    return blocks


def _gateway(report: Report) -> list[Block]:
    found = report.gateway
    questions, help_words = _("Questions"), _("Help with VssID and VNeID")
    rows = [
        (f"{questions}: {RESULT_WORDS[result]}", count_text(count))
        for result, count in found.results.items()
    ]
    if found.latency:
        rows += [
            (_("Answer: median"), ms_text(found.latency.median_ms)),
            (_("nine of ten at most"), ms_text(found.latency.p90_ms)),
            (_("the slowest"), ms_text(found.latency.worst_ms)),
        ]
    outages = _(
        "%(n)s outages, %(time)s in all", n=len(found.outages), time=hours_text(found.outage_time)
    )
    rows.append((_("Outages"), outages))
    rows += [
        (f"{help_words}: {words}", count_text(report.helped.get(kind, 0)))
        for kind, words in HELP_WORDS.items()
    ]
    if report.to_contact:
        contacted = f"{report.contacted} / {report.to_contact}"
        rows.append((_("Patients to contact: contacted"), contacted))
    return [Heading(_("The insurer’s gateway")), Facts(tuple(rows))]


def closing_paper(
    closing: DayClosing,
    changes: Sequence[FigureChange],
    facility: str,
    name_of_change: Callable[[str], str],
    root_line: str = "",
) -> Paper:
    """Return a closed day as a document, with what changed since.

    `root_line` is the line of the day's signed root; empty: there is no root.
    """
    figures = closing.figures
    said = _(
        "%(day)s was closed by %(author)s at %(at)s.",
        day=day_text(closing.day),
        author=author_text(closing.author),
        at=moment_text(closing.at),
    )
    blocks: list[Block] = [Passage(said, Tone.LEAD)]
    if closing.is_early:
        blocks.append(Passage(_("The day was not over when it was closed: visits may follow.")))
    if not figures["visits"]:
        blocks.append(Passage(_("No visit was recorded on this day.")))
    if closing.note:
        note = _("Note")
        blocks.append(Passage(f"{note}: {closing.note}"))
    # Of an earlier version; now they are among the incidents.
    named = NAMED if "incidents" in figures else (*NAMED, "outages")
    slowest = ", ".join(map(_seconds_text, figures["slowest_s"])) or "—"
    blocks += [
        Heading(_("Visits")),
        _beside_each_other(
            [
                *((str(CLOSED_FIGURES[name]), count_text(figures[name])) for name in named),
                *(
                    (str(OUTCOME_WORDS.get(name, name)), count_text(count))
                    for name, count in figures["outcomes"].items()
                ),
            ]
        ),
        Facts(((_("the slowest"), slowest),)),
        Heading(_("At the insurer")),
        _states(figures["states"], figures["visits"]),
        Heading(_("Readings that led to nothing")),
        *_nothing(figures),
        *_incidents(figures),
    ]
    if changes:
        rows = tuple((name_of_change(each.name), str(each.then), str(each.now)) for each in changes)
        heading = (_("Figure"), _("At the closing"), _("Now"))
        blocks += [Heading(_("Changed since closing")), Grid(heading, rows, (4, 1, 1))]
    blocks += _signature(closing, root_line)
    return Paper(
        title=_("Closing of %(day)s", day=day_text(closing.day)),
        issuer=facility,
        language=shown_language(),
        blocks=tuple(blocks),
        footer=_("Closing %(id)s of %(at)s", id=closing.id, at=moment_text(closing.at)),
        page_of=page_of(),
        lacking_note=lacking_note(),
        on_one_page=True,
    )


def _beside_each_other(rows: Sequence[tuple[str, str]]) -> Grid:
    """Return figures in two columns, so that a closing fits on a page."""
    half = -(-len(rows) // 2)
    right = [*rows[half:], ("", "")]
    heading = (_("Figure"), _("At the closing"))
    found = tuple((*left, *right[at]) for at, left in enumerate(rows[:half]))
    return Grid((*heading, *heading), found, (5, 2, 5, 2))


def _seconds_text(took: int) -> str:
    """Return a time that was kept as whole seconds."""
    return ms_text(1000 * took) if took else "< 1 s"


def _nothing(figures: Mapping[str, Any]) -> list[Block]:
    counts = figures["nothing"]
    if not counts:
        return [Passage(_("None."))]
    return [_bars([(reason_text(why), count) for why, count in counts.items()])]


def _incidents(figures: Mapping[str, Any]) -> list[Block]:
    """Return the incidents by kind; nothing for a closing of an earlier version, which has none."""
    counts = figures.get("incidents")
    if counts is None:
        return []
    rows = [
        (str(words), count_text(counts[kind]))
        for kind, words in INCIDENT_WORDS.items()
        if counts.get(kind)
    ]
    others = [str(words) for kind, words in INCIDENT_WORDS.items() if counts.get(kind) == 0]
    blocks: list[Block] = [Heading(_("Incidents")), *([_beside_each_other(rows)] if rows else [])]
    if others:
        blocks.append(Passage(_("None: %(kinds)s.", kinds="; ".join(others)), Tone.NOTE))
    return blocks


def _signature(closing: DayClosing, root_line: str) -> list[Block]:
    rows = [
        (_("Closed by"), author_text(closing.author)),
        (_("Signature"), BLANK),
    ]
    if root_line:
        rows.insert(-1, (_("Seal of the logbook"), root_line))
    return [Heading(_("Signature")), Facts(tuple(rows))]
