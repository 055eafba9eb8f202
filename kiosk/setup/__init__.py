"""The first-run assistant: the steps of setting up a site, and writing what they settle.

The settings file stays the one place of the settings, which people may write by hand too.  The
assistant changes single keys of it, keeps the comments, and replaces it only by a file that the
program has already read and accepted.
"""

from kiosk.setup.backup_place import PlaceLook, PlaceResult, look_at_place
from kiosk.setup.errors import SettingsChanged, SettingsNotWritten
from kiosk.setup.feed_trial import FeedTrial, FeedTrialResult, FeedTrialState
from kiosk.setup.fields import (
    FIELDS,
    LEVELS,
    MAX_TYPED,
    PRINTER_KINDS,
    TIERS,
    Expected,
    TypedFault,
    TypedFaults,
    block_of,
    check_typed,
    cleaned,
    seen,
    step_of_key,
    values_of,
)
from kiosk.setup.kept_files import (
    KEY,
    KEY_PASSWORD,
    MAX_FILE_BYTES,
    PASSWORD,
    ROOT,
    forget_file,
    is_root_file,
    is_where_we_write,
    keep_file,
    looks_like_key_file,
    looks_like_root,
)
from kiosk.setup.notes import Notes, SetupNotes
from kiosk.setup.progress import SetupProgress, progress_of
from kiosk.setup.site import SetupSite
from kiosk.setup.site_file import SiteFile
from kiosk.setup.steps import SetupStep, StepState
from kiosk.setup.test_card import TEST_TEXT, TestCard
from kiosk.setup.toml_text import with_block, with_values, without_block

__all__ = [
    "FIELDS",
    "KEY",
    "KEY_PASSWORD",
    "LEVELS",
    "MAX_FILE_BYTES",
    "MAX_TYPED",
    "PASSWORD",
    "PRINTER_KINDS",
    "ROOT",
    "TEST_TEXT",
    "TIERS",
    "Expected",
    "FeedTrial",
    "FeedTrialResult",
    "FeedTrialState",
    "Notes",
    "PlaceLook",
    "PlaceResult",
    "SettingsChanged",
    "SettingsNotWritten",
    "SetupNotes",
    "SetupProgress",
    "SetupSite",
    "SetupStep",
    "SiteFile",
    "StepState",
    "TestCard",
    "TypedFault",
    "TypedFaults",
    "block_of",
    "check_typed",
    "cleaned",
    "forget_file",
    "is_root_file",
    "is_where_we_write",
    "keep_file",
    "look_at_place",
    "looks_like_key_file",
    "looks_like_root",
    "progress_of",
    "seen",
    "step_of_key",
    "values_of",
    "with_block",
    "with_values",
    "without_block",
]
