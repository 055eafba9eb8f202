"""What a reader can read does not depend on how busy the machine of the tests is."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _no_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give every stage its turn, however slow the machine is."""
    monkeypatch.setattr("scanner.decoding.STAGES_BUDGET_S", 60.0)
