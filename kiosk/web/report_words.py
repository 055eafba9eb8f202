"""Words of reports: what figures are called, what they count, and what their values mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from kiosk.reports import Dimension, PeriodFault, PeriodKind, ReadingCount, ReportPeriod, is_whole
from kiosk.web.facility_words import facility_text
from kiosk.web.language import ARRIVAL_WORDS, chosen_language, day_text, words
from verify import Law, Reason

DIMENSION_WORDS = {
    Dimension.ALL: _l("Visits"),
    Dimension.CANCELLED: _l("Cancelled visits"),
    Dimension.HOUR: _l("By hour of arrival"),
    Dimension.WEEKDAY: _l("By day of the week"),
    Dimension.DAY: _l("By day"),
    Dimension.MONTH: _l("By month"),
    Dimension.OUTCOME: _l("By outcome at the desk"),
    Dimension.REASON: _l("By reason"),
    Dimension.GROUP: _l("By group of insured"),
    Dimension.BENEFIT: _l("By share on the card"),
    Dimension.FACILITY: _l("By facility of registration"),
    Dimension.ROOM: _l("By room"),
    Dimension.SERVICE: _l("By service"),
    Dimension.ROUTE: _l("By how the patient came"),
    Dimension.CARE: _l("By kind of treatment"),
    Dimension.SOURCE: _l("By how it was recorded"),
    Dimension.READER: _l("By reader"),
    Dimension.TIMED: _l("By whether the time is known"),
    Dimension.TOOK: _l("Took at least"),
    Dimension.STATE: _l("At the insurer"),
    Dimension.NOT_INSURED: _l("Emergencies and without insurance"),
    Dimension.CORRECTED: _l("Visits that were corrected on these days"),
    Dimension.WITHDRAWN: _l("Visits that were cancelled on these days"),
}
WEEKDAY_WORDS = {
    "1": _l("Monday"),
    "2": _l("Tuesday"),
    "3": _l("Wednesday"),
    "4": _l("Thursday"),
    "5": _l("Friday"),
    "6": _l("Saturday"),
    "7": _l("Sunday"),
}
OUTCOME_WORDS = {
    "admitted": _l("the card counts"),
    "unconfirmed": _l("taken in, the insurer is asked later"),
    "desk": _l("decided by the clerk"),
}
SOURCE_WORDS = {
    "desk": _l("at the desk"),
    "self-service": _l("at self-service"),
    "paper": _l("entered from paper"),
}
STATE_WORDS = {
    "accepted": _l("received"),
    "refused": _l("refused"),
    "waiting": _l("waiting"),
    "parked": _l("needs a person"),
    "closed": _l("closed by a person"),
    "left_out": _l("not to be reported"),
    "missing": _l("without a message: tell IT"),
    "not_sent": _l("without a message"),
    "signed": _l("sent with a signature"),
    "overdue": _l("overdue"),
}
TIMED_WORDS = {"1": _l("known"), "0": _l("not known")}
NOTHING_WORDS = {
    "scanned_again": _l("scanned again: the same number was recorded"),
    "set_aside": _l("taken off the list by a person"),
}
FAULT_WORDS = {
    PeriodFault.NOT_A_DAY: _l("This is no date of the calendar. Write it like 25/11/2026."),
    PeriodFault.REVERSED: _l("The last day lies before the first one: swap them."),
    PeriodFault.TOO_LONG: _l("A report covers at most five years: choose fewer days."),
    PeriodFault.TO_COME: _l("These days have not begun: there is nothing to count yet."),
}
CLOSED_FIGURES = {
    "visits": _l("Visits"),
    "cancelled": _l("Cancelled visits"),
    "not_insured": _l("Emergencies and without insurance"),
    "from_paper": _l("Entered from paper"),
    "corrections": _l("Corrections on this day"),
    "cancellations": _l("Cancellations on this day"),
    "versions": _l("Versions of the day’s visits (a correction adds one)"),
    "outages": _l("Outages, together"),
    "unfinished": _l("Scanned and not recorded"),
    "timed": _l("Visits with a time from scan to recorded"),
}
INCIDENT_WORDS = {
    "power": _l("Outages: electricity"),
    "line": _l("Outages: Internet line"),
    "portal": _l("Outages: the insurer’s portal"),
    "program": _l("Outages: this program or its machine"),
    "clock": _l("Outages: the machine’s clock"),
    "cut_off": _l("The program was started after it had been cut off"),
    "clock_wrong": _l("The clock was found more than five minutes off"),
    "no_answer": _l("Questions to the insurer without an answer"),
    "damaged_reading": _l("Readings that were damaged or incomplete"),
    "not_printed": _l("Tickets that did not come out for certain"),
    "logbook": _l("The logbook was damaged, older or lost: a person decided"),
    "suspicion": _l("Suspicions of misuse that were written down"),
    "breach": _l("Breaches of personal data that were written down"),
}
READING_COUNTS = {
    ReadingCount.ALL: _l("Readings"),
    ReadingCount.READER: _l("Readings of a reader"),
    ReadingCount.READER_FAILED: _l("Readings of a reader, damaged or incomplete"),
    ReadingCount.FAILED: _l("Damaged or incomplete"),
    ReadingCount.NOTHING: _l("Readings that led to nothing"),
}
HELP_WORDS = {
    "helped": _l("Helped"),
    "printed": _l("Printed"),
    "shown": _l("Shown or opened"),
}
RESULT_WORDS = {
    "answered": _l("answered"),
    "no_answer": _l("no answer"),
    "refused": _l("refused by the insurer"),
}


SIMPLE_WORDS: dict[Dimension, Mapping[str, object]] = {
    Dimension.WEEKDAY: WEEKDAY_WORDS,
    Dimension.OUTCOME: OUTCOME_WORDS,
    Dimension.ROUTE: ARRIVAL_WORDS,
    Dimension.SOURCE: SOURCE_WORDS,
    Dimension.STATE: STATE_WORDS,
    Dimension.TIMED: TIMED_WORDS,
}


def dimension_text(dimension: Dimension) -> str:
    """Return what a table is called."""
    return str(DIMENSION_WORDS[dimension])


def value_text(dimension: Dimension, value: str, law: Law, day: date) -> str:
    """Return a value of a dimension in words; `day` chooses the tables of the law."""
    if not value:
        return str(_("not known"))
    simple = SIMPLE_WORDS.get(dimension)
    if simple is not None:
        return str(simple.get(value, value))
    match dimension:
        case Dimension.HOUR:
            return f"{int(value):02}:00–{int(value):02}:59" if is_whole(value) else value
        case Dimension.DAY | Dimension.MONTH:
            return day_text(value)
        case Dimension.REASON:
            return reason_text(value)
        case Dimension.FACILITY:
            return facility_text(value)
        case Dimension.TOOK:
            return ms_text(float(value)) if is_whole(value) else value
    name = _name_in_law(dimension, value, law, day)
    return f"{value} · {name}" if name else value


def _name_in_law(dimension: Dimension, value: str, law: Law, day: date) -> str:
    """Return what the tables of the law call a code; empty if they do not have it."""
    match dimension:
        case Dimension.GROUP:
            return next((row.name_vi for row in law.group_on(value, day)), "")
        case Dimension.BENEFIT if value.isascii() and value.isdigit():
            level = law.level_on(int(value), day)
            return f"{level.percent} %" if level else ""
        case Dimension.CARE:
            care = law.care_on(value, day)
            return care.name_vi if care else ""
    return ""


def reason_text(value: str) -> str:
    """Return a reason, or why a reading led to nothing, in words."""
    if value in NOTHING_WORDS:
        return str(NOTHING_WORDS[value])
    try:
        return str(words(chosen_language())["reasons"][Reason(value)]["title"])
    except ValueError:  # a newer version of the program wrote it
        return value


def reading_count_name(what: ReadingCount) -> str:
    """Return what a figure of readings is called."""
    return str(READING_COUNTS[what])


def reading_count_text(what: ReadingCount, value: str) -> str:
    """Return the value of a figure of readings in words: a reader, or a reason; empty: all."""
    return reason_text(value) if what in (ReadingCount.FAILED, ReadingCount.NOTHING) else value


def ms_text(milliseconds: float | None) -> str:
    """Return how long something took.  "—" for None."""
    if milliseconds is None:
        return "—"
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    if milliseconds < 60_000:
        return f"{milliseconds / 1000:.1f} s".replace(".", _decimal_sign())
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {seconds:02} s"


def axis_ms_text(milliseconds: float) -> str:
    """Return how long something took in one unit, for the axis of a chart."""
    if milliseconds < 1000:
        return f"{milliseconds:.0f} ms"
    if milliseconds < 300_000:
        return f"{milliseconds / 1000:.3g} s".replace(".", _decimal_sign())
    if milliseconds < 3 * 3_600_000:
        return f"{milliseconds / 60_000:.3g} min".replace(".", _decimal_sign())
    return f"{milliseconds / 3_600_000:.3g} h".replace(".", _decimal_sign())


def hours_text(time: timedelta) -> str:
    """Return a long time as hours and minutes."""
    minutes = round(time.total_seconds() / 60)
    return f"{minutes // 60} h {minutes % 60:02} min"


def count_text(value: float) -> str:
    """Return a count with its thousands apart, as the chosen language writes it."""
    whole = f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"
    return whole if chosen_language() == "en" else whole.translate(str.maketrans(",.", ".,"))


def percent_text(count: int, whole: int) -> str:
    """Return a part of a whole in percent, with one decimal place.  "—" of nothing."""
    return (
        f"{100 * count / whole:.1f}\N{NO-BREAK SPACE}%".replace(".", _decimal_sign())
        if whole
        else "—"
    )


def period_text(period: ReportPeriod) -> str:
    """Return a period in words: a day, "11/2026", "quarter 4/2026", or from – to."""
    match period.kind:
        case PeriodKind.QUARTER:
            number = (period.first.month + 2) // 3
            return str(_("quarter %(n)s/%(year)s", n=number, year=period.first.year))
        case PeriodKind.YEAR:
            return str(_("year %(year)s", year=period.first.year))
        case PeriodKind.RANGE:
            return f"{day_text(period.first)} – {day_text(period.last)}"
    return day_text(period.name)


def closed_figure_text(name: str, law: Callable[[], Law], day: date) -> str:
    """Return what a figure of a closing is called; tables stand before a dot."""
    table, dot, value = name.partition(".")
    if not dot:
        return str(CLOSED_FIGURES.get(name, name))
    match table:
        case "outcomes":
            return value_text(Dimension.OUTCOME, value, law(), day)
        case "states":
            at_insurer = _("At the insurer")
            return f"{at_insurer}: {value_text(Dimension.STATE, value, law(), day)}"
        case "incidents":
            return str(INCIDENT_WORDS.get(value, value))
    nothing = _("Led to nothing")
    return f"{nothing}: {reason_text(value)}"


def _decimal_sign() -> str:
    return "." if chosen_language() == "en" else ","
