"""The program itself: which version of it runs."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

DISTRIBUTION = "tiepdon"


def program_version() -> str:
    """Return the version of the installed program. Empty if it is not installed as a package."""
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return ""
