"""What the assistant remembers between two visits to it: a small file in the data directory.

It holds what was typed and not written yet (never a secret: those are in files of their own), the
steps that somebody marked as not needed, who wrote which step when, and how the last trials went.
If it is lost or damaged, only that is lost: the settings are in the settings file.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from kiosk.runtime.files import replace_while_read
from kiosk.setup.steps import SetupStep

log = logging.getLogger(__name__)

NOTES_FILE = "setup.json"
MAX_BYTES = 1_000_000

Typed = dict[str, str]


@dataclass(slots=True)
class Notes:
    """The content of the file; the keys of all mappings are values of `SetupStep`."""

    drafts: dict[str, Typed] = field(default_factory=dict)
    not_needed: list[str] = field(default_factory=list)
    written: dict[str, Typed] = field(default_factory=dict)  # at (ISO 8601) and by
    trials: dict[str, dict[str, Any]] = field(default_factory=dict)  # at, result and more


class SetupNotes:
    """The notes of one site. Any thread may call; a write that fails is logged and forgotten."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NOTES_FILE
        self._lock = threading.Lock()

    def read(self) -> Notes:
        """Return the notes; empty ones if there is no file, or none that can be used."""
        try:
            if self._path.stat().st_size > MAX_BYTES:
                return Notes()
            record = json.loads(self._path.read_text("utf-8"))
            known = {name: record[name] for name in asdict(Notes()) if name in record}
            return _shaped(known)
        except (OSError, ValueError, TypeError, AttributeError, RecursionError):
            return Notes()

    def keep_draft(self, step: SetupStep, typed: Mapping[str, str]) -> None:
        """Keep what was typed at a step and is not written yet."""
        self._change(lambda notes: notes.drafts.__setitem__(step, dict(typed)))

    def forget_draft(self, step: SetupStep) -> None:
        """Forget what was typed: it is written, or thrown away by whoever typed it."""
        self._change(lambda notes: notes.drafts.pop(step, None))

    def note_written(self, step: SetupStep, at: datetime, author: str) -> None:
        """Note who wrote a step; it is needed from then on."""

        def change(notes: Notes) -> None:
            notes.drafts.pop(step, None)
            notes.written[step] = {"at": at.isoformat(), "by": author}
            notes.not_needed = [name for name in notes.not_needed if name != step]

        self._change(change)

    def note_need(self, step: SetupStep, is_needed: bool) -> None:
        """Note whether this site needs a step at all."""

        def change(notes: Notes) -> None:
            others = [name for name in notes.not_needed if name != step]
            notes.not_needed = others if is_needed else [*others, step]

        self._change(change)

    def note_trial(self, step: SetupStep, at: datetime, result: str, **more: str) -> None:
        """Note how a trial went."""
        trial = {"at": at.isoformat(), "result": result, **more}
        self._change(lambda notes: notes.trials.__setitem__(step, trial))

    def _change(self, change: Callable[[Notes], object]) -> None:
        with self._lock:
            notes = self.read()
            change(notes)
            try:
                self._write(json.dumps(asdict(notes), ensure_ascii=False, indent=1))
            except OSError as exc:
                log.error("the notes of the set-up are not kept: %s", exc.strerror)

    def _write(self, text: str) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=self._path.parent, prefix=".setup-")
        part = Path(name)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            replace_while_read(part, self._path)
        finally:
            part.unlink(missing_ok=True)


def _shaped(record: Mapping[str, Any]) -> Notes:
    """Return notes of a record; raises TypeError or AttributeError if it has another shape."""
    notes = Notes(**record)
    for texts in (*notes.drafts.values(), *notes.written.values()):
        if not all(isinstance(text, str) for text in texts.values()):
            raise TypeError("expected texts")
    for trial in notes.trials.values():
        trial.keys()
    if not all(isinstance(name, str) for name in notes.not_needed):
        raise TypeError("expected names of steps")
    return notes
