"""The steps of setting up, and how far each of them is.

1.  A step is done if the settings on disk have what it asks for, whoever wrote it: the assistant,
    or a person with an editor.
2.  What was typed and not written yet waits; it is tried again with each step that is written.
3.  A step may be marked as not needed, except those without which nobody can be received.
4.  Something required is missing: the facility; the first administrator if other machines are
    served; the certificate if a gateway is set, because what is sent must be signed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from kiosk.settings import Settings, is_reached_from_outside
from kiosk.setup.notes import Notes
from kiosk.setup.steps import SetupStep, StepState

# Steps that nobody can leave out.
NEVER_LEFT_OUT = frozenset({SetupStep.FACILITY, SetupStep.TEST})
GOOD_TRIALS = frozenset({"good", "signed_in", "ending", "same_disk"})


@dataclass(frozen=True, slots=True)
class SetupProgress:
    """How far each step is, and which of them are required."""

    states: Mapping[SetupStep, StepState]
    required: frozenset[SetupStep]

    @property
    def missing(self) -> list[SetupStep]:
        """The required steps that are not done, in their order."""
        ready = (StepState.DONE, StepState.NOT_NEEDED)
        return [
            step for step in SetupStep if step in self.required and self.states[step] not in ready
        ]

    @property
    def next_open(self) -> SetupStep | None:
        """The first step that is open, a required one if there is one; None if none is."""
        open_steps = [
            step
            for step in SetupStep
            if self.states[step] in (StepState.OPEN, StepState.WAITING, StepState.WRONG)
        ]
        return next(iter([*self.missing, *open_steps]), None)


def progress_of(settings: Settings, notes: Notes, has_members: bool) -> SetupProgress:
    """Return how far the set-up is, by the settings on disk and the notes of the assistant."""
    required = {SetupStep.FACILITY}
    if is_reached_from_outside(settings.web):
        required.add(SetupStep.STAFF)
    if settings.insurer.url:
        required.add(SetupStep.CERTIFICATE)
    done = _done(settings, has_members, notes)
    states = {step: _state(step, step in done, notes, step in required) for step in SetupStep}
    if not settings.insurer.url and states[SetupStep.CERTIFICATE] is StepState.OPEN:
        states[SetupStep.CERTIFICATE] = (
            StepState.NOT_NEEDED
        )  # nothing is sent, so nothing is signed
    return SetupProgress(states, frozenset(required))


def _done(settings: Settings, has_members: bool, notes: Notes) -> Collection[SetupStep]:
    facility, insurer, feed = settings.facility, settings.insurer, settings.feed
    are_done = {
        SetupStep.FACILITY: facility.code and facility.name and facility.level,
        SetupStep.STAFF: has_members,
        SetupStep.READER: settings.readers,
        SetupStep.PRINTER: settings.printers,
        SetupStep.GATEWAY: insurer.url,
        SetupStep.CERTIFICATE: insurer.sign_file or insurer.sign_module,
        SetupStep.FEED: feed.url or feed.folder,
        SetupStep.BACKUP: settings.backup.folder,
        SetupStep.TEST: notes.trials.get(SetupStep.TEST, {}).get("result") == "good",
    }
    return {step for step, is_done in are_done.items() if is_done}


def _state(step: SetupStep, is_done: bool, notes: Notes, is_required: bool) -> StepState:
    if step in notes.drafts:
        return StepState.WAITING
    if is_done:
        result = notes.trials.get(step, {}).get("result", "good")
        return StepState.DONE if result in GOOD_TRIALS else StepState.WRONG
    if step in notes.not_needed and not is_required and step not in NEVER_LEFT_OUT:
        return StepState.NOT_NEEDED
    return StepState.OPEN
