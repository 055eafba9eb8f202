"""Windows: the service, the nightly task, and who may read the data; by the system's own commands.

Everything runs as *Local Service*, which Task Scheduler knows too, so that the nightly job can read
what the service has written.  Nothing of this has run on Windows yet (docs/measured.md).
"""

from __future__ import annotations

import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.etree import ElementTree

from kiosk.install.errors import InstallFailed
from kiosk.install.layout import InstallLayout
from kiosk.install.preconditions import base_python

SERVICE = "TiepDon"
TASK = r"TiepDon\Nightly"
ACCOUNT = r"NT AUTHORITY\LocalService"
SYSTEM_SID, ADMINISTRATORS_SID, LOCAL_SERVICE_SID = "S-1-5-18", "S-1-5-32-544", "S-1-5-19"
RUNNING, STOPPED = 4, 1  # states of a service, as `sc query` numbers them
STARTING = 2
NO_SUCH_SERVICE = 1060
STOPS_WITHIN_S = 60
NAMESPACE = "http://schemas.microsoft.com/windows/2004/02/mit/task"
SETTINGS_OF_TASK = {
    "MultipleInstancesPolicy": "IgnoreNew",
    "DisallowStartIfOnBatteries": "false",
    "StopIfGoingOnBatteries": "false",
    "StartWhenAvailable": "true",  # a PC that was off at that time does it when it is on again
    "ExecutionTimeLimit": "PT6H",
    "Priority": "7",
}

Run = Callable[[Sequence[str]], "subprocess.CompletedProcess[str]"]


def run_command(words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a command of Windows."""
    return subprocess.run(list(words), capture_output=True, text=True, check=False)


def rights_commands(layout: InstallLayout) -> list[list[str]]:
    """Return the commands that give data and settings to the program and to administrators only."""
    rights = {SYSTEM_SID: "F", ADMINISTRATORS_SID: "F", LOCAL_SERVICE_SID: "M"}
    grants = [
        word for sid, right in rights.items() for word in ("/grant:r", f"*{sid}:(OI)(CI){right}")
    ]
    return [
        ["icacls", str(place), "/inheritance:r", *grants, "/T", "/Q"]
        for place in (layout.data, layout.settings)
    ]


def service_commands(layout: InstallLayout, is_known: bool) -> list[list[str]]:
    """Return the commands that register the service; it reads which release is in use itself.

    The service runs in the Python of all users, since that of a virtual environment starts another
    process, of which the system does not know.
    """
    binary = f'"{base_python()}" "{layout.programs / "service.py"}"'
    verb = "config" if is_known else "create"
    how = ["binPath=", binary, "start=", "delayed-auto", "obj=", ACCOUNT]
    again = ["reset=", "60", "actions=", "restart/2000/restart/10000//0"]
    return [
        ["sc.exe", verb, SERVICE, *how, "DisplayName=", "Tiếp Đón"],
        ["sc.exe", "failure", SERVICE, *again],
        ["sc.exe", "failureflag", SERVICE, "1"],
    ]


def task_xml(layout: InstallLayout) -> bytes:
    """Return the nightly task for Task Scheduler (schema 1.2), in UTF-16 with a mark."""
    task = ElementTree.Element("Task", {"version": "1.2", "xmlns": NAMESPACE})

    def add(parent: ElementTree.Element, name: str, text: str = "") -> ElementTree.Element:
        child = ElementTree.SubElement(parent, name)
        child.text = text or None
        return child

    about = add(task, "RegistrationInfo")
    add(about, "Description", "Tiếp Đón: the nightly job, or the backup")
    trigger = add(add(task, "Triggers"), "CalendarTrigger")
    add(
        trigger, "StartBoundary", "2026-01-01T19:30:00+07:00"
    )  # of the clinic, wherever the clock is
    add(trigger, "Enabled", "true")
    add(trigger, "RandomDelay", "PT30M")
    add(add(trigger, "ScheduleByDay"), "DaysInterval", "1")
    principal = add(add(task, "Principals"), "Principal")
    principal.set("id", "Author")
    add(principal, "UserId", LOCAL_SERVICE_SID)
    add(principal, "RunLevel", "LeastPrivilege")
    settings = add(task, "Settings")
    for name, value in SETTINGS_OF_TASK.items():
        add(settings, name, value)
    actions = add(task, "Actions")
    actions.set("Context", "Author")
    action = add(actions, "Exec")
    words = [layout.programs / "nightly.py", layout.command, layout.config, layout.data]
    add(action, "Command", base_python())
    add(action, "Arguments", " ".join(f'"{word}"' for word in words))
    add(action, "WorkingDirectory", str(layout.programs))
    return ElementTree.tostring(task, "unicode").encode("utf-16")


class WindowsServices:
    """The service and the nightly task."""

    says = ""

    def __init__(self, layout: InstallLayout, run: Run = run_command) -> None:
        """`run` runs a command of Windows."""
        self._layout, self._run = layout, run

    def write(self, release: str) -> None:
        """Register both; which release they start is in a file of its own."""
        del release
        for words in rights_commands(self._layout):
            self._call(words)
        for words in service_commands(self._layout, self._state() != 0):
            self._call(words)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "nightly.xml"
            file.write_bytes(task_xml(self._layout))
            self._call(["schtasks", "/Create", "/TN", TASK, "/XML", str(file), "/F"])

    def start(self) -> None:
        """Start the service."""
        if self._state() not in (RUNNING, STARTING):
            self._call(["sc.exe", "start", SERVICE])

    def stop(self) -> None:
        """Stop the service and a nightly job; wait for the service."""
        self._run(["schtasks", "/End", "/TN", TASK])  # fails if it does not run
        if self._state() in (0, STOPPED):
            return
        self._call(["sc.exe", "stop", SERVICE])
        until = time.monotonic() + STOPS_WITHIN_S
        while self._state() != STOPPED:
            if time.monotonic() > until:
                raise InstallFailed(f"service {SERVICE}: did not stop; end it in Task Manager")
            time.sleep(0.2)

    def is_running(self) -> bool:
        """Ask the service manager."""
        return self._state() in (RUNNING, STARTING)

    def remove(self) -> None:
        """Delete both."""
        self._run(["schtasks", "/Delete", "/TN", TASK, "/F"])
        if self._state():
            self._call(["sc.exe", "delete", SERVICE])

    def _state(self) -> int:
        """Return the state of the service as a number. 0: it does not exist."""
        done = self._run(["sc.exe", "query", SERVICE])
        if done.returncode == NO_SUCH_SERVICE:
            return 0
        # The names are words of the system's language, the numbers are not.
        lines = [line for line in done.stdout.splitlines() if re.search(r":\s+\d+\s", line)]
        found = re.search(r":\s+(\d+)\s", lines[1]) if len(lines) > 1 else None
        return int(found[1]) if found else 0

    def _call(self, words: list[str]) -> None:
        done = self._run(words)
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines() or ["no message"]
            raise InstallFailed(f"{words[0]} {words[1]}: {said[-1]} ({done.returncode})")
