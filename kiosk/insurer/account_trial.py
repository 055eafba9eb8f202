"""A trial of the account at the gateway: it signs in once, and asks and sends nothing.

Codes of a refused sign-in (CV 3190/BHXH-CNTT): 401 the password or the name, 402 the facility, 403
the account is locked.  An account with too many refused sign-ins is locked, so a trial is made only
when a person asks for it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from kiosk.insurer.codes import RECEIVED, code_in
from kiosk.insurer.errors import InsurerUnreachable
from kiosk.insurer.session import TOKEN_PATH, Account
from kiosk.insurer.transport import Transport
from kiosk.runtime.proxies import DIRECT, Proxies
from kiosk.runtime.steady_clock import steady_s

TRIAL_TIMEOUT_S = 10.0


class AccountResult(StrEnum):
    """What a trial of an account has shown; the values are kept in notes."""

    SIGNED_IN = "signed_in"
    WRONG_PASSWORD = "wrong_password"
    WRONG_FACILITY = "wrong_facility"
    LOCKED = "locked"
    NO_SUCH_HOST = "no_such_host"
    NO_CONNECTION = "no_connection"
    NOT_TRUSTED = "not_trusted"  # its certificate is not one that this machine trusts
    NO_ANSWER = "no_answer"  # in time
    NOT_A_GATEWAY = "not_a_gateway"  # something else answers


class AccountTrial(NamedTuple):
    """The result, and how far the gateway's clock is ahead of ours; None: it is not known."""

    result: AccountResult
    clock_ahead: timedelta | None = None


_REFUSED = {
    "401": AccountResult.WRONG_PASSWORD,
    "402": AccountResult.WRONG_FACILITY,
    "403": AccountResult.LOCKED,
}
# The names of urllib3's errors, of which the transport passes on nothing else.
_FAILED = {
    "NameResolutionError": AccountResult.NO_SUCH_HOST,
    "SSLError": AccountResult.NOT_TRUSTED,
    "NewConnectionError": AccountResult.NO_CONNECTION,
    "ConnectTimeoutError": AccountResult.NO_CONNECTION,
    "ReadTimeoutError": AccountResult.NO_ANSWER,
    "no answer within": AccountResult.NO_ANSWER,
    "ProtocolError": AccountResult.NOT_A_GATEWAY,
    "LocationParseError": AccountResult.NO_SUCH_HOST,
}


def try_account(
    url: str,
    username: str,
    password: str,
    now: Callable[[], datetime],
    steady: Callable[[], float] = steady_s,
    proxies: Proxies = DIRECT,
) -> AccountTrial:
    """Sign in at a gateway once, and return what it answered.

    `now` returns the time (aware), with which the gateway's is compared, and `steady` seconds that
    no change of the clock moves.  `proxies` are the way out.
    """
    transport = Transport(url, steady, proxies)
    account = Account(username, password, "", "", "")
    form = {"username": username, "password": account.password_hash}
    try:
        answer = transport.post(TOKEN_PATH, TRIAL_TIMEOUT_S, as_form=form)
    except InsurerUnreachable as exc:
        return AccountTrial(_why(str(exc)))
    theirs = transport.server_clock.now()
    ahead = None if theirs is None else theirs - now()
    code = code_in(answer)
    if code in _REFUSED:
        return AccountTrial(_REFUSED[code], ahead)
    is_token = code == RECEIVED and isinstance(answer.get("APIKey"), dict)
    return AccountTrial(AccountResult.SIGNED_IN if is_token else AccountResult.NOT_A_GATEWAY, ahead)


def _why(message: str) -> AccountResult:
    found = (result for part, result in _FAILED.items() if part in message)
    return next(found, AccountResult.NOT_A_GATEWAY)
