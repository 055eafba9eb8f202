"""macOS: the property lists with which launchd starts the program and the nightly job.

They are put in place by hand (docs/install.md).  launchd makes up for a nightly job that was missed
while the machine slept, in the zone of the machine.
"""

from __future__ import annotations

import plistlib
from collections.abc import Mapping
from pathlib import Path

LABEL = "vn.tiepdon.desk"
NIGHTLY_LABEL = "vn.tiepdon.nightly"
HOUR, MINUTE = 19, 30


def property_lists(
    account: str, program: Path, nightly: Path, settings: Path, data: Path
) -> Mapping[str, bytes]:
    """Return both property lists by their file names.

    `program` is the installed command `tiepdon`, `nightly` the script beside it, `settings` the
    settings file.
    """
    places = ["--config", str(settings), "--data", str(data)]
    shared: dict[str, object] = {
        "UserName": account,
        "Umask": 0o077,
        "WorkingDirectory": str(data),
        "StandardErrorPath": str(data / "tiepdon.log"),
    }
    desk: dict[str, object] = {
        "Label": LABEL,
        "ProgramArguments": [str(program), "serve", "--no-browser", *places],
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": 10,
        "ExitTimeOut": 20,
    }
    python = program.with_name("python")
    night: dict[str, object] = {
        "Label": NIGHTLY_LABEL,
        "ProgramArguments": [str(python), str(nightly), str(program), str(settings), str(data)],
        "StartCalendarInterval": {"Hour": HOUR, "Minute": MINUTE},
        "ProcessType": "Background",
    }
    return {f"{one['Label']}.plist": plistlib.dumps(one | shared) for one in (desk, night)}
