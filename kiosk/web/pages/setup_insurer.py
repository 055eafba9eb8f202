"""The steps of the assistant about the insurer: the account at its gateway, and the certificate."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from kiosk.errors import SettingsError
from kiosk.insurer import (
    AccountResult,
    AccountTrial,
    CertificateLook,
    SigningTrouble,
    look_at_key_file,
    look_at_token,
    try_account,
)
from kiosk.runtime.ordinary_file import read_ordinary_text
from kiosk.settings import Settings
from kiosk.setup import (
    KEY,
    KEY_PASSWORD,
    MAX_FILE_BYTES,
    PASSWORD,
    Expected,
    SetupSite,
    SetupStep,
    TypedFault,
    check_typed,
    forget_file,
    is_where_we_write,
    keep_file,
    looks_like_key_file,
    with_values,
)
from kiosk.web.language import masked
from kiosk.web.pages.setup_form import StepForm, StepParts

MAX_PASSWORD = 200  # characters
PAUSE = timedelta(minutes=1)  # between two tries of an account that was refused
CLOCKS_AGREE = timedelta(minutes=2)
REFUSED = (
    AccountResult.WRONG_PASSWORD,
    AccountResult.WRONG_FACILITY,
    AccountResult.LOCKED,
)
TOKEN_KEYS = ("sign_module", "sign_token", "sign_key")
UNUSABLE = (SigningTrouble.KEY_FILE, SigningTrouble.KEY_KIND, SigningTrouble.MISMATCH)


def gateway_shown(parts: StepParts, form: StepForm, settings: Settings) -> dict[str, Any]:
    """Return what the page of the account shows; a password is never shown."""
    code = settings.facility.code
    form.typed.setdefault("ask", "unsure")
    if not form.typed.get("username") and code:
        form.typed["username"] = f"{code}_BV"
    number = settings.insurer.staff_cccd
    if number and form.typed.get("staff_cccd") == number:
        form.typed["staff_cccd"] = masked(number)
    kept = form.typed.get("password_file") or settings.insurer.password_file
    return {"has_password": bool(kept), "can_practise": parts.site.practice_gateway is not None}


def change_gateway(parts: StepParts, form: StepForm, do: str) -> ResponseReturnValue | None:
    """Save the account, or try it: at the address that was typed, or at a pretend gateway."""
    insurer = parts.site.file.settings().insurer
    if insurer.staff_cccd and form.typed["staff_cccd"] == masked(insurer.staff_cccd):
        form.typed["staff_cccd"] = insurer.staff_cccd  # it came back as the page shows it
    _take_secret(parts.site, form, "password", PASSWORD, "password_file")
    form.faults.update(check_typed(form.step, form.typed) | form.faults)
    password_file = form.typed.get("password_file") or insurer.password_file
    if do == "practise":
        _practise(parts, form)
    else:
        _require_account(form, bool(password_file), do)
    if do == "save":
        parts.writer.save(form)
        return None
    if do == "try" and not form.faults:
        _try(parts, form, password_file)
    if form.faults:
        form.said, form.status = "wrong", 400
    parts.writer.keep(form)
    return None


def _require_account(form: StepForm, has_password: bool, do: str) -> None:
    """Mark what an account lacks; without an address nothing is needed."""
    needed = {"url"} if do == "try" else set()
    if form.typed["url"]:
        needed |= {"username"}
        if not has_password:
            form.fail("password", Expected.PASSWORD)
        if do == "save" and form.typed["ask"] != "never":
            needed |= {"staff_name", "staff_cccd"}
    for name in sorted(needed):
        if not form.typed[name]:
            form.fail(name, Expected.REQUIRED)


def _try(parts: StepParts, form: StepForm, password_file: str) -> None:
    """Sign in at the gateway once, and keep what it answered."""
    now, typed = parts.kiosk.clock(), form.typed
    last = parts.site.notes.read().trials.get(form.step, {})
    was_refused = last.get("result") in REFUSED and last.get("user") == typed["username"]
    if was_refused and abs(now - datetime.fromisoformat(last["at"])) < PAUSE:
        form.said, form.status = "wait", 429
        return
    try:
        password = read_ordinary_text(Path(password_file))
    except (OSError, ValueError):
        form.fail("password", Expected.PASSWORD)
        return
    proxies = parts.kiosk.settings.network.proxies()
    trial = try_account(
        typed["url"], typed["username"], password, parts.kiosk.clock, proxies=proxies
    )
    parts.site.notes.note_trial(
        form.step, now, trial.result, user=typed["username"], url=typed["url"]
    )
    _show(form, trial, is_practice=False)


def _practise(parts: StepParts, form: StepForm) -> None:
    """Sign in at a pretend gateway, which is started for this and ends with it."""
    start = parts.site.practice_gateway
    if start is None:
        return
    form.faults.clear()
    with start() as url:
        trial = try_account(url, *parts.site.practice_account, parts.kiosk.clock)
    _show(form, trial, is_practice=True)


def _show(form: StepForm, trial: AccountTrial, is_practice: bool) -> None:
    ahead = trial.clock_ahead
    minutes = 0 if ahead is None or abs(ahead) < CLOCKS_AGREE else round(ahead.total_seconds() / 60)
    form.once |= {"answer": trial.result, "is_practice": is_practice, "clock_minutes": minutes}


def certificate_shown(parts: StepParts, form: StepForm, settings: Settings) -> dict[str, Any]:
    """Return what the page of the certificate shows."""
    insurer = settings.insurer
    form.typed.setdefault("way", "token" if insurer.sign_module else "file")
    kept = form.typed.get("sign_password_file") or insurer.sign_password_file
    return {
        "has_password": bool(kept),
        "facility_name": settings.facility.name,
        "has_gateway": bool(insurer.url),
        "most_kilobytes": MAX_FILE_BYTES // 1024,
        "signature": parts.kiosk.signature_state(),
    }


def change_certificate(parts: StepParts, form: StepForm, do: str) -> ResponseReturnValue | None:
    """Save where the key is, or look at its certificate; both look at it first."""
    site, typed = parts.site, form.typed
    settings = site.file.settings()
    typed["way"] = typed["way"] or "file"
    _take_secret(site, form, "password", KEY_PASSWORD, "sign_password_file")
    _take_key_file(site, form)
    if typed["way"] == "file" and not typed["sign_file"]:
        form.fail("sign_file", Expected.REQUIRED)
    if typed["way"] == "token":
        if not typed["sign_module"]:
            form.fail("sign_module", Expected.REQUIRED)
        elif is_where_we_write(site.folder, typed["sign_module"]):
            form.fail("sign_module", Expected.NO_PROGRAM)
    form.faults.update(check_typed(form.step, typed) | form.faults)
    kept = typed.get("sign_password_file") or settings.insurer.sign_password_file
    if typed["way"] == "token" and not kept:
        form.fail("password", Expected.PASSWORD)
    look = None if form.faults else _look(parts, typed, kept)
    if look is not None:
        _note_look(parts, form, look, settings)
    if do == "save":
        if look is not None and look.trouble in UNUSABLE:
            form.fail("sign_file", Expected.KEY_FILE)
        parts.writer.save(form, lambda text: with_values(text, _certificate_values(typed)))
        return None
    if form.faults:
        form.said, form.status = "wrong", 400
    parts.writer.keep(form)
    return None


def _certificate_values(typed: Mapping[str, str]) -> dict[str, dict[str, str | int]]:
    """Return the settings of the way that was chosen; those of the other way become empty."""
    used = TOKEN_KEYS if typed["way"] == "token" else ("sign_file",)
    names = ("sign_file", *TOKEN_KEYS)
    values: dict[str, str | int] = {name: typed[name] if name in used else "" for name in names}
    if typed.get("sign_password_file"):
        values["sign_password_file"] = typed["sign_password_file"]
    return {"insurer": values}


def _look(parts: StepParts, typed: Mapping[str, str], kept: str) -> CertificateLook:
    now = parts.kiosk.clock()
    if typed["way"] == "file":
        return look_at_key_file(typed["sign_file"], kept, now)
    module, label, key = (typed[name] for name in TOKEN_KEYS)
    try:
        return look_at_token(module, label, key, kept, parts.site.folder, now)
    except SettingsError:  # the extra is not installed
        return CertificateLook(SigningTrouble.MODULE)


def _note_look(parts: StepParts, form: StepForm, look: CertificateLook, settings: Settings) -> None:
    ends = look.ends.isoformat() if look.ends else ""
    result = look.trouble or "good"
    parts.site.notes.note_trial(form.step, parts.kiosk.clock(), result, ends=ends)
    form.once |= {"look": look, "is_ours": look.is_for(settings.facility.name), "stay": True}


def _take_secret(site: SetupSite, form: StepForm, name: str, kind: str, kept_as: str) -> None:
    """Keep a password that was typed in a file of its own; the form holds its path."""
    secret = request.form.get(name, "")
    if not secret:
        return
    if len(secret) > MAX_PASSWORD or not secret.isprintable() or secret != secret.strip():
        form.faults[name] = TypedFault("•" * min(len(secret), 8), Expected.LINE)
        return
    try:
        path = keep_file(site.folder, kind, secret.encode() + b"\n")
    except (OSError, SettingsError) as exc:
        form.once["not_kept"] = type(exc).__name__
        return
    forget_unused(site, site.notes.read().drafts.get(form.step, {}).get(kept_as, ""))
    form.typed[kept_as] = str(path)


def _take_key_file(site: SetupSite, form: StepForm) -> None:
    """Keep a key file that was chosen in the browser, if it is one."""
    chosen = request.files.get("key_file")
    if chosen is None or not chosen.filename or form.typed["way"] != "file":
        return
    content = chosen.stream.read(MAX_FILE_BYTES + 1)
    if not looks_like_key_file(content):
        form.typed["sign_file"] = ""
        form.fail("sign_file", Expected.KEY_FILE)
        return
    try:
        path = keep_file(site.folder, KEY, content)
    except (OSError, SettingsError) as exc:
        form.once["not_kept"] = type(exc).__name__
        return
    forget_unused(site, site.notes.read().drafts.get(form.step, {}).get("sign_file", ""))
    form.typed["sign_file"] = str(path)


def keep_secrets(site: SetupSite, form: StepForm) -> None:
    """Keep a password that was typed into a form that is left for later."""
    if form.step is SetupStep.GATEWAY:
        _take_secret(site, form, "password", PASSWORD, "password_file")
    elif form.step is SetupStep.CERTIFICATE:
        _take_secret(site, form, "password", KEY_PASSWORD, "sign_password_file")


def forget_secrets(site: SetupSite, draft: Mapping[str, str]) -> None:
    """Delete the files that were kept for what is thrown away now."""
    for name in ("password_file", "sign_password_file", "sign_file", "root_file"):
        forget_unused(site, draft.get(name, ""))


def forget_unused(site: SetupSite, path: str) -> None:
    """Delete a file that was kept for a draft, unless the settings name it: a draft may, too."""
    settings = site.file.settings()
    in_use = {settings.insurer.password_file, settings.insurer.sign_password_file}
    in_use |= {settings.insurer.sign_file, settings.feed.root_file}
    if path and path not in in_use:
        forget_file(site.folder, path)
