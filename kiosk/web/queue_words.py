"""The words of the queue: priorities."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from kiosk.logbook import Priority

PRIORITY_WORDS = {
    Priority.EMERGENCY: _l("emergency"),
    Priority.UNDER_6: _l("under 6 years"),
    Priority.FROM_75: _l("75 years and over"),
    Priority.PREGNANT: _l("pregnant"),
    Priority.DISABLED: _l("severe disability"),
    Priority.MERIT: _l("merit to the revolution"),
}
