"""The page of each step of the assistant, and what its buttons do."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiosk.assembly import Kiosk
from kiosk.errors import SettingsError
from kiosk.setup import (
    FIELDS,
    FeedTrial,
    FeedTrialResult,
    SetupSite,
    SetupStep,
    StepState,
    progress_of,
)
from kiosk.web.pages.setup_devices import (
    change_printer,
    change_reader,
    printers_shown,
    readers_shown,
)
from kiosk.web.pages.setup_form import (
    SettingsWriter,
    StepForm,
    StepParts,
    needs_restart,
    typed_form,
    values_in,
)
from kiosk.web.pages.setup_insurer import (
    certificate_shown,
    change_certificate,
    change_gateway,
    forget_secrets,
    gateway_shown,
    keep_secrets,
)
from kiosk.web.pages.setup_places import (
    backup_shown,
    change_backup,
    change_facility,
    change_feed,
    facility_shown,
    feed_shown,
)
from kiosk.web.pages.setup_scan import change_staff, change_test, staff_shown, test_shown

CHANGES = {
    SetupStep.FACILITY: change_facility,
    SetupStep.STAFF: change_staff,
    SetupStep.READER: change_reader,
    SetupStep.PRINTER: change_printer,
    SetupStep.GATEWAY: change_gateway,
    SetupStep.CERTIFICATE: change_certificate,
    SetupStep.FEED: change_feed,
    SetupStep.BACKUP: change_backup,
    SetupStep.TEST: change_test,
}
SHOWN = {
    SetupStep.FACILITY: facility_shown,
    SetupStep.STAFF: staff_shown,
    SetupStep.READER: readers_shown,
    SetupStep.PRINTER: printers_shown,
    SetupStep.GATEWAY: gateway_shown,
    SetupStep.CERTIFICATE: certificate_shown,
    SetupStep.FEED: feed_shown,
    SetupStep.BACKUP: backup_shown,
    SetupStep.TEST: test_shown,
}


class StepPages:
    """The pages of the steps of one site."""

    def __init__(self, kiosk: Kiosk, site: SetupSite) -> None:
        self.kiosk, self.site = kiosk, site
        self.feed = FeedTrial(
            site.folder, kiosk.clock, self._note_feed, kiosk.settings.network.proxies()
        )
        self._parts = StepParts(kiosk, site, SettingsWriter(kiosk, site), self.feed)

    def _note_feed(self, result: FeedTrialResult) -> None:
        now = self.kiosk.clock()
        self.site.notes.note_trial(
            SetupStep.FEED, now, result.state, kind=result.kind, version=result.version
        )

    def shown(self, step: SetupStep) -> ResponseReturnValue:
        """Return the page of a step as it was left."""
        form = self._form_of(step)
        form.said = request.args.get("said", "")
        return self._page(form)

    def changed(self, step: SetupStep) -> ResponseReturnValue:
        """Do what a button of the page asks for."""
        form, do, notes = typed_form(step), request.form.get("do", "save"), self.site.notes
        draft = notes.read().drafts.get(step, {})
        kept = [rule.name for rule in FIELDS.get(step, ()) if rule.is_kept]
        form.typed |= {name: draft[name] for name in kept if name in draft}
        try:
            answer = self._done(form, do, draft)
        except SettingsError as exc:  # the file is damaged
            form.said, form.status, form.once["refused"] = "refused", 409, str(exc)
            notes.keep_draft(step, form.typed)
            answer = None
        if answer is not None:
            return answer
        if form.said == "saved" and "also" not in form.once and "stay" not in form.once:
            return redirect(url_for("setup.step", step=step, said="saved"), 303)
        return self._page(form)

    def _done(self, form: StepForm, do: str, draft: dict[str, str]) -> ResponseReturnValue | None:
        """Do what a button asks for; None if the page of the step shows what came of it."""
        step, notes = form.step, self.site.notes
        if do == "later":
            keep_secrets(self.site, form)
            self._parts.writer.keep(form)
            return redirect(url_for("setup.overview", said="kept"), 303)
        if do == "forget":
            forget_secrets(self.site, draft)
            notes.forget_draft(step)
            return redirect(url_for("setup.step", step=step, said="forgotten"), 303)
        if do in ("not_needed", "needed"):
            notes.note_need(step, do == "needed")
            if do == "needed":
                return redirect(url_for("setup.step", step=step, said="needed"), 303)
            notes.forget_draft(step)
            return redirect(url_for("setup.overview"), 303)
        return CHANGES[step](self._parts, form, do)

    def _form_of(self, step: SetupStep) -> StepForm:
        """Return the form of a step as it was left, or else as the file has it."""
        typed: dict[str, str] = {}
        version, once = "", {}
        try:
            typed = values_in(self.site.file.settings(), step)
            version = self.site.file.read().version
        except SettingsError as exc:
            once["unreadable"] = str(exc)
        draft = self.site.notes.read().drafts.get(step, {})
        return StepForm(step, typed | draft, version, once=once)

    def _page(self, form: StepForm) -> ResponseReturnValue:
        kiosk, site, notes = self.kiosk, self.site, self.site.notes.read()
        try:
            settings = site.file.settings()
        except SettingsError as exc:
            settings = kiosk.settings
            form.once.setdefault("unreadable", str(exc))
        progress = progress_of(settings, notes, kiosk.staff.members.exist())
        order = list(SetupStep)
        place = order.index(form.step)
        shown = SHOWN[form.step](self._parts, form, settings)
        page = render_template(
            f"setup/{form.step}.html",
            form=form,
            typed=form.typed,
            faults=form.faults,
            state=progress.states[form.step],
            states=StepState,
            progress=progress,
            steps=order,
            following=order[place + 1] if place + 1 < len(order) else None,
            written=notes.written.get(form.step),
            trial=notes.trials.get(form.step, {}),
            has_draft=form.step in notes.drafts,
            site=site,
            restart_needed=needs_restart(kiosk, site),
            is_left_out=form.step in notes.not_needed,
            **(shown | form.once),
        )
        return page, form.status
