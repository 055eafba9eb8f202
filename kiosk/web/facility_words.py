"""The names of facilities, for the pages and papers that show their codes.

A code stands first, because forms and the insurer go by it.  A facility that the list does not have
is shown by its code alone: no name is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from flask import Flask, current_app
from markupsafe import Markup, escape

from verify import FacilityList

KEY = "facility_list"
CODE = re.compile(r"(?<![\w/:.])\d{2}[0-9A-Z]{3}(?![\w/:.])", re.ASCII)


def install_facility_names(app: Flask, facility_list: Callable[[], FacilityList]) -> None:
    """Give the templates the names of facilities, by the list in use."""
    app.extensions[KEY] = facility_list
    app.add_template_filter(facility_markup, "facility_name")
    app.add_template_filter(facility_text)
    app.add_template_filter(with_facility_names, "with_facility_names")
    app.add_template_filter(name_or_nothing, "facility_only_name")


def facility_text(code: str | None) -> str:
    """Return a facility's code with its name, "01999 · Bệnh viện …"; empty without a code."""
    name = name_or_nothing(code)
    return f"{code} · {name}" if name else code or ""


def facility_markup(code: str | None) -> Markup:
    """Return the same for a page, with the code kept on one line.  "—" without a code."""
    if not code:
        return Markup("—")
    name = name_or_nothing(code)
    number = Markup('<span class="number">{}</span>').format(code)
    return number + Markup(" · <bdi>{}</bdi>").format(name) if name else number


def name_or_nothing(code: str | None) -> str:
    """Return the name of a facility; empty if it is not known."""
    facility_list: Callable[[], FacilityList] = current_app.extensions[KEY]
    return (facility_list().name_of(code) if code else None) or ""


def with_facility_names(text: str) -> Markup:
    """Return a sentence with the name behind each code of a known facility in it, escaped."""

    def named(match: re.Match[str]) -> str:
        name = name_or_nothing(match[0])
        return f"{match[0]} ({name})" if name else match[0]

    return escape(CODE.sub(named, text))
