"""The steps of the assistant about devices: readers and printers of this machine."""

from __future__ import annotations

from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from kiosk.settings import PrinterPort, Settings
from kiosk.setup import (
    PRINTER_KINDS,
    Expected,
    SetupStep,
    block_of,
    check_typed,
    cleaned,
    with_block,
    without_block,
)
from kiosk.tickets import PrinterFailed, PrinterTrouble, print_test_ticket
from kiosk.web.language import shown_language
from kiosk.web.pages.setup_form import USUAL, StepForm, StepParts
from kiosk.web.setup_words import printer_text
from scanner import attached_ports

SECTIONS = {SetupStep.READER: "readers", SetupStep.PRINTER: "printers"}
OTHER_PORT = "other"
CHOSEN_PORT = "port_choice"
REMOVE, PRINT = "remove:", "print:"  # what a button does to a device of this name


def readers_shown(parts: StepParts, form: StepForm, settings: Settings) -> dict[str, Any]:
    """Return what the page of the readers shows: those of the file, and the ports of the PC."""
    form.typed = USUAL[form.step] | {"name": _free_name("front", settings.readers)} | form.typed
    running = {reader.name for reader in parts.kiosk.readers}
    checkups = parts.kiosk.checkups
    return {
        "readers": settings.readers,
        "running": running,
        "checked": {reader.name: checkups.newest(reader.name) for reader in settings.readers},
        "keyboard_checked": [name for name in checkups.checked() if name.startswith("keyboard-")],
        "ports": attached_ports(),
        "other": OTHER_PORT,
    }


def change_reader(parts: StepParts, form: StepForm, do: str) -> ResponseReturnValue | None:
    """Add a reader, or remove one."""
    if do.startswith(REMOVE):
        return _removed(parts, form, do.removeprefix(REMOVE))
    chosen = request.form.get(CHOSEN_PORT, OTHER_PORT)
    if form.typed["kind"] == "serial" and chosen != OTHER_PORT:
        form.typed["port"] = cleaned(chosen[:200])
    return _added(parts, form)


def printers_shown(_parts: StepParts, form: StepForm, settings: Settings) -> dict[str, Any]:
    """Return what the page of the printers shows."""
    form.typed = USUAL[form.step] | {"name": _free_name("desk", settings.printers)} | form.typed
    return {"printers": settings.printers, "kinds": PRINTER_KINDS}


def change_printer(parts: StepParts, form: StepForm, do: str) -> ResponseReturnValue | None:
    """Add a printer, remove one, or print a test ticket."""
    if do.startswith(REMOVE):
        return _removed(parts, form, do.removeprefix(REMOVE))
    if do.startswith(PRINT):
        name = do.removeprefix(PRINT)
        printers = parts.site.file.settings().printers
        form.typed = {}
        for printer in printers:
            if printer.name == name:
                _print(parts, form, printer)
        return None
    if do == "try":
        form.faults.update(check_typed(form.step, form.typed))
        if form.faults:
            form.said, form.status = "wrong", 400
            return None
        typed = form.typed
        port = PrinterPort(
            typed["name"],
            typed["kind"],  # type: ignore[arg-type]  # it was checked
            typed["port"],
            width=int(typed["width"]),
            answers=typed["answers"],  # type: ignore[arg-type]
        )
        _print(parts, form, port)
        parts.writer.keep(form)
        return None
    return _added(parts, form)


def _print(parts: StepParts, form: StepForm, printer: PrinterPort) -> None:
    """Print a test ticket, and let the page say what came of it."""
    facility, now = parts.kiosk.settings.facility, parts.kiosk.clock()
    form.once["tried"] = printer
    name = facility.name or facility.code or "Tiếp Đón"
    try:
        print_test_ticket(printer, name, now, "vi" if shown_language() == "vi" else "en")
    except PrinterFailed as exc:
        form.once["printer_fault"] = printer_text(exc.trouble)
    except (OSError, ValueError):  # of a port that cannot be one
        form.once["printer_fault"] = printer_text(PrinterTrouble.UNREACHABLE)
    result = "failed" if "printer_fault" in form.once else "good"
    parts.site.notes.note_trial(form.step, now, result, name=printer.name)


def _added(parts: StepParts, form: StepForm) -> ResponseReturnValue | None:
    """Add the device of the form to the settings file."""
    section, settings = SECTIONS[form.step], parts.site.file.settings()
    if form.typed["name"] in {device.name for device in getattr(settings, section)}:
        form.faults.update(check_typed(form.step, form.typed))
        form.fail("name", Expected.FREE_NAME)
    block = {} if form.faults else _block(form)
    if parts.writer.save(form, lambda text: with_block(text, section, block)):
        return redirect(url_for("setup.step", step=form.step, said="added"), 303)
    return None


def _block(form: StepForm) -> dict[str, str | int]:
    if check_typed(form.step, form.typed):
        return {}
    block = block_of(form.step, form.typed)
    if form.typed["kind"] == "camera":
        block.pop("baud", None)
    return block


def _removed(parts: StepParts, form: StepForm, name: str) -> ResponseReturnValue | None:
    """Remove a device from the settings file; without effect if it has no such device."""
    section = SECTIONS[form.step]
    form.typed = {}
    form.faults.clear()
    kept = StepForm(form.step, {}, form.version)
    if parts.writer.remove(kept, lambda text: without_block(text, section, name)):
        return redirect(url_for("setup.step", step=form.step, said="removed"), 303)
    form.said, form.status, form.version = kept.said, kept.status, kept.version
    form.once |= kept.once
    return None


def _free_name(stem: str, devices: Any) -> str:
    names = {device.name for device in devices}
    candidates = [stem, *(f"{stem} {number}" for number in range(2, len(names) + 3))]
    return next(name for name in candidates if name not in names)
