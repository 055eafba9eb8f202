"""Settings: one TOML file, read into frozen values.

The shipped config/kiosk.toml holds every default; a site's file holds what differs.
An unknown key, a wrong type or an empty required value is a SettingsError of one line.
"""

from kiosk.settings.reading import load_settings
from kiosk.settings.values import (
    Cautions,
    FeedSettings,
    FreshnessLimits,
    Insurer,
    ReaderPort,
    Settings,
    VisitDefaults,
)

__all__ = [
    "Cautions",
    "FeedSettings",
    "FreshnessLimits",
    "Insurer",
    "ReaderPort",
    "Settings",
    "VisitDefaults",
    "load_settings",
]
