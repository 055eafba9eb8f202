"""Run every bench of docs/measured.md, and say which goals are met.

    python bench/all.py [FOLDER] [--quick] [--only NAME …] [--skip NAME …] [--limit MINUTES]

Each bench runs as a process of its own, one after the other; floors are measured within each. The
folder (by default a new one) gets `results.json` with every figure, `results.md`, a table,
`results.svg`, a picture of the figures as parts of their goals, and the output of each bench.
`--quick` takes small sizes: minutes in place of hours. What only a large logbook or registry makes
slow is not seen then.

The exit code is 1 if a goal is missed or a bench failed, and 3 if nothing was missed but a bench
could not be run: what did not run is not met. All of them are named at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(ROOT := Path(__file__).parents[1]))

from bench.goals import GOALS
from bench.picture import picture
from bench.rows import ROWS, Arguments, Row

Line = dict[str, Any]
MET, MISSED, FAILED, NOT_RUN = "met", "MISSED", "FAILED", "NOT RUN"
MISSED_CODE, INCOMPLETE_CODE = 1, 3
QUICK_LIMIT_MIN, FULL_LIMIT_MIN = 15, 8 * 60  # of one bench
ERROR_LINES = 3  # of the output of a bench that failed


def load() -> list[float] | None:
    """Return the load of the machine in the last 1, 5 and 15 minutes, where the system tells it."""
    return [round(each, 1) for each in os.getloadavg()] if hasattr(os, "getloadavg") else None


def lines_of(output: str) -> list[Line]:
    """Return the JSON lines of an output."""
    found = []
    for text in output.splitlines():
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict):
            found.append(line)
    return found


def end(process: subprocess.Popen[bytes]) -> None:
    """End a bench, with the programs that it started where the system knows groups of processes."""
    if os.name == "posix":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def run(row: Row, arguments: Arguments, kept: Path, limit_s: float) -> Line:
    """Run a bench once; return its figures and its state."""
    result: Line = {"bench": row.name, "arguments": list(arguments), "load": load()}
    if why := row.missing():
        return result | {"state": NOT_RUN, "why": why, "figures": []}
    command = [sys.executable, *row.command(ROOT, kept, arguments)]
    begun, log = (
        time.monotonic(),
        kept / f"{'-'.join([row.name, *arguments]).replace('/', '_')}.log",
    )
    with log.open("w+b") as file:
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=file, stderr=file, start_new_session=True
        )
        code: int | None = None
        try:
            code = process.wait(limit_s)
        except subprocess.TimeoutExpired:
            pass
        finally:
            if process.poll() is None:
                end(process)
    output = log.read_text("utf-8", "replace")
    figures = lines_of(output)
    result |= {"seconds": round(time.monotonic() - begun, 1), "figures": figures}
    missed = [line["what"] for line in figures if line.get("met") is False]
    if code is None:
        return result | {"state": FAILED, "why": f"not done after {limit_s / 60:.0f} minutes"}
    if missed:
        return result | {"state": MISSED}
    if code:
        ending = " / ".join(output.splitlines()[-ERROR_LINES:])
        return result | {"state": FAILED, "why": f"exit {code}: {ending}"}
    return result | {"state": MET}


def goals_of(results: Sequence[Line]) -> Iterator[tuple[str, Line]]:
    """Yield each figure that has a goal, with the bench that it is of."""
    for result in results:
        for line in result["figures"]:
            if "met" in line:
                yield result["bench"], line


def part_of_goal(line: Line) -> float | None:
    """Return a figure as a part of its goal: 1 is at the goal, more is behind; None if unknown."""
    value, goal = line["value"], line["goal"]
    if value is None:
        return None
    if line.get("is_least"):
        value, goal = goal, value
    if goal == 0:
        return 0.0 if value <= 0 else None
    return float(value / goal)


def table(results: Sequence[Line], quick: bool) -> str:
    """Return all figures as a page in Markdown."""
    sizes = "small sizes: these are not the figures of docs/measured.md" if quick else "full sizes"
    page = [
        "# Benches",
        "",
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} processors, Python"
        f" {sys.version.split()[0]}, {sizes}. A goal of 0: there may be none.",
        "",
        "| bench | what | value | goal | unit | times the floor | |",
        "|---|---|---|---|---|---|---|",
    ]
    for bench, line in goals_of(results):
        bound = "≥" if line.get("is_least") else "≤"
        value = "not known" if line["value"] is None else f"{line['value']:g}"
        page.append(
            f"| {bench} | {line['what']} | {value} | {bound} {line['goal']:g} |"
            f" {line.get('unit', '')} | {line.get('ratio', '')}"
            f" | {MET if line['met'] else MISSED} |"
        )
    page += ["", "| bench | arguments | state | seconds | load before | why |", "|---" * 6 + "|"]
    for result in results:
        words = [result.get("seconds", ""), result["load"], result.get("why", "").replace("|", "/")]
        cells = [result["bench"], " ".join(result["arguments"]), result["state"], *map(str, words)]
        page.append(f"| {' | '.join(cells)} |")
    page += ["", "Without a goal:", ""]
    for result in results:
        for line in result["figures"]:
            if "met" not in line and line.get("what") != GOALS:
                page.append(f"- {result['bench']}: `{json.dumps(line, ensure_ascii=False)}`")
    return "\n".join(page) + "\n"


def write(folder: Path, results: Sequence[Line], quick: bool) -> None:
    """Write the results as JSON, as a table and as a picture."""
    whole = {"at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}", "quick": quick, "results": results}
    text = json.dumps(whole, indent=1, ensure_ascii=False)
    (folder / "results.json").write_text(text + "\n", "utf-8")
    (folder / "results.md").write_text(table(results, quick), "utf-8")
    bars = [
        (f"{bench}: {line['what']}", part_of_goal(line), bool(line["met"]))
        for bench, line in goals_of(results)
    ]
    bars += [
        (f"{each['bench']}: {each['state']}", None, False) for each in results if "why" in each
    ]
    (folder / "results.svg").write_text(picture(bars), "utf-8")


def conclusion(results: Sequence[Line]) -> tuple[int, list[str]]:
    """Return the exit code, and a line for each thing that is not as it should be."""
    said = [
        f"{MISSED} {bench}: {line['what']}: {line['value']} {line.get('unit', '')}".rstrip()
        + f", goal {line['goal']:g}"
        for bench, line in goals_of(results)
        if not line["met"]
    ]
    said += [f"{each['state']} {each['bench']}: {each['why']}" for each in results if "why" in each]
    parts = [(each["bench"], line) for each in results for line in each["figures"]]
    said += [
        f"{NOT_RUN} {bench}: {line['what']}: {line['not_run']}"
        for bench, line in parts
        if "not_run" in line
    ]
    states = {each["state"] for each in results}
    if states & {MISSED, FAILED}:
        return MISSED_CODE, list(dict.fromkeys(said))
    return INCOMPLETE_CODE if NOT_RUN in states else 0, list(dict.fromkeys(said))


def main(words: list[str] | None = None, rows: Sequence[Row] = ROWS) -> int:
    """Run the benches, and write and print what was found; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = [row.name for row in rows]
    parser.add_argument("folder", type=Path, nargs="?", help="where the results are written")
    parser.add_argument("--quick", action="store_true", help="small sizes")
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="NAME")
    parser.add_argument("--skip", nargs="+", choices=names, default=[], metavar="NAME")
    parser.add_argument("--limit", type=float, metavar="MINUTES", help="of one bench")
    wanted = parser.parse_args(words)
    folder = wanted.folder or Path(tempfile.mkdtemp(prefix="benches-"))
    folder.mkdir(parents=True, exist_ok=True)
    limit_s = 60 * (wanted.limit or (QUICK_LIMIT_MIN if wanted.quick else FULL_LIMIT_MIN))
    results: list[Line] = []
    for row in rows:
        if row.name not in wanted.only or row.name in wanted.skip:
            continue
        for arguments in row.quick if wanted.quick else row.full:
            results.append(run(row, arguments, folder, limit_s))
            write(folder, results, wanted.quick)  # each time, so that an end in between loses none
            last = results[-1]
            head = [last["state"], row.name, *arguments, f"{last.get('seconds', 0)} s"]
            print(" ".join(head), flush=True)
    code, said = conclusion(results)
    print(*said, f"results in {folder}", sep="\n")
    return code


if __name__ == "__main__":
    raise SystemExit(main())
