"""The pages of the readers: the state of each, the check of a reader, and the sheet of codes."""

from __future__ import annotations

import tomllib
from functools import cache
from typing import Any

import segno
from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from kiosk.readers import FAULTS, SHEET, ReaderCheckups, SheetCode
from kiosk.runtime.paths import shipped_folder
from kiosk.settings import ReaderPort, Settings
from kiosk.web.api.fields import read_line
from kiosk.web.status import Status

QUIET_ZONE = 4  # modules around a QR code (ISO/IEC 18004)


def make_reader_pages(checkups: ReaderCheckups, status: Status, settings: Settings) -> Blueprint:
    """Return the blueprint of /readers."""
    pages = Blueprint("readers", __name__, url_prefix="/readers")
    ports = {port.name: port for port in settings.readers}

    @pages.get("/")
    def overview() -> ResponseReturnValue:
        """Show the state of each reader, and what its last check found."""
        others = [name for name in checkups.checked() if name not in ports]
        return render_template(
            "readers/readers.html",
            readers=status()["readers"],
            ports=ports,
            found={name: checkups.newest(name) for name in [*ports, *others]},
            others=others,
            sheet=SHEET,
            faults=FAULTS,
        )

    @pages.get("/check")
    def check() -> ResponseReturnValue:
        """Check a reader of the settings; without a name, one that types like a keyboard."""
        name = request.args.get("reader", "")
        if name and name not in ports:
            abort(404)
        codes = [(code, picture_of(code)) for code in SHEET]
        return render_template("readers/check.html", reader=name, codes=codes)

    @pages.get("/results")
    def results() -> ResponseReturnValue:
        """Show what a check has found so far."""
        name = request.args.get("reader", "")
        if not read_line(name):
            abort(404)
        return render_template(
            "readers/results.html",
            found=checkups.newest(name),
            sheet=SHEET,
            faults=FAULTS,
            families=_families_for(ports.get(name)),
        )

    @pages.get("/sheet")
    def sheet() -> ResponseReturnValue:
        """Show the sheet of codes for printing."""
        codes = [(code, picture_of(code)) for code in SHEET]
        return render_template("readers/sheet.html", codes=codes)

    return pages


def picture_of(code: SheetCode) -> Markup:
    """Return a code of the sheet as SVG; an inverted code is white on black."""
    dark, light = ("#fff", "#000") if code.inverted else ("#000", "#fff")
    symbol = segno.make(code.text, error="m", micro=False)
    return Markup(symbol.svg_inline(border=QUIET_ZONE, omitsize=True, dark=dark, light=light))


@cache
def families() -> list[dict[str, Any]]:
    """Return the families of readers, with the names that each gives to its settings."""
    text = (shipped_folder("config") / "reader_families.toml").read_text("utf-8")
    return list(tomllib.loads(text)["families"])


def _families_for(port: ReaderPort | None) -> list[dict[str, Any]]:
    """Return the families of the maker that the port names; all families if it names none."""
    maker = port.port.lower().split(":")[1] if port and port.port.startswith("usb:") else ""
    return [family for family in families() if maker in family["usb"]] or families()
