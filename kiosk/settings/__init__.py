"""The settings: TOML files, read into immutable values and checked.

The shipped config/kiosk.toml holds every default; the file of a site holds what differs. An
unknown key, a value of the wrong type or outside its limits, and an empty required value raise a
SettingsError of one line.
"""

from kiosk.settings.load import load_settings
from kiosk.settings.sections import (
    Cautions,
    Facility,
    FeedSettings,
    FreshnessLimits,
    Insurer,
    ReaderPort,
    Settings,
)

__all__ = [
    "Cautions",
    "Facility",
    "FeedSettings",
    "FreshnessLimits",
    "Insurer",
    "ReaderPort",
    "Settings",
    "load_settings",
]
