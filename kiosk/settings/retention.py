"""Check how long data are kept: not less than a law asks, and in figures that make sense."""

from __future__ import annotations

from dataclasses import fields

from kiosk.settings.screens import Require
from kiosk.settings.sections import Retention

MAX_YEARS = 100
# The least number of the setting's unit, as far as a rule asks for one (docs/privacy/).
LEAST = {"sign_ins_months": 12}


def check_retention(retention: Retention, require: Require) -> None:
    """Check each period: 0, or between what a rule asks for and MAX_YEARS."""
    for field in fields(retention):
        count = getattr(retention, field.name)
        least = LEAST.get(field.name, 1)
        most = MAX_YEARS if field.name.endswith("_years") else 12 * MAX_YEARS
        require(
            count == 0 or least <= count <= most,
            f"[retention] {field.name}",
            count,
            f"{least} to {most}, or 0 to delete nothing",
        )
