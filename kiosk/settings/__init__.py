"""The settings: TOML files, read into immutable values and checked.

The shipped config/kiosk.toml holds every default; the file of a site holds what differs. An
unknown key, a value of the wrong type or outside its limits, and an empty required value raise a
SettingsError of one line.
"""

from kiosk.settings.alerts import quiet_hours
from kiosk.settings.hub import HubAddress, hub_address
from kiosk.settings.load import load_settings
from kiosk.settings.network import (
    LOOPBACK_NAMES,
    is_loopback,
    is_reached_from_outside,
    served_names,
)
from kiosk.settings.sections import (
    AlertSettings,
    BackupSettings,
    Cautions,
    Facility,
    FeedSettings,
    FreshnessLimits,
    Insurer,
    LogSettings,
    NetworkSettings,
    PrinterPort,
    ReaderPort,
    SelfServiceKiosk,
    Settings,
    Web,
    WebhookTarget,
)

__all__ = [
    "LOOPBACK_NAMES",
    "AlertSettings",
    "BackupSettings",
    "Cautions",
    "Facility",
    "FeedSettings",
    "FreshnessLimits",
    "HubAddress",
    "Insurer",
    "LogSettings",
    "NetworkSettings",
    "PrinterPort",
    "ReaderPort",
    "SelfServiceKiosk",
    "Settings",
    "Web",
    "WebhookTarget",
    "hub_address",
    "is_loopback",
    "is_reached_from_outside",
    "load_settings",
    "quiet_hours",
    "served_names",
]
