"""The screens of self-service as views: each is led there, and then stands still."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Show = Callable[[Any], None]  # gets a `tests.views.Stage`

# No time passes and no call is answered from then on; `ms` more of the screen's time have passed.
STAND_STILL = """(ms) => {
  const now = performance.now() + ms;
  performance.now = () => now;
  window.fetch = () => new Promise(() => {});
}"""
NUMBER = {
    "state": "number",
    "label": "12",
    "room": "Phòng khám 1",
    "place": "Tầng 2, cuối hành lang bên trái",
    "initials": "N. V. A.",
    "printed": True,
}


def _at(screen: str, do: Show | None = None, before: Show | None = None, ms: int = 0) -> Show:
    """Return what leads a stage to a screen, in the language of the stage.

    `before` is done before the page is opened, and `do` at the welcome.
    """

    def show(stage: Any) -> None:
        page = stage.page
        if before:
            before(stage)
        stage.open("/self?device=hall")
        page.click('form[action$="/self/mark"] button')
        page.wait_for_selector("section[data-screen]")
        cookies = {each["name"]: each["value"] for each in page.context.cookies()}
        if cookies.get("language") == "en":
            page.click('[data-event="en"]')
        if do:
            do(stage)
        page.wait_for_selector(f'section[data-screen="{screen}"]')
        page.evaluate(STAND_STILL, ms)
        if ms:
            page.wait_for_selector(".still:visible")
        page.context.clear_cookies(name="self_service")  # it opens nothing else

    return show


def _press(event: str) -> Show:
    return lambda stage: stage.page.click(f'[data-event="{event}"]')


def _guides(stage: Any) -> None:
    _press("help")(stage)
    _press("guides")(stage)
    stage.page.wait_for_selector('section[data-screen="guides"]')


def _guide(stage: Any) -> None:
    _guides(stage)
    stage.page.click('[data-guide-key="register-vssid"]')


def _look(stage: Any) -> None:
    stage.hold("**/self/slips")
    _press("nothing")(stage)


def _number(stage: Any) -> None:
    stage.page.route(
        "**/self/status", lambda route: route.fulfill(json=route.fetch().json() | NUMBER)
    )


def _call(stage: Any) -> None:
    with stage.page.expect_response("**/self/staff"):
        _press("staff")(stage)
    stage.server.post("/desk/calls/hall", {})  # no other view shows the call


def _fault(stage: Any) -> None:
    stage.page.route("**/self/*", lambda route: route.abort())
    _press("staff")(stage)


def _elsewhere(stage: Any) -> None:
    stage.page.route("**/self/turns", lambda route: route.fulfill(status=409, json={}))


WELCOME = _at("welcome")

# The names of views, what they show, and how to get there; the welcome is in `page_list`.
SELF_SCREENS: tuple[tuple[str, str, Show], ...] = (
    ("self-help", "how a card is opened", _at("help", _press("help"))),
    ("self-guides", "the guides for VssID and VNeID", _at("guides", _guides)),
    ("self-guide", "the longest of them", _at("guide", _guide)),
    ("self-show", "a card is to be shown", _at("show", _press("card"))),
    ("self-look", "the card is looked for", _at("look", _look)),
    ("self-number", "the number and the room", _at("number", _number)),
    ("self-slip", "a slip that sends to the desk", _at("slip", _press("nothing"))),
    ("self-still", "is somebody still there", _at("slip", _press("nothing"), ms=8_000)),
    ("self-staff", "a person was called", _at("welcome", _call)),
    ("self-fault", "the program does not answer", _at("fault", _fault)),
    ("self-elsewhere", "another window is the screen", _at("elsewhere", before=_elsewhere)),
)
