"""The benches that `bench/all.py` runs: each with its arguments, in full and in small size."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.browser import CHROMIUM

Arguments = tuple[str, ...]


def has_chromium() -> str:
    """Return why Chromium cannot be used; empty if it can."""
    if importlib.util.find_spec("playwright") is None:
        return "playwright is not installed"
    return "" if CHROMIUM else "there is no Chromium on this machine"


def has_atheris() -> str:
    """Return why there is no fuzzing; empty if there is."""
    missing = importlib.util.find_spec("atheris") is None
    return "atheris is not installed (pip install atheris)" if missing else ""


def has_pty() -> str:
    """Return why a serial reader cannot be imitated; empty if it can."""
    missing = importlib.util.find_spec("pty") is None
    return "this system has no pseudo-terminals" if missing else has_chromium()


def has_postgres() -> str:
    """Return why a hub cannot be started; empty if it can."""
    if importlib.util.find_spec("psycopg") is None:
        return 'psycopg is not installed (pip install "tiepdon[hub]")'
    has_server = any(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return "" if has_server else "there is no PostgreSQL here (apt install postgresql)"


def needs_nothing() -> str:
    """Return that nothing is missing."""
    return ""


@dataclass(frozen=True, slots=True)
class Row:
    """A bench. Each of its runs is a list of arguments; {kept} is a folder that stays.

    `missing` says why it cannot be run here, or nothing.  `is_module`: it is started with -m.
    """

    name: str
    full: Sequence[Arguments] = ((),)
    quick: Sequence[Arguments] = ((),)
    missing: Callable[[], str] = needs_nothing
    is_module: bool = False

    def command(self, root: Path, kept: Path, arguments: Arguments) -> list[str]:
        """Return what follows the interpreter's name."""
        program = ["-m", f"bench.{self.name}"]
        if not self.is_module:
            program = [str(root / "bench" / f"{self.name}.py")]
        return [*program, *(word.replace("{kept}", str(kept)) for word in arguments)]


def words(*each: str) -> tuple[Arguments, ...]:
    """Return the arguments of each run."""
    return tuple(tuple(text.split()) for text in each)


ROWS = (
    Row("verify", quick=words("--cards 20000 --calls 300")),
    Row("throughput", quick=words("--rounds 3 --seconds 1")),
    Row("hostile"),
    Row("entitlement", quick=words("--calls 300")),
    Row(
        "outbox",
        full=words("10000 50 50 signed", "10000 50 1 plain"),
        quick=words("500 50 50 signed", "200 50 1 plain"),
    ),
    Row("hang", quick=words("3")),
    Row("registry", full=words("", "--cards 10000000"), quick=words("--cards 20000")),
    Row("feed", quick=words("20"), is_module=True),
    Row("pages", quick=words("2000 10")),
    Row("start", quick=words("--visits 2000 --rounds 3")),
    Row("searches", quick=words("2")),
    Row("logbook", full=words("1000000"), quick=words("4000")),
    Row("reports", full=words("1000000"), quick=words("20000")),
    Row("chain", quick=words("--visits 200 --links 20000")),
    Row("at_rest", quick=words("--visits 1000 --rounds 2 --scans 30")),
    Row("backup", full=words("--visits 200000"), quick=words("--visits 2000 --scans 60")),
    Row("sign_in", full=words("--browser"), quick=words("--rounds 2 --tries 400")),
    Row("camera", missing=has_chromium),
    Row("desk_page", quick=words("8"), missing=has_pty),
    Row("decode", full=words("--drawn 20"), quick=words("--drawn 1")),
    Row("endurance", quick=words("3000")),
    Row(
        "hub",
        quick=words(
            "--visits 40000 --records 40000 --desks 3 --rounds 2 --seconds 3 --waiting 300"
        ),
        missing=has_postgres,
    ),
    Row("peers", quick=words("--quick")),
    Row(
        "fuzz",
        full=words("-runs=5000000 -max_len=1200 {kept}/corpus", "--replay {kept}/corpus"),
        quick=words("-runs=20000 -max_len=1200 {kept}/corpus", "--replay {kept}/corpus"),
        missing=has_atheris,
    ),
)
