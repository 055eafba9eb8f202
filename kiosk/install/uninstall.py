"""Remove the program; its data and settings stay where they are."""

from __future__ import annotations

import shutil

from kiosk.install.errors import InstallFailed
from kiosk.install.layout import InstallLayout
from kiosk.install.preconditions import require_rights
from kiosk.install.services import Services


def uninstall(layout: InstallLayout, services: Services) -> list[str]:
    """Remove service, command and releases; return what stays, with what it is.

    Raises InstallFailed if something cannot be removed; the same command goes on then.
    """
    require_rights(layout)
    try:
        services.stop()
        services.remove()
        if layout.programs.exists():
            shutil.rmtree(layout.programs)
        layout.command.unlink(missing_ok=True)
    except OSError as exc:
        raise InstallFailed(
            f"{exc.filename}: cannot be removed ({exc.strerror}); run the same command again"
        ) from exc
    stays = [
        f"{layout.data}: the logbook with the visits, its keys and backups",
        f"{layout.settings}: the settings and passwords",
    ]
    if layout.account:
        stays.append(f"the account {layout.account}, to which they belong")
    return stays
