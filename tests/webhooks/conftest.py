"""A receiver, its secret, and the lane that sends to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kiosk.settings.sections import WebhookTarget
from kiosk.webhooks import WebhookDelivery, open_receiver, rotate_secret
from tests.conftest import Kiosk
from tests.webhooks.messages import (
    FEW_S,
    NAME,
)
from tests.webhooks.receiver import WebhookReceiver, receiving


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with receiving() as running:
        yield running


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    path = tmp_path / "his.secret"
    rotate_secret(path)
    return path


@pytest.fixture
def lane(
    kiosk: Kiosk, receiver: WebhookReceiver, secret_file: Path
) -> Callable[..., WebhookDelivery]:
    """Make the lane of the receiver, or of another address."""
    kiosk.webhook_messages.configure({NAME: ()})

    def make(url: str = receiver.url, authority_file: str = "", name: str = NAME) -> Any:
        target = WebhookTarget(name, url, str(secret_file), authority_file)
        return WebhookDelivery(
            kiosk.webhook_messages,
            open_receiver(target, FEW_S),
            kiosk.clock,
            lambda: datetime.now(UTC),
            kiosk.notifier.notify,
        )

    return make
