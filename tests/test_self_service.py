"""Self-service and the patient's display in a browser: reach, wiping, times, faults, the camera."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.browser import chromium, open_desk
from tests.process import Server, card, serving, until
from tests.test_camera import film

SETTINGS = """
[[readers]]
name = "front"
kind = "serial"
port = "socket://127.0.0.1:9"
desk = "2"
[[self_service]]
name = "hall"
desk = "2"
"""
PORTRAIT = {"width": 1080, "height": 1920}
TYPE = """(payload) => [...payload, 'Enter'].forEach((key) => document.dispatchEvent(
    new KeyboardEvent('keydown', {key, code: '', bubbles: true})))"""
MEASURE = """() => [...document.querySelectorAll('button, a, input, select')]
    .filter((target) => target.checkVisibility())
    .map((target) => {
      const {width, height, top, bottom} = target.getBoundingClientRect();
      return {words: target.innerText, width, height, top, bottom};
    })"""
PRIVATE = ("Nguyễn", "Phạm", "99999", "Lê Thị", "Q 1")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving("--demo", "--config", settings_in(tmp_path_factory.mktemp("self"))) as running:
        yield running


def settings_in(folder: Path) -> str:
    """Write the settings of a site with a screen in the hall; return the path of the file."""
    path = folder / "kiosk.toml"
    path.write_text(SETTINGS, "utf-8")
    return str(path)


@contextmanager
def screen(server: Server, film_file: Path | None = None) -> Iterator[Any]:
    """Open self-service on a screen in portrait format, with a turn that has begun."""
    with chromium(film_file) as context:
        page = context.new_page()
        page.set_viewport_size(PORTRAIT)
        page.goto(server.url + "/self?device=hall")
        with page.expect_response("**/self/turns"):
            page.click("button")
        page.wait_for_selector('section[data-screen="welcome"]')
        yield page


def choose(page: Any, event: str) -> None:
    """Press a button that begins a turn, and wait until it has begun."""
    with page.expect_response("**/self/turns"):
        page.click(f'[data-event="{event}"]')


def show(page: Any, payload: str) -> None:
    """Show a card to the keyboard-type reader of the screen."""
    page.wait_for_timeout(200)  # the keys of two readings are apart
    page.evaluate(TYPE, payload)


def on_screen(page: Any, name: str) -> None:
    """Wait for a screen."""
    page.wait_for_selector(f'section[data-screen="{name}"]')


@pytest.mark.parametrize("language", ["vi", "en"])
def test_all_targets_are_large_and_within_reach_on_every_screen(
    server: Server, language: str
) -> None:
    with screen(server) as page:
        measured: dict[str, list[dict[str, Any]]] = {}

        def measure(name: str) -> None:
            if language == "en" and page.evaluate("document.documentElement.lang") == "vi":
                page.click('[data-event="en"]')
            on_screen(page, name)
            page.evaluate("document.querySelector('.still')?.removeAttribute('hidden')")
            page.evaluate("document.querySelector('.clock')?.setAttribute('hidden', '')")
            measured[name] = page.evaluate(MEASURE)
            wide = page.evaluate("document.documentElement.scrollWidth")
            high = page.evaluate("document.querySelector('main').scrollHeight")
            assert wide <= PORTRAIT["width"], name
            assert high <= page.evaluate("document.querySelector('main').clientHeight"), name

        measure("welcome")
        page.click('[data-event="help"]')
        measure("help")
        with page.expect_response("**/self/turns"):
            page.click('[data-event="back"]')
        choose(page, "card")
        measure("show")
        show(page, card("an" if language == "vi" else "binh"))
        measure("number")
        with page.expect_response("**/self/turns"):
            page.click('[data-event="done"]')
        choose(page, "nothing")
        measure("slip")
        page.route("**/self/staff", lambda route: route.abort())
        with page.expect_response("**/self/turns"):
            page.click('[data-event="done"]')
        page.route("**/self/turns", lambda route: route.abort())
        page.click('[data-event="staff"]')
        measure("fault")

        for name, targets in measured.items():
            assert len(targets) >= 3, name
            for target in targets:
                assert min(target["width"], target["height"]) >= 96, (name, target)
                assert 850 <= target["top"] < target["bottom"] <= 1850, (name, target)


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("size", [(390, 844), (768, 1024)])
def test_nothing_is_cut_off_on_a_smaller_screen(
    server: Server, size: tuple[int, int], language: str
) -> None:
    with screen(server) as page:
        page.set_viewport_size({"width": size[0], "height": size[1]})
        if language == "en":
            page.click('[data-event="en"]')

        def nothing_is_cut(name: str) -> None:
            on_screen(page, name)
            for target in page.evaluate(MEASURE):
                assert min(target["width"], target["height"]) >= 44, (name, target)
            for part in ("html", "body", "main", "#screen", "section", "footer", "footer .tb"):
                box = page.eval_on_selector(
                    part, "e => [e.scrollWidth - e.clientWidth, e.scrollHeight - e.clientHeight]"
                )
                assert max(box) <= 0, (name, part, box)

        nothing_is_cut("welcome")
        choose(page, "nothing")
        nothing_is_cut("slip")
        page.click('[data-event="staff"]')
        page.wait_for_selector('[data-staff="called"]:visible')
        nothing_is_cut("slip")
        server.post("/desk/calls/hall", {})
        page.wait_for_selector('[data-staff="coming"]:visible')
        nothing_is_cut("slip")


@pytest.mark.slow
def test_no_screen_breaks_a_rule_of_accessibility(server: Server) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()

    def broken_rules(page: Any) -> list[str]:
        return [rule["id"] for rule in axe.run(page).response["violations"]]

    with screen(server) as page:
        assert broken_rules(page) == []
        page.click('[data-event="help"]')
        assert broken_rules(page) == []
        with page.expect_response("**/self/turns"):
            page.click('[data-event="back"]')
        choose(page, "card")
        page.evaluate("document.querySelector('[data-advice=glare]').hidden = false")
        assert broken_rules(page) == []
        show(page, card("giang"))
        on_screen(page, "number")
        assert broken_rules(page) == []
        page.wait_for_selector(".still:visible")
        assert broken_rules(page) == []
        with page.expect_response("**/self/turns"):
            page.click('[data-event="done"]')
        choose(page, "nothing")
        on_screen(page, "slip")
        assert broken_rules(page) == []
        page.goto(server.url + "/logbook")
        assert broken_rules(page) == []
    with chromium() as context:
        page = context.new_page()
        page.goto(server.url + "/display/patient?desk=2")
        for picture in ("ready", "number", "staff"):
            page.evaluate(
                "picture => document.querySelectorAll('[data-when]')"
                ".forEach((part) => { part.hidden = part.dataset.when !== picture; })",
                picture,
            )
            assert broken_rules(page) == [], picture


def test_nothing_of_a_patient_is_left_after_the_end(server: Server) -> None:
    with screen(server) as page:
        choose(page, "card")
        show(page, card("dung"))
        on_screen(page, "number")
        number = page.inner_text("[data-label]")
        assert number.isdigit()
        shown = page.url
        with page.expect_response("**/self/turns"):
            page.click('[data-event="done"]')
        on_screen(page, "welcome")

        def nothing_is_left() -> None:
            on_screen(page, "welcome")
            text = page.content()
            assert not any(private in text for private in PRIVATE)
            assert page.query_selector("[data-label]") is None
            assert page.evaluate("history.state") is None

        nothing_is_left()
        assert page.url == shown == server.url + "/self"
        page.reload()
        nothing_is_left()
        page.go_back()
        if page.url.startswith(server.url):
            nothing_is_left()
        page.goto(server.url + "/self")
        nothing_is_left()
        assert page.goto(server.url + "/").status == 403
        assert page.goto(server.url + "/api/visits").status == 403


@pytest.mark.parametrize("path", ["scans", "status"])
def test_an_answer_that_comes_late_is_not_shown_to_the_next_patient(
    tmp_path: Path, path: str
) -> None:
    with serving("--demo", "--config", settings_in(tmp_path)) as own, screen(own) as page:
        held: list[tuple[Any, Any]] = []

        def hold(route: Any) -> None:
            answer = route.fetch()
            if held or '"number"' not in answer.text():
                route.fulfill(response=answer)
            else:
                held.append((route, answer))

        choose(page, "card")
        page.route(f"**/self/{path}", hold)
        if path == "status":
            page.route("**/self/scans", lambda route: (route.fetch(), route.abort()))
        show(page, card("an"))
        until(lambda: page.wait_for_timeout(50) or held)
        on_screen(page, "number" if path == "scans" else "show")
        with page.expect_response("**/self/turns"):
            page.click('[data-event="done"], [data-event="back"]')
        choose(page, "card")
        held[0][0].fulfill(response=held[0][1])
        page.unroute("**/self/scans")
        page.wait_for_timeout(300)
        on_screen(page, "show")

        show(page, card("binh"))
        on_screen(page, "number")
        assert page.inner_text("[data-label]") == "2"


def test_a_scan_of_a_turn_that_is_only_beginning_is_taken(tmp_path: Path) -> None:
    with serving("--demo", "--config", settings_in(tmp_path)) as own, screen(own) as page:
        held = hold_first(page, "**/self/turns")
        page.click('[data-event="card"]')
        show(page, card("an"))
        page.wait_for_timeout(600)
        held[0].continue_()
        on_screen(page, "number")


def test_a_scan_before_the_first_turn_has_begun_is_taken(tmp_path: Path) -> None:
    with serving("--demo", "--config", settings_in(tmp_path)) as own, screen(own) as page:
        held = hold_first(page, "**/self/turns")
        page.reload()
        on_screen(page, "welcome")
        until(lambda: page.wait_for_timeout(50) or held)
        show(page, card("an"))
        page.wait_for_timeout(600)
        held[0].continue_()
        on_screen(page, "number")


def test_a_scan_whose_patient_leaves_is_listed_at_the_desk(tmp_path: Path) -> None:
    with serving("--demo", "--config", settings_in(tmp_path)) as own, screen(own) as page:
        held = hold_first(page, "**/self/turns")
        page.click('[data-event="card"]')
        show(page, card("an"))
        page.wait_for_timeout(600)
        page.click('[data-event="back"]')
        held[0].continue_()
        on_screen(page, "welcome")
        until(lambda: page.wait_for_timeout(50) or "Nguyễn Văn An" in unfinished(own))


def test_the_last_choice_wins_although_an_earlier_one_is_slow(tmp_path: Path) -> None:
    with serving("--demo", "--config", settings_in(tmp_path)) as own, screen(own) as page:
        held = hold_first(page, "**/self/turns")
        page.reload()
        on_screen(page, "welcome")
        until(lambda: page.wait_for_timeout(50) or held)
        page.click('[data-event="papers"]')
        page.wait_for_timeout(300)
        held[0].continue_()
        show(page, card("an"))
        on_screen(page, "slip")
        assert own.get("/api/visits")["visits"] == []


def test_of_two_windows_one_is_the_screen(tmp_path: Path) -> None:
    with serving("--demo", "--config", settings_in(tmp_path)) as own, screen(own) as page:
        begun: list[str] = []
        page.context.on("request", lambda call: begun.extend([call.url] * ("turns" in call.url)))
        second = page.context.new_page()
        second.goto(own.url + "/self")
        on_screen(page, "elsewhere")
        on_screen(second, "welcome")
        before = len(begun)
        page.wait_for_timeout(2_000)
        assert len(begun) == before

        page.click('[data-event="here"]')
        on_screen(page, "welcome")
        on_screen(second, "elsewhere")
        choose(page, "card")
        show(page, card("an"))
        on_screen(page, "number")


def hold_first(page: Any, pattern: str) -> list[Any]:
    """Keep the first call to an address from reaching the program; return where it will be kept."""
    held: list[Any] = []
    page.route(pattern, lambda route: route.continue_() if held else held.append(route))
    return held


def unfinished(server: Server) -> str:
    """Return the list of the patients who are not recorded."""
    with urllib.request.urlopen(server.url + "/desk/unfinished", timeout=10) as answer:
        return str(answer.read().decode())


def test_an_idle_screen_asks_and_then_wipes_itself(server: Server) -> None:
    with screen(server) as page:
        choose(page, "nothing")
        on_screen(page, "slip")
        assert page.is_hidden(".still")
        page.wait_for_selector(".still:visible", timeout=7_000)
        page.click(".still")
        assert page.is_hidden(".still")
        page.wait_for_selector(".still:visible", timeout=7_000)
        page.wait_for_selector('section[data-screen="welcome"]', timeout=12_000)
        assert not any(private in page.content() for private in PRIVATE)


def test_a_chosen_language_ends_with_its_patient(server: Server) -> None:
    with screen(server) as page:
        page.click('[data-event="en"]')
        choose(page, "nothing")
        on_screen(page, "slip")
        assert "Please go to desk 2" in page.inner_text("h1")
        page.click('[data-event="vi"]')
        assert "Mời anh/chị đến bàn 2" in page.inner_text("h1")
        page.click('[data-event="en"]')
        with page.expect_response("**/self/turns"):
            page.click('[data-event="done"]')
        assert page.evaluate("document.documentElement.lang") == "vi"
        assert "lấy số" in page.inner_text("h1")


def test_another_code_is_asked_for_once_more_in_a_large_picture(server: Server) -> None:
    with screen(server) as page:
        choose(page, "card")
        show(page, "00020101021138540010A000000727ABCDEF")
        page.wait_for_selector('[data-advice="again"]:visible')
        show(page, "00020101021138540010A000000727ABCDEF")
        on_screen(page, "slip")


def test_the_desk_does_not_jump_but_lists_the_slip_and_shows_the_call(server: Server) -> None:
    with screen(server) as page, chromium() as context:
        desk = context.new_page()
        open_desk(desk, server.url, "2")
        desk.wait_for_selector("#status *")
        choose(page, "card")
        show(page, card("chi"))
        on_screen(page, "slip")
        label = page.inner_text("[data-label]")
        desk.wait_for_selector(f"#unfinished .slip:has-text('{label}')")
        assert desk.query_selector(".pass[data-reading]") is None

        page.click('[data-event="staff"]')
        desk.click("[data-answer-call]")
        desk.wait_for_selector("[data-answer-call]", state="detached")


def test_a_screen_without_the_program_sends_to_the_desk_and_comes_back(tmp_path: Path) -> None:
    with serving("--demo", "--config", settings_in(tmp_path)) as own, screen(own) as page:
        choose(page, "card")
        page.context.set_offline(True)
        on_screen(page, "fault")
        assert "bàn 2" in page.inner_text("h1")
        page.context.set_offline(False)
        on_screen(page, "welcome")
        choose(page, "card")
        show(page, card("an"))
        on_screen(page, "number")


@pytest.mark.slow
def test_a_phone_before_the_camera_of_the_screen_gets_a_number(tmp_path: Path) -> None:
    film(tmp_path / "phone.mjpeg", card("binh"))
    with (
        serving("--demo", "--config", settings_in(tmp_path)) as own,
        screen(own, tmp_path / "phone.mjpeg") as page,
    ):
        choose(page, "card")
        on_screen(page, "number")
        assert page.query_selector("video") is None
        assert page.inner_text("[data-label]") == "1"
        with page.expect_response("**/self/turns"):
            page.click('[data-event="done"]')
        frames: list[str] = []
        page.on("request", lambda call: frames.extend([call.url] * ("frames" in call.url)))
        page.wait_for_timeout(1_000)
        assert frames == []  # the camera is off


def test_the_display_follows_its_desk_and_never_shows_a_fault(tmp_path: Path) -> None:
    with serving("--demo", "--config", settings_in(tmp_path)) as own, chromium() as context:
        desk, display = context.new_page(), context.new_page()
        open_desk(desk, own.url, "2")
        desk.wait_for_selector("#status *")
        display.set_viewport_size({"width": 1280, "height": 800})
        display.goto(own.url + "/display/patient?desk=2")
        display.wait_for_selector('main [data-when="ready"]:visible')

        def scan(key: str) -> None:
            desk.fill("#payload", card(key))
            desk.press("#payload", "Enter")
            desk.wait_for_selector(".pass[data-ready]")

        scan("chi")
        display.wait_for_selector('main [data-when="staff"]:visible')
        scan("an")
        display.wait_for_selector('main [data-when="ready"]:visible')
        desk.press("#payload", "Enter")
        display.wait_for_selector('main [data-when="number"]:visible')
        assert display.inner_text("#label") == "1"
        assert display.evaluate("getComputedStyle(label).fontSize") == "352px"
        assert "Nguyễn" not in display.content()
        own.kill()
        display.wait_for_selector('main [data-when="ready"]:visible', timeout=8_000)
        assert display.text_content("#label") == ""
