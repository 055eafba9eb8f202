"""No credential and no personal data in the log, whatever is turned on and whatever fails."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest

from kiosk.insurer import InsurerUnreachable, NotSignedIn
from kiosk.insurer.gateway import Gateway
from tests.cast import Clock
from tests.kiosk.stub_gateway import (
    ACCOUNT,
    Running,
    answering,
    card_of,
    gateway_to,
    reset,
    saying,
    token_then,
)

DOCUMENT = "<TRANG_THAI_KCB><HO_TEN>Nguyễn Văn An</HO_TEN></TRANG_THAI_KCB>".encode()
CALLS: dict[str, Callable[[Gateway], object]] = {
    "card": lambda gateway: gateway.check_card(card_of("an")),
    "history": lambda gateway: gateway.history(card_of("an")),
    "payments": lambda gateway: gateway.payments(card_of("an")),
    "check-in": lambda gateway: gateway.check_in(DOCUMENT),
}
FAULTS = {
    "refused account": saying(b'{"maKetQua": "401"}'),
    "no token": saying(b'{"maKetQua": "200"}'),
    "proxy": saying(b"<html>", 502),
    "reset": reset,
    "signed out": token_then({"maKetQua": "401"}),
    "refused data": token_then({"maKetQua": "205"}),
    "unknown code": token_then({"maKetQua": "987"}),
}


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Turn on every logger that there is, as somebody does who looks for a fault."""
    caplog.set_level(logging.DEBUG)
    loggers = [
        logging.getLogger(name)
        for name in list(logging.root.manager.loggerDict)
        if name.split(".")[0] in ("urllib3", "kiosk", "http")
    ]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    yield caplog
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


def assert_keeps_secrets(text: str) -> None:
    digest = ACCOUNT.password_hash
    secrets = (digest, digest.lower(), ACCOUNT.staff_cccd, "GD4019999900001", "Nguy", "password=")
    assert [secret for secret in secrets if secret in text] == []


@pytest.mark.parametrize("call", CALLS)
def test_a_call_that_succeeds_logs_no_credential(
    call: str, insurer: Running, clock: Clock, everything_logged: pytest.LogCaptureFixture
) -> None:
    gateway = gateway_to(insurer[1], clock)

    CALLS[call](gateway)

    assert gateway.session.failing_since is None
    assert_keeps_secrets(everything_logged.text)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("call", CALLS)
def test_a_call_that_fails_logs_no_credential_and_its_error_holds_none(
    call: str, fault: str, clock: Clock, everything_logged: pytest.LogCaptureFixture
) -> None:
    errors = []
    with answering(FAULTS[fault]) as url:
        gateway = gateway_to(url, clock, timeout_s=2)
        try:
            CALLS[call](gateway)
        except (InsurerUnreachable, NotSignedIn) as exc:
            logging.getLogger("kiosk").exception("the call failed")
            errors.append(f"{exc} {exc!r} {exc.__cause__!r}")

    assert_keeps_secrets(everything_logged.text + "".join(errors))


def test_an_unreachable_gateway_logs_no_credential(
    clock: Clock, everything_logged: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(InsurerUnreachable):
        gateway_to("http://127.0.0.1:9", clock, timeout_s=1).check_card(card_of("an"))

    assert_keeps_secrets(everything_logged.text)
