"""Run the installer: `python -m kiosk.install`, with a wheel on PYTHONPATH or installed."""

from __future__ import annotations

import sys

from kiosk.install.commands import run

if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
