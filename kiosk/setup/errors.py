"""What writing the settings raises.

KioskError
├── SettingsChanged      the file is not the one that the person looked at: nothing was written
└── SettingsNotWritten   the file cannot be written; holds the text that belongs into it

A value that the program refuses is the `SettingsError` of the settings themselves.
"""

from __future__ import annotations

from pathlib import Path

from kiosk.errors import KioskError


class SettingsChanged(KioskError):
    """The settings file was changed meanwhile, by somebody else or by hand."""


class SettingsNotWritten(KioskError):
    """The settings file cannot be written.

    `path` is the file, `why` what the system says, and `text` what the file should hold.
    """

    def __init__(self, path: Path, why: str, text: str) -> None:
        super().__init__(f"{path}: cannot be written ({why})")
        self.path, self.why, self.text = path, why, text
