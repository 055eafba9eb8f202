"""How long searches while typing take, beside a plain search for the typed text in all rows.

    python bench/searches.py [ROUNDS]

- The help: each question of the tests.
- The facilities: a list of 13,000, as many as the country has; and how long the program's tables
  take to read with that list, as a multiple of the time without it.

Both ways take turns.  Prints a JSON line for each: the median and the 99th percentile in
milliseconds, and the median as a multiple of that of the plain search.  Nothing here has a goal.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.goals import Goals
from kiosk.data import import_facilities, law_in_use
from kiosk.help.search import fold, search_of
from kiosk.help.tables import read_help
from kiosk.runtime.paths import shipped_folder
from tests.kiosk.help_questions import QUESTIONS
from verify import clinic_day

COUNT, ISSUED = 13_000, date(2026, 11, 1)


def took_ms(call: Callable[[str], object], question: str) -> float:
    """Return the milliseconds of one call."""
    begun = time.perf_counter()
    call(question)
    return (time.perf_counter() - begun) * 1000


def compare(
    goals: Goals,
    what: str,
    search: Callable[[str], object],
    rows: list[str],
    typed: list[str],
    rounds: int,
) -> None:
    """Print how long a search takes beside a plain one in the folded `rows`."""

    def plain(text: str) -> list[str]:
        folded = fold(text)
        return [row for row in rows if folded in row]

    found, floors = [], []
    for _ in range(rounds):
        for text in typed:
            found.append(took_ms(search, text))
            floors.append(took_ms(plain, text))
    median = statistics.median(found)
    figures = {
        "median_ms": round(median, 2),
        "p99_ms": round(statistics.quantiles(found, n=100)[98], 2),
        "ratio": round(median / statistics.median(floors), 2),  # to a plain search
    }
    goals.show(what, rows=len(rows), **figures)


def measure_help(goals: Goals, rounds: int) -> None:
    """Measure the search of the help."""
    tables, today = read_help(shipped_folder("config") / "tables"), clinic_day(datetime.now(UTC))
    rows = [
        fold(" ".join((row.question_vi, row.question_en, row.answer_vi, row.answer_en)))
        for row in tables.troubles_on(today)
    ]
    questions = [question for question, _ids in QUESTIONS]
    compare(goals, "help", search_of(tables, today).find, rows, questions, rounds)


def measure_facilities(goals: Goals, rounds: int) -> None:
    """Measure the search of the facilities, and the reading of a long list of them."""
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryDirectory() as without:
        folder = Path(name)
        rows = [f"{at // 1000 + 1:02d}{at % 1000:03d},Trạm Y tế xã số {at}" for at in range(COUNT)]
        source = folder / "list.csv"
        source.write_text("\n".join(["code,name", *rows]), "utf-8")
        import_facilities(folder, source, ISSUED)
        took, floors = [], []
        for _ in range(rounds):
            took.append(took_ms(lambda path: law_in_use(Path(path)), name))
            floors.append(took_ms(lambda path: law_in_use(Path(path)), without))
        law = law_in_use(folder)
    ratio = statistics.median(took) / statistics.median(floors)
    median_ms = round(statistics.median(took), 1)
    goals.show("tables with facilities", median_ms=median_ms, ratio=round(ratio, 2))
    typed = [f"tram y te {number}" for number in range(100, 13_000, 1_000)]
    names = [fold(row.partition(",")[2]) for row in rows]
    compare(goals, "facilities", lambda text: law.facility_list.find(text), names, typed, rounds)


if __name__ == "__main__":
    ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    GOALS = Goals()
    measure_help(GOALS, ROUNDS)
    measure_facilities(GOALS, ROUNDS)
    GOALS.end()
