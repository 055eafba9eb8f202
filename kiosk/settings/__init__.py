"""Settings: one TOML file, read into frozen values.

The shipped config/kiosk.toml holds every default; a site's file holds what differs.
An unknown key, a wrong type or an empty required value is a SettingsError of one line.
"""

from kiosk.settings.load import load_settings
from kiosk.settings.sections import (
    Cautions,
    FeedSettings,
    FreshnessLimits,
    Insurer,
    ReaderPort,
    Settings,
)

__all__ = [
    "Cautions",
    "FeedSettings",
    "FreshnessLimits",
    "Insurer",
    "ReaderPort",
    "Settings",
    "load_settings",
]
