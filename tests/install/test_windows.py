"""Windows: what Python decides, with the system's commands pretended; and the program it starts."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest

from kiosk.install.errors import InstallFailed
from kiosk.install.layout import InstallLayout, layout_of
from kiosk.install.places import prepare_places
from kiosk.install.releases import Releases
from kiosk.install.service_start import packages_in_use
from kiosk.install.windows import (
    NAMESPACE,
    NO_SUCH_SERVICE,
    WindowsServices,
    rights_commands,
    service_commands,
    task_xml,
)
from kiosk.install.windows_service import ChildProgram, serve_command, watch
from tests.process import ROOT, until

# The elements of the schema of Task Scheduler (MS-TSCH 2.5) below each that we use, in its order.
ELEMENTS = {
    "Task": ["RegistrationInfo", "Triggers", "Principals", "Settings", "Actions"],
    "RegistrationInfo": ["Description"],
    "Triggers": ["CalendarTrigger"],
    "CalendarTrigger": ["StartBoundary", "Enabled", "RandomDelay", "ScheduleByDay"],
    "ScheduleByDay": ["DaysInterval"],
    "Principals": ["Principal"],
    "Principal": ["UserId", "RunLevel"],
    "Actions": ["Exec"],
    "Exec": ["Command", "Arguments", "WorkingDirectory"],
}
SETTINGS = {
    "MultipleInstancesPolicy", "DisallowStartIfOnBatteries", "StopIfGoingOnBatteries",
    "StartWhenAvailable", "ExecutionTimeLimit", "Priority",
}  # fmt: skip


class PretendWindows:
    """Answers `sc.exe`, `icacls` and `schtasks`, and keeps what was called."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.state = 0
        self.refuses = ""

    def __call__(self, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
        self.calls.append(list(words))
        verb = words[1] if len(words) > 1 else ""
        if self.refuses and self.refuses in words:
            return subprocess.CompletedProcess(
                words, 5, "[SC] FAILED 5:\n\nAccess is denied.\n", ""
            )
        if words[0] == "sc.exe":
            if verb == "query":
                code = 0 if self.state else NO_SUCH_SERVICE
                # As a German Windows says it: the numbers are what can be read everywhere.
                text = f"\nSERVICE_NAME: TiepDon\n  TYP   : 10  WIN32\n  STATUS: {self.state}  X\n"
                return subprocess.CompletedProcess(words, code, text if self.state else "", "")
            self.state = {"create": 1, "start": 4, "stop": 1, "delete": 0}.get(verb, self.state)
        return subprocess.CompletedProcess(words, 0, "", "")


@pytest.fixture
def layout(tmp_path: Path) -> InstallLayout:
    return layout_of(tmp_path, "win32")


def test_the_service_is_made_changed_started_stopped_and_deleted(layout: InstallLayout) -> None:
    windows = PretendWindows()
    services = WindowsServices(layout, windows)

    services.write("one")
    services.start()
    assert services.is_running()
    services.write("two")  # an upgrade
    services.stop()
    assert not services.is_running()
    services.remove()

    verbs = [words[1] for words in windows.calls if words[0] == "sc.exe" and words[1] != "query"]
    assert verbs == [
        "create", "failure", "failureflag", "start", "config", "failure", "failureflag",
        "stop", "delete",
    ]  # fmt: skip
    assert ["schtasks", "/Delete", "/TN", r"TiepDon\Nightly", "/F"] in windows.calls


def test_a_command_that_windows_refuses_is_named(layout: InstallLayout) -> None:
    windows = PretendWindows()
    windows.refuses = "create"

    with pytest.raises(InstallFailed, match=r"sc.exe create: Access is denied. \(5\)"):
        WindowsServices(layout, windows).write("one")


def test_each_option_of_sc_stands_apart_from_its_value(layout: InstallLayout) -> None:
    first, *_ = service_commands(layout, is_known=False)

    options = first[3::2]
    assert options == ["binPath=", "start=", "obj=", "DisplayName="]
    assert first[4].endswith(f'"{layout.programs / "service.py"}"')


def test_only_the_program_the_system_and_administrators_may_read_the_data(
    layout: InstallLayout,
) -> None:
    for words in rights_commands(layout):
        assert "/inheritance:r" in words
        granted = {word.split(":")[0]: word for word in words if word.startswith("*")}
        assert granted == {
            "*S-1-5-18": "*S-1-5-18:(OI)(CI)F",
            "*S-1-5-32-544": "*S-1-5-32-544:(OI)(CI)F",
            "*S-1-5-19": "*S-1-5-19:(OI)(CI)M",
        }


def test_the_nightly_task_is_made_up_for_and_has_only_elements_that_are_documented(
    layout: InstallLayout,
) -> None:
    content = task_xml(layout)
    assert content[:2] in (b"\xff\xfe", b"\xfe\xff")  # UTF-16 with its mark, as schtasks reads it
    task = ElementTree.fromstring(content.decode("utf-16"))

    for element in task.iter():
        name = element.tag.removeprefix(f"{{{NAMESPACE}}}")
        below = [child.tag.removeprefix(f"{{{NAMESPACE}}}") for child in element]
        if name == "Settings":
            assert set(below) == SETTINGS
        else:
            assert below == ELEMENTS.get(name, []), name
    text = {e.tag.removeprefix(f"{{{NAMESPACE}}}"): e.text for e in task.iter()}
    assert text["StartWhenAvailable"] == "true"
    assert text["StartBoundary"] == "2026-01-01T19:30:00+07:00"
    assert text["UserId"] == "S-1-5-19"
    assert str(layout.config) in (text["Arguments"] or "")


def test_the_release_in_use_is_a_file_that_command_and_service_read(layout: InstallLayout) -> None:
    prepare_places(layout, "01999")
    releases = Releases(layout)
    for name in ("1.0-a", "2.0-b"):
        (layout.releases / name).mkdir(parents=True)
        releases.complete(name, {})
        releases.point_to(name)

        assert releases.current() == name
        assert packages_in_use(layout.programs).parts[-3:] == (name, "Lib", "site-packages")
        assert name in serve_command(layout.programs)[0]
    assert f'set /p release=<"{layout.programs}\\current.txt"' in layout.command.read_text()
    assert (layout.programs / "service.py").is_file()


def test_the_program_ends_when_the_service_is_stopped(tmp_path: Path) -> None:
    words = [sys.executable, str(ROOT / "run_kiosk.py"), "serve", "--demo", "--port", "0"]
    log = tmp_path / "service.log"
    child = ChildProgram([*words, "--no-browser", "--until-input-ends"], log)
    until(lambda: "Ready: " in log.read_text("utf-8"))

    assert watch(child, lambda _seconds: True) == 0

    assert "Traceback" not in log.read_text("utf-8")


def test_a_program_that_ends_by_itself_ends_the_service_with_its_code(tmp_path: Path) -> None:
    child = ChildProgram([sys.executable, "-c", "raise SystemExit(3)"], tmp_path / "log")

    assert watch(child, lambda _seconds: False) == 3
