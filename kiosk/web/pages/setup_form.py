"""What every step of the assistant shares: its form, and how it comes into the settings file."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import request

from kiosk.assembly import Kiosk
from kiosk.errors import SettingsError, WrongSetting
from kiosk.settings import Settings
from kiosk.setup import (
    FIELDS,
    MAX_TYPED,
    Expected,
    FeedTrial,
    SettingsChanged,
    SettingsNotWritten,
    SetupSite,
    SetupStep,
    TypedFault,
    TypedFaults,
    check_typed,
    cleaned,
    seen,
    step_of_key,
    values_of,
    with_values,
)
from kiosk.web.callers import caller_here
from kiosk.web.pages.desks import author_here

log = logging.getLogger(__name__)

WAITS = "waits"  # in a draft: it is complete, and waits for another step
Edit = Callable[[str], str]
# What fields of a new block, and those of a choice, hold before anybody types.
USUAL = {
    SetupStep.READER: {"kind": "serial", "baud": "115200", "name": "front"},
    SetupStep.PRINTER: {"kind": "network", "width": "576", "name": "desk"},
    SetupStep.GATEWAY: {"ask": "unsure"},
    SetupStep.CERTIFICATE: {"way": "file"},
}


@dataclass
class StepForm:
    """A step as it was typed or is in the file, with what came of it.

    `said` names what was done (`kiosk.web.setup_words`), and `once` holds what only this answer
    shows.
    """

    step: SetupStep
    typed: dict[str, str]
    version: str
    faults: TypedFaults = field(default_factory=dict)
    said: str = ""
    status: int = 200
    once: dict[str, Any] = field(default_factory=dict)

    def fail(self, name: str, expected: Expected) -> None:
        """Mark a field as wrong, unless it is marked already."""
        self.faults.setdefault(name, TypedFault(seen(self.typed.get(name, "")), expected))


def typed_form(step: SetupStep) -> StepForm:
    """Return the form of the request, cleaned, with the version of the file that it was made of."""
    names = [rule.name for rule in FIELDS.get(step, ()) if not rule.is_kept]
    typed = {name: cleaned(request.form.get(name, "")[:MAX_TYPED]) for name in names}
    return StepForm(step, typed, request.form.get("version", "")[:64])


class SettingsWriter:
    """Writes steps into the settings file, and keeps what cannot be written."""

    def __init__(self, kiosk: Kiosk, site: SetupSite) -> None:
        self._kiosk, self._site = kiosk, site

    def save(self, form: StepForm, edit: Edit | None = None) -> bool:
        """Write a step, by `edit` or its fields; the form says what came of it.

        Returns whether it was written.  If so, steps that waited for it are written too.
        """
        if not form.faults:
            form.faults.update(check_typed(form.step, form.typed))
        if form.faults:
            form.said, form.status = "wrong", 400
        else:
            self._write(form, edit or self.edit_of(form.step, form.typed))
        if form.said == "saved":
            self._write_waiting(form)
            return True
        self.keep(form)
        return False

    def keep(self, form: StepForm) -> None:
        """Keep what was typed for later, if it says anything that the file does not."""
        try:
            known = values_in(self._site.file.settings(), form.step)
        except SettingsError:
            known = {}
        usual = USUAL.get(form.step, {})
        if any(
            text not in (known.get(name, ""), usual.get(name, known.get(name, "")))
            and (text or name not in usual)
            for name, text in form.typed.items()
        ):
            self._site.notes.keep_draft(form.step, form.typed)
        else:
            self._site.notes.forget_draft(form.step)

    def remove(self, form: StepForm, edit: Edit) -> bool:
        """Take something out of the settings file by `edit`; return whether that was done."""
        self._write(form, edit)
        return form.said == "saved"

    def edit_of(self, step: SetupStep, typed: Mapping[str, str]) -> Edit:
        """Return what writes the fields of a step into the text of a settings file."""
        return lambda text: with_values(text, values_of(step, typed))

    def _write(self, form: StepForm, edit: Edit) -> None:
        site = self._site
        try:
            site.file.save(edit, form.version)
        except SettingsChanged:
            form.said, form.status = "changed", 409
            form.version = site.file.read().version
        except SettingsNotWritten as exc:
            form.said, form.status = "not_written", 507
            form.once |= {"file": exc.path, "why": exc.why, "text": exc.text}
        except WrongSetting as exc:
            self._explain(form, exc)
        except SettingsError as exc:
            form.said, form.status = "refused", 409
            form.once["refused"] = str(exc)
        else:
            site.notes.note_written(
                form.step, self._kiosk.clock(), author_here(self._kiosk.settings)
            )
            log.info("settings: step %s written by member %s", form.step, caller_here().number)
            form.version = site.file.read().version
            form.said = "saved"

    def _explain(self, form: StepForm, wrong: WrongSetting) -> None:
        """Say which field of this step is wrong, or for which other step this one waits."""
        other, name = step_of_key(wrong.key), wrong.key.rpartition(" ")[2]
        if wrong.key == "[facility] code":
            form.fail("code", Expected.CODE_PERIODS)
            form.said, form.status = "wrong", 400
        elif other is not None and other is not form.step:
            form.typed[WAITS] = "yes"
            form.said, form.once["waits_for"] = "waits", other
        else:
            form.said, form.status = "refused", 400
            form.once |= {"refused": str(wrong), "refused_field": name}

    def _write_waiting(self, form: StepForm) -> None:
        """Write the steps that waited, as far as they can be written now."""
        for name, draft in self._site.notes.read().drafts.items():
            if draft.get(WAITS) and name in list(SetupStep) and name != form.step:
                other = StepForm(SetupStep(name), dict(draft), form.version)
                if not check_typed(other.step, draft):
                    self._write(other, self.edit_of(other.step, draft))
                if other.said == "saved":
                    form.version = other.version
                    form.once.setdefault("also", []).append(other.step)


@dataclass(frozen=True)
class StepParts:
    """What the steps work with; `feed` fetches the first update of a feed."""

    kiosk: Kiosk
    site: SetupSite
    writer: SettingsWriter
    feed: FeedTrial


def values_in(settings: Settings, step: SetupStep) -> dict[str, str]:
    """Return the values of a step in settings, as the fields show them."""
    found: dict[str, str] = {}
    for rule in FIELDS.get(step, ()):
        if rule.section:
            value = getattr(getattr(settings, rule.section), rule.name)
            found[rule.name] = "" if rule.is_number and not value else str(value)
    return found


def needs_restart(kiosk: Kiosk, site: SetupSite) -> bool:
    """Return whether the next start would use other settings than this one."""
    if site.restart is None:
        return False
    try:
        return site.in_use() != kiosk.settings
    except SettingsError:
        return False  # the page says what is wrong
