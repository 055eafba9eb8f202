"""The steps of the assistant about the facility, the data feed and the folder of the backups."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from kiosk.errors import SettingsError
from kiosk.settings import FeedSettings, Settings
from kiosk.setup import (
    LEVELS,
    MAX_FILE_BYTES,
    ROOT,
    TIERS,
    Expected,
    FeedTrialState,
    PlaceLook,
    SetupStep,
    check_typed,
    forget_file,
    is_root_file,
    keep_file,
    look_at_place,
    looks_like_root,
)
from kiosk.web.pages.notice import ShareWithoutReferral, shares_without_referral
from kiosk.web.pages.setup_form import StepForm, StepParts
from kiosk.web.pages.setup_insurer import forget_unused
from verify import FacilityProfile, clinic_day

MAX_FOUND = 20  # facilities that a search shows
MAX_SEARCH = 200  # characters
FETCH = "fetch"  # the first update, with the settings as they are


def facility_shown(parts: StepParts, form: StepForm, _settings: Settings) -> dict[str, Any]:
    """Return what the page of the facility shows, with the facilities that were searched for."""
    words = request.values.get("words", "")[:MAX_SEARCH]
    facilities = parts.kiosk.entitlements.law.facility_list
    found, count = facilities.find(words, most=MAX_FOUND) if words.strip() else ([], 0)
    return {
        "words": words,
        "found": found,
        "count": count,
        "known_name": facilities.name_of(form.typed.get("code", "")),
        "list_size": len(facilities),
        "levels": LEVELS,
        "tiers": TIERS,
        "shares": _shares(parts, form.typed),
    }


def _shares(parts: StepParts, typed: Mapping[str, str]) -> list[ShareWithoutReferral]:
    """Return what insurance pays today without a referral, with the values that are typed."""
    level, score, tier = (typed.get(name, "") for name in ("level", "score", "former_tier"))
    if level not in LEVELS or tier not in ("", *TIERS) or check_typed(SetupStep.FACILITY, typed):
        return []
    listed = {"yes": True, "no": False}.get(typed.get("listed", ""))
    here = FacilityProfile(typed.get("code", ""), level, float(score or 0), tier, listed)
    today = clinic_day(parts.kiosk.clock())
    return shares_without_referral(parts.kiosk.entitlements.law, here, today)


def change_facility(parts: StepParts, form: StepForm, do: str) -> ResponseReturnValue | None:
    """Save the facility, or search the table of facilities for its code."""
    form.typed["code"] = form.typed["code"].upper()
    words = request.form.get("words", "")
    is_search = words.strip() and words != request.form.get("searched", "")
    if do == "search" or (do == "save" and is_search):  # Enter in the field of the search
        parts.writer.keep(form)
        return None
    if do.startswith("take:"):
        _take(parts, form, do.removeprefix("take:"))
        return None
    if not form.typed["name"]:
        known = parts.kiosk.entitlements.law.facility_list.name_of(form.typed["code"])
        form.typed["name"] = known or ""
    parts.writer.save(form)
    return None


def _take(parts: StepParts, form: StepForm, code: str) -> None:
    """Put a facility of the table into the form, with what the table knows of it."""
    rows = parts.kiosk.entitlements.law.facility_list.rows_of(code)
    if rows:
        known = max(rows, key=lambda row: row.valid_from)
        form.typed |= {"code": code, "name": known.name_vi}
        if known.level:
            form.typed |= {"level": known.level, "score": known.score}
            form.typed |= {
                "former_tier": known.former_tier,
                "listed": "yes" if known.listed else "",
            }
        form.once["taken"] = known.name_vi
    parts.writer.keep(form)


def feed_shown(parts: StepParts, _form: StepForm, settings: Settings) -> dict[str, Any]:
    """Return what the page of the feed shows, with how far the first update is."""
    return {
        "update": parts.feed.result,
        "update_states": FeedTrialState,
        "is_set": bool(settings.feed.url or settings.feed.folder),
        "most_kilobytes": MAX_FILE_BYTES // 1024,
    }


def change_feed(parts: StepParts, form: StepForm, do: str) -> ResponseReturnValue | None:
    """Save where the feed is, and fetch the first update at once."""
    if do == FETCH:
        _fetch(parts, form, parts.site.file.settings().feed)
        form.said, form.once["stay"] = "", True
        return None
    _take_root(parts, form)
    typed = form.typed
    if not typed["url"] and not typed["folder"]:
        form.fail("url", Expected.SOURCE)
    elif not typed["root_file"]:
        form.fail("root_file", Expected.ROOT_NEEDED)
    form.faults.update(check_typed(form.step, typed) | form.faults)
    if not form.faults and not is_root_file(typed["root_file"]):
        form.fail("root_file", Expected.ROOT_NEEDED)
    if parts.writer.save(form):
        _fetch(parts, form, parts.site.file.settings().feed)
        form.once["stay"] = True
    return None


def _fetch(parts: StepParts, form: StepForm, feed: FeedSettings) -> None:
    try:
        parts.feed.start(feed)
    except SettingsError as exc:
        form.once["refused"] = str(exc)


def _take_root(parts: StepParts, form: StepForm) -> None:
    """Keep a root key file that was chosen in the browser, if it is one."""
    chosen = request.files.get("key_file")
    if chosen is None or not chosen.filename:
        return
    content = chosen.stream.read(MAX_FILE_BYTES + 1)
    if not looks_like_root(content):
        form.typed["root_file"] = ""
        form.fail("root_file", Expected.ROOT_NEEDED)
        return
    try:
        path = keep_file(parts.site.folder, ROOT, content)
    except (OSError, SettingsError) as exc:
        form.once["not_kept"] = type(exc).__name__
        return
    if not is_root_file(str(path)):
        forget_file(parts.site.folder, str(path))
        form.typed["root_file"] = ""
        form.fail("root_file", Expected.ROOT_NEEDED)
        return
    draft = parts.site.notes.read().drafts.get(form.step, {})
    forget_unused(parts.site, draft.get("root_file", ""))
    form.typed["root_file"] = str(path)


def backup_shown(parts: StepParts, form: StepForm, settings: Settings) -> dict[str, Any]:
    """Return what the page of the backups shows; a folder that is set is looked at again."""
    folder, look = settings.backup.folder, form.once.get("look")
    if look is None and folder and form.typed.get("folder") == folder:
        look = _look(parts, folder)
    return {"look": look, "usual": str(parts.site.folder / "backups")}


def change_backup(parts: StepParts, form: StepForm, do: str) -> ResponseReturnValue | None:
    """Save the folder, or only look at it; a folder that cannot be used is not saved."""
    folder = form.typed["folder"]
    form.faults.update(check_typed(form.step, form.typed))
    if not form.faults and not folder:
        form.fail("folder", Expected.REQUIRED)
    if not form.faults:
        look = form.once["look"] = _look(parts, folder)
        parts.site.notes.note_trial(form.step, parts.kiosk.clock(), look.result)
        if do == "save" and look.can_be_used:
            parts.writer.save(form)
            form.once["stay"] = True
            return None
        if not look.can_be_used:
            form.said, form.status = "wrong", 400
            form.once["is_refused"] = True
    else:
        form.said, form.status = "wrong", 400
    parts.writer.keep(form)
    return None


def _look(parts: StepParts, folder: str) -> PlaceLook:
    data = parts.site.folder
    logbook = data / "logbook.db"
    size = logbook.stat().st_size if logbook.exists() else 0
    return look_at_place(Path(folder), data, size)
