"""The commands and the lines of `doctor` about privacy."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kiosk.doctor.duties import privacy_checks
from kiosk.logbook import Accesses, Looker
from kiosk.privacy import BreachFacts, RequestKind
from kiosk.staff import Role
from tests.cast import NOW
from tests.conftest import Kiosk
from tests.process import call, site

YEARS = timedelta(days=6 * 366)


@pytest.fixture
def options(tmp_path: Path) -> list[str]:
    return site(tmp_path, "")


def lines(*words: str, code: int = 0) -> list[dict[str, Any]]:
    done = call(*words)
    assert done.returncode == code, done.stderr
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def test_each_kind_is_printed_with_its_period_and_source(options: list[str]) -> None:
    kinds = {line["kind"]: line for line in lines("privacy", "kept", *options)}

    assert kinds["visits"]["period"] == "not set"
    assert kinds["sign_ins"]["period"] == "12 months"
    assert kinds["sign_ins"]["certainty"] == "read"


def test_the_purge_needs_another_clock_or_somebody_s_word(options: list[str]) -> None:
    [refused] = lines("privacy", "purge", *options, code=1)
    [done] = lines("privacy", "purge", "--clock-is-right", *options)

    assert (refused["trouble"], done["trouble"]) == ("clock", None)
    assert done["overwritten"]


def test_the_accounts_are_printed_for_the_review(options: list[str]) -> None:
    lines("staff", "add", "--name", "Lê Thu Hà", "--role", "administrator", *options)

    account, due = lines("privacy", "access", *options)

    assert (account["name"], account["look_at"]) == ("Lê Thu Hà", "no_factor")
    assert due["review_due"]


def test_doctor_says_what_is_too_old_and_who_waits(kiosk: Kiosk) -> None:
    def checks(now: Any) -> dict[str, tuple[bool, str]]:
        found = privacy_checks(kiosk.privacy, now)
        shown = [check.as_json() for check in found]
        return {check["what"]: (check["good"], check["seen"]) for check in shown}

    assert all(good for good, _seen in checks(NOW).values())
    Accesses(kiosk.database).record(Looker("desk"), "a", NOW, visits=["v1"])
    kiosk.privacy.requests.add(RequestKind.SEE, "bà Mẫu", "", "", NOW, NOW, "desk")
    kiosk.privacy.breaches.add(BreachFacts(NOW, "mất máy"), NOW, "desk")
    kiosk.staff.members.add("Lê Thu Hà", Role.CLERK, "", NOW, "a test")

    later = checks(NOW + YEARS)

    assert later["kept data"] == (
        False,
        "past their period: looks 1; past it, but still needed: requests 1, breaches 1;"
        " no period set: visits",
    )
    assert later["requests of persons"] == (False, "1 late")
    assert later["breaches"] == (False, "1 not reported in time")
    assert later["review of access"][0] is False
    assert "Mẫu" not in str(later)
