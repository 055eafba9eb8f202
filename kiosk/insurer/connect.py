"""Build the gateway's client from the settings."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from kiosk.errors import SettingsError
from kiosk.insurer.gateway import Gateway
from kiosk.insurer.session import Account, GatewaySession
from kiosk.insurer.transport import Transport
from kiosk.runtime.ordinary_file import read_ordinary_text
from kiosk.runtime.steady_clock import steady_s
from kiosk.settings import Settings


def open_gateway(
    settings: Settings, clock: Callable[[], datetime], steady: Callable[[], float] = steady_s
) -> Gateway | None:
    """Return the client of the insurer's gateway. None if the settings do not name a gateway.

    `clock` returns the current time (aware), `steady` seconds that no change of it moves.

    Raises SettingsError if a password file or the proxy cannot be used.
    """
    insurer = settings.insurer
    if not insurer.url:
        return None
    try:
        password = read_ordinary_text(Path(insurer.password_file))
    except (OSError, ValueError) as exc:
        why = f"{insurer.password_file} cannot be read ({type(exc).__name__})"
        raise SettingsError(f"[insurer] password_file: {why}") from exc
    if not password:
        raise SettingsError(f"[insurer] password_file: {insurer.password_file} is empty")
    code = settings.facility.code
    account = Account(insurer.username, password, code, insurer.staff_name, insurer.staff_cccd)
    transport = Transport(insurer.url, steady, settings.network.proxies())
    return Gateway(
        transport,
        GatewaySession(transport, account, clock, insurer.ask_timeout_s),
        clock,
        insurer.ask_timeout_s,
        insurer.send_timeout_s,
        insurer.check_in,
    )
