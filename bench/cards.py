"""Invented cards, as many as a nation has, and registries that are built from them."""

from __future__ import annotations

import functools
import itertools
import random
import subprocess
import sys
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEADING = "number,holder,born,standing,valid_from,valid_until\n"
FAMILIES = "Nguyễn Trần Lê Phạm Huỳnh Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý".split()
MIDDLES = "Văn Thị Hữu Đức Ngọc Minh Thanh Quang Thu Xuân".split()
GIVEN = "An Bình Chi Dũng Giang Hà Hương Khánh Lan Mai Nam Oanh Phúc Quân Sơn Tâm Uyên Việt".split()
DAYS = [(date(2026, 1, 1) + timedelta(days=day)).isoformat()[4:] for day in range(365)]
GROUPS = "DN4 HN2 GD4 TE1 HT3".split()
TEST_NUMBERS = 9_999_900_000  # 100,000 numbers of no real person; larger registries start at 1
ISSUED = datetime(2026, 11, 20, 6)  # when the records were made, in the clinic's time


def tail(place: int, cards: int) -> int:
    """Return the person's number of a card."""
    return place + (TEST_NUMBERS if cards <= 100_000 else 1)


def number(place: int, cards: int) -> str:
    """Return the number of a card."""
    return f"{GROUPS[place % len(GROUPS)]}{place % 63 + 1:02d}{tail(place, cards):010d}"


@functools.cache
def names() -> list[str]:
    """Return names as they repeat in a nation, in a random order that is the same each time."""
    found = [" ".join(parts) for parts in itertools.product(FAMILIES, MIDDLES, MIDDLES, GIVEN)]
    random.Random(1).shuffle(found)
    return found


def holder(place: int) -> str:
    """Return the name of a card's holder."""
    return names()[place * 7919 % len(names())]


def born(place: int) -> str:
    """Return the birth date of a card's holder, YYYY-MM-DD."""
    return f"{1930 + place % 95}{DAYS[place % 365]}"


def valid_from(place: int) -> str:
    """Return the first day of a card, YYYY-MM-DD; its last one is the same day of a later year."""
    return f"2026{DAYS[place * 31 % 365]}"


def write_cards(path: Path, places: Iterable[int], cards: int, until: int) -> None:
    """Write invented cards that are valid from 2026 until a day of the year `until`."""
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADING)
        for place in places:
            first = valid_from(place)
            file.write(
                f"{number(place, cards)},{holder(place)},{born(place)},in_force,"
                f"{first},{until}{first[4:]}\n"
            )


def build(data: Path, cards: int) -> None:
    """Build a registry of so many cards in a data directory, unless it is there already.

    The command line builds it in a process of its own, as at a site.
    """
    if (data / "complete").exists():
        return
    data.mkdir(parents=True, exist_ok=True)
    source = data / "cards.csv"
    write_cards(source, range(cards), cards, 2027)
    command = [sys.executable, str(ROOT / "run_kiosk.py"), "registry", "build", str(source)]
    subprocess.run(
        [*command, "--issued", ISSUED.isoformat(), "--data", str(data)],
        check=True,
        capture_output=True,
    )
    source.unlink()
    (data / "complete").touch()  # a build that was stopped is begun again
