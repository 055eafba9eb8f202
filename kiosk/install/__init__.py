"""Installing the program, upgrading it, going back, and removing it; standard library only."""

from kiosk.install.commands import run
from kiosk.install.layout import BEFORE_UPGRADES

__all__ = ["BEFORE_UPGRADES", "run"]
