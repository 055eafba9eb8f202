"""The site that is set up: its settings file, its notes, and what the assistant may do there."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from kiosk.settings import Settings
from kiosk.setup.notes import SetupNotes
from kiosk.setup.site_file import SiteFile


@dataclass(frozen=True)
class SetupSite:
    """What the assistant works on.

    `folder` is where it keeps notes and secrets: the data directory.  `in_use` returns the settings
    that the next start would use, with what the command line adds.  `restart` ends the program
    so that it starts again; None if it cannot (the demonstration).  `practice_gateway` starts a
    pretend gateway and returns its address; the account is that of `practice_account`.
    """

    file: SiteFile
    folder: Path
    notes: SetupNotes
    in_use: Callable[[], Settings]
    restart: Callable[[], None] | None = None
    practice_gateway: Callable[[], AbstractContextManager[str]] | None = None
    practice_account: tuple[str, str] = field(default=("", ""), repr=False)
    is_demo: bool = False
