"""The service of Windows: it starts `serve`, waits for it, and ends it.

`serve` is a process of its own.  It ends when its standard input ends: a service has no console, so
no Ctrl+C reaches it; and when the service dies, so does what it has started.  If `serve` ends by
itself, so does the service, as failed, and Windows starts it again.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from kiosk.install.layout import layout_of
from kiosk.install.windows import SERVICE
from kiosk.runtime.restart import IS_SERVICE

ENDS_WITHIN_S = 20
LOOK_S = 0.5
MAX_LOG_BYTES = 10_000_000
FAILED = 1066  # ERROR_SERVICE_SPECIFIC_ERROR


class ChildProgram:
    """A program that ends when its standard input does."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        """Start it; what it prints goes to the end of the file `log`. Raises OSError."""
        with contextlib.suppress(OSError):
            if log.stat().st_size > MAX_LOG_BYTES:
                os.replace(log, log.with_name(f"{log.name}.1"))
        with log.open("ab") as printed:
            self._process = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=printed,
                stderr=printed,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                env=os.environ | {IS_SERVICE: "1"},
            )

    def has_ended(self) -> bool:
        """Return whether it has ended by itself."""
        return self._process.poll() is not None

    def end(self) -> int:
        """End it, by force if it takes too long; return its exit code."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            return self._process.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()


def watch(child: ChildProgram, is_asked_to_end: Callable[[float], bool]) -> int:
    """Wait until a program ends, or is to end; return its exit code.

    `is_asked_to_end` waits for at most so many seconds.
    """
    while not child.has_ended() and not is_asked_to_end(LOOK_S):
        pass
    return child.end()


def serve_command(programs: Path) -> list[str]:
    """Return the command line of `serve` of the release in use."""
    layout = layout_of(platform="win32")
    name = (programs / "current.txt").read_text("utf-8").strip()
    program = programs / "releases" / name / "Scripts" / "tiepdon.exe"
    words = ["serve", "--no-browser", "--until-input-ends"]
    return [str(program), *words, "--config", str(layout.config), "--data", str(layout.data)]


def host_service(programs: Path) -> None:
    """Run as the service that Windows has started; returns when it was stopped."""
    import servicemanager
    import win32event
    import win32service
    import win32serviceutil

    framework: Any = win32serviceutil.ServiceFramework

    class DeskService(framework):  # type: ignore[misc]
        """The service, as pywin32 wants it."""

        _svc_name_ = SERVICE
        _svc_display_name_ = "Tiếp Đón"

        def __init__(self, words: list[str]) -> None:
            framework.__init__(self, words)
            self._stop = win32event.CreateEvent(None, 0, 0, None)

        def SvcStop(self) -> None:  # noqa: N802
            self.ReportServiceStatus(win32service.SERVICE_STOP_PENDING)
            win32event.SetEvent(self._stop)

        def SvcDoRun(self) -> None:  # noqa: N802
            log = layout_of(platform="win32").data / "service.log"
            code = watch(ChildProgram(serve_command(programs), log), self._is_stopped)
            if code:
                self.ReportServiceStatus(
                    win32service.SERVICE_STOPPED, win32ExitCode=FAILED, svcExitCode=code
                )

        def _is_stopped(self, seconds: float) -> bool:
            waited = win32event.WaitForSingleObject(self._stop, int(seconds * 1000))
            return bool(waited == win32event.WAIT_OBJECT_0)

    servicemanager.Initialize()
    servicemanager.PrepareToHostSingle(DeskService)
    servicemanager.StartServiceCtrlDispatcher()
