"""What Windows starts as the service: finds the release in use, and hands over to it.

It is copied beside the releases as `service.py`, and runs in the Python of all users with the
packages of the release.
"""

from __future__ import annotations

import site
from pathlib import Path


def packages_in_use(programs: Path) -> Path:
    """Return the folder of the packages of the release in use. Raises OSError."""
    name = (programs / "current.txt").read_text("utf-8").strip()
    return programs / "releases" / name / "Lib" / "site-packages"


if __name__ == "__main__":
    here = Path(__file__).resolve().parent
    site.addsitedir(str(packages_in_use(here)))
    from kiosk.install.windows_service import host_service

    host_service(here)
