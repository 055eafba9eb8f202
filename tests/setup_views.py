"""The states of the first-run assistant, for pictures and accessibility checks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Show = Callable[[Any], None]


def _sent(step: str, do: str, **fields: str) -> Show:
    """Return what fills fields of a step and presses a button."""

    def show(stage: Any) -> None:
        stage.open(f"/setup/{step}")
        for name, value in fields.items():
            choice = stage.page.locator(f'input[type=radio][name={name}][value="{value}"]')
            if choice.count():
                choice.check()
            else:
                stage.page.fill(f"#{name}", value)
        stage.page.click(f'.setup-step button[value="{do}"]:not([aria-hidden])')
        stage.page.wait_for_load_state()

    return show


def _found(stage: Any) -> None:
    stage.open("/setup/facility")
    stage.page.evaluate("document.querySelector('.setup-form details').open = true")
    stage.page.fill("#words", "benh vien")
    stage.page.click("button[value=search]")
    stage.page.wait_for_selector(".found li")


SETUP_STATES = (
    (
        "setup-facility-wrong",
        "wrong fields of the facility",
        _sent("facility", "save", code="12", score="300"),
    ),
    ("setup-facility-found", "a facility is found by name", _found),
    ("setup-gateway-answer", "the answer of the practice gateway", _sent("gateway", "practise")),
    (
        "setup-backup-refused",
        "a folder that cannot be used",
        _sent("backup", "save", folder="/nowhere/at/all"),
    ),
    (
        "setup-reader-wrong",
        "a reader without a port",
        _sent("reader", "save", kind="serial", port_choice="other", port=""),
    ),
    (
        "setup-test-other",
        "something else than the test card was read",
        _sent("test", "typed", typed="https://example.vn"),
    ),
)
