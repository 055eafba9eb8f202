"""Words that every printed paper has, in the language of the page."""

from __future__ import annotations

from flask_babel import gettext as _


def page_of() -> str:
    """Return the text of a page's number, with places for %(page)s and %(pages)s."""
    return str(_("Page %(page)s of %(pages)s", page="%(page)s", pages="%(pages)s"))


def lacking_note(has_data_file: bool = False) -> str:
    """Return what the sign means that stands for a letter which the paper's font lacks.

    `has_data_file` says that the paper is given together with its data as a file.
    """
    if has_data_file:
        return str(
            _("stands for a letter that this paper’s font does not have; the data file has it.")
        )
    return str(_("stands for a letter that this paper’s font does not have."))
