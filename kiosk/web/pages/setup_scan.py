"""The steps of the assistant about people, and the test scan that ends it."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from kiosk.settings import Settings, is_reached_from_outside
from kiosk.setup import TEST_TEXT, SetupStep
from kiosk.staff import Role, WrongMember
from kiosk.web.callers import Mode, caller_here
from kiosk.web.pages.desks import author_here
from kiosk.web.pages.setup_form import StepForm, StepParts
from kiosk.web.pages.staff import PEOPLE, SAID, code_picture

KEYBOARD = "keyboard"
MAX_READ = 2_000  # characters that a reader types
FIRST, ADD = "first", "add"


def staff_shown(parts: StepParts, _form: StepForm, settings: Settings) -> dict[str, Any]:
    """Return what the page of the staff shows: how many members have which role."""
    members = [member for member in parts.kiosk.staff.members.all() if member.is_active]
    people = [member for member in members if member.role is not Role.KIOSK]
    return {
        "members": people,
        "people": PEOPLE,
        "is_outside": is_reached_from_outside(settings.web),
        "may_begin": caller_here().mode is Mode.NOBODY_YET,
        "without_factor": [
            member
            for member in people
            if member.role is Role.ADMINISTRATOR and not parts.kiosk.staff.factor.is_on(member.id)
        ],
    }


def change_staff(parts: StepParts, form: StepForm, do: str) -> ResponseReturnValue | None:
    """Add a member, or begin with the first administrator."""
    staff, now = parts.kiosk.staff, parts.kiosk.clock()
    if do == FIRST and caller_here().mode is Mode.NOBODY_YET:
        code = staff.first_codes.make(now)
        return render_template("staff/first.html", said="", typed={"code": code}, done=False)
    if do != ADD or not staff.members.exist():
        return redirect(url_for("setup.step", step=SetupStep.STAFF), 303)
    name, role = request.form.get("name", "")[:200], request.form.get("role", "")
    form.once |= {"new_name": name, "new_role": role}
    if role not in {person.value for person in PEOPLE}:
        form.once["refused_name"], form.status = SAID["name"], 400
        return None
    author = author_here(parts.kiosk.settings)
    try:
        member = staff.members.add(name, Role(role), "", now, author)
    except WrongMember as exc:
        form.once["refused_name"], form.status = SAID[exc.name], 400
        return None
    form.once |= {"temporary_pin": staff.pins.reset(member.id, now, author), "of": member}
    form.once |= {"new_name": "", "new_role": role}
    return None


def test_shown(parts: StepParts, form: StepForm, settings: Settings) -> dict[str, Any]:
    """Return what the page of the test scan shows: the test card and what was read of it."""
    readings = parts.kiosk.test_card.readings()
    newest = readings[0] if readings else None
    noted = parts.site.notes.read().trials.get(SetupStep.TEST, {})
    if newest is not None and newest.is_whole and noted.get("at") != newest.at.isoformat():
        parts.site.notes.note_trial(SetupStep.TEST, newest.at, "good", reader=newest.reader)
    return {
        "picture": code_picture(TEST_TEXT),
        "expected": TEST_TEXT,
        "readings": readings,
        "newest": newest,
        "count": parts.kiosk.test_card.count,
        "readers": [reader.name for reader in parts.kiosk.readers],
        "new_readers": [
            reader.name
            for reader in settings.readers
            if reader.name not in {port.name for port in parts.kiosk.settings.readers}
        ],
        "keyboard": KEYBOARD,
        "feed_state": parts.feed.result.state,
    } | ({"other_text": True} if form.once.pop("is_other", False) else {})


def change_test(parts: StepParts, form: StepForm, _do: str) -> ResponseReturnValue | None:
    """Take what a keyboard-type reader typed; nothing but the test card is noted."""
    typed = request.form.get("typed", "")[:MAX_READ]
    reading = parts.kiosk.test_card.take(KEYBOARD, typed.encode("utf-8", "replace"))
    if reading is None:
        form.once["is_other"], form.status = True, 400
    return None
