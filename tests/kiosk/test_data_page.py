"""The page that shows the age of the data: each state, failure and kind of work has its text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask, render_template
from flask.testing import FlaskClient

from kiosk import errors as kiosk_errors
from kiosk.data import errors as data_errors
from kiosk.data.freshness import DataSet, State
from kiosk.data.report import data_report
from kiosk.data.sync_status import SyncStatus
from kiosk.errors import DataError
from kiosk.feed import errors as feed_errors
from kiosk.runtime.progress import ProgressUpdate
from tests.cast import NOW

SOFT, HARD = timedelta(hours=24), timedelta(days=7)
AGES = {State.NEVER: None, State.TOO_OLD: 9, State.AHEAD: -3, State.OLD: 2, State.FRESH: 0.1}
NAMES = ("word", "registry", "keys", "revocations", "tables", "feed")
ORIGINS = ("gateway", "feed", "here", "file", "program")
KINDS = sorted(
    error.kind
    for module in (feed_errors, data_errors, kiosk_errors)
    for error in vars(module).values()
    if isinstance(error, type) and issubclass(error, DataError)
    if error.__module__ == module.__name__
)


@pytest.fixture
def shown(client: FlaskClient) -> Callable[..., str]:
    """Show a report in a language."""

    def show(language: str = "vi", **more: Any) -> str:
        app: Flask = client.application
        sets = more.pop("sets", [made("keys", 0.1)])
        values: dict[str, Any] = {"tries": SyncStatus(), "work": None, "drifts": {}} | more
        data = data_report(sets, values["tries"], values["work"], values["drifts"], NOW)
        with app.test_request_context(f"/data?lang={language}"):
            return render_template("data/now.html", data=data, can_fetch=True)

    return show


def made(name: str, days: float | None, origin: str = "feed") -> DataSet:
    issued = None if days is None else NOW - timedelta(days=days)
    return DataSet(name, issued, SOFT, HARD, True, origin, 7, NOW)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_each_set_has_its_text_in_each_state(shown: Callable[..., str], language: str) -> None:
    for name in NAMES:
        for state, days in AGES.items():
            for origin in ORIGINS:
                data_set = made(name, days, origin)
                assert data_set.state(NOW) is state
                text = shown(
                    language, sets=[data_set, replace(data_set, missing=("list 3 of VN",))]
                )
                assert "list 3 of VN" in text
                assert "None" not in text


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_failure_has_a_text_of_its_own(shown: Callable[..., str], kind: str) -> None:
    status = SyncStatus(tried_at=NOW, failure=kind, detail="why it was")
    other = "Không dùng được bản mới; dữ liệu đang dùng được giữ nguyên."

    text = shown(tries=status)
    assert "why it was" in text
    assert (other in text) is (kind == DataError.kind)


@pytest.mark.parametrize("what", ["download", "reading", "writing"])
@pytest.mark.parametrize("total", [None, 10_000_000])
def test_progress_shows_how_much_how_fast_and_how_long_it_still_takes(
    shown: Callable[..., str], what: str, total: int | None
) -> None:
    if what == "download" and total is None:
        total = 1
    work = ProgressUpdate(what, 2_500_000, total, 100_000.0, None if total is None else 75.0)

    text = shown("en", work=work)
    assert ("75 s left" in text) is (total is not None)
    assert ("2.5" in text) or ("2,500,000" in text)


def test_a_difference_between_clocks_is_shown(shown: Callable[..., str]) -> None:
    drifts = {"feed": timedelta(seconds=1), "gateway": timedelta(minutes=-5)}
    text = shown("en", drifts=drifts)

    assert "the feed: same time as this machine" in text
    assert "the gateway: 300 s behind this machine" in text
