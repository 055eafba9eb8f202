"""Run Tiếp Đón from a checkout: `python run_kiosk.py`. The installed command is `tiepdon`."""

from kiosk.cli.main import main

if __name__ == "__main__":
    main()
